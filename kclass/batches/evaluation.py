"""Batches for evaluation: in order, each photo once, as it is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.batches.photo_source import PhotoSource
from kclass.batches.rows import batches_of
from kclass.keras_import import import_tensorflow


def evaluation_batches(
    photos: PhotoSource, labels: NDArray[np.int32], places: NDArray[np.int64], *, batch_size: int
) -> Any:
    """A `tf.data.Dataset` that shows each photo exactly once, in the order of the places.

    Args:
        photos: where the photos come from.
        labels: int32 (photos,); -1 where the class is not known.
        places: int64 (photos shown,): which rows of the two.
        batch_size: photos in a batch, at least 1; the last batch holds what is left.

    Returns:
        Batches of uint8 (batch, size, size, 3), RGB, 0 to 255, and int32 (batch,).
    """
    tf = import_tensorflow()

    def read(batch: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        rows = places[batch]
        return photos.read(rows), labels[rows]

    like = (
        tf.TensorSpec((None, photos.size, photos.size, 3), tf.uint8),
        tf.TensorSpec((None,), tf.int32),
    )
    return batches_of(len(places), read, like, batch_size=batch_size).prefetch(1)
