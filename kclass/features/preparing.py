"""Photos made ready for a frozen network, unless the cache has what it would give; inspected on the way."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
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


@dataclass(frozen=True, slots=True)
class Known:
    """A photo that the cache has under another name: its features as kept there, and its file."""

    value: bytes
    note: SeenFile


@dataclass(frozen=True, slots=True)
class Preparation:
    """Prepares photos for a network; any number of threads may use it at once.

    Args:
        store: the cache.
        extractor: the network, and how photos are prepared for it.
    """

    store: ContentStore
    extractor: Extractor

    def prepare(self, path: Path) -> Decoded[SeenFile] | Known | PhotoError:
        """The photo for the network; its features, if it was seen elsewhere; or what is wrong with it."""
        try:
            file = read_file(path)
            known = self.store.values(self.extractor.recipe, [file.content]).get(file.content)
            if known is not None:
                return Known(known, SeenFile(file.state, file.content))
            image, photo = self.extractor.decode_with_photo(file.data, name=str(path))
            inspection = self._inspection(file, photo, image)
            return Decoded(np.array(image), SeenFile(file.state, file.content, inspection))
        except PhotoError as error:
            return error

    def _inspection(self, file: ReadFile, photo: Photo, image: Image.Image) -> Inspection | None:
        """What `inspect` would tell of a photo that is decoded anyway; None if it is left to `inspect`.

        That is so where `inspect` decodes at another scale: what it tells must not depend on who asks.
        """
        if not photo.is_as_with(AT_LEAST) or self.store.values(RECIPE, [file.content]):
            return None
        if (self.extractor.archive.size, self.extractor.resize) != (SIDE, "squash"):
            image = square_image(photo, size=SIDE)
        return measured(photo, image, content=file.content, file_bytes=len(file.data))
