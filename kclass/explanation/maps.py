"""Maps of evidence: what every method of explaining gives, and what a map can be said to show."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.gradients import GradientNetwork

FLAT: Final = 1e-5
"""Share of its peak that a map must vary by; float32 sums over a thousand channels err by 2e-6."""

EMPTY: Final = "empty: nothing in this layer speaks for the class"
CONSTANT: Final = "constant: every place speaks for the class alike"
UNDEFINED: Final = "undefined: the network's numbers for this photo are not finite"

Combine = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""How a method makes maps (n, h, w) of activations and gradients, both (n, h, w, channels)."""


@dataclass(frozen=True)
class Method:
    """A way of explaining that needs one pass and one gradient.

    Args:
        name: as people call it.
        combine: how it makes maps.
    """

    name: str
    combine: Combine


@dataclass(frozen=True)
class Explanation:
    """Where a network saw evidence for a class, in each of some photos.

    Args:
        maps: float32 (n, h, w), 0 or more, in the units of the logits; not normalised, so maps
            of several photos can be compared. Not finite where the network's numbers are not.
        targets: int64 (n,), the class explained.
        logits: float32 (n, classes), the scores before the softmax.
        probabilities: float32 (n, classes).
        layer: the layer whose activations are explained.
        method: as people call it.
    """

    maps: NDArray[np.float32] = field(repr=False)
    targets: NDArray[np.int64]
    logits: NDArray[np.float32] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)
    layer: str
    method: str

    @property
    def peaks(self) -> NDArray[np.float32]:
        """The largest value of each map, float32 (n,), in the units of the logits."""
        peaks: NDArray[np.float32] = self.maps.max(axis=(1, 2))
        return peaks

    @property
    def verdicts(self) -> tuple[str, ...]:
        """For each photo `verdict` of its map."""
        return tuple(verdict(heat) for heat in self.maps)


def verdict(heat: NDArray[np.float32]) -> str:
    """Why a map shows no place: `EMPTY`, `CONSTANT` or `UNDEFINED`; "" if it shows one.

    Args:
        heat: float32 (h, w), 0 or more.
    """
    if not np.isfinite(heat).all():
        return UNDEFINED
    if heat.max() <= 0:
        return EMPTY
    return CONSTANT if np.ptp(heat) <= FLAT * heat.max() else ""


def explain(
    network: GradientNetwork,
    photos: NDArray[np.uint8],
    *,
    method: Method,
    targets: NDArray[np.int64] | None = None,
) -> Explanation:
    """Explain photos.

    Args:
        network: made ready for one layer.
        photos: raw RGB uint8 (n, size, size, 3).
        method: how maps are made.
        targets: int64 (n,), the class to explain for each; None for the class predicted.

    Raises:
        OptionError: the photos have another shape or type, or there is no such class.
    """
    passes = list(network.passes(photos, targets=targets))
    if not passes:
        return _of_no_photos(network, method.name)
    # What is not finite is said by the map's verdict.
    with np.errstate(invalid="ignore", over="ignore"):
        maps = np.concatenate([method.combine(each.activations, each.gradients) for each in passes])
    return Explanation(
        maps,
        np.concatenate([each.targets for each in passes]),
        np.concatenate([each.logits for each in passes]),
        np.concatenate([each.probabilities for each in passes]),
        network.layer,
        method.name,
    )


def _of_no_photos(network: GradientNetwork, method: str) -> Explanation:
    maps = np.empty((0, *network.map_shape[:2]), np.float32)
    scores = np.empty((0, network.classes), np.float32)
    return Explanation(maps, np.empty(0, np.int64), scores, scores, network.layer, method)
