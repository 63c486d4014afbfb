"""Matches of photos, remembered: comparing all with all takes minutes for tens of thousands.

What comparing a set has shown is kept as one value (`Comparison`). It serves any other set that shares
photos with it: pairs that both have are not compared again. Two sets with most photos in common have
most of their smallest hashes in common too (min-wise hashing), and by those the value is found.

Source:
    A. Z. Broder, On the resemblance and containment of documents, Compression and Complexity of
    Sequences, 1997, 21.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.cache.store import ContentStore
from kclass.inspection.comparing import compare
from kclass.inspection.comparison import Comparison
from kclass.inspection.inspection import RECIPE
from kclass.inspection.matching import Distinct, Looked, Match
from kclass.inspection.neighbours import NEIGHBOURS, Nearest, updated
from kclass.inspection.searching import STAGE
from kclass.inspection.verification import Pictures
from kclass.progress import Progress, silent

# Part of the key of what is remembered: raise it when the same photos would match otherwise.
MATCHING_VERSION = 3

_SIGNS = 16
_SETS_READ = 3
# A set takes the place in the cache of one that differs by no more of its photos.
_REPLACED = 0.1


@dataclass(frozen=True, eq=False)
class Features:
    """What a network saw in some of the photos.

    Args:
        places: int64 (embedded photos,): which photos, each once.
        values: float32 (embedded photos, features).
        recipe: what the features depend on besides the photos.
    """

    places: NDArray[np.int64]
    values: NDArray[np.float32]
    recipe: str


def remembered_matches(
    inspections: Looked, *, features: Features | None = None, progress: Progress = silent
) -> tuple[Match, ...]:
    """The pairs of photos that are the same picture; those compared before are known from the cache.

    The result is that of comparing all photos anew, to the last bit.

    Args:
        inspections: of the photos, in any order; those that could not be read match nothing.
        features: of photos, of which each is looked at closely with its nearest; None if there are none.
        progress: is told how many photos have been compared with all others, now or before.

    Raises:
        OutputError: the cache cannot be used.
    """
    distinct = Distinct.of(inspections)
    contents = tuple(each.content for each in distinct.inspections)
    recipe = f"matches {MATCHING_VERSION} {RECIPE} {features.recipe if features else ''}"
    rows = _rows(distinct, features)
    key, before = _nearest_set(recipe, contents)
    if before.contents == contents and np.array_equal(before.embedded, rows >= 0):
        progress(STAGE, len(contents), len(contents))
        return distinct.matches(before.compared)
    nearest = _nearest(before, contents, rows, features)
    found = compare(
        Pictures.of(distinct.inspections),
        nearest.pairs(),
        known=before.known_of(contents),
        progress=progress,
    )
    now = Comparison(contents, rows >= 0, nearest, found)
    key = _key(key, before.contents, contents)
    with ContentStore() as store:
        store.add(recipe, {key: now.to_bytes()})
        store.add(_index(recipe), {content: key.encode() for content in contents[:_SIGNS]})
    return distinct.matches(found)


def _rows(distinct: Distinct, features: Features | None) -> NDArray[np.int64]:
    """For each of the distinct photos its row among the features; -1 if it has none."""
    rows = np.full(len(distinct.places), -1, np.int64)
    if features is not None:
        numbers = distinct.numbers(features.places)
        there = np.flatnonzero(numbers >= 0)[::-1]  # of identical photos the first counts
        rows[numbers[there]] = there
    return rows


def _nearest(
    before: Comparison, contents: tuple[str, ...], rows: NDArray[np.int64], features: Features | None
) -> Nearest:
    """The neighbours of each photo by its features, those of before brought up to date."""
    embedded = rows >= 0
    if features is None or not embedded.any():
        return Nearest.none(len(contents), NEIGHBOURS)
    values = np.zeros((len(rows), features.values.shape[1]), np.float32)
    values[embedded] = features.values[rows[embedded]]
    return updated(*before.nearest_of(contents, embedded), features=values)


def _nearest_set(recipe: str, contents: tuple[str, ...]) -> tuple[str, Comparison]:
    """The set in the cache that shares most photos, and its key; one without photos if there is none."""
    with ContentStore() as store:
        signs = store.values(_index(recipe), contents[:_SIGNS]).values()
        keys = [key.decode() for key, _ in Counter(signs).most_common(_SETS_READ)]
        kept = store.values(recipe, keys)
    sets = [(key, Comparison.from_bytes(kept[key])) for key in keys if key in kept]
    there = set(contents)
    return max([("", Comparison.none()), *sets], key=lambda each: len(there.intersection(each[1].contents)))


def _key(key: str, before: tuple[str, ...], contents: tuple[str, ...]) -> str:
    """Where to keep a set: in place of the one before if few of its photos are others."""
    if before and len(set(contents).symmetric_difference(before)) <= _REPLACED * len(before):
        return key
    return hashlib.blake2b("\n".join(contents).encode(), digest_size=16).hexdigest()


def _index(recipe: str) -> str:
    """The recipe of keys of sets, by some of the photos that they hold."""
    return f"matches by photos of {recipe}"
