"""Batches for training: shuffled, augmented and mixed anew in each epoch, the same for the same seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.batches.augmentation import Drawn
from kclass.batches.balance import balanced_places, class_weights
from kclass.batches.mixing import mixed
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import PhotoSource
from kclass.batches.randomness import ORDER, generator
from kclass.batches.rows import AHEAD, batches_of
from kclass.keras_import import import_tensorflow


@dataclass(frozen=True)
class Epoch:
    """All that is drawn for an epoch before its first photo is read.

    Args:
        places: int64 (photos shown,), in the order in which they are shown.
        drawn: what happens to each of them.
        mixing: float32 (batches, 6), what happens to each batch.
    """

    places: NDArray[np.int64]
    drawn: Drawn
    mixing: NDArray[np.float32]


def draw_epoch(
    labels: NDArray[np.int32],
    places: NDArray[np.int64],
    *,
    options: BatchOptions,
    size: int,
    seed: int,
    epoch: int,
) -> Epoch:
    """Draw an epoch. It follows from its arguments alone: no epoch before it matters.

    Args:
        labels: int32 (photos,).
        places: int64 (photos learned from,): rows of the labels.
        options: what batches are to be like.
        size: the side of the photos, in pixels.
        seed: any integer from 0 to 2**63 - 1.
        epoch: which one, from 1 on.
    """
    random = generator(seed=seed, epoch=epoch, stream=ORDER)
    if options.balance == "sample":
        order = balanced_places(places, labels[places], random=random)
    else:
        order = random.permutation(places)
    drawn = options.augment.draw(len(order), size=size, seed=seed, epoch=epoch)
    batches = -(-len(order) // options.size)
    return Epoch(order, drawn, options.mixing.draw(batches, size=size, seed=seed, epoch=epoch))


def training_batches(
    photos: PhotoSource,
    labels: NDArray[np.int32],
    places: NDArray[np.int64],
    *,
    classes: int,
    options: BatchOptions,
    seed: int,
    epoch: int,
) -> Any:
    """A `tf.data.Dataset` of one epoch, for `fit(batches, shuffle=False)`.

    Batches depend on the arguments alone, to the last bit: all random numbers are drawn beforehand,
    and what threads compute from them knows no state. An epoch can be repeated without those before it,
    and gone through twice.

    Args:
        photos: where the photos come from.
        labels: int32 (photos,), 0 to `classes` - 1 for those learned from.
        places: int64 (photos learned from,): which rows of the two.
        classes: how many there are.
        options: what batches are to be like.
        seed: any integer from 0 to 2**63 - 1.
        epoch: which one, from 1 on.

    Returns:
        Batches of photos, labels and, with `balance="weights"`, weights. Photos: (batch, size, size,
        3), RGB, 0 to 255, uint8 unless a layer or mixing makes float32 of them. Labels: int32
        (batch,), or float32 (batch, classes), rows adding up to 1, if mixed or smoothed. Weights: float32
        (batch,), 1 in the mean of all photos.
    """
    plan = draw_epoch(labels, places, options=options, size=photos.size, seed=seed, epoch=epoch)

    def augmented(pixels: Any, truth: Any, *numbers: Any) -> tuple[Any, Any]:
        return options.augment.apply(pixels, numbers), truth

    batches = _read(photos, labels, plan, batch_size=options.size)
    batches = batches.map(augmented, num_parallel_calls=AHEAD, deterministic=True)
    return labelled(batches, labels[places], plan, options, classes=classes).prefetch(AHEAD)


def labelled(
    batches: Any, labels: NDArray[np.int32], plan: Epoch, options: BatchOptions, *, classes: int
) -> Any:
    """Batches with what the options make of their labels: mixed, smoothed and weighed.

    Args:
        batches: a `tf.data.Dataset` of photos, or of features that are not mixed, and int32 labels.
        labels: int32 (photos learned from,): the sizes of the classes follow from them.
        plan: what was drawn for the epoch.
        options: what batches are to be like.
        classes: how many there are.
    """
    tf = import_tensorflow()
    weights = class_weights(labels, classes=classes).astype(np.float32)
    smoothing = options.label_smoothing

    def mixed_up(batch: tuple[Any, Any], numbers: Any) -> tuple[Any, Any]:
        pixels, truth = mixed(batch[0], batch[1], numbers)
        return tf.ensure_shape(pixels, batch[0].shape), tf.ensure_shape(truth, (None, classes))

    def smoothed(pixels: Any, truth: Any, *weight: Any) -> tuple[Any, ...]:
        return pixels, truth * (1 - smoothing) + smoothing / classes, *weight

    def weighed(pixels: Any, truth: Any) -> tuple[Any, Any, Any]:
        return pixels, *(_weighed_shares if options.soft else _weighed)(truth, weights)

    if options.soft:
        batches = batches.map(lambda pixels, truth: (pixels, tf.one_hot(truth, classes)))
    if options.mixing:
        mixing = tf.data.Dataset.from_tensor_slices(plan.mixing)
        batches = tf.data.Dataset.zip((batches, mixing)).map(mixed_up)
    if options.balance == "weights":
        batches = batches.map(weighed)
    return batches.map(smoothed) if smoothing else batches


def _read(photos: PhotoSource, labels: NDArray[np.int32], plan: Epoch, *, batch_size: int) -> Any:
    """Batches of photos as the decoder shows them, labels, and the numbers of each layer."""
    tf = import_tensorflow()

    def read(batch: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        rows, drawn = plan.places[batch], plan.drawn.select(batch)
        return photos.read(rows, drawn.views), labels[rows], *drawn.numbers

    like = (
        tf.TensorSpec((None, photos.size, photos.size, 3), tf.uint8),
        tf.TensorSpec((None,), tf.int32),
        *(tf.TensorSpec((None, numbers.shape[1]), tf.float32) for numbers in plan.drawn.numbers),
    )
    return batches_of(len(plan.places), read, like, batch_size=batch_size)


def _weighed(labels: Any, weights: NDArray[np.float32]) -> tuple[Any, Any]:
    tf = import_tensorflow()
    return labels, tf.gather(tf.constant(weights), labels)


def _weighed_shares(labels: Any, weights: NDArray[np.float32]) -> tuple[Any, Any]:
    """Soft labels and weights by which each class in a mixture counts by its own weight.

    The loss is then - sum over classes of weight * label * log probability, with labels that still
    add up to 1, as TensorFlow's gradient of the cross-entropy takes for granted.
    """
    tf = import_tensorflow()
    counted = labels * weights
    total = tf.reduce_sum(counted, axis=1)
    return counted / total[:, None], total
