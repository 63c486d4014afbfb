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

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.inspection import GREY_SIDE
from kclass.inspection.resampling import area_means

ORIENTATIONS = range(1, 9)

# In levels of 255, root of the mean square over the pixels of a thumbnail: what another size and JPEG
# at quality 30 to 90 change in half of the photos of hymenoptera; plain ones change less.
NOISE = 1.0

# Where the noise is a third of the picture, a copy agrees with its original to 0.9: what is fainter
# cannot be told from noise.
_ABOVE_NOISE = 3.0

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
    return _unit(coefficients, lowest)


def turned_fingerprints(greys: NDArray[np.uint8], *, frequencies: int) -> NDArray[np.float32]:
    """The vectors of pictures as they look turned upright from each of the eight orientations.

    Args:
        greys: (photos, side, side), luma 0 to 255.
        frequencies: how many along each side are taken, 0 included.

    Returns:
        float32 (photos, 8, frequencies²), each as `fingerprints` gives them.
    """
    prints = np.empty((len(greys), len(ORIENTATIONS), frequencies**2), np.float32)
    for start in range(0, len(greys), _AT_ONCE):
        block = greys[start : start + _AT_ONCE]
        for index, orientation in enumerate(ORIENTATIONS):
            found = fingerprints(turned(block, orientation), frequencies=frequencies)
            prints[start : start + _AT_ONCE, index] = found
    return prints


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
    photos, count = len(greys), len(parts)
    coefficients = basis @ greys.astype(np.float32) @ basis.T
    shape = (photos, count, frequencies, count, frequencies)
    grid = coefficients.reshape(shape).transpose(0, 1, 3, 2, 4)
    return _unit(grid.reshape(photos, count**2, frequencies, frequencies), 1)


def _unit(coefficients: NDArray[np.float32], lowest: int) -> NDArray[np.float32]:
    weights = _weights(coefficients.shape[-1], lowest)
    weighted = coefficients * weights
    vectors = weighted.reshape(*weighted.shape[:-2], weights.size)
    noise = NOISE * float(np.sqrt((weights**2).sum()))
    lengths = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    vectors /= np.maximum(lengths, _ABOVE_NOISE * noise)[..., None]
    return vectors


@functools.cache
def _weights(frequencies: int, lowest: int) -> NDArray[np.float32]:
    each = np.arange(frequencies, dtype=np.float32)
    weights: NDArray[np.float32] = np.hypot(each[:, None], each)
    weights[weights < lowest] = 0
    return weights


@functools.cache
def _cosines(frequencies: int, side: int) -> NDArray[np.float32]:
    """The orthonormal discrete cosine transform (type II), lowest frequencies first."""
    waves = np.cos(np.pi * np.outer(np.arange(frequencies), np.arange(side) + 0.5) / side)
    waves[0] *= np.sqrt(0.5)
    scaled: NDArray[np.float32] = (waves * np.sqrt(2 / side)).astype(np.float32)
    return scaled


@functools.cache
def _window_cosines(parts: Windows, frequencies: int) -> NDArray[np.float32]:
    """The transforms of parts of a side, each brought to the full number of pixels before."""
    starts, lengths = np.array(parts).T
    each = _cosines(frequencies, GREY_SIDE) @ area_means(starts, starts + lengths, GREY_SIDE, GREY_SIDE)
    return each.reshape(-1, GREY_SIDE)
