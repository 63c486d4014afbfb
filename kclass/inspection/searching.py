"""A first, coarse search through all pairs of photos for those that may show the same picture.

Every pair is looked at, in all eight orientations, each photo whole against parts of the other: in
blocks, so that memory grows with the number of photos and not with that of pairs.
"""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.fingerprints import turned_fingerprints, window_fingerprints, windows
from kclass.parallel import in_parallel, usable_cores
from kclass.progress import Progress

STAGE = "matching"

# Of one crop of each photo of hymenoptera 0.3 % are lost with sides of 0.75 to 0.95, 1 % with 0.7 to
# 0.95; of the pairs of different photos 0.2 % are left over for a closer look. Twice as many parts would
# find half of what is lost.
PARTS = windows((1.0, 0.81), 0.095)
FREQUENCIES = 5
ALIKE = 0.775

# Products of this size stay in the processor's cache.
_WHOLES = 8
_OTHERS = 256


def alike(
    greys: NDArray[np.uint8], *, progress: Progress
) -> Generator[tuple[int, NDArray[np.int64], NDArray[np.int64]], None, None]:
    """Photos that may show some part of a photo, for one photo after the other.

    Args:
        greys: uint8 (photos, GREY_SIDE, GREY_SIDE), luma.
        progress: is told how many photos have been dealt with.

    Yields:
        The photo's place; int64 (found,): the places of the others; int64 (found,): for each an
        orientation, 1 to 8, from which it may have to be turned upright. One photo may be there in
        several orientations.
    """
    even, odd = _mirror_parts(turned_fingerprints(greys, frequencies=FREQUENCIES)[:, ::2])
    starts = range(0, len(greys), _WHOLES)
    progress(STAGE, 0, len(greys))

    def search(start: int) -> NDArray[np.int64]:
        return _search(greys[start : start + _WHOLES], even, odd)

    with in_parallel(search, starts, threads=usable_cores()) as blocks:
        for start, (rows, others, orientations) in zip(starts, blocks, strict=True):
            for whole in range(start, min(start + _WHOLES, len(greys))):
                here = (rows == whole - start) & (others != whole)
                yield whole, others[here], orientations[here]
                progress(STAGE, whole + 1, len(greys))


def _mirror_parts(prints: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The values that stay when a picture is mirrored left to right, and those that change their sign."""
    grid = prints.reshape(*prints.shape[:-1], FREQUENCIES, FREQUENCIES)
    even, odd = grid[..., ::2], grid[..., 1::2]
    return (
        even.reshape(*prints.shape[:-1], even.shape[-2] * even.shape[-1]),
        odd.reshape(*prints.shape[:-1], odd.shape[-2] * odd.shape[-1]),
    )


def _search(
    wholes: NDArray[np.uint8], even: NDArray[np.float32], odd: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Rows of `wholes`, and the places of others with the orientations that are alike: (3, found)."""
    parts = window_fingerprints(wholes, PARTS, frequencies=FREQUENCIES).swapaxes(0, 1)
    rows = [each.reshape(-1, each.shape[-1]) for each in _mirror_parts(parts)]
    found = []
    for start in range(0, len(even), _OTHERS):
        others = [each[start : start + _OTHERS] for each in (even, odd)]
        # Of a photo and its mirror image, one has the sum of the two products and one the difference.
        staying, changing = (
            one @ other.reshape(-1, other.shape[-1]).T for one, other in zip(rows, others, strict=True)
        )
        staying += np.abs(changing, out=changing)
        near = staying >= ALIKE
        pairs = near.reshape(len(parts), len(wholes), -1, even.shape[1]).any(axis=0)
        row, other, turn = np.nonzero(pairs)
        for mirrored in (0, 1):
            found.append(np.stack([row, other + start, 2 * turn + 1 + mirrored]))
    return np.concatenate(found, axis=1)
