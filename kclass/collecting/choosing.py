"""Which of the photos stay: each picture once, for one class, and never one that is set aside."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import PhotoError
from kclass.inspection.grouping import Groups
from kclass.inspection.inspecting import inspect
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import near_identical
from kclass.progress import Progress, silent

HASH_SIDE: Final = 10


@dataclass(frozen=True)
class Candidate:
    """A photo that was fetched.

    Args:
        path: where its file is.
        label: the class it was found for.
    """

    path: Path
    label: str


@dataclass(frozen=True)
class Choice:
    """What becomes of candidates.

    Args:
        chosen: places of those that stay, ascending.
        again: for each that is a copy of one that stays, the place of that one.
        torn: places of those that were found for several classes, with these classes.
        aside: for each that is a copy of a photo set aside, that photo.
    """

    chosen: tuple[int, ...]
    again: Mapping[int, int]
    torn: Mapping[int, tuple[str, ...]]
    aside: Mapping[int, Path]


def choose(
    candidates: Sequence[Candidate],
    aside: Sequence[Path],
    *,
    known: Iterable[tuple[int, int]] = (),
    progress: Progress = silent,
) -> Choice:
    """Each picture once, of those that are for one class and not set aside.

    What counts as the same picture is what `kclass check` counts: copies in other sizes and
    compressions, turned ones and crops. Photos of equal average hash are looked at for it, too.

    Args:
        candidates: in the order in which they were found; of copies the first stays.
        aside: photos that nothing may be a copy of.
        known: places of candidates that are copies of each other whatever their files are now.
        progress: is told how far it is.

    Raises:
        OutputError: the cache cannot be used.
    """
    paths = [*aside, *(each.path for each in candidates)]
    looked = inspect(paths, progress=progress)
    matches = near_identical(looked, candidates=_alike(looked), progress=progress)
    groups = Groups(len(paths))
    for match in matches:
        groups.join(match.first, match.second)
    for one, other in known:
        groups.join(len(aside) + one, len(aside) + other)
    members: dict[int, list[int]] = defaultdict(list)
    for place, first in enumerate(groups.firsts().tolist()):
        if place >= len(aside):
            members[first].append(place - len(aside))
    return _decided(members, candidates, aside)


def _decided(
    members: Mapping[int, Sequence[int]], candidates: Sequence[Candidate], aside: Sequence[Path]
) -> Choice:
    """The choice among candidates in groups, which are named by the place of their first photo."""
    chosen: list[int] = []
    again: dict[int, int] = {}
    torn: dict[int, tuple[str, ...]] = {}
    taken: dict[int, Path] = {}
    for first, ours in members.items():
        labels = tuple(dict.fromkeys(candidates[place].label for place in ours))
        if first < len(aside):
            taken |= dict.fromkeys(ours, aside[first])
        elif len(labels) > 1:
            torn |= dict.fromkeys(ours, labels)
        else:
            chosen.append(ours[0])
            again |= dict.fromkeys(ours[1:], ours[0])
    return Choice(tuple(sorted(chosen)), again, torn, taken)


def average_hash(grey: NDArray[np.uint8]) -> bytes:
    """Which of 10 x 10 cells of a photo are brighter than their mean, 100 bits.

    Args:
        grey: uint8 (rows, columns): luma of a photo squashed to a square.

    Source:
        N. Krawetz, "Looks Like It" (2011), with cells as in the write-up that kclass follows.
    """
    cells = np.asarray(Image.fromarray(grey).resize((HASH_SIDE, HASH_SIDE), Image.Resampling.LANCZOS))
    return np.packbits(cells > cells.mean()).tobytes()


def _alike(looked: Sequence[Inspection | PhotoError]) -> NDArray[np.int64]:
    """Places of photos of one average hash, each with the first of them: int64 (pairs, 2)."""
    firsts: dict[bytes, int] = {}
    pairs = []
    for place, each in enumerate(looked):
        if isinstance(each, Inspection):
            first = firsts.setdefault(average_hash(each.grey), place)
            if first != place:
                pairs.append((first, place))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
