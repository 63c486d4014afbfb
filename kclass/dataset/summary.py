"""What a data set is, in words and tables for people to read."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.grouping import straddling
from kclass.dataset.names import SPLITS, TEST, TRAIN, UNLABELLED, UNSPLIT, VALID, listing, readable
from kclass.dataset.samples import Samples
from kclass.errors import DataError

MOST_ROWS: Final = 60
"""Classes that are shown one by one; of a larger data set the first ones are."""


def split_masks(samples: Samples) -> dict[str, NDArray[np.bool_]]:
    """Where the photos of each split are: bool (photos,), for splits that have any, in their order.

    Photos that belong to none come last, as `photos` if all do, else as `unsplit`.
    """
    rest = "photos" if (samples.splits == UNSPLIT).all() else "unsplit"
    names = [*enumerate(SPLITS), (UNSPLIT, rest)]
    masks = {name: samples.splits == code for code, name in names}
    return {name: mask for name, mask in masks.items() if mask.any()}


def class_counts(samples: Samples, mask: NDArray[np.bool_]) -> dict[str, int]:
    """How many photos of each class some of the rows have; unlabelled ones are left out."""
    labelled = samples.labels[mask & (samples.labels != UNLABELLED)]
    numbers = np.bincount(labelled, minlength=len(samples.classes)).tolist()
    return dict(zip(samples.classes, numbers, strict=True))


def sizes(samples: Samples) -> str:
    """How many photos each split has, in one line."""
    masks = split_masks(samples).items()
    return ", ".join(f"{name} ({np.count_nonzero(mask)})" for name, mask in masks)


def missing_split(name: str, samples: Samples, code: int) -> DataError:
    """The error for a split that is asked for and has no photos."""
    if (samples.splits == UNSPLIT).all():
        return DataError(
            f"{name} is not split into training and validation photos yet",
            fix="Call data.split(valid=0.2).",
        )
    fraction = "test=0.1" if code == TEST else "valid=0.2"
    is_split = all((samples.splits == each).any() for each in (TRAIN, VALID))
    return DataError(
        f"{name} has no {SPLITS[code]} photos; it has {sizes(samples)}",
        fix=f"Make them a folder {SPLITS[code]}/, or split an unsplit data set with {fraction}."
        if is_split or code == TEST
        else f"Call data.split({fraction}) to take them out of the training photos.",
    )


def headline(kind: str, name: str, samples: Samples) -> str:
    """The first line: what it is, its name and how large it is."""
    groups = number_of_groups(samples)
    grouped = f", {groups} groups" if groups else ""
    return f"{kind} {name}: {len(samples)} photos, {len(samples.classes)} classes{grouped}"


def number_of_groups(samples: Samples) -> int:
    """How many groups there are."""
    return int(np.unique(samples.groups[samples.groups >= 0]).size)


def class_table(samples: Samples) -> tuple[list[str], list[list[str]]]:
    """Head and rows: the photos of each class by split, the unlabelled ones, and all."""
    masks = split_masks(samples)
    counts = [class_counts(samples, mask) for mask in masks.values()]
    rows = [[readable(name), *(str(each[name]) for each in counts)] for name in samples.classes[:MOST_ROWS]]
    if len(samples.classes) > MOST_ROWS:
        rows.append([f"and {len(samples.classes) - MOST_ROWS} more", *("" for _ in masks)])
    if samples.unlabelled:
        unlabelled = samples.labels == UNLABELLED
        numbers = (np.count_nonzero(mask & unlabelled) for mask in masks.values())
        rows.append(["(unlabelled)", *map(str, numbers)])
    rows.append(["total", *(str(np.count_nonzero(mask)) for mask in masks.values())])
    return ["class", *masks], rows


def remark_lines(
    samples: Samples, empty_classes: Sequence[str], loose_photos: Sequence[str], remarks: Sequence[str]
) -> Iterator[str]:
    """What else is to be told of a data set, a line each."""
    if empty_classes:
        yield f"Left out, without photos: {listing(empty_classes)}."
    if loose_photos:
        yield f"Left out, outside class folders: {listing(loose_photos, most=3)}."
    yield from remarks
    parted = straddling(samples)
    if parted:
        yield f"Groups with photos in several splits: {parted}."
