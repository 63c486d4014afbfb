"""Which photos train, which validate and which test: stratified, seeded, and without leaks."""

from collections.abc import Hashable, Sequence
from numbers import Integral, Real
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.names import SPLITS, TEST, TRAIN, UNLABELLED, UNSPLIT, VALID
from kclass.errors import OptionError

_TIE: Final = 9
"""Decimals to which remainders are compared: below that they are noise of the division."""


def assign_splits(
    labels: NDArray[np.int32],
    *,
    valid: float,
    test: float,
    seed: int,
    groups: Sequence[Hashable] | NDArray[Any] | None = None,
) -> NDArray[np.int8]:
    """Deal photos out to training, validation and test, each class in the wanted proportions.

    Per class the numbers of photos are those of the largest-remainder method (Hamilton's), with
    ties for training, then validation. A class of two photos or more has at least one of them in
    training and, if `valid` > 0, one in validation; from three on also one in test, if
    `test` > 0. A class of one photo trains.

    Groups of several photos are dealt out first, the largest first, each to the split where its
    classes lack most; single photos then fill up what is lacking. A class that comes in two groups
    or more has at least one in training and one in validation, unless its groups hold photos of
    other classes which would then lack theirs.

    The same labels, groups, fractions and seed give the same splits on every system. Rows of one
    class are told apart by their order, so a table in another order is split another way.

    Args:
        labels: int32 (photos,): the classes, -1 for photos without one; those get no split.
        valid: fraction for validation, in [0, 1).
        test: fraction for test, in [0, 1), with `valid` + `test` < 1.
        seed: any integer from 0 on.
        groups: (photos,): photos with equal entries stay together; None is in no group.

    Returns:
        int8 (photos,): 0 train, 1 valid, 2 test, -1 for photos without a label.

    Raises:
        OptionError: a fraction or seed out of range, or as many groups as there are not photos.

    Source: M. Balinski and H. P. Young, Fair Representation (2001), for largest remainders;
    K. Sechidis and others, On the Stratification of Multi-Label Data (2011), for the greedy order.
    """
    check_options(valid=valid, test=test, seed=seed)
    splits = np.full(labels.shape, UNSPLIT, dtype=np.int8)
    rows = np.flatnonzero(labels != UNLABELLED)
    if not rows.size:
        return splits
    known = labels[rows]
    targets = _targets(np.bincount(known), valid=valid, test=test)
    dealt = np.full(known.shape, UNSPLIT, dtype=np.int8)
    bundles = [] if groups is None else _bundles(_group_ids(groups, len(labels))[rows])
    _deal_bundles(dealt, known, bundles, targets, seed)
    _deal_singles(dealt, known, targets, seed)
    _mend_bare_classes(dealt, known, bundles, targets)
    splits[rows] = dealt
    return splits


def check_options(*, valid: float, test: float, seed: int) -> None:
    """Check the options of `assign_splits`.

    Raises:
        OptionError: a fraction or seed out of range, or no number.
    """
    for name, fraction in (("valid", valid), ("test", test)):
        if not (_is_a(Real, fraction) and 0 <= fraction < 1):
            raise OptionError(
                f"{name} is a fraction of the photos, from 0 to below 1; received {fraction!r}",
                fix=f"Give a fraction such as {name}=0.2.",
            )
    if valid + test >= 1:
        raise OptionError(
            f"valid={valid} and test={test} leave no photo for training",
            fix="Choose fractions with a sum below 1.",
        )
    if not (_is_a(Integral, seed) and seed >= 0):
        raise OptionError(f"seed is an integer from 0 on; received {seed!r}")


