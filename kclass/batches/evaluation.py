"""Batches for evaluation: in order, each photo once, as it is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.batches.rows import batches_of
from kclass.keras_import import import_tensorflow


def evaluation_batches(
    photos: NDArray[np.uint8], labels: NDArray[np.int32], places: NDArray[np.int64], *, batch_size: int
) -> Any:
    """A `tf.data.Dataset` that shows each photo exactly once, in the order of the places.

    Args:
        photos: uint8 (photos, size, size, 3), RGB, 0 to 255.
        labels: int32 (photos,); -1 where the class is not known.
        places: int64 (photos shown,): which rows of the two.
        batch_size: photos in a batch, at least 1; the last batch holds what is left.

    Returns:
        Batches of uint8 (batch, size, size, 3) and int32 (batch,).
    """
    tf = import_tensorflow()

    return batches_of(photos, labels, places, batch_size=batch_size).prefetch(tf.data.AUTOTUNE)
