"""A network trained from scratch, epoch by epoch; the best of them is kept."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import LOGITS, Archive
from kclass.backbones.keras_archive import archive_of
from kclass.batches.balance import class_weights
from kclass.batches.evaluation import evaluation_batches
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import PhotoSource
from kclass.batches.rows import photo_errors
from kclass.batches.training import training_batches
from kclass.dataset.names import TRAIN, VALID
from kclass.dataset.splitting import assign_splits
from kclass.errors import DataError, OptionError
from kclass.keras_import import import_keras
from kclass.progress import Progress, silent, track
from kclass.training.softmax_regression import log_softmax

STAGE = "training"
HELD_OUT = 0.1
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class EpochResult:
    """One pass over the photos.

    Args:
        epoch: which one, from 1 on.
        train_loss: mean cross-entropy in nats of the photos learned from, augmented, mixed and weighed
            as asked, with dropout, each as the network was when its batch came.
        held_out_loss: the same of the photos held out, as they are, after the epoch. With `balance`
            each class counts as much as any other.
        error_rate: share of the held-out photos classified wrongly then, 0 to 1.
        seconds: how long it took, with the look at the held-out photos.
    """

    epoch: int
    train_loss: float
    held_out_loss: float
    error_rate: float
    seconds: float


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network as its best epoch left it.

    Args:
        archive: the network with that epoch's weights; without a trace of the training.
        history: every epoch, in order.
        best_epoch: the one with the lowest loss on the photos held out, the first of equals.
    """

    archive: Archive = field(repr=False)
    history: tuple[EpochResult, ...]
    best_epoch: int


def train_scratch(
    model: Any,
    photos: PhotoSource,
    labels: NDArray[np.int32],
    *,
    epochs: int,
    batches: BatchOptions,
    learning_rate: float,
    seed: int,
    progress: Progress = silent,
) -> TrainedNetwork:
    """Train a network by Adam on nine tenths of the photos; the loss on the rest chooses the epoch.

    The photos held out come from every class that has two or more, and identical ones stay on one
    side. The same model, photos, options and machine give the same network, on a CPU to the last bit.

    Args:
        model: an uncompiled Keras model from raw RGB to a layer `logits`, as
            `kclass.backbones.scratch.build_scratch` builds it. Its weights are changed.
        photos: where they come from: training photos alone.
        labels: int32 (photos,): place of the class among the logits; -1 for photos to be left out.
        epochs: how many times each photo is learned from, at least 1.
        batches: what training batches are to be like; a step takes one.
        learning_rate: of Adam, above 0.
        seed: of the photos held out, of order, augmentation and dropout, from 0 to 2**63 - 1.
        progress: is told how many epochs are over.

    Raises:
        OptionError: an option out of range, or a learning rate so high that the first epoch ends
            without a finite loss.
        DataError: there is no photo to hold out, as every class has but one.
        PhotoError: a photo cannot be read any more.
    """
    _check_options(epochs=epochs, learning_rate=learning_rate, seed=seed)
    places = _split(photos, labels, seed=seed)
    trainer = _trainer(model, learning_rate=learning_rate, soft=bool(batches.mixing))
    training = _Training(model, trainer, photos, labels, *places, batches, seed)
    results = map(training.run, range(1, epochs + 1))
    history: list[EpochResult] = []
    lowest, best_epoch, weights = math.inf, 0, model.get_weights()
    for result in track(results, STAGE, epochs, progress):
        history.append(result)
        if result.held_out_loss < lowest:
            lowest, best_epoch, weights = result.held_out_loss, result.epoch, model.get_weights()
        if not best_epoch:
            raise _diverged(learning_rate)
    model.set_weights(weights)
    return TrainedNetwork(archive_of(model), tuple(history), best_epoch)


