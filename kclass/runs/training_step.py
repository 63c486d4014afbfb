"""From a split data set to a classifier: by solving a head; and what all ways to one share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.batches.balance import class_weights
from kclass.classifier.classifier import Classifier
from kclass.classifier.model_file import Record, versions
from kclass.classifier.training_photos import training_photos
from kclass.dataset.dataset import Dataset
from kclass.dataset.grouping import merged
from kclass.dataset.names import TRAIN
from kclass.engines.network import Network
from kclass.errors import DataError, PhotoError
from kclass.progress import Progress
from kclass.runs.frozen import FrozenFeatures
from kclass.runs.options import FitOptions
from kclass.runs.preparing import Prepared
from kclass.runs.trust import trusted_by_folds
from kclass.training.course import TrainedNetwork
from kclass.training.linear_head import LinearHead, history_rows, solve_linear_head

PENALTY_COLUMNS = ("c", "log_loss", "accuracy", "chosen")


@dataclass(frozen=True)
class Trained:
    """A classifier that is not evaluated yet, and how it came about.

    Args:
        classifier: the trained network with its head.
        history: rows of `history.csv`.
        columns: of that file.
        unreadable: training photos that were left out.
        out_of_fold: float64 (photos of the data set, classes): natural logarithms of the probabilities
            of training photos by heads that had not seen them, NaN for all others; None if no head
            was solved.
        network: what epochs made of the network, if there were any.
        training: what was trained, where and in which precision, in a line.
    """

    classifier: Classifier
    history: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...]
    unreadable: tuple[PhotoError, ...]
    out_of_fold: NDArray[np.float64] | None = field(repr=False)
    network: TrainedNetwork | None = field(default=None, repr=False)
    training: str = ""


def solve_head(
    prepared: Prepared, frozen: FrozenFeatures, options: FitOptions, progress: Progress
) -> Trained:
    """Solve a linear head on the training photos' features."""
    data, errors = prepared.data, prepared.errors_in(TRAIN)
    rows = frozen.rows[data.samples.splits[frozen.rows] == TRAIN]
    check_classes(data.samples.labels[rows], data.classes, errors)
    head = solved_head(prepared, frozen, rows, options, progress)
    summary = {"c": head.c, "photos": len(rows)}
    archive = frozen.backbone.with_head(head.kernel, head.bias)
    classifier = classifier_of(
        archive, frozen.network, data, options, precision=frozen.precision, summary=summary
    )
    known = training_photos(frozen.of(rows), data.samples.select(rows), network=archive.fingerprint)
    classifier = replace(classifier, training_photos=known)
    classifier = trusted_by_folds(classifier, head, frozen.of(rows), data.samples.labels[rows])
    out_of_fold = np.full((len(data), len(data.classes)), np.nan)
    out_of_fold[rows] = head.out_of_fold
    return Trained(classifier, history_rows(head), PENALTY_COLUMNS, errors, out_of_fold)


def solved_head(
    prepared: Prepared,
    frozen: FrozenFeatures,
    rows: NDArray[np.int64],
    options: FitOptions,
    progress: Progress,
) -> LinearHead:
    """The linear head of some training photos.

    Args:
        prepared: the data set.
        frozen: what the network saw.
        rows: int64 (photos,): which photos of the data set.
        options: of the fit.
        progress: is told how many penalties have been tried.
    """
    data = prepared.data
    labels = data.samples.labels[rows]
    balanced = class_weights(labels, classes=len(data.classes)) if options.balance else None
    return solve_linear_head(
        frozen.of(rows),
        labels,
        classes=len(data.classes),
        seed=options.seed,
        groups=held_out_together(prepared.copies[rows], data.samples.groups[rows], labels),
        weights=None if balanced is None else balanced[labels],
        progress=progress,
    )


def held_out_together(
    copies: NDArray[np.int64], groups: NDArray[np.int32], labels: NDArray[np.int32]
) -> NDArray[np.int64]:
    """What a fold holds out together: copies, and groups whose photos are all of one class.

    Groups of several classes are parted as if they were none: a fold that holds out all groups of a
    class would judge its photos by a head that has never seen the class.

    Args:
        copies: int64 (photos,): photos with equal numbers are copies of each other.
        groups: int32 (photos,): likewise of one group; -1 none.
        labels: int32 (photos,).

    Returns:
        int64 (photos,): photos with equal numbers are held out together.
    """
    together = merged(copies, groups)
    lowest = np.full(len(labels), np.iinfo(labels.dtype).max, dtype=labels.dtype)
    highest = np.full(len(labels), -1, dtype=labels.dtype)
    np.minimum.at(lowest, together, labels)
    np.maximum.at(highest, together, labels)
    mixed = (lowest != highest)[together]
    return np.where(mixed, copies, together + copies.max(initial=0) + 1)


def check_classes(
    labels: NDArray[np.int32], classes: Sequence[str], unreadable: Sequence[PhotoError]
) -> None:
    """Check that every class has a readable training photo.

    Args:
        labels: int32 (readable training photos,).
        classes: of the data set.
        unreadable: what is wrong with the other training photos.

    Raises:
        DataError: a class has none, or none has one.
    """
    fix = f"{len(unreadable)} could not be read. The first: {unreadable[0].message}" if unreadable else ""
    if not len(labels):
        raise DataError("none of the training photos can be read", fix=fix)
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() == 0:
        raise DataError(
            f"no training photo of the class {classes[int(counts.argmin())]} can be read", fix=fix
        )


def classifier_of(
    archive: Archive,
    network: Network,
    data: Dataset,
    options: FitOptions,
    *,
    precision: str,
    summary: Mapping[str, Any],
) -> Classifier:
    """The classifier of a trained network.

    Args:
        archive: the network with its head.
        network: the same up to its features, as an engine runs it.
        data: what it was trained on.
        options: of the fit.
        precision: "f32" or "bf16": of bulk prediction.
        summary: what the training led to.
    """
    record = Record(
        classes=data.classes,
        backbone=options.backbone,
        resize=options.resize,
        precision=precision,
        trained={**options.to_dict(), **summary},
        data={"name": data.name, "fingerprint": data.fingerprint(), "photos": len(data)},
        versions=versions(),
        fingerprint=archive.fingerprint,
    )
    return Classifier(archive, record, network, options.device)
