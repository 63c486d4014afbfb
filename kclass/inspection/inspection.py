"""What one look at a photo tells, and its form in the cache."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.photos.decoding import DECODER_VERSION

# Part of the cache's key: raise it when the same decoded photo would give another inspection.
INSPECTION_VERSION = 2

RECIPE = f"inspection {INSPECTION_VERSION} of decoder {DECODER_VERSION}"
"""The recipe under which the cache keeps inspections."""

GREY_SIDE = 32
COLOUR_SIDE = 8
PERCENTS = (1, 5, 25, 50, 75, 95, 99)

_GREY = (GREY_SIDE, GREY_SIDE)
_COLOURS = (COLOUR_SIDE, COLOUR_SIDE, 3)
_GREY_BYTES, _COLOUR_BYTES = int(np.prod(_GREY)), int(np.prod(_COLOURS))
# Width, height, bytes, orientation; three measures and the percentiles; length of the format's name.
_FIXED = struct.Struct(f"<IIQB{3 + len(PERCENTS)}dB")


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What one look at a photo tells.

    Luma is 0.299 R + 0.587 G + 0.114 B of sRGB values, 0 to 255, as ITU-R BT.601 has it. It is
    measured on the whole photo squashed to a small square, see `kclass.inspection.measuring`.

    Args:
        content: the content hash of the file.
        format: the name of the file's format, as in `kclass.photos.formats`: "JPEG".
        width: of the upright photo, in pixels, before any reduction.
        height: likewise.
        file_bytes: the size of the file.
        orientation: how the photo lies in the file, 1 to 8 as in EXIF; 1 is upright.
        camera: EXIF make and model in one row of words; empty if the file names none.
        brightness: the mean luma.
        contrast: the standard deviation of luma.
        percentiles: the least luma that 1, 5, 25, 50, 75, 95 and 99 % (`PERCENTS`) of the pixels do
            not exceed.
        sharpness: near 1 for sharp photos and near 1/4 for blurred ones, see
            `kclass.inspection.sharpness`.
        grey: uint8 (GREY_SIDE, GREY_SIDE), luma of the whole upright photo, squashed to a square;
            rows from the top, columns from the left.
        colours: uint8 (8, 8, 3), the mean sRGB of the cells of a grid of 8 x 8 over the upright
            photo, likewise.
    """

    content: str
    format: str
    width: int
    height: int
    file_bytes: int
    orientation: int
    camera: str
    brightness: float
    contrast: float
    percentiles: tuple[float, ...]
    sharpness: float
    grey: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """All but the content hash, for the cache: equal bytes for equal inspections, about 1.4 kB."""
        name = self.format.encode()
        whole = (self.width, self.height, self.file_bytes, self.orientation)
        measured = (self.brightness, self.contrast, self.sharpness, *self.percentiles)
        fixed = _FIXED.pack(*whole, *measured, len(name))
        arrays = self.grey.tobytes() + self.colours.tobytes()
        return fixed + arrays + name + self.camera.encode()

    @classmethod
    def from_bytes(cls, content: str, data: bytes) -> "Inspection":
        """The inspection that `to_bytes` gave under the same `RECIPE`.

        Args:
            content: the content hash of the file.
            data: what `to_bytes` returned.
        """
        width, height, file_bytes, orientation, *measured, name = _FIXED.unpack_from(data)
        brightness, contrast, sharpness, *percentiles = measured
        grey_at = _FIXED.size
        colours_at = grey_at + _GREY_BYTES
        name_at = colours_at + _COLOUR_BYTES
        return cls(
            content=content,
            format=data[name_at : name_at + name].decode(),
            width=width,
            height=height,
            file_bytes=file_bytes,
            orientation=orientation,
            camera=data[name_at + name :].decode(),
            brightness=brightness,
            contrast=contrast,
            percentiles=tuple(percentiles),
            sharpness=sharpness,
            grey=np.frombuffer(data, np.uint8, _GREY_BYTES, grey_at).reshape(_GREY),
            colours=np.frombuffer(data, np.uint8, _COLOUR_BYTES, colours_at).reshape(_COLOURS),
        )

    def to_dict(self) -> dict[str, str | int | float | list[float]]:
        """The plain values, ready for JSON: all but the two pictures."""
        return {
            "content": self.content,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "file_bytes": self.file_bytes,
            "orientation": self.orientation,
            "camera": self.camera,
            "brightness": self.brightness,
            "contrast": self.contrast,
            "percentiles": list(self.percentiles),
            "sharpness": self.sharpness,
        }
