"""Measures of one decoded photo: light, colours, sharpness, and a small picture of it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.inspection.inspection import COLOUR_SIDE, GREY_SIDE, PERCENTS, Inspection
from kclass.inspection.sharpness import sharpness
from kclass.photos.decoding import Photo
from kclass.photos.loading import SPARE

# All is measured on the whole photo squashed to this square, so that what is measured depends little on
# the photo's resolution. (Pillow's box filter is faster than the one used for networks, but moves rows to
# one side: the grey pictures of a photo and of a copy at 77 % of its size then differ by 1.4 of 255, not
# by 0.2.)
SIDE = 224

# Photos are decoded at the scale that the default network wants, so that a fit decodes them once.
AT_LEAST = SPARE * 320

_LEVELS = np.arange(256.0)


def measured(photo: Photo, small: Image.Image, *, content: str, file_bytes: int) -> Inspection:
    """The inspection of a photo.

    Args:
        photo: decoded with `at_least=AT_LEAST`, or so that it is the same (`Photo.is_as_with`).
        small: the same squashed to `SIDE` x `SIDE`, in mode RGB.
        content: the content hash of its file.
        file_bytes: the size of its file.
    """
    luma = small.convert("L")
    counts = np.array(luma.histogram())
    brightness = float(counts @ _LEVELS / counts.sum())
    return Inspection(
        content=content,
        format=photo.format,
        width=photo.width,
        height=photo.height,
        file_bytes=file_bytes,
        orientation=photo.orientation,
        camera=photo.camera,
        brightness=brightness,
        contrast=float(counts @ (_LEVELS - brightness) ** 2 / counts.sum()) ** 0.5,
        percentiles=_percentiles(counts),
        sharpness=sharpness(luma),
        grey=np.array(luma.reduce(SIDE // GREY_SIDE)),
        colours=np.array(small.reduce(SIDE // COLOUR_SIDE)),
    )


def _percentiles(counts: NDArray[np.int64]) -> tuple[float, ...]:
    """The least levels that so many percent of the pixels do not exceed."""
    wanted = np.array(PERCENTS) * counts.sum()
    return tuple(np.searchsorted(100 * np.cumsum(counts), wanted).astype(float).tolist())
