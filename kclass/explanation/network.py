"""What a method of explaining asks of a network."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

BATCH: Final = 16
"""Photos that go through a network at once; an early layer's maps of one take 10 MB."""


@dataclass(frozen=True)
class Pass:
    """What a pass of some photos through a network gave.

    Args:
        photos: as the network took them, (n, height, width, channels).
        activations: float32 (n, h, w, channels), the output of the layer that is explained.
        gradients: likewise, the derivative of the target's logit with respect to each of them.
        targets: int64 (n,), the class whose logit it is.
        logits: float32 (n, classes), the scores before the softmax.
        probabilities: float32 (n, classes), what the network puts out.
    """

    photos: NDArray[np.generic] = field(repr=False)
    activations: NDArray[np.float32]
    gradients: NDArray[np.float32]
    targets: NDArray[np.int64]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]


class Explainable(Protocol):
    """A network made ready for explanations of one of its layers."""

    @property
    def layer(self) -> str:
        """The layer whose activations are explained."""

    @property
    def map_shape(self) -> tuple[int, ...]:
        """The axes of that layer's output without that of the photos: rows, columns, channels."""

    @property
    def classes(self) -> int:
        """How many classes there are."""

    def passes(
        self, photos: NDArray[np.generic], *, targets: NDArray[np.int64] | None = None
    ) -> Iterator[Pass]:
        """Send photos through the network, `BATCH` at a time.

        Args:
            photos: as the network takes them, (n, height, width, channels).
            targets: int64 (n,), the class to explain for each; None for the class predicted.

        Raises:
            OptionError: the photos have another shape or type, or there is no such class.
        """

    def scores(self, photos: NDArray[np.generic]) -> NDArray[np.float32]:
        """The logits of photos, float32 (n, classes), without a gradient.

        Args:
            photos: of the type and shape that `passes` takes, any number of them.
        """


class Differentiable(Explainable, Protocol):
    """A network that also tells how a score moves with the pixels."""

    def pixel_gradients(self, photos: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float32]:
        """The derivative of each photo's target logit with respect to its pixels.

        Args:
            photos: float32 (n, height, width, channels), in the range that the network takes.
            targets: int64 (n,).

        Returns:
            float32, the photos' shape.
        """
