"""Measures of one decoded photo: light, colours, sharpness, and a small picture of it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.inspection.inspection import COLOUR_SIDE, GREY_SIDE, PERCENTS, Inspection
from kclass.inspection.sharpness import SIDE, sharpness
from kclass.photos.decoding import Photo

# Photos are decoded for inspection as for a network of 224 pixels, the size that is usual: one
# decoding then serves both. See `kclass.photos.loading` for the factor of 2.
AT_LEAST = 2 * 224

# All is measured on the photo squashed to this square: so it depends little on the photo's
# resolution, and one pass over its pixels is enough. Bilinear, antialiased: Pillow's box filter takes
# a third less time, but moves whole rows to one side, and the grey pictures of a photo and of a
# copy at 77 % of its size then differ by 1.4 of 255 in the mean instead of 0.2.
_REDUCING_GAP = 2.0

_LEVELS = np.arange(256.0)


def measured(photo: Photo, *, content: str, file_bytes: int) -> Inspection:
    """The inspection of a photo.

    Args:
        photo: decoded with `at_least=AT_LEAST`, or so that it is the same (`Photo.is_as_with`).
        content: the content hash of its file.
        file_bytes: the size of its file.
    """
    square = photo.image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=_REDUCING_GAP)
    luma = square.convert("L")
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
        colours=np.array(square.reduce(SIDE // COLOUR_SIDE)),
    )


def _percentiles(counts: NDArray[np.int64]) -> tuple[float, ...]:
    """The least levels that so many percent of the pixels do not exceed."""
    wanted = np.array(PERCENTS) * counts.sum()
    return tuple(np.searchsorted(100 * np.cumsum(counts), wanted).astype(float).tolist())
