"""Batches of photos by their places: what training and evaluation share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.keras_import import import_tensorflow


def batches_of(
    photos: NDArray[np.uint8], labels: NDArray[np.int32], places: NDArray[np.int64], *, batch_size: int
) -> Any:
    """A `tf.data.Dataset` of photos in the order of their places, the last batch as small as it comes out.

    Batches are read by several threads at once and keep their order. Rows are fetched by NumPy
    when their batch is due: as a tensor the photos would all be copied into memory.

    Args:
        photos: uint8 (photos, size, size, 3), RGB, 0 to 255.
        labels: int32 (photos,).
        places: int64 (batched photos,): rows of the two.
        batch_size: photos in a batch, at least 1.

    Returns:
        Batches of uint8 (batch, size, size, 3) and int32 (batch,).
    """
    tf = import_tensorflow()

    def read(rows: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        return photos[rows], labels[rows]

    def batch(rows: Any) -> tuple[Any, Any]:
        pixels, truth = tf.numpy_function(read, [rows], (tf.uint8, tf.int32))
        return tf.ensure_shape(pixels, (None, *photos.shape[1:])), tf.ensure_shape(truth, (None,))

    rows = tf.data.Dataset.from_tensor_slices(places).batch(batch_size)
    return rows.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
