"""From a split data set to a classifier: by solving a head, or by training a network."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.scratch import build_scratch
from kclass.batches.balance import class_weights
from kclass.batches.opening import Cache, OpenedPhotos, open_photos
from kclass.classifier.classifier import Classifier
from kclass.classifier.model_file import Record, versions
from kclass.dataset.dataset import Dataset
from kclass.dataset.grouping import merged
from kclass.dataset.names import TRAIN
from kclass.dataset.samples import Samples
from kclass.engines.engine import check_device
from kclass.engines.network import Network, convert
from kclass.engines.runtime import resolve_precision
from kclass.errors import DataError, PhotoError
from kclass.parallel import usable_cores
from kclass.progress import Progress
from kclass.runs.frozen import FrozenFeatures
from kclass.runs.options import FitOptions
from kclass.runs.preparing import Prepared
from kclass.training.linear_head import history_rows, solve_linear_head
from kclass.training.scratch_training import EpochResult, train_scratch

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
    """

    classifier: Classifier
    history: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...]
    unreadable: tuple[PhotoError, ...]
    out_of_fold: NDArray[np.float64] | None = field(repr=False)


def solve_head(
    prepared: Prepared, frozen: FrozenFeatures, options: FitOptions, progress: Progress
) -> Trained:
    """Solve a linear head on the training photos' features."""
    data, errors = prepared.data, prepared.errors_in(TRAIN)
    rows = frozen.rows[data.samples.splits[frozen.rows] == TRAIN]
    labels = data.samples.labels[rows]
    check_classes(labels, data.classes, errors)
    balanced = class_weights(labels, classes=len(data.classes)) if options.balance else None
    head = solve_linear_head(
        frozen.of(rows),
        labels,
        classes=len(data.classes),
        seed=options.seed,
        groups=held_out_together(prepared.copies[rows], data.samples.groups[rows], labels),
        weights=None if balanced is None else balanced[labels],
        progress=progress,
    )
    summary = {"head": "linear", "c": head.c, "photos": len(labels)}
    archive = frozen.backbone.with_head(head.kernel, head.bias)
    classifier = _classifier(
        archive, frozen.network, data, options, precision=frozen.precision, summary=summary
    )
    out_of_fold = np.full((len(data), len(data.classes)), np.nan)
    out_of_fold[rows] = head.out_of_fold
    return Trained(classifier, history_rows(head), PENALTY_COLUMNS, errors, out_of_fold)


def train_network(prepared: Prepared, options: FitOptions, progress: Progress) -> Trained:
    """Train a network from scratch on the training photos; what validates it is never looked at."""
    data = prepared.data
    precision = resolve_precision(options.precision, device=check_device(options.device))
    train, steps = data.train, options.steps
    opened = _opened(train, options, steps["cache"], progress)
    labels = train.labels[opened.readable]
    check_classes(labels, data.classes, opened.unreadable)
    model = build_scratch(size=options.photo_size, classes=len(data.classes), seed=options.seed)
    trained = train_scratch(
        model,
        opened.photos,
        labels,
        epochs=steps["epochs"],
        batches=options.batches,
        learning_rate=steps["lr"],
        seed=options.seed,
        progress=progress,
    )
    summary = {"best_epoch": trained.best_epoch, "photos": len(labels)}
    network = convert(trained.archive)
    classifier = _classifier(trained.archive, network, data, options, precision=precision, summary=summary)
    columns = tuple(each.name for each in fields(EpochResult))
    return Trained(classifier, [asdict(epoch) for epoch in trained.history], columns, opened.unreadable, None)


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


def _opened(samples: Samples, options: FitOptions, cache: Cache, progress: Progress) -> OpenedPhotos:
    return open_photos(
        [each.path for each in samples],
        size=options.photo_size,
        resize=options.resize,
        threads=usable_cores(),
        crop=options.batches.augment.crop,
        cache=cache,
        progress=progress,
    )


def _classifier(
    archive: Archive,
    network: Network,
    data: Dataset,
    options: FitOptions,
    *,
    precision: str,
    summary: Mapping[str, Any],
) -> Classifier:
    record = Record(
        classes=data.classes,
        backbone=options.backbone,
        resize=options.resize,
        precision=precision,
        trained={**options.to_dict(), **summary},
        data={"name": data.name, "fingerprint": data.fingerprint(), "photos": len(data)},
        versions=versions(),
    )
    return Classifier(archive, record, network, options.device)
