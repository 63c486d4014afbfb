"""The frozen part of a network, run by its engine on batches on their way to what is learned."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.batches.rows import AHEAD
from kclass.engines.engine import Engine
from kclass.keras_import import import_tensorflow


@dataclass(frozen=True, eq=False)
class Stem:
    """What lies before the cut of a network.

    Args:
        engine: runs it, one photo at a time: uint8 (1, size, size, 3) to float32 (1, …).
        shape: the axes of what the cut gives for a photo.
    """

    engine: Engine
    shape: tuple[int, ...]

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """The threads, which several batches share; they end with the stem."""
        return ThreadPoolExecutor(self.engine.workers)

    def run(self, photos: NDArray[Any]) -> NDArray[np.float32]:
        """What the cut gives: float32 (photos, …).

        Args:
            photos: (photos, size, size, 3), RGB, 0 to 255; what is not whole is rounded.
        """
        pixels = photos if photos.dtype == np.uint8 else np.rint(photos).astype(np.uint8)
        parts = self._pool.map(self.engine.run, np.split(pixels, len(pixels)))
        return np.concatenate([*parts])

    def after(self, batches: Any) -> Any:
        """A `tf.data.Dataset` of batches with what the cut gives in the place of photos."""
        tf = import_tensorflow()

        def through(photos: Any, *rest: Any) -> tuple[Any, ...]:
            given = tf.numpy_function(self.run, [photos], tf.float32, stateful=False)
            return tf.ensure_shape(given, (None, *self.shape)), *rest

        return batches.map(through, num_parallel_calls=AHEAD, deterministic=True).prefetch(AHEAD)
