"""Which photos of a data set are dealt out to training, validation and test, and which cannot be."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.grouping import merged
from kclass.dataset.names import TEST, TRAIN, UNLABELLED, UNSPLIT, VALID, listing
from kclass.dataset.samples import Samples
from kclass.dataset.splitting import assign_splits
from kclass.dataset.summary import sizes
from kclass.errors import DataError


def rows_to_deal(name: str, samples: Samples, *, test: float) -> NDArray[np.int64]:
    """The photos that a split deals out: the labelled ones, of training if there are test photos.

    Args:
        name: what errors call the data set.
        samples: the photos.
        test: the fraction for test.

    Returns:
        int64 (photos to deal out,): their rows, ascending.

    Raises:
        DataError: the data set is split already; test photos are asked for and there; there is no
            photo to deal out; or a class has one only.
    """
    there = set(np.unique(samples.splits).tolist())
    if {TRAIN, VALID} <= there:
        raise DataError(
            f"{name} is split already: {sizes(samples)}", fix="Use data.train and data.valid as they are."
        )
    if test and TEST in there:
        raise DataError(
            f"{name} has test photos already: {sizes(samples)}",
            fix="Leave test out; only validation photos are taken from the training photos.",
        )
    source = UNSPLIT if there == {UNSPLIT} else TRAIN
    rows = np.flatnonzero((samples.labels != UNLABELLED) & (samples.splits == source))
    if not rows.size:
        raise DataError(
            f"{name} has no labelled photo to be trained on or split: {sizes(samples) or 'no photo'}",
            fix="Give photos with their classes.",
        )
    _refuse_single_photos(name, samples.select(rows))
    return rows


def deal_out(
    name: str,
    samples: Samples,
    rows: NDArray[np.int64],
    copies: NDArray[np.int64],
    *,
    valid: float,
    test: float,
    seed: int,
) -> Samples:
    """Deal photos out, copies and groups on one side.

    Args:
        name: what errors call the data set.
        samples: all its photos.
        rows: int64 (photos to deal out,): the rows of those.
        copies: int64 (photos to deal out,): equal numbers are copies of each other.
        valid: as in `assign_splits`.
        test: likewise.
        seed: likewise.

    Returns:
        The same photos; those in `rows` have a split.

    Raises:
        DataError: a class has too few photos that may be parted.
    """
    pool = samples.select(rows)
    together = merged(copies, pool.groups)
    dealt = assign_splits(pool.labels, valid=valid, test=test, seed=seed, groups=together)
    bare = _bare_classes(pool.labels, dealt, valid=valid)
    if bare:
        raise _too_few(name, pool, bare, copies, together)
    splits = samples.splits.copy()
    splits[rows] = dealt
    return replace(samples, splits=splits)


def _refuse_single_photos(name: str, pool: Samples) -> None:
    single = [folder for folder, number in pool.counts().items() if number == 1]
    if single:
        raise DataError(
            f"{name} cannot be split, because a class has one photo only: {listing(single)}",
            fix="Add photos to it, or take it out: training and validation need one each.",
        )


def _bare_classes(labels: NDArray[np.int32], dealt: NDArray[np.int8], *, valid: float) -> list[int]:
    """Classes that lack photos in training or, if any are to be there, in validation."""
    needed = (TRAIN, VALID) if valid > 0 else (TRAIN,)
    have = [set(labels[dealt == code].tolist()) for code in needed]
    return sorted(set(labels.tolist()) - set.intersection(*have))


def _too_few(
    name: str, pool: Samples, bare: Sequence[int], copies: NDArray[np.int64], together: NDArray[np.int64]
) -> DataError:
    """The error for classes that cannot be on both sides, with the reason of the first."""
    for relation, reason, fix in (
        (
            copies,
            "all photos of a class are copies of one photo",
            "Add other photos to it, or take it out: copies stay on one side of a split.",
        ),
        (
            together,
            "all photos of a class are in one group",
            "Add photos of other groups to it, or take it out: groups stay on one side of a split.",
        ),
    ):
        named = [label for label in bare if np.unique(relation[pool.labels == label]).size == 1]
        if named:
            return _cannot_be_split(name, pool, named, reason, fix)
    reason = "the groups of a class hold photos of others too, which would then lack them"
    return _cannot_be_split(name, pool, bare, reason, "Make the groups smaller, or take the class out.")


def _cannot_be_split(name: str, pool: Samples, labels: Sequence[int], reason: str, fix: str) -> DataError:
    classes = listing([pool.classes[label] for label in labels])
    return DataError(f"{name} cannot be split, because {reason}: {classes}", fix=fix)
