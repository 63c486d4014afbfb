"""Photos that belong together, so that no split may part them: the same patient, car or film."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.calls import outcome
from kclass.dataset.cells import is_missing
from kclass.dataset.names import SPLITS, UNGROUPED, UNSPLIT, listing
from kclass.dataset.patterns import compiled, named_part
from kclass.dataset.samples import Samples
from kclass.errors import DataError, OptionError

Grouping = str | Callable[[Path], Hashable] | Sequence[Hashable]
"""What groups photos: a regular expression, a function of a photo's file, or a value for each photo."""


def group_numbers(samples: Samples, by: Grouping) -> NDArray[np.int32]:
    """Number the groups that photos are in.

    Args:
        samples: the photos.
        by: a regular expression, whose first group (or whole match, if it has none) within a
            photo's path below the root names its group; or a function that is given a photo's file
            and gives back anything hashable, None for no group; or such values, one a photo.

    Returns:
        int32 (photos,): from 0 on in the order of first appearance, -1 for photos in no group.

    Raises:
        DataError: the expression does not match some photo's path, or the function fails.
        OptionError: no such expression, not as many values as photos, or a value that cannot be
            compared.
    """
    if isinstance(by, str):
        return numbered(_matched(samples, by))
    if callable(by):
        fix = "Let it give back None for photos that are in no group."
        return numbered([outcome(by, file, fix=fix) for file in samples.files])
    values = _listed(by)
    if len(values) != len(samples):
        raise OptionError(f"{len(values)} groups for {len(samples)} photos; there must be one for each")
    return numbered(values)


def numbered(values: Iterable[object]) -> NDArray[np.int32]:
    """Numbers for groups: equal values get equal numbers, in the order in which they first appear.

    Args:
        values: one a photo; None, NaN and empty text are no group.

    Returns:
        int32 (photos,), -1 for no group.

    Raises:
        OptionError: a value that cannot be compared, such as a list.
    """
    numbers: dict[object, int] = {}
    try:
        return np.array(
            [UNGROUPED if is_missing(value) else numbers.setdefault(value, len(numbers)) for value in values],
            dtype=np.int32,
        )
    except TypeError as error:
        raise OptionError(
            f"a group is named by something that cannot be compared: {error}",
            fix="Name groups by words or numbers.",
        ) from error


def merged(*relations: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The smallest groups that none of several groupings parts.

    Args:
        relations: integers (photos,): equal numbers from 0 on belong together; negative ones alone.

    Returns:
        int64 (photos,): for each photo the place of the first one that it belongs together with,
        directly or by way of others; its own place if there is none before it.

    Source:
        Y. Shiloach and U. Vishkin, An O(log n) Parallel Connectivity Algorithm (1982): every photo
        takes the smallest number around it, and numbers follow where they point, until none moves.
    """
    places = np.arange(len(relations[0]), dtype=np.int64)
    if not places.size:
        return places
    dense = [_dense(relation) for relation in relations]
    while True:
        before = places
        for groups in dense:
            smallest = np.full(groups.max() + 1, places.size, dtype=np.int64)
            np.minimum.at(smallest, groups, places)
            places = smallest[groups]
        places = places[places]
        if np.array_equal(places, before):
            return places


def straddling(samples: Samples) -> int:
    """How many groups have photos in more than one split."""
    used = (samples.groups != UNGROUPED) & (samples.splits != UNSPLIT)
    groups, splits = samples.groups[used], samples.splits[used]
    least = np.full(groups.max(initial=-1) + 1, len(SPLITS))
    most = np.full_like(least, UNSPLIT)
    np.minimum.at(least, groups, splits)
    np.maximum.at(most, groups, splits)
    return int(np.count_nonzero(least < most))


def _dense(relation: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The same groups, numbered without gaps, those of single photos included."""
    alone = relation < 0
    distinct = np.where(alone, relation.max(initial=0) + 1 + np.arange(relation.size), relation)
    return np.unique(distinct, return_inverse=True)[1].astype(np.int64, copy=False)


def _matched(samples: Samples, pattern: str) -> list[str]:
    expression = compiled("by", pattern)
    found = [named_part(expression, path) for path in samples.paths]
    unmatched = [path for path, part in zip(samples.paths, found, strict=True) if part is None]
    if unmatched:
        raise DataError(
            f"{len(unmatched)} of {len(samples)} photos do not match the group {pattern!r}: "
            f"{listing(unmatched, most=1)}",
            fix="Change the expression so that it finds the group in every path below the root.",
        )
    return [part for part in found if part is not None]


def _listed(values: object) -> list[Hashable]:
    try:
        return list(values)  # type: ignore[call-overload, no-any-return]
    except TypeError as error:
        raise OptionError(
            f"groups are {values!r}; they must be an expression, a function or a value for each photo",
            fix=r"Write, for instance, data.grouped(r'patient\d+').",
        ) from error
