"""Photos that are the same picture: identical files, copies, turned ones and crops."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError, PhotoError
from kclass.inspection.comparing import Compared, Known, compare
from kclass.inspection.grouping import Groups
from kclass.inspection.inspection import Inspection
from kclass.inspection.verification import Pictures
from kclass.progress import Progress, silent

IDENTICAL = "identical"
COPY = "copy"
TURNED = "turned"
CROP = "crop"
KINDS = (IDENTICAL, COPY, TURNED, CROP)

# Turned back, these two are each other; the rest are themselves.
_INVERSE = {6: 8, 8: 6}

Looked = Sequence[Inspection | PhotoError]


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
    inspections: Looked,
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
    distinct = Distinct.of(inspections)
    found = compare(
        Pictures.of(distinct.inspections),
        distinct.among(pairs),
        known=Known.nothing(len(distinct.places)),
        progress=progress,
    )
    return distinct.matches(found)


@dataclass(frozen=True, eq=False)
class Distinct:
    """Photos of different bytes among some, in the order of their contents.

    Args:
        inspections: of them.
        places: int64 (distinct photos,): of the first photo with these bytes.
        firsts: int64 (photos,): for each photo the place of the first with the same bytes; -1 if it
            could not be read.
    """

    inspections: tuple[Inspection, ...]
    places: NDArray[np.int64]
    firsts: NDArray[np.int64]

    @classmethod
    def of(cls, inspections: Looked) -> "Distinct":
        """Those among photos."""
        seen: dict[str, int] = {}
        firsts = [
            -1 if isinstance(each, PhotoError) else seen.setdefault(each.content, place)
            for place, each in enumerate(inspections)
        ]
        places = [seen[content] for content in sorted(seen)]
        chosen = tuple(each for place in places if isinstance(each := inspections[place], Inspection))
        return cls(chosen, np.array(places, dtype=np.int64), np.array(firsts, dtype=np.int64))

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of photos among the distinct ones, of the same shape; -1 if one could not be read."""
        numbers = np.full(len(self.firsts) + 1, -1, dtype=np.int64)
        numbers[self.places] = np.arange(len(self.places))
        found: NDArray[np.int64] = numbers[self.firsts[places]]  # the last one, -1, stands for unreadable
        return found

    def among(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pairs of places by numbers, without unreadable and identical photos."""
        named = self.numbers(pairs)
        kept: NDArray[np.int64] = named[(named >= 0).all(axis=1) & (named[:, 0] != named[:, 1])]
        return kept

    def matches(self, compared: Compared) -> tuple["Match", ...]:
        """The matches between places, sorted, those of identical files too."""
        found = [
            Match(int(first), place, IDENTICAL, 1, 1.0)
            for place, first in enumerate(self.firsts)
            if 0 <= first < place
        ]
        best: dict[tuple[int, int], Match] = {}
        for match in self._each(compared):
            pair = match.first, match.second
            if pair not in best or best[pair].similarity < match.similarity:
                best[pair] = match
        return tuple(sorted([*found, *best.values()], key=lambda match: (match.first, match.second)))

    def _each(self, compared: Compared) -> Iterator["Match"]:
        for found in (compared.usual, compared.wide):
            firsts, seconds = self.places[found.wholes].tolist(), self.places[found.others].tolist()
            looks = found.orientations.tolist(), found.cropped.tolist(), found.correlations.tolist()
            for first, second, orientation, cropped, correlation in zip(firsts, seconds, *looks, strict=True):
                whole_kind = COPY if orientation == 1 else TURNED
                kind = CROP if cropped else whole_kind
                turn = orientation if first < second else _INVERSE.get(orientation, orientation)
                first, second = sorted((first, second))
                yield Match(first, second, kind, turn, min(1.0, correlation))


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
