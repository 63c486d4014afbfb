"""The photos of one data set as validation or test photos of another."""

import posixpath

import numpy as np

from kclass.dataset.file_names import from_root
from kclass.dataset.names import SPLITS, TEST, TRAIN, UNGROUPED, UNLABELLED, UNSPLIT, listing
from kclass.dataset.samples import Samples
from kclass.dataset.summary import sizes
from kclass.errors import DataError


def joined(name: str, samples: Samples, other: Samples, *, split: int) -> Samples:
    """Photos with those of another data set as one of their splits.

    Photos that belong to no split yet are for training then, if none does.

    Args:
        name: what errors call the first data set.
        samples: its photos.
        other: the photos that are added, with or without splits of their own.
        split: the code of the split that they make: validation or test.

    Returns:
        All photos, below the root of the first; paths of others below another root are absolute.
        Groups of the two have nothing to do with each other.

    Raises:
        DataError: there are photos of that split already; a photo is in both; a class is not known;
            or validation photos without a label.
    """
    if (samples.splits == split).any():
        raise DataError(
            f"{name} has {SPLITS[split]} photos already: {sizes(samples)}",
            fix="Give a data set without them, or leave the others out.",
        )
    _refuse_unknown(name, samples, other, split)
    _refuse_common(name, samples, other)
    paths = from_root((file.as_posix() for file in other.files), samples.root)
    unsplit = (samples.splits == UNSPLIT).all()
    splits = np.full_like(samples.splits, TRAIN) if unsplit else samples.splits
    places = {folder: label for label, folder in enumerate(samples.classes)}
    # A class of the other data set without a photo may be unknown here; nothing points to it. The
    # last entry is for -1.
    known = np.array([*(places.get(each, UNLABELLED) for each in other.classes), UNLABELLED], np.int32)
    shifted = other.groups + samples.groups.max(initial=UNGROUPED) + 1
    return Samples(
        paths=(*samples.paths, *paths),
        labels=np.concatenate([samples.labels, known[other.labels]]),
        classes=samples.classes,
        root=samples.root,
        splits=np.concatenate([splits, np.full(len(other), split, np.int8)]),
        groups=np.concatenate([samples.groups, np.where(other.groups < 0, UNGROUPED, shifted)]),
    )


def _refuse_unknown(name: str, samples: Samples, other: Samples, split: int) -> None:
    unknown = [
        f"{folder} ({number})"
        for folder, number in other.counts().items()
        if number and folder not in samples.classes
    ]
    if unknown:
        raise DataError(
            f"the {SPLITS[split]} photos have classes that {name} has not: {listing(unknown)}",
            fix=f"The classes are {listing(samples.classes, most=10)}.",
        )
    if other.unlabelled and split != TEST:
        raise DataError(
            f"{other.unlabelled} of the {len(other)} {SPLITS[split]} photos have no label",
            fix="Label them; only test photos may be without.",
        )


def _refuse_common(name: str, samples: Samples, other: Samples) -> None:
    known = set(_resolved(samples))
    common = [path for path, full in zip(other.paths, _resolved(other), strict=True) if full in known]
    if common:
        raise DataError(
            f"{len(common)} photos are in {name} and in what is added to it: {listing(common, most=3)}",
            fix="Take them out of one: no photo may be trained on and tested on.",
        )


def _resolved(samples: Samples) -> list[str]:
    root = samples.root.resolve().as_posix()
    return [posixpath.join(root, path) for path in samples.paths]
