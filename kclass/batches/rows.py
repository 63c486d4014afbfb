"""Batches read in order by several threads: what training and evaluation share."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kclass.errors import PhotoError
from kclass.keras_import import import_tensorflow

AHEAD = 2
"""Batches that are read side by side, so that no thread waits for the last photo of a batch."""


class Reading(Protocol):
    """What reads photos."""

    @property
    def failures(self) -> Sequence[PhotoError]:
        """What went wrong in it."""


def batches_of(
    number: int, read: Callable[[NDArray[np.int64]], tuple[NDArray[Any], ...]], like: Any, *, batch_size: int
) -> Any:
    """A `tf.data.Dataset` of what is read for the places 0 to `number` - 1, in order.

    Several batches are read at once and keep their order. Each is fetched by NumPy when it is due: as
    tensors the photos would all be copied into memory.

    Args:
        number: how many places there are.
        read: gives the arrays of some places, int64 (places,).
        like: a `tf.TensorSpec` of each of those arrays.
        batch_size: places in a batch, at least 1; the last batch holds what is left.
    """
    tf = import_tensorflow()

    def batch(places: Any) -> tuple[Any, ...]:
        arrays = tf.numpy_function(read, [places], [spec.dtype for spec in like])
        return tuple(tf.ensure_shape(array, spec.shape) for array, spec in zip(arrays, like, strict=True))

    places = tf.data.Dataset.range(number).batch(batch_size)
    return places.map(batch, num_parallel_calls=AHEAD, deterministic=True)


@contextlib.contextmanager
def photo_errors(photos: Reading) -> Iterator[None]:
    """Turn what TensorFlow says of a photo that cannot be read any more into what is wrong with it.

    Raises:
        PhotoError: a batch in the block could not be read.
    """
    tf = import_tensorflow()
    try:
        yield
    except tf.errors.OpError as error:
        if not photos.failures:
            raise
        raise photos.failures[-1] from error
