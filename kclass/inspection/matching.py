"""Photos that are the same picture: identical files, copies, turned ones and crops."""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError, PhotoError
from kclass.inspection.fingerprints import ORIENTATIONS
from kclass.inspection.grouping import Groups
from kclass.inspection.inspection import Inspection
from kclass.inspection.searching import alike
from kclass.inspection.verification import USUAL, WIDE, Lattice, Pictures, Shown, all_of_it, showing
from kclass.progress import Progress, silent

IDENTICAL = "identical"
COPY = "copy"
TURNED = "turned"
CROP = "crop"
KINDS = (IDENTICAL, COPY, TURNED, CROP)

# Part of the key of remembered matches: raise it when the same photos would match otherwise.
MATCHING_VERSION = 1

# Above this, photos that are joined through others already are not compared: what 10,000 pictures of
# one camera that stands still would otherwise come to is 50 million pairs.
LARGE_GROUP = 32

# Turned back, these two are each other; the rest are themselves.
_INVERSE = {6: 8, 8: 6}

_Likely = tuple[int, NDArray[np.int64], NDArray[np.int64], Lattice]


@dataclass(frozen=True)
class Match:
    """Two photos that are the same picture.

    Args:
        first: the place of the one.
        second: the place of the other, which comes later.
        kind: "identical": the files are the same byte for byte; "copy": another size, compression, or
            slightly other brightness or colours; "turned": a copy that is turned or mirrored; "crop":
            the one shows a part of the other, turned or not.
        orientation: as in EXIF, 1 to 8: from which the second has to be turned upright to lie as the
            first does.
        similarity: 1 if they are identical, else the correlation of what both show, 0.9 to 1.
    """

    first: int
    second: int
    kind: str
    orientation: int
    similarity: float


def near_identical(
    inspections: Sequence[Inspection | PhotoError],
    *,
    candidates: NDArray[np.int64] | None = None,
    progress: Progress = silent,
) -> tuple[Match, ...]:
    """The pairs of photos that are the same picture.

    Every pair is looked at, so the time grows with the square of the number of photos, memory with
    the number. Of identical files, each is matched with the first of them, and the first alone with
    other photos. In a group of more than 32 photos not every pair is named, but enough to join them.

    Args:
        inspections: of the photos; those that could not be read match nothing.
        candidates: int64 (pairs, 2): places of photos that may be the same picture for another
            reason, as `feature_candidates` finds them. Among these, crops are found down to half of
            each side; without, down to about 0.7.
        progress: is told how many photos have been compared with all others.

    Returns:
        Sorted by the places.

    Raises:
        OptionError: `candidates` has another shape, or places that are not there.
    """
    pairs = _checked(candidates, len(inspections))
    firsts = _first_of_content(inspections)
    found = [
        Match(int(first), place, IDENTICAL, 1, 1.0)
        for place, first in enumerate(firsts)
        if 0 <= first < place
    ]
    distinct = _by_content(inspections, firsts)
    chosen = [each for place in distinct if isinstance(each := inspections[place], Inspection)]
    numbers = _among(distinct, firsts, pairs)
    found += _same_pictures(Pictures.of(chosen), distinct, numbers, progress)
    return tuple(sorted(found, key=lambda match: (match.first, match.second)))


def groups_of(matches: Sequence[Match], photos: int) -> NDArray[np.int64]:
    """Groups of photos that are the same picture, directly or through others.

    Args:
        matches: from `near_identical`.
        photos: how many there are.

    Returns:
        int64 (photos,): for each the place of the first of its group, its own if it is alone.
    """
    groups = Groups(photos)
    for match in matches:
        groups.join(match.first, match.second)
    return groups.firsts()


