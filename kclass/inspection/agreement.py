"""How far two pictures that lie on each other differ, and whether that says much."""

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.inspection import COLOUR_SIDE
from kclass.inspection.resampling import cut

_DETAIL_FIELD = 4
_DARKEST, _BRIGHTEST = 6, 249
_COLOUR_FIELD = 2

# Luma of sRGB values, ITU-R BT.601.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]


def residual(seen: NDArray[np.float32], parts: NDArray[np.uint8], *, field: int) -> NDArray[np.float32]:
    """The largest difference of any field once brightness and contrast are made equal.

    A correlation is of the whole picture: another subject before the same background costs it little.
    The one picture is brought to the other's brightness and contrast, and clipped to black and white
    as an edited photo is; either way round, and the smaller counts.

    Args:
        seen: float32 (pairs, side, side), luma 0 to 255.
        parts: uint8 (pairs, side, side), likewise.
        field: the side of the fields, in pixels.

    Returns:
        float32 (pairs,), in levels of 255: the largest of the means over the fields.
    """
    others = parts.astype(np.float32)
    darkest, brightest = np.minimum(seen, others), np.maximum(seen, others)
    used = ((darkest >= _DARKEST) & (brightest <= _BRIGHTEST)).astype(np.float32)
    return np.minimum(_one_way(seen, others, used, field), _one_way(others, seen, used, field))


def fields_with_detail(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Over how many fields of 4 x 4 pixels the detail of a picture is spread.

    The participation ratio (sum e)² / sum e², with e the mean squared slope of luma in a field: the number
    of fields if all have as much of it, 1 if one has it all.

    Args:
        pictures: uint8 (pictures, side, side), luma.

    Returns:
        float32 (pictures,); 0 for pictures without any.

    Source:
        R. J. Bell and P. Dean, Atomic vibrations in vitreous silica, Discussions of the Faraday Society
        50 (1970), 55.
    """
    squares = np.zeros(pictures.shape, np.float32)
    for axis in (1, 2):
        slopes = np.gradient(pictures.astype(np.float32), axis=axis)
        squares += (slopes - slopes.mean(axis=(1, 2), keepdims=True)) ** 2
    energies = _sums(squares, _DETAIL_FIELD)
    total, square = energies.sum(axis=(1, 2)), (energies**2).sum(axis=(1, 2))
    spread: NDArray[np.float32] = total**2 / np.maximum(square, np.finfo(np.float32).tiny)
    return spread


def _one_way(
    ones: NDArray[np.float32], others: NDArray[np.float32], used: NDArray[np.float32], field: int
) -> NDArray[np.float32]:
    counts = np.maximum(used.sum(axis=(1, 2), keepdims=True), 1)
    mean, target = ((each * used).sum(axis=(1, 2), keepdims=True) / counts for each in (ones, others))
    one, other = (ones - mean) * used, (others - target) * used
    squares = np.maximum((one * one).sum(axis=(1, 2), keepdims=True), 1)
    gain = (one * other).sum(axis=(1, 2), keepdims=True) / squares
    edited = np.clip(target + gain * (ones - mean), 0, 255)
    fields = _sums((others - edited).astype(np.float32), field) / np.float32(field**2)
    largest: NDArray[np.float32] = np.abs(fields).max(axis=(1, 2))
    return largest


def colour_difference(
    wholes: NDArray[np.uint8], colours: NDArray[np.uint8], boxes: NDArray[np.float64]
) -> NDArray[np.float32]:
    """How far colours are apart beyond a difference in saturation.

    Colour is RGB less luma here. That of the one is scaled by the factor, not below 0, that brings it
    nearest to the other, either way round, and what is left is the root of the mean square: a photo
    agrees with its copy in grey, but not with one in other hues.

    Args:
        wholes: uint8 (pairs, 3, COLOUR_SIDE, COLOUR_SIDE), sRGB.
        colours: uint8 (pairs, 3, COLOUR_SIDE, COLOUR_SIDE), of photos that show parts of those.
        boxes: float64 (pairs, 4), the parts: left, top, right, bottom, as fractions of the wholes.

    Returns:
        float32 (pairs,), in levels of 255.
    """
    side = COLOUR_SIDE // _COLOUR_FIELD
    channels = _chroma(wholes)
    cut_out = [cut(channels[:, channel], boxes, side) for channel in range(3)]
    seen = np.stack(cut_out, axis=1).reshape(len(colours), 3 * side**2)
    sums = _sums(_chroma(colours).reshape(-1, COLOUR_SIDE, COLOUR_SIDE), _COLOUR_FIELD)
    own = sums.reshape(seen.shape) / np.float32(_COLOUR_FIELD**2)
    return np.minimum(_beyond_scale(seen, own), _beyond_scale(own, seen))


def _sums(pictures: NDArray[np.float32], field: int) -> NDArray[np.float32]:
    """Sums over fields of so many pixels a side."""
    count, height, width = pictures.shape
    split = pictures.reshape(count, height // field, field, width // field, field)
    sums: NDArray[np.float32] = split.sum(axis=(2, 4), dtype=np.float32)
    return sums


def _chroma(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = colours.astype(np.float32)
    chroma: NDArray[np.float32] = values - (values * _LUMA).sum(axis=-3, keepdims=True)
    return chroma


def _beyond_scale(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    scales = (one * other).sum(axis=1) / np.maximum((one * one).sum(axis=1), 1)
    left = other - np.maximum(scales, 0)[:, None] * one
    root: NDArray[np.float32] = np.sqrt((left**2).mean(axis=1))
    return root
