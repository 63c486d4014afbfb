"""Photos of any size and shape as squares of one size, in one of three ways."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import OptionError
from kclass.photos.orientation import LEFT_IS_FAR, TOP_IS_FAR

Resize = Literal["squash", "crop", "pad"]
RESIZES: tuple[Resize, ...] = get_args(Resize)

# The bars of a letterbox: the middle grey, which networks that expect -1 to 1 see as nothing.
PAD_COLOUR = (127, 127, 127)

# A weighted mean of every pixel that goes into the new one. Without that, fine patterns turn into
# coarse ones that are not there; bicubic and Lanczos overshoot at edges and must be clipped.
_FILTER = Image.Resampling.BILINEAR

# Photos more than twice this many times too large are first shrunk by whole numbers: 12 million
# pixels come out in 60 % of the time, 0.3 of 255 away in the mean.
_REDUCING_GAP = 3.0


def check_resize(*, size: int, how: str) -> None:
    """Check the options of `resize`.

    Raises:
        OptionError: `size` is below 1, or `how` is none of `RESIZES`.
    """
    if size < 1:
        raise OptionError(f"size is {size}; it must be 1 or more")
    if how not in RESIZES:
        raise OptionError.unknown("resize", str(how), RESIZES)


def resize(image: Image.Image, *, size: int, how: Resize = "squash") -> NDArray[np.uint8]:
    """A photo as a square array.

    Args:
        image: mode RGB, any size.
        size: the side of the square.
        how: `squash` shows all of the photo, out of shape; `crop` the largest square in its
            middle; `pad` all of it in shape, with grey bars (`PAD_COLOUR`) at two sides.

    Returns:
        (size, size, 3) uint8, RGB, 0 to 255.

    Raises:
        OptionError: `size` is below 1, or `how` is none of `RESIZES`.
    """
    return np.array(framed(shrunk(image, size=size, how=how), size))


def shrunk(image: Image.Image, *, size: int, how: Resize, orientation: int = 1) -> Image.Image:
    """A photo as `resize` shows it, but for the bars of `pad`, which `framed` adds.

    Args:
        image: mode L, RGB or CMYK, any size.
        size: the side of the square.
        how: as in `resize`.
        orientation: how the photo lies, 1 to 8 as in EXIF: where `crop` cannot cut both sides alike,
            it takes one pixel more from the right or the bottom of the upright photo.

    Raises:
        OptionError: `size` is below 1, or `how` is none of `RESIZES`.
    """
    check_resize(size=size, how=how)
    if how == "pad":
        scale = size / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        return _scaled(image, (width, height))
    return _scaled(image, (size, size), _centre_square(image, orientation) if how == "crop" else None)


def framed(image: Image.Image, size: int) -> Image.Image:
    """A photo in the middle of a square, with bars (`PAD_COLOUR`) where it does not fill it.

    Args:
        image: mode RGB, no side longer than that of the square.
        size: the side of the square.
    """
    if image.size == (size, size):
        return image
    square = Image.new("RGB", (size, size), PAD_COLOUR)
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return square


def _scaled(
    image: Image.Image, size: tuple[int, int], box: tuple[int, int, int, int] | None = None
) -> Image.Image:
    return image.resize(size, _FILTER, box=box, reducing_gap=_REDUCING_GAP)


def _centre_square(image: Image.Image, orientation: int) -> tuple[int, int, int, int]:
    side = min(image.size)
    left = (image.width - side + (orientation in LEFT_IS_FAR)) // 2
    top = (image.height - side + (orientation in TOP_IS_FAR)) // 2
    return left, top, left + side, top + side
