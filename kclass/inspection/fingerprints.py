"""Photos and parts of photos as short vectors whose products tell how alike they are.

The vector of a picture holds the low frequencies of its luma (a discrete cosine transform, as in the
perceptual hashes that Zauner compares), each weighted by its frequency. Photos have amplitudes that fall
off with the frequency (Field), so that without the weights the few lowest, which many photos share,
would decide alone.

Sources:
    C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, 3.2.
    D. J. Field, Relations between the statistics of natural images and the response properties of
    cortical cells, Journal of the Optical Society of America A 4 (1987), 2379.
"""

import functools
import math

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.inspection import GREY_SIDE

ORIENTATIONS = range(1, 9)

# In levels of 255, root of the mean square over the pixels of a thumbnail: what another size and JPEG
# at quality 30 to 90 change in half of the photos of hymenoptera; plain ones change less.
NOISE = 1.0

# Where the noise is a third of the picture, a copy agrees with its original to 0.9: what is fainter
# cannot be told from noise.
_ABOVE_NOISE = 3.0

# Products of two fingerprints are off by less in float32, however their values are added up: 64 of them
# by 64 * 2**-24 at most.
ROUNDING = 1e-5

_AT_ONCE = 256

Windows = tuple[tuple[float, float], ...]
"""Parts of a side: where each starts and how long it is, as fractions of the side."""


def windows(lengths: tuple[float, ...], step: float) -> Windows:
    """Parts of each length, from one end of the side to the other.

    Args:
        lengths: fractions of the side, at most 1.
        step: how far apart neighbours of one length may lie at most, as a fraction of the side.
    """
    found = []
    for length in lengths:
        gaps = int(np.ceil((1 - length) / step - 1e-9))
        found += [((1 - length) * place / max(gaps, 1), length) for place in range(gaps + 1)]
    return tuple(found)


