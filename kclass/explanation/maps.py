"""Maps of evidence: what every method of explaining gives, and what a map can be said to show."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

FLAT: Final = 1e-5
"""Share of its peak that a map must vary by; float32 sums over a thousand channels err by 2e-6."""

EMPTY: Final = "empty: nothing in this layer speaks for the class"
CONSTANT: Final = "constant: every place speaks for the class alike"
UNDEFINED: Final = "undefined: the network's numbers for this photo are not finite"


@dataclass(frozen=True)
class Explanation:
    """Where a network saw evidence for a class, in each of some photos.

    Args:
        maps: float32 (n, h, w), 0 or more, in the method's unit; not normalised, so maps of
            several photos can be compared. Not finite where the network's numbers are not.
        targets: int64 (n,), the class explained.
        logits: float32 (n, classes), the scores before the softmax.
        probabilities: float32 (n, classes).
        layer: the layer whose activations are explained.
        method: as people call it.
        unit: what the maps' numbers are.
    """

    maps: NDArray[np.float32] = field(repr=False)
    targets: NDArray[np.int64]
    logits: NDArray[np.float32] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)
    layer: str
    method: str
    unit: str

    @property
    def peaks(self) -> NDArray[np.float32]:
        """The largest value of each map, float32 (n,)."""
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
