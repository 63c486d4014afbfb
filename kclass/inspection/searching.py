"""A first, coarse search through all pairs of photos for those that may show the same picture.

Every pair is looked at, in all eight orientations, each photo whole against parts of the other: in
blocks, so that memory grows with the number of photos and not with that of pairs.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.fingerprints import (
    ORIENTATIONS,
    ROUNDING,
    in_blocks,
    turned_prints,
    window_fingerprints,
    windows,
)
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

Alike = tuple[int, NDArray[np.int64], NDArray[np.int64]]
_Halves = tuple[NDArray[np.float32], NDArray[np.float32]]


def alike(
    greys: NDArray[np.uint8], *, fresh: NDArray[np.bool_] | None = None, progress: Progress
) -> Generator[Alike, None, None]:
    """Photos that may show some part of a photo, for one photo after the other.

    Whether they may hangs on nothing but the two photos.

    Args:
        greys: uint8 (photos, GREY_SIDE, GREY_SIDE), luma.
        fresh: bool (photos,): pairs without any of these are left out; None leaves out none.
        progress: is told how many photos have been dealt with.

    Yields:
        The photo's place; int64 (found,): the places of the others; int64 (found,): for each an
        orientation, 1 to 8, from which it may have to be turned upright. One photo may be there in
        several orientations.
    """
    is_fresh = np.ones(len(greys), np.bool_) if fresh is None else fresh
    prints = in_blocks(greys, frequencies=FREQUENCIES)
    everyone = _Others.of(prints, np.arange(len(greys)))
    newcomers = everyone if is_fresh.all() else _Others.of(prints, np.flatnonzero(is_fresh))
    # Against few others, as much work at a time takes more wholes.
    wholes_at_once = _WHOLES * min(max(_OTHERS // max(len(newcomers.places), 1), 1), _WHOLES)
    starts = range(0, len(greys), wholes_at_once)
    progress(STAGE, 0, len(greys))

    def search(start: int) -> NDArray[np.int64]:
        wholes = np.arange(start, min(start + wholes_at_once, len(greys)))
        new = is_fresh[wholes]
        found = [_search(greys, wholes[new], everyone), _search(greys, wholes[~new], newcomers)]
        return np.concatenate(found, axis=1)

    with in_parallel(search, starts, threads=usable_cores()) as blocks:
        for start, (wholes, others, orientations) in zip(starts, blocks, strict=True):
            for whole in range(start, min(start + wholes_at_once, len(greys))):
                here = (wholes == whole) & (others != whole)
                yield whole, others[here], orientations[here]
                progress(STAGE, whole + 1, len(greys))


@dataclass(frozen=True, eq=False)
class _Others:
    """Photos that are compared with parts of others.

    Args:
        places: int64 (photos,).
        even: float32 (photos, 4 turns, values): what of each stays when it is mirrored left to right.
        odd: likewise, what changes its sign.
    """

    places: NDArray[np.int64]
    even: NDArray[np.float32]
    odd: NDArray[np.float32]

    @classmethod
    def of(cls, prints: NDArray[np.float32], places: NDArray[np.int64]) -> "_Others":
        """Some of the photos, by the fingerprints of all."""
        chosen = prints[places]
        # Of each turn and its mirror image, one is enough.
        turns = [turned_prints(chosen, np.full(len(places), turn)) for turn in ORIENTATIONS[::2]]
        return cls(places, *_mirror_parts(np.stack(turns, axis=1)))


def _mirror_parts(prints: NDArray[np.float32]) -> _Halves:
    """The values that stay when a picture is mirrored left to right, and those that change their sign."""
    grid = prints.reshape(*prints.shape[:-1], FREQUENCIES, FREQUENCIES)
    even, odd = grid[..., ::2], grid[..., 1::2]
    return (
        even.reshape(*prints.shape[:-1], even.shape[-2] * even.shape[-1]),
        odd.reshape(*prints.shape[:-1], odd.shape[-2] * odd.shape[-1]),
    )


def _search(greys: NDArray[np.uint8], wholes: NDArray[np.int64], others: _Others) -> NDArray[np.int64]:
    """Photos, the others that are alike and their orientations: int64 (3, found)."""
    found = [np.empty((3, 0), np.int64)]
    if len(wholes) and len(others.places):
        prints = window_fingerprints(greys[wholes], PARTS, frequencies=FREQUENCIES)
        parts = _mirror_parts(prints.swapaxes(0, 1))
        for start in range(0, len(others.places), _OTHERS):
            row, other, turn = _near(parts, others, slice(start, start + _OTHERS))
            for mirrored in (0, 1):
                places = others.places[start + other]
                found.append(np.stack([wholes[row], places, 2 * turn + 1 + mirrored]))
    return np.concatenate(found, axis=1)


def _near(
    parts: _Halves, others: _Others, some: slice
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Which photo, which of some of the others and which turn of it are alike somewhere."""
    halves = others.even[some], others.odd[some]
    # Of a photo and its mirror image, one has the sum of the two products and one the difference.
    staying, changing = (
        part.reshape(-1, part.shape[-1]) @ half.reshape(-1, half.shape[-1]).T
        for part, half in zip(parts, halves, strict=True)
    )
    staying += np.abs(changing, out=changing)
    products = staying.reshape(*parts[0].shape[:2], *halves[0].shape[:2])
    row, other, turn = np.nonzero((products >= ALIKE - ROUNDING).any(axis=0))
    best = products[:, row, other, turn].max(axis=0, initial=-1).astype(np.float64)
    # In larger products of matrices the same product may be rounded otherwise.
    unsure = np.flatnonzero(best < ALIKE + ROUNDING)
    staying, changing = (
        np.vecdot(part[:, row[unsure]].astype(np.float64), half[other[unsure], turn[unsure]])
        for part, half in zip(parts, halves, strict=True)
    )
    best[unsure] = (staying + np.abs(changing)).max(axis=0, initial=-1)
    alike = best >= ALIKE
    return row[alike], other[alike], turn[alike]
