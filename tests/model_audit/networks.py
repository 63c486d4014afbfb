"""A network worked by hand: its class is how red a photo is here or there."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.network import Pass


class RednessNetwork:
    """Two classes; the logit of the second is a weighted sum of the red of photos, the first's is 0.

    Args:
        weights: float64 (size, size), per unit of red at each place.
    """

    layer, classes = "red", 2

    def __init__(self, weights: NDArray[np.float64]) -> None:
        self.weights = weights
        self.map_shape = (*weights.shape, 1)

    def scores(self, photos: NDArray[np.generic]) -> NDArray[np.float32]:
        """The logits."""
        red = (photos[..., 0].astype(np.float64) * self.weights).sum(axis=(1, 2))
        return np.stack([np.zeros(len(photos)), red], axis=1).astype(np.float32)

    def passes(
        self, photos: NDArray[np.generic], *, targets: NDArray[np.int64] | None = None
    ) -> Iterator[Pass]:
        """All photos at once; what explains is the red, each place with its weight."""
        logits = self.scores(photos)
        chosen = logits.argmax(axis=1) if targets is None else targets
        red = photos[..., :1].astype(np.float32)
        signs = np.where(chosen == 1, 1, -1)[:, None, None, None]
        gradients = np.broadcast_to(self.weights[None, ..., None], red.shape) * signs
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        yield Pass(photos, red, gradients.astype(np.float32), chosen, logits, probabilities)


def middle(size: int, edge: float) -> NDArray[np.float64]:
    """1 at the places that are at least that share of the side from the border, else 0."""
    steps = (np.arange(size) + 0.5) / size
    inside = np.minimum(steps, 1 - steps) > edge
    return (inside[:, None] & inside[None]).astype(np.float64)
