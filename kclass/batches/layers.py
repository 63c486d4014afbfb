"""What a layer of augmentation is: numbers drawn for each photo, and pixels that follow from them."""

import functools
import sys
from collections.abc import Hashable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kclass.keras_import import import_tensorflow

FILL = 127.0
"""What covers a photo: the middle grey, as the bars of a letterbox."""

XLA = sys.platform != "win32"
"""Whether there is a compiler that makes one pass of what changes each pixel for itself, about five
times as fast. TensorFlow for Windows has none."""


class Layer(Hashable, Protocol):
    """A change of the pixels, at random.

    Numbers and pixels are kept apart: NumPy draws the numbers, for all photos of an epoch at once,
    and TensorFlow computes pixels that depend on photos and numbers alone. So it makes no difference
    which batch is dealt with first, and batches can be augmented side by side. Layers that draw from
    a state of their own, as those of Keras and keras-cv do, would give others in each run then.
    """

    @property
    def compiled(self) -> bool:
        """Whether XLA makes it faster: true for those that change each pixel for itself."""

    def draw(self, random: np.random.Generator, photos: int, *, size: int) -> NDArray[np.float32]:
        """Draw what is to happen to each photo.

        Args:
            random: where the random numbers come from.
            photos: how many.
            size: the side of the photos, in pixels.

        Returns:
            float32 (photos, numbers).
        """

    def apply(self, photos: Any, drawn: Any) -> Any:
        """Let it happen.

        Args:
            photos: float32 tensor (photos, size, size, 3), RGB, 0 to 255.
            drawn: float32 tensor (photos, numbers), what `draw` gave.

        Returns:
            float32 tensor of the same shape, 0 to 255.
        """


@functools.cache
def traced(layer: Layer) -> Any:
    """The layer as a TensorFlow function of photos and numbers, made once for all epochs.

    It has no state, so whoever uses it at the same time does not disturb the others.
    """
    tf = import_tensorflow()
    photos = tf.TensorSpec((None, None, None, 3), tf.float32)
    drawn = tf.TensorSpec((None, None), tf.float32)
    return tf.function(layer.apply, input_signature=[photos, drawn], jit_compile=layer.compiled and XLA)
