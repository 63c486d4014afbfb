"""From a split data set to a classifier by epochs: a dense head, fine-tuning, or a network from scratch."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.dense_head import with_dense_head
from kclass.backbones.keras_archive import archive_of
from kclass.backbones.registry import build_network
from kclass.batches.opening import open_photos
from kclass.batches.photo_source import PhotoSource
from kclass.classifier.training_photos import training_photos
from kclass.dataset.names import TRAIN
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.engines.runtime import resolve_precision
from kclass.engines.training_device import TrainingDevice, memory_used, strategy_of, training_device
from kclass.errors import PhotoError
from kclass.parallel import usable_cores
from kclass.progress import Progress
from kclass.runs.frozen import FrozenFeatures
from kclass.runs.options import FitOptions
from kclass.runs.preparing import Prepared
from kclass.runs.steps import FINE_TUNING, batch_options, phases, step_options
from kclass.runs.training_step import (
    Trained,
    check_classes,
    classifier_of,
    held_out_together,
    solve_head,
    solved_head,
)
from kclass.runs.trust import trusted_by_held_out
from kclass.training.course import Leg, TrainedNetwork, hold_out, train
from kclass.training.epochs import EpochResult, Phase
from kclass.training.shown import Lesson, ShownFeatures, ShownPhotos
from kclass.training.stem import Stem
from kclass.training.trainee import Trainee, head_and_backbone, whole_network
from kclass.training.unfreezing import Unfrozen, unfrozen

COLUMNS = tuple(each.name for each in fields(EpochResult))


def train_by_epochs(
    prepared: Prepared, options: FitOptions, progress: Progress, *, checkpoint: Path | None
) -> Trained:
    """Train what the options ask for; photos that validate it are never looked at.

    Fine-tuning that makes nothing better, judged by the photos held out, leaves the solved head.

    Args:
        prepared: the data set and what the frozen backbone saw.
        options: with steps.
        progress: is told how far each stage is.
        checkpoint: a file to go on from, and to write after each epoch.
    """
    training = training_of(prepared, options, progress)
    solved = None
    if options.frozen and not options.dense:
        assert prepared.frozen is not None
        solved = solve_head(prepared, prepared.frozen, options, progress)
    with training.device_scope():
        trained = train(
            training.start(),
            training.legs(),
            judged_first=solved is not None,
            checkpoint=checkpoint,
            basis=training.basis,
            device=training.device,
            progress=progress,
        )
    if solved is not None and trained.best_epoch == 0:
        return _with_epochs(solved, trained, training.described(trained))
    return _with_epochs(training.finished(trained, solved), trained, training.described(trained))


@dataclass(frozen=True, eq=False)
class Training:
    """A training with all that its phases share."""

    prepared: Prepared
    options: FitOptions
    progress: Progress
    device: TrainingDevice
    lesson: Lesson
    rows: NDArray[np.int64] = field(repr=False)
    photos: PhotoSource | None
    unreadable: tuple[PhotoError, ...]
    frozen: FrozenFeatures | None

    @property
    def basis(self) -> str:
        """A hash of what is learned from, held out, validated and tested by: contents, labels and splits."""
        samples, digest = self.prepared.data.samples, hashlib.sha256()
        for row, path in enumerate(samples.paths):
            seen = self.prepared.inspections.get(row)
            digest.update(f"{path}\0{seen.content if seen else ''}\0".encode(errors="replace"))
        for array in (self.rows, self.lesson.labels, self.lesson.train, self.lesson.held_out, samples.splits):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @contextlib.contextmanager
    def device_scope(self) -> Iterator[None]:
        """Make what is made in the block on the devices that train."""
        strategy = strategy_of(self.device)
        with contextlib.nullcontext() if strategy is None else strategy.scope():
            yield

    def start(self) -> Archive:
        """The whole network as it is before the first epoch."""
        options, classes = self.options, self.lesson.classes
        if self.frozen is None:
            network = build_network(
                options.backbone, size=options.photo_size, classes=classes, seed=options.seed
            )
            return archive_of(network)
        if options.dense:
            chosen = step_options(options)
            return with_dense_head(
                self.frozen.backbone,
                classes=classes,
                hidden=options.hidden_units,
                activation=chosen.get("activation", "relu"),
                dropout=chosen["dropout"],
                seed=options.seed,
            )
        rows = self.rows[self.lesson.train]
        head = solved_head(self.prepared, self.frozen, rows, self.options, self.progress)
        return self.frozen.backbone.with_head(head.kernel, head.bias)

    def legs(self) -> list[Leg]:
        """Its phases, each with what it learns and what it is shown."""
        return [self._leg(phase) for phase in phases(self.options)]

    def _leg(self, phase: Phase) -> Leg:
        policy = self.device.policy
        if self.frozen is None:
            return Leg(phase, lambda archive: whole_network(archive, policy=policy), self._photos(None))
        backbone = self.frozen.backbone
        features = backbone.layers[-1].name
        part = Unfrozen({}, features)
        if phase.name == FINE_TUNING:
            part = unfrozen(backbone, step_options(self.options)["unfreeze"])
        remembered = not part.stages and self.lesson.batches.as_they_are
        # A GPU runs the frozen part together with the rest.
        cut = part.cut if remembered or self.device.device == "cpu" else None

        def make(archive: Archive) -> Trainee:
            return head_and_backbone(archive, features, stages=part.stages, cut=cut, policy=policy)

        if remembered:
            return Leg(phase, make, ShownFeatures(self.lesson, self.frozen.of(self.rows)))
        return Leg(phase, make, self._photos(cut))

    def _photos(self, cut: str | None) -> ShownPhotos:
        assert self.photos is not None
        if cut is None or self.frozen is None:
            return ShownPhotos(self.lesson, self.photos)
        network = convert(self.frozen.backbone, output=cut)
        engine = OpenVinoEngine(network, precision=self.frozen.precision, streams=usable_cores())
        return ShownPhotos(self.lesson, self.photos, Stem(engine, network.shapes[1][1:]))

    def described(self, trained: TrainedNetwork) -> str:
        """What was trained, where and in which precision, in a line."""
        memory = memory_used(self.device)
        parts = [
            f"{self.options.backbone}: {trained.parameters:,} weights, {trained.learned:,} of them learned",
            f"on {self.device.device} in {self.device.policy}",
            *([] if memory is None else [f"{memory / 2**30:.1f} GB of its memory"]),
        ]
        return ", ".join(parts)

    def finished(self, trained: TrainedNetwork, solved: Trained | None) -> Trained:
        """The classifier of the trained network."""
        summary: Mapping[str, Any] = {"best_epoch": trained.best_epoch, "photos": len(self.rows)}
        classifier = classifier_of(
            trained.archive,
            convert(trained.archive),
            self.prepared.data,
            self.options,
            precision=resolve_precision(self.options.precision, device=self.device.device),
            summary=summary,
        )
        samples = self.prepared.data.samples.select(self.rows)
        seen, features = classifier.features_of(samples.files, progress=self.progress)
        if len(seen):
            network = trained.archive.fingerprint
            known = training_photos(features, samples.select(seen), network=network)
            classifier = replace(classifier, training_photos=known)
            classifier = trusted_by_held_out(classifier, self.lesson, seen, features)
        out_of_fold = None if solved is None else solved.out_of_fold
        return Trained(classifier, (), COLUMNS, self.unreadable, out_of_fold)


def training_of(prepared: Prepared, options: FitOptions, progress: Progress) -> Training:
    """The training that the options ask for, with a tenth of the training photos held out."""
    device = training_device(options.device, options.precision)
    data, batches = prepared.data, batch_options(options)
    rows, photos, unreadable = _opened(prepared, options, progress)
    labels = data.samples.labels[rows]
    check_classes(labels, data.classes, unreadable)
    together = held_out_together(prepared.copies[rows], data.samples.groups[rows], labels)
    places, held_out = hold_out(labels, together, seed=options.seed)
    lesson = Lesson(
        labels=labels,
        train=places,
        held_out=held_out,
        classes=len(data.classes),
        batches=batches,
        seed=options.seed,
    )
    return Training(prepared, options, progress, device, lesson, rows, photos, unreadable, prepared.frozen)


def _with_epochs(found: Trained, trained: TrainedNetwork, training: str) -> Trained:
    record = found.classifier.record
    told = {**record.trained, "best_epoch": trained.best_epoch, "epochs_done": trained.history[-1].epoch}
    return replace(
        found,
        classifier=replace(found.classifier, record=replace(record, trained=told)),
        history=[asdict(epoch) for epoch in trained.history],
        columns=COLUMNS,
        network=trained,
        training=training,
    )


def _opened(
    prepared: Prepared, options: FitOptions, progress: Progress
) -> tuple[NDArray[np.int64], PhotoSource | None, tuple[PhotoError, ...]]:
    """The rows of the training photos, the photos if any phase shows them, and what cannot be read."""
    samples, frozen = prepared.data.samples, prepared.frozen
    readable = np.flatnonzero(samples.splits == TRAIN)
    if frozen is not None:
        readable = frozen.rows[samples.splits[frozen.rows] == TRAIN]
        if options.fine_tune is None and batch_options(options).as_they_are:
            return readable, None, prepared.errors_in(TRAIN)
    opened = open_photos(
        samples.select(readable).files,
        size=options.photo_size,
        resize=options.resize,
        threads=usable_cores(),
        crop=batch_options(options).augment.crop,
        cache=step_options(options)["cache"],
        progress=progress,
    )
    before = prepared.errors_in(TRAIN) if frozen is not None else ()
    return readable[opened.readable], opened.photos, (*before, *opened.unreadable)