@dataclass(frozen=True)
class _Training:
    """What an epoch needs."""

    model: Any
    trainer: Any
    photos: PhotoSource
    labels: NDArray[np.int32]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    options: BatchOptions
    seed: int

    def run(self, epoch: int) -> EpochResult:
        """Go through all the photos once; look at those held out."""
        start = time.perf_counter()
        with photo_errors(self.photos):
            train_loss = self._learn(epoch)
            held_out_loss, error_rate = self._look()
        return EpochResult(epoch, train_loss, held_out_loss, error_rate, time.perf_counter() - start)

    @property
    def classes(self) -> int:
        """How many the network knows."""
        return int(self.trainer.output_shape[-1])

    def _learn(self, epoch: int) -> float:
        _seed_dropout(self.model, seed=self.seed, epoch=epoch)
        batches = training_batches(
            self.photos,
            self.labels,
            self.train,
            classes=self.classes,
            options=self.options,
            seed=self.seed,
            epoch=epoch,
        )
        return float(self.trainer.fit(batches, shuffle=False, verbose=0).history["loss"][0])

    def _look(self) -> tuple[float, float]:
        batches = evaluation_batches(self.photos, self.labels, self.held_out, batch_size=self.options.size)
        logits = self.trainer.predict(batches, verbose=0)
        labels = self.labels[self.held_out]
        weights = np.ones(self.classes)
        if self.options.balance:
            weights = class_weights(labels, classes=self.classes)
        return _measured(logits, labels, weights)


def _check_options(*, epochs: int, learning_rate: float, seed: int) -> None:
    if epochs < 1:
        raise OptionError(f"epochs is {epochs}; it must be 1 or more")
    if not 0 < learning_rate < math.inf:
        raise OptionError(
            f"learning_rate is {learning_rate}; it must be above 0", fix="Use 0.001, for instance."
        )
    if not 0 <= seed <= LARGEST_SEED:
        raise OptionError(f"seed is {seed}; it must be from 0 to 2**63 - 1")


def _split(
    photos: PhotoSource, labels: NDArray[np.int32], *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the photos to learn from, and of those held out."""
    splits = assign_splits(labels, valid=HELD_OUT, test=0, seed=seed, groups=photos.hashes)
    train, held_out = np.flatnonzero(splits == TRAIN), np.flatnonzero(splits == VALID)
    if not held_out.size:
        raise DataError(
            f"{len(labels)} training photos and no class with two different ones: "
            "none can be held out to choose the best epoch",
            fix="Add photos, or use a frozen backbone.",
        )
    return train, held_out


def _trainer(model: Any, *, learning_rate: float, soft: bool) -> Any:
    """The network up to its logits, compiled; it shares its layers with the model, which stays as it is.

    From logits the cross-entropy and its gradient are exact; behind a softmax that rounds to 0 or
    1 they would be cut off. And the model is saved without the optimizer's state.

    Args:
        model: with a layer `logits`.
        learning_rate: of Adam.
        soft: whether labels are shares of all classes rather than places of one.
    """
    keras = import_keras()
    kind = keras.losses.CategoricalCrossentropy if soft else keras.losses.SparseCategoricalCrossentropy
    trainer = keras.Model(model.inputs, model.get_layer(LOGITS).output)
    trainer.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=kind(from_logits=True),
    )
    return trainer


def _seed_dropout(model: Any, *, seed: int, epoch: int) -> None:
    """Have the random layers draw what belongs to this epoch, whatever they drew before."""
    random = [layer.seed_generator for layer in model.layers if hasattr(layer, "seed_generator")]
    for place, generator in enumerate(random):
        generator.state.assign(np.random.SeedSequence([seed, epoch, place]).generate_state(2))


def _measured(
    logits: NDArray[np.float32], labels: NDArray[np.int32], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Mean cross-entropy in nats, classes weighed, and the share of wrong labels."""
    log_probabilities = log_softmax(logits.astype(np.float64))
    losses = -log_probabilities[np.arange(len(labels)), labels]
    loss = np.average(losses, weights=weights[labels])
    return float(loss), float(np.mean(logits.argmax(axis=1) != labels))


def _diverged(learning_rate: float) -> OptionError:
    return OptionError(
        f"learning_rate is {learning_rate:g}; the first epoch ended without a finite loss",
        fix=f"Use a smaller one, {learning_rate / 10:g} for instance.",
    )
