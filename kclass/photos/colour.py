"""Every mode of pixels that photos come in, brought to 8-bit sRGB."""

import functools
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

WHITE = 255
_DEEP = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_GREY = frozenset({"1", "L", "LA", "La"})
_ROWS = 256  # scaled at a time: as floats a large photo would take eight times its own memory
_GRID = np.linspace(0, 255, 6).astype(np.uint8)


def to_srgb(image: Image.Image) -> Image.Image:
    """The photo in mode RGB and the colours of sRGB.

    Transparency lies over white. Deep greys (16-bit, integer, float) are scaled, see
    `eight_bits`. An embedded ICC profile is followed; one that is broken, or made for another kind
    of colours than the photo has, is ignored, as browsers do.
    """
    return in_srgb(opaque(image), profile_of(image))


def opaque(image: Image.Image) -> Image.Image:
    """The photo without alpha and 8 bits deep, still in its own colours: mode L, RGB or CMYK."""
    if image.mode in _DEEP:
        return Image.fromarray(eight_bits(np.asarray(image)))
    flat = "L" if image.mode in _GREY else "RGB"
    if image.has_transparency_data:
        return _over_white(image, flat)
    return image if image.mode in ("CMYK", flat) else image.convert(flat)


def profile_of(image: Image.Image) -> bytes | None:
    """The ICC profile of an opened photo's own colours; None if it names none."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and image.mode != "LAB" else None  # Pillow does LAB


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A photo as `opaque` gives it, in mode RGB and the colours of sRGB.

    Args:
        image: mode L, RGB or CMYK.
        profile: the ICC profile of its colours, as `profile_of` gives it.
    """
    if profile is not None:
        image = _by_profile(image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def eight_bits(values: NDArray[np.number]) -> NDArray[np.uint8]:
    """Grey values of any depth as 0 to 255.

    Such a file does not say what white is. Unsigned 16-bit values have it at 65535, so they are
    divided by 257. For other values white is the smallest of 1 (float alone), 255 and 65535 that
    none exceeds; if one exceeds all three, or is negative, they are stretched from their least to
    their greatest. Not-a-number counts as the least, infinity as the nearest end.

    Args:
        values: (height, width), any real dtype.

    Returns:
        (height, width) uint8, rounded to the nearest.
    """
    black, span = _black_and_span(values)
    grey = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), _ROWS):
        part = values[start : start + _ROWS].astype(np.float64)
        np.nan_to_num(part, copy=False, nan=black, posinf=black + span, neginf=black)
        grey[start : start + _ROWS] = (part - black) / span * 255 + 0.5
    return grey


def _black_and_span(values: NDArray[np.number]) -> tuple[float, float]:
    """The value that becomes black, and how far above it the one is that becomes white."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return 0.0, 65535.0
    whole = values.dtype.kind in "iu"
    finite = values if whole else values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    for white in (255.0, 65535.0) if whole else (1.0, 255.0, 65535.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, high - low or 1.0


def _over_white(image: Image.Image, flat: str) -> Image.Image:
    layer = image.convert("LA" if flat == "L" else "RGBA")
    base = Image.new(flat, image.size, (WHITE,) * len(flat))
    base.paste(layer.convert(flat), mask=layer.getchannel("A"))
    return base


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode == "L" and _space(profile) == "RGB":
        image = image.convert("RGB")
    transform = _transform(profile, image.mode)
    return image if transform is None else transform.apply(image)


@functools.lru_cache(maxsize=32)
def _space(profile: bytes) -> str:
    """The kind of colours that a profile is for: RGB, GRAY, CMYK; empty if it is broken."""
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip()
    except (OSError, ValueError, TypeError):
        return ""


@functools.lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from a profile's colours to sRGB; None if it changes nothing, is broken or misplaced."""
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    return None if mode == "RGB" and _changes_nothing(transform) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a profile is sRGB under any of its names: it moves no colour by more than one step."""
    colours = np.stack(np.meshgrid(_GRID, _GRID, _GRID), axis=-1).reshape(1, -1, 3)
    moved = np.asarray(transform.apply(Image.fromarray(colours)))
    return bool(np.abs(moved.astype(int) - colours).max() <= 1)
