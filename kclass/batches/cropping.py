"""Random crops: which part of a photo is shown, drawn beforehand and cut out by Pillow."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import OptionError
from kclass.photos.decoding import decode, read_bytes
from kclass.photos.resizing import Resize, resize

MOST_ENLARGED = 2
"""Photos are kept at most this many times larger than the network sees them, to crop from: four times
the bytes. A crop of less than a quarter of the area is enlarged a little."""

_SPARE = 2
"""JPEG is decoded at a reduced scale that keeps this many times the wanted size, as `load` does."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Crop:
    """How much of a photo a random crop shows, and how far out of shape.

    Area and ratio are measured in what evaluation shows, so that a crop of area 1 and ratio 1 is
    just that: the whole photo if it is squashed or padded, its largest square if it is cropped.
    What stands still in evaluation, the square, may lie anywhere in the photo here.

    Args:
        area: least and largest share, above 0 and at most 1.
        ratio: least and largest ratio of width to height, at most and at least 1.

    Raises:
        OptionError: a range that is none, or out of these bounds.
    """

    area: tuple[float, float]
    ratio: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if not 0 < self.area[0] <= self.area[1] <= 1:
            raise OptionError(f"the area of a crop is {self.area}; it must be a range from above 0 to 1")
        if not 0 < self.ratio[0] <= 1 <= self.ratio[1] < math.inf:
            raise OptionError(f"the ratio of a crop is {self.ratio}; it must be a range around 1")

    def draw(self, random: np.random.Generator, photos: int) -> NDArray[np.float64]:
        """Draw crops.

        The area is uniform, and so is the logarithm of the ratio, over those ratios of the range at
        which that area fits.

        Returns:
            float64 (photos, 4): area; ratio; and where the crop lies, as the share, 0 to 1, of the
            way that it could move to the right, and down.

        Source:
            Szegedy et al. 2015, "Going deeper with convolutions", section 6 (area and ratio); ratios
            there are drawn again until one fits.
        """
        drawn = random.random((photos, 4))
        area = self.area[0] + drawn[:, 0] * (self.area[1] - self.area[0])
        least = np.log(np.maximum(self.ratio[0], area))
        largest = np.log(np.minimum(self.ratio[1], 1 / area))
        drawn[:, 0], drawn[:, 1] = area, np.exp(least + drawn[:, 1] * (largest - least))
        return drawn

    def kept_side(self, size: int) -> int:
        """The side at which photos are kept so that the smallest crop has `size` pixels, or nearly so."""
        return min(math.ceil(size / math.sqrt(self.area[0])), MOST_ENLARGED * size)

    def __str__(self) -> str:
        ratio = "ratio 1" if self.ratio == (1, 1) else f"ratio {self.ratio[0]:.2g}–{self.ratio[1]:.2g}"  # noqa: RUF001
        return f"crop of {self.area[0]:g}–{self.area[1]:g} of the photo at {ratio}"  # noqa: RUF001


WHOLE = Crop((1.0, 1.0))


def decode_for_crops(path: Path, crop: Crop, *, size: int) -> Image.Image:
    """A photo large enough that crops of it have `size` pixels; `cropped` and `reduced` take it.

    Raises:
        PhotoError: the file cannot be read, or not as a photo.
    """
    return decode(read_bytes(path), name=str(path), at_least=_SPARE * crop.kept_side(size))


def crop_box(crop: NDArray[np.float64], *, width: int, height: int, how: Resize) -> Box:
    """Where a crop lies in a photo, in whole pixels: left, top, right and bottom.

    Args:
        crop: float64 (4,), a row of what `Crop.draw` gives.
        width: of the photo.
        height: of the photo.
        how: how photos become square.
    """
    area, ratio, right, down = crop.tolist()
    view_width, view_height = (min(width, height),) * 2 if how == "crop" else (width, height)
    left, box_width = _span(width, view_width * math.sqrt(area * ratio), right)
    top, box_height = _span(height, view_height * math.sqrt(area / ratio), down)
    return left, top, left + box_width, top + box_height


def cropped(image: Image.Image, crop: NDArray[np.float64], *, size: int, how: Resize) -> NDArray[np.uint8]:
    """A crop of a photo as a square array.

    Args:
        image: mode RGB, any size.
        crop: float64 (4,), a row of what `Crop.draw` gives.
        size: the side of the square.
        how: how photos become square; a crop out of shape is padded by `pad`, and squashed by both
            others.

    Returns:
        (size, size, 3) uint8, RGB, 0 to 255.
    """
    part = image.crop(crop_box(crop, width=image.width, height=image.height, how=how))
    return resize(part, size=size, how="pad" if how == "pad" else "squash")


def reduced(image: Image.Image, *, side: int, how: Resize) -> NDArray[np.uint8]:
    """A photo as small as crops of it allow; never larger than it was.

    Shrunk twice, all of a photo of 224 pixels is 0.8 of 255 in the mean from what evaluation shows
    (60 photos of insects, kept at 251 pixels; with the linear filter of the second time 1.1).

    Args:
        image: mode RGB, any size.
        side: of the square that evaluation would show.
        how: how photos become square. Both sides become `side` by `squash`; the shorter one by
            `crop` and the longer one by `pad`, in shape.

    Returns:
        (height, width, 3) uint8, RGB, 0 to 255.
    """
    width, height = image.size
    if how != "squash":
        scale = side / (min if how == "crop" else max)(width, height)
        across, down = max(1, round(scale * width)), max(1, round(scale * height))
    else:
        across, down = side, side
    small = (min(across, width), min(down, height))
    return np.array(image.resize(small, Image.Resampling.BICUBIC, reducing_gap=3.0))


def _span(length: int, wanted: float, place: float) -> tuple[int, int]:
    """Start and length of a part, in whole pixels within a length."""
    part = min(max(1, round(wanted)), length)
    return min(int(place * (length - part + 1)), length - part), part
