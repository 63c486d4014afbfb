"""Photos dealt out to folds for cross-validation: stratified, seeded, and without leaks."""

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError, OptionError

LEFT_IN: int = -1
"""The fold of a photo that is never held out, since no other photo could teach its class."""


def assign_folds(
    labels: NDArray[np.int32], together: NDArray[np.int64], *, folds: int, seed: int
) -> NDArray[np.int64]:
    """Deal photos out to folds, each class evenly; what belongs together is held out together.

    The largest groups are dealt out first, then the smaller ones in random order, each to the fold that
    has the fewest photos of its classes, and of such folds to the smallest. A class keeps photos for
    training in every fold: of one whose photos all belong together, or would all lie in one fold, some
    are never held out.

    Args:
        labels: int32 (photos,): the classes.
        together: int64 (photos,): photos with equal numbers are in one fold.
        folds: how many, 2 or more.
        seed: the same one gives the same folds.

    Returns:
        int64 (photos,): from 0 to `folds` - 1; -1 for photos that are never held out.

    Raises:
        OptionError: fewer than two folds, or more than there are photos that may be parted.
        DataError: no photo can be held out.

    Source: K. Sechidis, G. Tsoumakas and I. Vlahavas, On the Stratification of Multi-Label Data (2011),
    for the greedy order; scikit-learn's `StratifiedGroupKFold` deals out likewise.
    """
    check_folds(folds)
    numbers = np.unique(together, return_inverse=True)[1]
    bundles = _bundles(labels, numbers)
    movable = np.flatnonzero(~_only_teachers(labels, numbers))
    if not movable.size:
        raise DataError(
            "no photo can be held out: each class has photos of one picture or group only",
            fix="Add photos to the classes; two different ones of a class are the least.",
        )
    if folds > movable.size:
        raise OptionError(
            f"folds is {folds}, but only {movable.size} photos or groups can be parted",
            fix=f"Use {movable.size} folds or fewer, or add photos.",
        )
    shuffled = np.random.default_rng(seed).permutation(movable)
    sizes = np.bincount(numbers)
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    fold_of = np.full(len(bundles), LEFT_IN, dtype=np.int64)
    have = np.zeros((folds, int(labels.max()) + 1), dtype=np.int64)
    for bundle in order.tolist():
        classes, counts = bundles[bundle]
        crowded = have[:, classes] @ counts
        fold = int(np.lexsort((have.sum(axis=1), crowded))[0])
        fold_of[bundle] = fold
        have[fold, classes] += counts
    return _with_teachers(labels, numbers, fold_of)


def check_folds(folds: object) -> None:
    """Check a number of folds.

    Raises:
        OptionError: it is no whole number, or below 2.
    """
    if isinstance(folds, bool) or not isinstance(folds, int | np.integer):
        raise OptionError(f"folds is {folds!r}; it must be a whole number")
    if folds < 2:
        raise OptionError(f"folds is {folds}; it must be 2 or more")


def _bundles(
    labels: NDArray[np.int32], numbers: NDArray[np.int64]
) -> list[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """The classes of each bundle, and how many photos of each it has."""
    order = np.argsort(numbers, kind="stable")
    parts = np.split(labels[order], np.cumsum(np.bincount(numbers))[:-1])
    return [np.unique(part, return_counts=True) for part in parts]


def _only_teachers(labels: NDArray[np.int32], numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which bundles hold all photos of a class: bool (bundles,)."""
    found = np.zeros(int(numbers.max()) + 1, dtype=np.bool_)
    for label in np.unique(labels).tolist():
        own = np.unique(numbers[labels == label])
        if own.size == 1:
            found[own] = True
    return found


def _with_teachers(
    labels: NDArray[np.int32], numbers: NDArray[np.int64], fold_of: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The fold of each photo, when of a class that one fold would hold out whole a bundle stays in."""
    sizes = np.bincount(numbers)
    for label in np.unique(labels).tolist():
        own = np.unique(numbers[labels == label])
        if len(set(fold_of[own].tolist())) == 1 and fold_of[own[0]] != LEFT_IN:
            fold_of[own[np.argmin(sizes[own])]] = LEFT_IN
    return fold_of[numbers]