def turned(greys: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    """Thumbnails as they look when the photos are turned upright from an EXIF orientation.

    Args:
        greys: (..., side, side), any dtype; rows from the top.
        orientation: 1 to 8.

    Returns:
        A view of the same shape.
    """
    if orientation >= 5:
        greys = np.swapaxes(greys, -1, -2)
    if orientation in (2, 3, 6, 7):
        greys = greys[..., ::-1]
    if orientation in (3, 4, 7, 8):
        greys = greys[..., ::-1, :]
    return greys


def fingerprints(greys: NDArray[np.generic], *, frequencies: int, lowest: int = 1) -> NDArray[np.float32]:
    """The vectors of whole pictures.

    Args:
        greys: (photos, side, side), luma 0 to 255.
        frequencies: how many along each side are taken, 0 included.
        lowest: frequencies below this one, both sides taken together, count nothing.

    Returns:
        float32 (photos, frequencies²). The length is 1, or less if the picture hardly rises above
        the noise. The product of two is their correlation, -1 to 1.
    """
    basis = _cosines(frequencies, greys.shape[-1])
    coefficients = basis @ greys.astype(np.float32) @ basis.T
    return unit(coefficients, lowest)


def in_blocks(greys: NDArray[np.uint8], *, frequencies: int) -> NDArray[np.float32]:
    """What `fingerprints` gives for many pictures, of which few are taken as floats at a time."""
    prints = np.empty((len(greys), frequencies**2), np.float32)
    for start in range(0, len(greys), _AT_ONCE):
        block = greys[start : start + _AT_ONCE]
        prints[start : start + _AT_ONCE] = fingerprints(block, frequencies=frequencies)
    return prints


def turned_fingerprints(greys: NDArray[np.uint8], *, frequencies: int) -> NDArray[np.float32]:
    """The vectors of pictures as they look turned upright from each of the eight orientations.

    Args:
        greys: (photos, side, side), luma 0 to 255.
        frequencies: how many along each side are taken, 0 included.

    Returns:
        float32 (photos, 8, frequencies²), each as `fingerprints` gives them.
    """
    prints = in_blocks(greys, frequencies=frequencies)
    each = [turned_prints(prints, np.full(len(prints), orientation)) for orientation in ORIENTATIONS]
    return np.stack(each, axis=1)


def turned_prints(prints: NDArray[np.float32], orientations: NDArray[np.int64]) -> NDArray[np.float32]:
    """The vectors of pictures turned upright, from those of the pictures as they lie.

    Of a mirrored picture the odd frequencies change their sign, of a transposed one the two sides are
    exchanged.

    Args:
        prints: float32 (photos, frequencies²), from `fingerprints`.
        orientations: int64 (photos,), 1 to 8 as in EXIF, from which each is to be turned.

    Returns:
        float32 (photos, frequencies²).
    """
    places, signs = _turns(math.isqrt(prints.shape[-1]))
    found: NDArray[np.float32] = np.take_along_axis(prints, places[orientations - 1], axis=1)
    found *= signs[orientations - 1]
    return found


def window_fingerprints(
    greys: NDArray[np.generic], parts: Windows, *, frequencies: int
) -> NDArray[np.float32]:
    """The vectors of all rectangles whose sides are two of the parts.

    Args:
        greys: (photos, GREY_SIDE, GREY_SIDE), luma 0 to 255.
        parts: of the height and of the width.
        frequencies: how many along each side are taken, 0 included.

    Returns:
        float32 (photos, parts², frequencies²): rectangle `i * len(parts) + j` has part i of the height
        and part j of the width. As `fingerprints` of the rectangles cut out.
    """
    basis = _window_cosines(parts, frequencies)
    rows: NDArray[np.float32] = basis @ greys.astype(np.float32)[:, None]
    # Frequencies of rows and of columns first: so the products lie in memory as they are needed.
    products: NDArray[np.float32] = rows[:, :, None] @ basis.swapaxes(1, 2)
    vectors = products.reshape(len(greys), frequencies**2, len(parts) ** 2)
    weights = _weights(frequencies, 1)
    vectors *= weights.reshape(-1, 1)
    lengths = np.sqrt(np.ones((1, weights.size), np.float32) @ (vectors * vectors))
    vectors /= np.maximum(lengths, _least_length(weights))
    by_window: NDArray[np.float32] = vectors.swapaxes(1, 2)
    return by_window


def unit(coefficients: NDArray[np.float32], lowest: int) -> NDArray[np.float32]:
    """Vectors of cosine transforms, as `fingerprints` gives them.

    Args:
        coefficients: (..., frequencies, frequencies), of each picture.
        lowest: frequencies below this one, both sides taken together, count nothing.

    Returns:
        float32 (..., frequencies²).
    """
    weights = _weights(coefficients.shape[-1], lowest)
    weighted = coefficients * weights
    vectors = weighted.reshape(*weighted.shape[:-2], weights.size)
    lengths = np.sqrt(np.vecdot(vectors, vectors))
    vectors /= np.maximum(lengths, _least_length(weights))[..., None]
    return vectors


def _least_length(weights: NDArray[np.float32]) -> float:
    """By what vectors are divided that hardly rise above the noise."""
    return _ABOVE_NOISE * NOISE * float(np.sqrt((weights**2).sum()))


@functools.cache
def _weights(frequencies: int, lowest: int) -> NDArray[np.float32]:
    each = np.arange(frequencies, dtype=np.float32)
    weights: NDArray[np.float32] = np.hypot(each[:, None], each)
    weights[weights < lowest] = 0
    return weights


@functools.cache
def _turns(frequencies: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each orientation from where each value of a vector comes, and with which sign."""
    grid = np.arange(frequencies**2).reshape(frequencies, frequencies)
    each = np.arange(frequencies)
    odd_rows, odd_columns = np.meshgrid(1 - 2.0 * (each % 2), 1 - 2.0 * (each % 2), indexing="ij")
    places, signs = [], []
    for orientation in ORIENTATIONS:
        sign = np.ones_like(odd_rows)
        if orientation in (2, 3, 6, 7):
            sign = sign * odd_columns
        if orientation in (3, 4, 7, 8):
            sign = sign * odd_rows
        places.append((grid.T if orientation >= 5 else grid).ravel())
        signs.append(sign.ravel())
    return np.array(places), np.array(signs, np.float32)


def part_cosines(
    starts: NDArray[np.float64], ends: NDArray[np.float64], *, frequencies: int
) -> NDArray[np.float32]:
    """The transforms of parts of a side, each brought to GREY_SIDE pixels by means over areas before.

    Args:
        starts: (parts,), where the parts begin, as fractions of the side.
        ends: (parts,), where they end; after they begin.
        frequencies: how many are taken, 0 included.

    Returns:
        float32 (parts, frequencies, GREY_SIDE): what the pixels of the whole side are multiplied by.
    """
    lengths = ends - starts  # of a piece, in pixels: there are as many pieces as pixels
    edges = starts[:, None] * GREY_SIDE + lengths[:, None] * np.arange(GREY_SIDE + 1)
    # How much of each pixel lies before each edge: a mean over an area is a difference of two of these.
    before = (edges[:, :, None] - np.arange(GREY_SIDE)).astype(np.float32)
    np.clip(before, 0, 1, out=before)
    found: NDArray[np.float32] = _falls(frequencies) @ before
    found /= lengths.astype(np.float32)[:, None, None]
    return found


@functools.cache
def _falls(frequencies: int) -> NDArray[np.float32]:
    """By how much each cosine falls from one pixel to the next, beyond both ends of the side too."""
    padded = np.pad(_cosines(frequencies, GREY_SIDE), ((0, 0), (1, 1)))
    falls: NDArray[np.float32] = -np.diff(padded, axis=1)
    return falls


@functools.cache
def _cosines(frequencies: int, side: int) -> NDArray[np.float32]:
    """The orthonormal discrete cosine transform (type II), lowest frequencies first."""
    waves = np.cos(np.pi * np.outer(np.arange(frequencies), np.arange(side) + 0.5) / side)
    waves[0] *= np.sqrt(0.5)
    scaled: NDArray[np.float32] = (waves * np.sqrt(2 / side)).astype(np.float32)
    return scaled


@functools.cache
def _window_cosines(parts: Windows, frequencies: int) -> NDArray[np.float32]:
    """The transforms of parts of a side, as `part_cosines` gives them: (frequencies, parts, GREY_SIDE)."""
    starts, lengths = np.array(parts).T
    each = part_cosines(starts, starts + lengths, frequencies=frequencies)
    return np.ascontiguousarray(each.swapaxes(0, 1))
