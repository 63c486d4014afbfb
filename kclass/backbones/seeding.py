"""Random weights from a seed, without a trace in the caller's own random numbers."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np

from kclass.keras_import import import_keras


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras make the weights of the block from a seed.

    Keras seeds the generators of `random` and NumPy that the whole process shares; at the end of the
    block they are where they were.
    """
    keras = import_keras()
    python, numpy = random.getstate(), np.random.get_state()
    try:
        keras.utils.set_random_seed(seed)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
