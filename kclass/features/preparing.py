"""Photos made ready for a frozen network, unless the cache has what it would give; inspected on the way."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.cache.files import FileState, ReadFile, read_file
from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.throughput import Decoded
from kclass.inspection.inspection import RECIPE, Inspection
from kclass.inspection.measuring import AT_LEAST, SIDE, measured
from kclass.photos.decoding import Photo
from kclass.photos.loading import square_image


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file that was read: its state then, its content hash, and its inspection if that is new."""

    state: FileState
    content: str
    inspection: Inspection | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A photo that the cache has under another name: its features, float32 (features,), and its file."""

    features: NDArray[np.float32]
    note: SeenFile


@dataclass(frozen=True, slots=True)
class Preparation:
    """Prepares photos for a network; any number of threads may use it at once.

    Args:
        store: the cache.
        extractor: the network, and how photos are prepared for it.
        inspected: content hashes of photos that need not be inspected.
    """

    store: ContentStore
    extractor: Extractor
    inspected: AbstractSet[str]

    @classmethod
    def of(cls, paths: Sequence[Path], *, store: ContentStore, extractor: Extractor) -> "Preparation":
        """The preparation of files of which some may have been inspected before."""
        contents = sorted(set(store.unchanged(paths).values()))
        return cls(store, extractor, store.values(RECIPE, contents).keys())

    def prepare(self, path: Path) -> Decoded[SeenFile] | Known | PhotoError:
        """The photo for the network; its features, if it was seen elsewhere; or what is wrong with it."""
        try:
            file = read_file(path)
            known = self.store.values(self.extractor.recipe, [file.content]).get(file.content)
            if known is not None:
                return Known(vector(known), SeenFile(file.state, file.content))
            image, photo = self.extractor.decode_with_photo(file.data, name=str(path))
            inspection = self._inspection(file, photo, image)
            return Decoded(np.array(image), SeenFile(file.state, file.content, inspection))
        except PhotoError as error:
            return error

    def _inspection(self, file: ReadFile, photo: Photo, image: Image.Image) -> Inspection | None:
        """What `inspect` would tell of a photo that is decoded anyway; None if it is left to `inspect`.

        That is so where `inspect` decodes at another scale: what it tells must not depend on who asks.
        """
        if file.content in self.inspected or not photo.is_as_with(AT_LEAST):
            return None
        if (self.extractor.archive.size, self.extractor.resize) != (SIDE, "squash"):
            image = square_image(photo, size=SIDE)
        return measured(photo, image, content=file.content, file_bytes=len(file.data))


def vector(value: bytes) -> NDArray[np.float32]:
    """Features as the cache keeps them."""
    return np.frombuffer(value, np.float32)