def _is_a(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _targets(sizes: NDArray[np.intp], *, valid: float, test: float) -> NDArray[np.int64]:
    """How many photos of each class go where: int64 (classes, 3)."""
    fractions = np.array([1 - valid - test, valid, test])
    quotas = sizes[:, None] * fractions
    counts: NDArray[np.int64] = np.floor(np.round(quotas, _TIE)).astype(np.int64)
    remainders = np.round(quotas - counts, _TIE)
    ranks = np.argsort(np.argsort(-remainders, axis=1, kind="stable"), axis=1)
    counts += ranks < (sizes - counts.sum(axis=1))[:, None]
    for needed, split in enumerate((TRAIN, VALID, TEST), start=1):
        if fractions[split] > 0:
            _grant_one(counts, split, sizes >= needed)
    return counts


def _grant_one(counts: NDArray[np.int64], split: int, entitled: NDArray[np.bool_]) -> None:
    """Give classes with nothing in a split one photo there, from where they have most (test first)."""
    bare = np.flatnonzero(entitled & (counts[:, split] == 0))
    givers = TEST - counts[bare][:, ::-1].argmax(axis=1)
    counts[bare, givers] -= 1
    counts[bare, split] += 1


def _group_ids(groups: Sequence[Hashable] | NDArray[Any], photos: int) -> NDArray[np.int64]:
    """Numbers for group names in the order in which they first appear, each None one of its own."""
    if len(groups) != photos:
        raise OptionError(f"{len(groups)} groups for {photos} photos; there must be one for each")
    if isinstance(groups, np.ndarray) and np.issubdtype(groups.dtype, np.integer):
        _, first, ids = np.unique(groups, return_index=True, return_inverse=True)
        ranks = np.empty_like(first)
        ranks[np.argsort(first)] = np.arange(first.size)
        return ranks[ids].astype(np.int64, copy=False)
    names = groups.tolist() if isinstance(groups, np.ndarray) else groups
    numbers: dict[Hashable, int] = {}
    keys = ((row,) if name is None else name for row, name in enumerate(names))
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _bundles(ids: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """The rows of each group of two photos or more, in the order of their first rows."""
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
    sizes = np.diff(starts, append=ids.size)
    several = sizes > 1
    return [order[start : start + size] for start, size in zip(starts[several], sizes[several], strict=True)]


def _deal_bundles(
    dealt: NDArray[np.int8],
    labels: NDArray[np.int32],
    bundles: list[NDArray[np.intp]],
    targets: NDArray[np.int64],
    seed: int,
) -> None:
    """Put each group, the largest first, where its classes lack most, and write that in `dealt`."""
    lacking = targets.copy()
    shuffled = np.random.default_rng(seed).permutation(len(bundles))
    for place in sorted(shuffled.tolist(), key=lambda place: -bundles[place].size):
        rows = bundles[place]
        classes, numbers = np.unique(labels[rows], return_counts=True)
        # Adding g photos where n are lacking changes the squared lack by g² - 2gn: the largest
        # sum of g·n is the smallest error.
        split = int(np.argmax(numbers @ lacking[classes]))
        lacking[classes, split] -= numbers
        dealt[rows] = split


def _deal_singles(
    dealt: NDArray[np.int8], labels: NDArray[np.int32], targets: NDArray[np.int64], seed: int
) -> None:
    """Fill up with single photos what each class lacks, and write that in `dealt`."""
    single = np.flatnonzero(dealt == UNSPLIT)
    order = single[np.argsort(labels[single], kind="stable")]
    ends = np.cumsum(np.bincount(labels[single], minlength=len(targets)))
    given = np.zeros_like(targets)
    np.add.at(given, (labels[dealt >= 0], dealt[dealt >= 0]), 1)
    for label, rows in enumerate(np.split(order, ends[:-1])):
        if rows.size:
            wanted = _shares(targets[label] - given[label], rows.size)
            codes = np.repeat(np.arange(len(SPLITS), dtype=np.int8), wanted)
            dealt[np.random.default_rng([seed, label]).permutation(rows)] = codes


def _shares(lacking: NDArray[np.int64], photos: int) -> NDArray[np.int64]:
    """What single photos each split gets when some splits already have more than they should.

    The surplus is taken from the splits that lack most, one photo after the other.
    """
    shares = np.maximum(lacking, 0)
    for _ in range(int(shares.sum()) - photos):
        shares[shares.argmax()] -= 1
    return shares


def _mend_bare_classes(
    dealt: NDArray[np.int8],
    labels: NDArray[np.int32],
    bundles: list[NDArray[np.intp]],
    targets: NDArray[np.int64],
) -> None:
    """Move small groups so that each class that can has photos in training and validation."""
    have = np.zeros_like(targets)
    np.add.at(have, (labels, dealt), 1)
    for split in (TRAIN, VALID):
        for label in np.flatnonzero((have[:, split] == 0) & (targets[:, split] > 0)).tolist():
            movable = _movable_groups(dealt, labels, bundles, have, label, split)
            if movable:
                rows = min(movable, key=len)
                np.subtract.at(have, (labels[rows], dealt[rows]), 1)
                dealt[rows] = split
                np.add.at(have, (labels[rows], dealt[rows]), 1)


def _movable_groups(
    dealt: NDArray[np.int8],
    labels: NDArray[np.int32],
    bundles: list[NDArray[np.intp]],
    have: NDArray[np.int64],
    label: int,
    split: int,
) -> list[NDArray[np.intp]]:
    """Groups and single photos of a class that no class misses in training or validation."""
    grouped = np.zeros(dealt.shape, dtype=np.bool_)
    for rows in bundles:
        grouped[rows] = True
    singles = [np.array([row]) for row in np.flatnonzero((labels == label) & ~grouped)]
    of_class = singles + [rows for rows in bundles if label in labels[rows]]
    movable = []
    for rows in of_class:
        source = dealt[rows[0]]
        classes, numbers = np.unique(labels[rows], return_counts=True)
        if source != split and (source == TEST or (have[classes, source] > numbers).all()):
            movable.append(rows)
    return movable
