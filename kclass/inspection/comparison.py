"""What comparing a set of photos has shown, and what of it holds for another set."""

import io
import zlib
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.comparing import LARGE_GROUP, Compared, Found, Known
from kclass.inspection.grouping import Groups
from kclass.inspection.neighbours import NEIGHBOURS, Nearest

_NUMBERS = np.dtype("<i4")
_CHECKSUM = 4


@dataclass(frozen=True, eq=False)
class Comparison:
    """What comparing a set of photos of different bytes has shown.

    Only what was found is kept: all other pairs have been compared too. So it takes 113 bytes
    a photo, 80 of them for its neighbours, and 14 for each pair found, of which each of the two searches
    gives 32 a photo at most, since large groups are not compared in full: 4.5 MB of 40,000 photos without
    copies.

    Args:
        contents: the content hashes, sorted; the numbers of photos are places here.
        embedded: bool (photos,): which have features.
        nearest: of each photo, by numbers; without neighbours where there are no features.
        compared: what was found, by numbers.
    """

    contents: tuple[str, ...]
    embedded: NDArray[np.bool_]
    nearest: Nearest
    compared: Compared

    @classmethod
    def none(cls) -> "Comparison":
        """Of no photos."""
        nothing = Compared(Found.none(), Found.none(), np.empty((0, 2), np.int64))
        return cls((), np.empty(0, np.bool_), Nearest.none(0, NEIGHBOURS), nothing)

    def known_of(self, contents: tuple[str, ...]) -> Known:
        """What is known of other photos, by their numbers.

        Of a large group not all pairs have been looked at. If one of its photos is missing, the others
        may not be joined without it, and count as not compared.

        Args:
            contents: of the others, sorted.
        """
        numbers = self._numbers_in(contents)
        there = numbers >= 0
        there[self._broken(there)] = False
        fresh = np.ones(len(contents), np.bool_)
        fresh[numbers[there]] = False
        return Known(
            fresh,
            _renumbered(self.compared.usual, np.where(there, numbers, -1)),
            _kept(numbers[self._looked_at_closely()]),
            _renumbered(self.compared.wide, numbers),
        )

    def nearest_of(
        self, contents: tuple[str, ...], embedded: NDArray[np.bool_]
    ) -> tuple[Nearest, NDArray[np.bool_], NDArray[np.bool_]]:
        """The neighbours of other photos, as `kclass.inspection.neighbours.updated` takes them.

        Args:
            contents: of the others, sorted.
            embedded: bool (others,): which have features.

        Returns:
            What is known, by the others' numbers; bool (others,): those in no list; bool (others,): those
            whose lists are not complete.
        """
        numbers = self._numbers_in(contents)
        numbers[numbers >= 0] = np.where(embedded[numbers[numbers >= 0]], numbers[numbers >= 0], -1)
        numbers[~self.embedded] = -1
        listed = self.nearest.others >= 0
        moved = np.where(listed, np.append(numbers, -1)[self.nearest.others], -1)
        lost = (listed & (moved < 0)).any(axis=1)
        # With fewer neighbours than there is room for, all others are further away than counts.
        lacking_here = lost & listed.all(axis=1)
        known = Nearest.none(len(contents), self.nearest.others.shape[1])
        there = numbers >= 0
        known.others[numbers[there]] = moved[there]
        known.cosines[numbers[there]] = np.where(moved >= 0, self.nearest.cosines, -1)[there]
        fresh = np.ones(len(contents), np.bool_)
        fresh[numbers[there]] = False
        lacking = fresh.copy()
        lacking[numbers[there & lacking_here]] = True
        return known, fresh, lacking

    def to_bytes(self) -> bytes:
        """All of it, for the cache."""
        found = self.compared
        arrays = [
            np.array([content.encode() for content in self.contents], np.bytes_),
            self.embedded,
            self.nearest.others.astype(_NUMBERS),
            self.nearest.cosines,
            *_arrays(found.usual),
            *_arrays(found.wide),
            found.skipped.astype(_NUMBERS),
        ]
        file = io.BytesIO()
        for array in arrays:
            np.save(file, array, allow_pickle=False)
        content = file.getvalue()
        return content + zlib.crc32(content).to_bytes(_CHECKSUM)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Comparison":
        """What `to_bytes` made bytes of; of no photos if they are damaged, so that all is compared anew."""
        content, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
        if zlib.crc32(content).to_bytes(_CHECKSUM) != checksum:
            return cls.none()
        file = io.BytesIO(content)
        each = len(fields(Found))
        contents, embedded, others, cosines, *arrays = (
            np.load(file, allow_pickle=False) for _ in range(5 + 2 * each)
        )
        usual, wide, (skipped,) = arrays[:each], arrays[each:-1], arrays[-1:]
        return cls(
            tuple(content.decode() for content in contents.tolist()),
            embedded,
            Nearest(others.astype(np.int64), cosines),
            Compared(_found(usual), _found(wide), skipped.astype(np.int64)),
        )

    def _numbers_in(self, contents: tuple[str, ...]) -> NDArray[np.int64]:
        """For each photo its number among others; -1 if it is not there."""
        numbers = {content: number for number, content in enumerate(contents)}
        return np.array([numbers.get(content, -1) for content in self.contents], np.int64)

    def _broken(self, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which photos are of a large group that has lost one."""
        groups = Groups(len(self.contents))
        for whole, other in self.compared.usual.pairs().tolist():
            groups.join(whole, other)
        sizes = np.bincount(groups.labels, minlength=len(there))
        left = np.bincount(groups.labels, weights=there, minlength=len(there))
        broken: NDArray[np.bool_] = ((sizes > LARGE_GROUP) & (left < sizes))[groups.labels]
        return broken

    def _looked_at_closely(self) -> NDArray[np.int64]:
        """Wholes and others that were looked at as candidates: int64 (pairs, 2)."""
        pairs = self.nearest.pairs()
        both = np.concatenate([pairs, pairs[:, ::-1]])
        count = len(self.contents)
        skipped = self.compared.skipped
        return both[~np.isin(both @ [count, 1], skipped @ [count, 1])]


def _renumbered(found: Found, numbers: NDArray[np.int64]) -> Found:
    """What was found of photos that have new numbers; those without are left out."""
    wholes, others = numbers[found.wholes], numbers[found.others]
    moved = Found(wholes, others, found.orientations, found.cropped, found.correlations)
    return moved.select((wholes >= 0) & (others >= 0))


def _kept(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    kept: NDArray[np.int64] = pairs[(pairs >= 0).all(axis=1)]
    return kept


def _arrays(found: Found) -> list[NDArray[np.generic]]:
    return [
        found.wholes.astype(_NUMBERS),
        found.others.astype(_NUMBERS),
        found.orientations.astype(np.uint8),
        found.cropped,
        found.correlations,
    ]


def _found(arrays: list[NDArray[np.generic]]) -> Found:
    wholes, others, orientations, cropped, correlations = arrays
    return Found(
        wholes.astype(np.int64),
        others.astype(np.int64),
        orientations.astype(np.int64),
        cropped.astype(np.bool_),
        correlations.astype(np.float32),
    )
