"""What a training shows its network, epoch by epoch: photos, or features that never change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kclass.batches.balance import AS_MANY_AS_THERE_ARE, class_weights
from kclass.batches.evaluation import evaluation_batches
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import PhotoSource
from kclass.batches.training import draw_epoch, labelled, training_batches
from kclass.errors import PhotoError
from kclass.keras_import import import_tensorflow
from kclass.training.stem import Stem


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """Which photos are learned from, and which are held out to judge the epochs by.

    Args:
        labels: int32 (photos,): place of the class among the logits.
        train: int64 (photos learned from,): places of photos.
        held_out: int64 (photos held out,): others.
        classes: how many there are.
        batches: what training batches are to be like.
        seed: of order and augmentation, from 0 to 2**63 - 1.
    """

    labels: NDArray[np.int32] = field(repr=False)
    train: NDArray[np.int64] = field(repr=False)
    held_out: NDArray[np.int64] = field(repr=False)
    classes: int
    batches: BatchOptions
    seed: int

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self.train) // self.batches.size)

    @property
    def held_out_labels(self) -> NDArray[np.int32]:
        """int32 (photos held out,)."""
        return self.labels[self.held_out]

    @property
    def held_out_weights(self) -> NDArray[np.float64]:
        """What each photo held out counts, float64 (photos held out,): by its class, if balanced."""
        weights = np.ones(self.classes)
        if self.batches.balance != AS_MANY_AS_THERE_ARE:
            weights = class_weights(self.held_out_labels, classes=self.classes)
        return weights[self.held_out_labels]


class Shown(Protocol):
    """Batches of one lesson."""

    @property
    def lesson(self) -> Lesson:
        """What is learned, and by what it is judged."""

    @property
    def failures(self) -> Sequence[PhotoError]:
        """What went wrong in reading photos."""

    def training(self, epoch: int) -> Any:
        """A `tf.data.Dataset` of the batches of an epoch, from 1 on; see `training_batches`."""

    def judging(self) -> Any:
        """A `tf.data.Dataset` of the photos held out, as they are, in order."""


@dataclass(frozen=True, eq=False)
class ShownPhotos:
    """Photos, changed at random in each epoch, and sent through the frozen part of the network.

    Args:
        lesson: see there.
        photos: where they come from.
        stem: the frozen part; None if all of the network is learned.
    """

    lesson: Lesson
    photos: PhotoSource
    stem: Stem | None = None

    @property
    def failures(self) -> Sequence[PhotoError]:
        """See `Shown`."""
        return self.photos.failures

    def training(self, epoch: int) -> Any:
        """See `Shown`."""
        lesson = self.lesson
        batches = training_batches(
            self.photos,
            lesson.labels,
            lesson.train,
            classes=lesson.classes,
            options=lesson.batches,
            seed=lesson.seed,
            epoch=epoch,
        )
        return batches if self.stem is None else self.stem.after(batches)

    def judging(self) -> Any:
        """See `Shown`."""
        lesson = self.lesson
        batches = evaluation_batches(
            self.photos, lesson.labels, lesson.held_out, batch_size=lesson.batches.size
        )
        return batches if self.stem is None else self.stem.after(batches)


@dataclass(frozen=True, eq=False)
class ShownFeatures:
    """Features of photos as they are; the network that gives them was run once.

    Args:
        lesson: see there.
        features: float32 (photos, features).
    """

    lesson: Lesson
    features: NDArray[np.float32] = field(repr=False)
    failures: Sequence[PhotoError] = ()

    def training(self, epoch: int) -> Any:
        """See `Shown`."""
        lesson, tf = self.lesson, import_tensorflow()
        plan = draw_epoch(
            lesson.labels, lesson.train, options=lesson.batches, size=1, seed=lesson.seed, epoch=epoch
        )
        chosen = (self.features[plan.places], lesson.labels[plan.places])
        batches = tf.data.Dataset.from_tensor_slices(chosen).batch(lesson.batches.size)
        return labelled(batches, lesson.labels[lesson.train], plan, lesson.batches, classes=lesson.classes)

    def judging(self) -> Any:
        """See `Shown`."""
        tf, places = import_tensorflow(), self.lesson.held_out
        chosen = (self.features[places], self.lesson.labels[places])
        return tf.data.Dataset.from_tensor_slices(chosen).batch(self.lesson.batches.size)