def _checked(candidates: NDArray[np.int64] | None, photos: int) -> NDArray[np.int64]:
    if candidates is None:
        return np.empty((0, 2), dtype=np.int64)
    if candidates.ndim != 2 or candidates.shape[1] != 2:
        raise OptionError(f"candidates has the shape {candidates.shape}; it must be (pairs, 2)")
    if candidates.size and not 0 <= candidates.min() <= candidates.max() < photos:
        raise OptionError(f"candidates has places outside 0 to {photos - 1}, those of the photos")
    return candidates


def _first_of_content(inspections: Sequence[Inspection | PhotoError]) -> NDArray[np.int64]:
    """For each photo the place of the first with the same bytes; -1 if it could not be read."""
    seen: dict[str, int] = {}
    firsts = [
        -1 if isinstance(each, PhotoError) else seen.setdefault(each.content, place)
        for place, each in enumerate(inspections)
    ]
    return np.array(firsts, dtype=np.int64)


def _by_content(
    inspections: Sequence[Inspection | PhotoError], firsts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The places of photos of different bytes, in an order that is not that in which they are given."""
    contents = {
        place: each.content
        for place, each in enumerate(inspections)
        if not isinstance(each, PhotoError) and firsts[place] == place
    }
    return np.array(sorted(contents, key=contents.__getitem__), dtype=np.int64)


def _among(
    distinct: NDArray[np.int64], firsts: NDArray[np.int64], pairs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Candidates by their numbers among the distinct photos: unreadable and identical ones left out."""
    numbers = np.full(len(firsts) + 1, -1, dtype=np.int64)
    numbers[distinct] = np.arange(len(distinct))
    named = numbers[firsts[pairs]]  # the last one, -1, stands for photos that could not be read
    kept: NDArray[np.int64] = named[(named >= 0).all(axis=1) & (named[:, 0] != named[:, 1])]
    return kept


def _same_pictures(
    pictures: Pictures, places: NDArray[np.int64], pairs: NDArray[np.int64], progress: Progress
) -> list[Match]:
    import threadpoolctl

    groups = Groups(len(places))
    best: dict[tuple[int, int], Match] = {}
    # The search has threads of its own, and BLAS's wait for each other at every one of its small steps.
    with (
        threadpoolctl.threadpool_limits(1, user_api="blas"),
        contextlib.closing(_likely(pictures, pairs, progress)) as likely,
    ):
        for whole, others, orientations, lattice in likely:
            small = groups.size(whole) <= LARGE_GROUP
            wanted = small | (groups.labels[others] != groups.labels[whole])
            shown = showing(pictures, whole, others[wanted], orientations[wanted], lattice=lattice)
            for match in _matches(shown, whole, places):
                pair = match.first, match.second
                if pair not in best or best[pair].similarity < match.similarity:
                    best[pair] = match
            for other in shown.others:
                groups.join(whole, int(other))
    return list(best.values())


def _likely(
    pictures: Pictures, pairs: NDArray[np.int64], progress: Progress
) -> Generator[_Likely, None, None]:
    """Each photo with those that may show it or a part of it, in which orientation, and where to look."""
    with contextlib.closing(alike(pictures.greys, progress=progress)) as found:
        for whole, others, orientations in found:
            yield whole, others, orientations, USUAL
    both = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    for whole in np.unique(both[:, 0]):
        start, end = np.searchsorted(both[:, 0], [whole, whole + 1])
        others = np.repeat(both[start:end, 1], len(ORIENTATIONS))
        yield int(whole), others, np.resize(np.array(ORIENTATIONS), len(others)), WIDE


def _matches(shown: Shown, whole: int, places: NDArray[np.int64]) -> Iterator[Match]:
    cropped = ~all_of_it(shown.boxes)
    for row, other in enumerate(shown.others):
        first, second = int(places[whole]), int(places[other])
        orientation = int(shown.orientations[row])
        if first > second:
            first, second = second, first
            orientation = _INVERSE.get(orientation, orientation)
        whole_kind = COPY if orientation == 1 else TURNED
        kind = CROP if cropped[row] else whole_kind
        yield Match(first, second, kind, orientation, min(1.0, float(shown.correlations[row])))
