"""Compares photos of different bytes: all with all, or only those that have not been compared before."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.fingerprints import ORIENTATIONS
from kclass.inspection.grouping import Groups
from kclass.inspection.searching import Alike, alike
from kclass.inspection.verification import USUAL, WIDE, Lattice, Pictures, Shown, all_of_it, showing
from kclass.parallel import in_parallel, one_thread, usable_cores
from kclass.progress import Progress

# Above this, photos that are joined through others already are not compared: what 10,000 pictures of
# one camera that stands still would otherwise come to is 50 million pairs.
LARGE_GROUP = 32

# A picture that is its own mirror image is not called turned.
_PREFER_UPRIGHT = 0.01

# Fewer keep two cores less busy, more take more memory: 4,000 crops 33 s with 1,024, 25 with 2,048 or 4,096.
_PAIRS_AT_ONCE = 2048


@dataclass(frozen=True, eq=False)
class Found:
    """Pairs of photos in which one shows the other or a part of it.

    Args:
        wholes: int64 (pairs,): the numbers of photos.
        others: int64 (pairs,): the numbers of those that show them.
        orientations: int64 (pairs,): from which each of those has to be turned upright, 1 to 8.
        cropped: bool (pairs,): whether it shows a part alone.
        correlations: float32 (pairs,): how well it agrees with what it shows, 1 but for rounding at most.
    """

    wholes: NDArray[np.int64]
    others: NDArray[np.int64]
    orientations: NDArray[np.int64]
    cropped: NDArray[np.bool_]
    correlations: NDArray[np.float32]

    @classmethod
    def none(cls) -> "Found":
        """No pairs."""
        number = np.empty(0, np.int64)
        return cls(number, number, number, np.empty(0, np.bool_), np.empty(0, np.float32))

    @classmethod
    def of(cls, shown: Shown) -> "Found":
        """What is kept of pairs that have been laid on each other."""
        cropped = ~all_of_it(shown.boxes)
        return cls(shown.wholes, shown.others, shown.orientations, cropped, shown.correlations)

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Found":
        """Some of them."""
        return Found(*(getattr(self, field.name)[rows] for field in fields(self)))

    def pairs(self) -> NDArray[np.int64]:
        """Wholes and others: int64 (pairs, 2)."""
        return np.stack([self.wholes, self.others], axis=1)

    def joined(self, others: Iterable["Found"]) -> "Found":
        """These and others, in their order."""
        each = [self, *others]
        return Found(
            *map(np.concatenate, ([getattr(one, field.name) for one in each] for field in fields(self)))
        )


@dataclass(frozen=True, eq=False)
class Compared:
    """What comparing photos has shown.

    Args:
        usual: pairs found by looking through all photos, in the order in which they were compared.
        wide: pairs found among candidates, likewise.
        skipped: int64 (pairs, 2): wholes and others among the candidates that were joined already.
    """

    usual: Found
    wide: Found
    skipped: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Known:
    """What comparing some of the photos has shown before.

    Args:
        fresh: bool (photos,): those that have not been compared with all others that are not fresh.
        usual: pairs found among the others by looking through all of them.
        compared: int64 (pairs, 2): wholes and others that were looked at closely, as candidates.
        wide: pairs found among those.
    """

    fresh: NDArray[np.bool_]
    usual: Found
    compared: NDArray[np.int64]
    wide: Found

    @classmethod
    def nothing(cls, photos: int) -> "Known":
        """None of the photos has been compared."""
        return cls(np.ones(photos, np.bool_), Found.none(), np.empty((0, 2), np.int64), Found.none())


@dataclass(frozen=True, eq=False)
class _Lot:
    """Pairs to look at; with those in the lots before, all pairs of the wholes before `end`."""

    wholes: NDArray[np.int64]
    others: NDArray[np.int64]
    orientations: NDArray[np.int64]
    end: int

    @classmethod
    def of(cls, some: list[Alike], end: int) -> "_Lot":
        """Some photos with those that are alike."""
        nothing = np.empty(0, np.int64)
        wholes = [np.full(len(others), whole) for whole, others, _ in some]
        return cls(
            np.concatenate([nothing, *wholes]),
            np.concatenate([nothing, *(others for _, others, _ in some)]),
            np.concatenate([nothing, *(orientations for *_, orientations in some)]),
            end,
        )


def compare(
    pictures: Pictures, candidates: NDArray[np.int64], *, known: Known, progress: Progress
) -> Compared:
    """Find the pairs in which one photo shows the other or a part of it.

    What is known makes no difference to the result. Whether a pair is found hangs on its two photos
    alone; but in a group of more than 32 photos those that are joined already are left out, in the order
    of the photos. Where other photos come to a group, no pair is joined later for it, so what was left
    out before is left out again.

    Args:
        pictures: of the photos.
        candidates: int64 (pairs, 2): numbers of two different photos, to be looked at closely.
        known: from before.
        progress: is told how many photos have been compared with all others.
    """
    groups = Groups(len(pictures.greys))
    with one_thread():
        usual = _usual(pictures, groups, known, progress)
        wide, skipped = _wide(pictures, groups, candidates, known)
    return Compared(usual, wide, skipped)


def _usual(pictures: Pictures, groups: Groups, known: Known, progress: Progress) -> Found:
    found = []
    with contextlib.closing(alike(pictures.greys, fresh=known.fresh, progress=progress)) as likely:
        for whole, shown in _by_whole(pictures, groups, likely, known.usual, USUAL):
            if len(shown.others):
                found.append(_settled(groups, whole, shown))
    return Found.none().joined(found)


def _wide(
    pictures: Pictures, groups: Groups, candidates: NDArray[np.int64], known: Known
) -> tuple[Found, NDArray[np.int64]]:
    """What is found among the candidates, and which of them were joined already."""
    photos = len(pictures.greys)
    both = np.unique(np.concatenate([candidates, candidates[:, ::-1]]), axis=0)
    codes = _codes(both, photos)
    unseen = both[~np.isin(codes, _codes(known.compared, photos))]
    seen = known.wide.select(np.isin(_codes(known.wide.pairs(), photos), codes))
    starts = np.searchsorted(both[:, 0], np.arange(photos + 1))
    found, skipped = [], [np.empty((0, 2), np.int64)]
    for whole, shown in _by_whole(pictures, groups, _turned_each_way(unseen), seen, WIDE):
        if groups.size(whole) > LARGE_GROUP:
            pairs = both[starts[whole] : starts[whole + 1]]
            skipped.append(pairs[~_wanted(groups, whole, pairs[:, 1])])
        if len(shown.others):
            found.append(_settled(groups, whole, shown))
    return Found.none().joined(found), np.concatenate(skipped)


def _turned_each_way(pairs: NDArray[np.int64]) -> Iterator[Alike]:
    """Each whole with the others that it is to be compared with, in all orientations."""
    for whole in np.unique(pairs[:, 0]):
        start, end = np.searchsorted(pairs[:, 0], [whole, whole + 1])
        others = np.repeat(pairs[start:end, 1], len(ORIENTATIONS))
        yield int(whole), others, np.resize(np.array(ORIENTATIONS), len(others))


def _by_whole(
    pictures: Pictures, groups: Groups, likely: Iterable[Alike], known: Found, lattice: Lattice
) -> Iterator[tuple[int, Found]]:
    """Each photo with all that shows it or a part of it, now or before."""

    def look(lot: _Lot) -> tuple[int, Found]:
        shown = showing(pictures, lot.wholes, lot.others, lot.orientations, lattice=lattice)
        return lot.end, Found.of(shown)

    done, waiting, none = 0, known, Found.none()
    with in_parallel(look, _lots(likely, groups), threads=usable_cores()) as lots:
        for end, shown in lots:
            waiting = waiting.joined([shown])
            complete = waiting.wholes < end
            found = _best_of_each(waiting.select(complete))
            starts = np.searchsorted(found.wholes, np.arange(done, end + 1))
            for whole, (start, stop) in enumerate(pairwise(starts.tolist()), done):
                yield whole, found.select(slice(start, stop)) if start < stop else none
            done, waiting = end, waiting.select(~complete)


def _lots(likely: Iterable[Alike], groups: Groups) -> Iterator[_Lot]:
    """Pairs in lots of about one size, without those that are joined already."""
    waiting: list[Alike] = []
    for whole, others, orientations in likely:
        # More may be joined until their turn comes, but none less.
        wanted = _wanted(groups, whole, others)
        others, orientations = others[wanted], orientations[wanted]
        for start in range(0, len(others), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            waiting.append((whole, others[some], orientations[some]))
            if sum(len(each) for _, each, _ in waiting) >= _PAIRS_AT_ONCE:
                yield _Lot.of(waiting, whole)
                waiting = []
    yield _Lot.of(waiting, len(groups.labels))


def _wanted(groups: Groups, whole: int, others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the others are not joined with the photo in a large group."""
    if groups.size(whole) <= LARGE_GROUP:
        return np.ones(len(others), np.bool_)
    wanted: NDArray[np.bool_] = groups.labels[others] != groups.labels[whole]
    return wanted


def _settled(groups: Groups, whole: int, shown: Found) -> Found:
    """What counts of what shows a photo, joined with it."""
    found = shown
    if groups.size(whole) > LARGE_GROUP:
        found = shown.select(_wanted(groups, whole, shown.others))
    for other in found.others.tolist():
        groups.join(whole, other)
    return found


def _best_of_each(found: Found) -> Found:
    """Of each pair the orientation that agrees best, in the order of the numbers."""
    ranks = found.correlations + _PREFER_UPRIGHT * (found.orientations == 1)
    order = np.lexsort((-ranks, found.others, found.wholes))
    pairs = found.pairs()[order]
    first = (pairs != np.roll(pairs, 1, axis=0)).any(axis=1)
    first[:1] = True
    return found.select(order[first])


def _codes(pairs: NDArray[np.int64], photos: int) -> NDArray[np.int64]:
    """One number for each pair."""
    codes: NDArray[np.int64] = pairs[:, 0] * photos + pairs[:, 1]
    return codes
