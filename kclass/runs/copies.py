"""Training photos that stand in another split too: left out, or the scores would be flattering."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.dataset import Dataset
from kclass.dataset.duplicates import leaked_rows
from kclass.dataset.names import TEST, TRAIN, UNSPLIT, VALID, listing
from kclass.errors import DataError

_HELD_OUT = {VALID: "validation", TEST: "test"}


def without_copies(data: Dataset, copies: NDArray[np.int64]) -> tuple[Dataset, tuple[str, ...]]:
    """Take training photos of which validation or test has a copy out of training.

    Args:
        data: split.
        copies: int64 (photos,): photos with equal numbers are copies of each other.

    Returns:
        The data set, in which those photos have no split; itself if there are none. And their
        paths, as in `Samples.paths`.

    Raises:
        DataError: no other training photos of a class are left.
    """
    rows = leaked_rows(data.samples.splits, copies)
    if not rows.size:
        return data, ()
    splits = data.samples.splits.copy()
    splits[rows] = UNSPLIT
    _refuse_bare_classes(data, data.train.counts(), data.samples.select(splits == TRAIN).counts())
    samples = replace(data.samples, splits=splits)
    left = Dataset(data.name, samples, data.empty_classes, data.loose_photos, data.remarks, data.searched)
    return left, tuple(samples.paths[row] for row in rows.tolist())


def copies_remark(data: Dataset, copies: Sequence[str]) -> str:
    """What to tell of the copies that were left out, in one line; empty if there are none."""
    if not copies:
        return ""
    photos = "photo" if len(copies) == 1 else "photos"
    places = " or ".join(name for code, name in _HELD_OUT.items() if (data.samples.splits == code).any())
    return (
        f"{len(copies)} training {photos} left out: the same picture is in {places} "
        f"({listing(copies, most=3)})"
    )


def _refuse_bare_classes(data: Dataset, before: dict[str, int], after: dict[str, int]) -> None:
    bare = [name for name in data.classes if before[name] and not after[name]]
    if bare:
        raise DataError(
            f"{data.name} has validation or test photos that are copies of all training photos of "
            f"a class: {listing(bare)}",
            fix="Give the class other training photos, or take the copies out of validation and test.",
        )
