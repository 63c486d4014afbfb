"""Where photos go: class folders, split or not, under names that no two photos share."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from PIL import Image

from kclass.classifier.folder_names import MOST_BYTES, folder_names, usable_name
from kclass.collecting.wanted import Wanted
from kclass.files import output_errors, write_bytes
from kclass.photos.decoding import decode, read_bytes

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
JPEG_QUALITY: Final = 92


@dataclass(frozen=True)
class Places:
    """Names files and the folders they lie in.

    Args:
        out: the folder of the collection.
        labels: all classes.
        is_split: whether class folders lie in split folders.
        valid: the share of photos for validation, 0 to 1, of those that have no split yet.
        shrink: the longer side in pixels that photos are brought to; None leaves files as they came.
    """

    out: Path
    labels: Sequence[str]
    is_split: bool
    valid: float
    shrink: int | None

    @cached_property
    def _folders(self) -> Mapping[str, str]:
        return folder_names(self.labels).of

    def of(self, wanted: Wanted, content: str, suffix: str) -> Path:
        """The file of a photo.

        Args:
            wanted: the photo.
            content: its content hash, as it came.
            suffix: of its format.
        """
        folder = self.out / (wanted.found.split or self._split(content)) if self.is_split else self.out
        name = f"{content}{suffix if self.shrink is None else '.jpg'}"
        added = wanted.query.added
        word = f"{usable_name(added, most=MOST_BYTES - len(name) - 1)}_" if added else ""
        return folder / self._folders[wanted.query.label] / f"{word}{name}"

    def _split(self, content: str) -> str:
        # By its content: the same photo lies on the same side however many others come.
        return VALIDATION if int(content[:13], 16) / 16**13 < self.valid else TRAIN

    def put(self, path: Path, place: Path, *, is_new: bool) -> None:
        """Bring a file to its place, in one step; it is gone from where it was.

        Args:
            path: where it is.
            place: where it is to be.
            is_new: whether it is as it came.

        Raises:
            OutputError: it cannot be written there.
            PhotoError: it cannot be read.
        """
        with output_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            if self.shrink is None or not is_new:
                path.replace(place)
                return
        write_bytes(place, shrunk(read_bytes(path), self.shrink))
        with output_errors(path):
            path.unlink()


def shrunk(data: bytes, side: int) -> bytes:
    """A photo as a JPEG whose longer side is at most so long, upright and in sRGB.

    Raises:
        PhotoError: it cannot be read.
    """
    image = decode(data, name="the photo", at_least=side)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
