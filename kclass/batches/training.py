"""Batches for training: shuffled and augmented anew in each epoch, and the same again for the same seed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.batches.rows import batches_of
from kclass.keras_import import import_tensorflow


def training_batches(
    photos: NDArray[np.uint8],
    labels: NDArray[np.int32],
    places: NDArray[np.int64],
    *,
    batch_size: int,
    seed: int,
    epoch: int,
) -> Any:
    """A `tf.data.Dataset` of one epoch: each photo once, shuffled, half of them mirrored.

    Order and mirroring follow from `seed` and `epoch` alone, so any epoch can be repeated without
    those before it. Photos are mirrored by a stateless operation, in a map that takes one batch
    after the other: layers that draw from a state of their own, as Keras's `RandomFlip` does, give
    other results in each run when a map calls them in parallel, and in a second epoch go on from
    where the first one left them.

    Args:
        photos: uint8 (photos, size, size, 3), RGB, 0 to 255.
        labels: int32 (photos,).
        places: int64 (photos learned from,): which rows of the two.
        batch_size: photos in a batch, at least 1; the last batch holds what is left.
        seed: any integer from 0 to 2**63 - 1.
        epoch: which one, from 1 on.

    Returns:
        Batches of uint8 (batch, size, size, 3) and int32 (batch,).
    """
    tf = import_tensorflow()

    def augmented(index: Any, batch: tuple[Any, Any]) -> tuple[Any, Any]:
        drawn = tf.random.experimental.stateless_fold_in(tf.constant([seed, epoch], tf.int64), index)
        return tf.image.stateless_random_flip_left_right(batch[0], drawn), batch[1]

    order = np.random.default_rng([seed, epoch]).permutation(places)
    batches = batches_of(photos, labels, order, batch_size=batch_size)
    return batches.enumerate().map(augmented).prefetch(tf.data.AUTOTUNE)
