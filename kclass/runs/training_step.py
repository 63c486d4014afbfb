"""From a split data set to a classifier: by solving a head, or by training a network."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.registry import NO_WEIGHTS, open_backbone
from kclass.backbones.scratch import build_scratch
from kclass.batches.opening import Cache, OpenedPhotos, open_photos
from kclass.classifier.classifier import Classifier
from kclass.classifier.model_file import Record, versions
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import TRAIN, UNLABELLED, UNSPLIT
from kclass.dataset.samples import Samples
from kclass.engines.engine import check_device
from kclass.engines.network import Network, convert, converted
from kclass.engines.runtime import resolve_precision
from kclass.errors import DataError, PhotoError
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.parallel import usable_cores
from kclass.progress import Progress
from kclass.runs.options import FitOptions
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
    """

    classifier: Classifier
    history: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...]
    unreadable: tuple[PhotoError, ...]


def solve_head(data: Dataset, options: FitOptions, progress: Progress) -> Trained:
    """Embed every labelled photo once, and solve a linear head on the training photos' features."""
    device = check_device(options.device)
    backbone = open_backbone(
        options.backbone, weights=options.weight_source, size=options.photo_size, seed=options.seed
    )
    precision = resolve_precision(options.precision, device=device)
    # Nobody comes back to random weights, so the cache does not keep them.
    network = convert(backbone) if options.weight_source == NO_WEIGHTS else converted(backbone)
    extractor = Extractor(backbone, options.resize, device, precision, network)
    # All splits in one go: each photo is in the cache by the time it is evaluated.
    samples = data.samples.select((data.samples.splits != UNSPLIT) & (data.samples.labels != UNLABELLED))
    embedding = embed([each.path for each in samples], extractor=extractor, progress=progress)
    refuse_unreadable(embedding.unreadable, strict=options.strict)
    used = samples.splits[embedding.readable] == TRAIN
    labels = samples.labels[embedding.readable][used]
    unreadable = np.setdiff1d(np.arange(len(samples)), embedding.readable)
    in_training = samples.splits[unreadable] == TRAIN
    errors = tuple(np.array(embedding.unreadable, dtype=object)[in_training])
    check_classes(labels, data.classes, errors)
    head = solve_linear_head(
        embedding.features[used], labels, classes=len(data.classes), seed=options.seed, progress=progress
    )
    summary = {"head": "linear", "c": head.c, "photos": len(labels)}
    archive = backbone.with_head(head.kernel, head.bias)
    classifier = _classifier(archive, network, data, options, precision=precision, summary=summary)
    return Trained(classifier, history_rows(head), PENALTY_COLUMNS, errors)


def train_network(data: Dataset, options: FitOptions, progress: Progress) -> Trained:
    """Train a network from scratch on the training photos; what validates it is never looked at."""
    precision = resolve_precision(options.precision, device=check_device(options.device))
    if options.strict:
        others = data.samples.select((data.samples.splits > TRAIN) & (data.samples.labels != UNLABELLED))
        refuse_unreadable(_opened(others, options, "none", progress).unreadable, strict=True)
    train = data.train
    steps = options.steps
    opened = _opened(train, options, steps["cache"], progress)
    refuse_unreadable(opened.unreadable, strict=options.strict)
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
    return Trained(classifier, [asdict(epoch) for epoch in trained.history], columns, opened.unreadable)


def refuse_unreadable(unreadable: Sequence[PhotoError], *, strict: bool) -> None:
    """Refuse photos that cannot be read if the options say so, before anything is trained.

    Raises:
        PhotoError: there are any, and `strict` is true.
    """
    if unreadable and strict:
        raise PhotoError(
            f"{len(unreadable)} of the photos cannot be read. The first: {unreadable[0].message}",
            fix="Mend or remove them, or leave out --strict.",
        )


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
