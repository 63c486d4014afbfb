"""Which of the photos stay: each picture once, for one class, and never one that is set aside."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import PhotoError
from kclass.inspection.grouping import Groups
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import near_identical
from kclass.progress import Progress, silent

HASH_SIDE: Final = 10
_WORTH: Final = ("test", "validation", "train", "")


@dataclass(frozen=True)
class Candidate:
    """A photo that was fetched.

    Args:
        content: its content hash, as it came.
        look: what was seen of it as it came, or why nothing can be.
        label: the class it was found for.
        split: "train", "validation" or "test", if it was found in such a folder; else empty.
        is_gone: whether somebody has deleted it.
    """

    content: str
    look: Inspection | PhotoError
    label: str
    split: str = ""
    is_gone: bool = False


@dataclass(frozen=True)
class Choice:
    """What becomes of candidates.

    Args:
        chosen: places of those that stay, ascending.
        again: for each that is a copy of one that stays, the place of that one.
        torn: places of those that were found for several classes, with these classes.
        aside: for each that is a copy of a photo set aside, the place of that photo.
        gone: places of those that somebody has deleted, and of their copies in their classes.
    """

    chosen: tuple[int, ...]
    again: Mapping[int, int]
    torn: Mapping[int, tuple[str, ...]]
    aside: Mapping[int, int]
    gone: Set[int]


def choose(
    candidates: Sequence[Candidate], aside: Sequence[Inspection], *, progress: Progress = silent
) -> Choice:
    """Each picture once, of those that are for one class and not set aside.

    What counts as the same picture is what `kclass check` counts: copies in other sizes and
    compressions, turned ones and crops. Photos of equal average hash are looked at for it, too.
    Of copies a test photo stays, or else a validation photo, or else the first: the one that would be
    trained on is worth less.

    Args:
        candidates: in the order in which they were found.
        aside: photos that nothing may be a copy of.
        progress: is told how far it is.
    """
    looks = [*aside, *(each.look for each in candidates)]
    matches = near_identical(looks, candidates=_alike(looks), progress=progress)
    groups = Groups(len(looks))
    for match in matches:
        groups.join(match.first, match.second)
    firsts: dict[str, int] = {}
    for place, each in enumerate(candidates):  # of those that nothing was seen of, too
        groups.join(len(aside) + firsts.setdefault(each.content, place), len(aside) + place)
    members: dict[int, list[int]] = defaultdict(list)
    for place, first in enumerate(groups.firsts().tolist()):
        if place >= len(aside):
            members[first].append(place - len(aside))
    return _decided(members, candidates, len(aside))


def _decided(members: Mapping[int, Sequence[int]], candidates: Sequence[Candidate], aside: int) -> Choice:
    """The choice among candidates in groups, which are named by the place of their first photo."""
    chosen: list[int] = []
    again: dict[int, int] = {}
    torn: dict[int, tuple[str, ...]] = {}
    taken: dict[int, int] = {}
    gone: set[int] = set()
    for first, ours in members.items():
        away = {candidates[place].label for place in ours if candidates[place].is_gone}
        gone |= {place for place in ours if candidates[place].label in away}
        left = [place for place in ours if place not in gone]
        labels = tuple(dict.fromkeys(candidates[place].label for place in left))
        if first < aside:
            taken |= dict.fromkeys(left, first)
        elif len(labels) > 1:
            torn |= dict.fromkeys(left, labels)
        elif left:
            best = min(left, key=lambda place: _WORTH.index(candidates[place].split))
            chosen.append(best)
            again |= {place: best for place in left if place != best}
    return Choice(tuple(sorted(chosen)), again, torn, taken, gone)


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
