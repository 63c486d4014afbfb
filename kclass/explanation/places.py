"""Where in a photo a map of evidence lies, in numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Peak:
    """The hottest place of a map.

    Args:
        value: the heat there, in the map's unit.
        x: its middle from the left, as a share of the photo's width.
        y: its middle from the top, as a share of the photo's height.
    """

    value: float
    x: float
    y: float


def peak(heat: NDArray[np.float32]) -> Peak:
    """The hottest cell of a map; of equals the uppermost, and of those the leftmost.

    Args:
        heat: float32 (h, w), finite.
    """
    height, width = heat.shape
    row, column = divmod(int(heat.argmax()), width)
    return Peak(float(heat[row, column]), (column + 0.5) / width, (row + 0.5) / height)


def half_area(heat: NDArray[np.float32]) -> float:
    """The smallest share of the photo that holds half of the evidence: small if that lies together.

    Half of an even map lies on half of the photo. Of the cell that is needed last a part counts.

    Args:
        heat: float32 (h, w), 0 or more, finite, not 0 everywhere.
    """
    cells = np.sort(heat, axis=None)[::-1].astype(np.float64)
    held = np.cumsum(cells)
    half = held[-1] / 2
    whole = int(np.searchsorted(held, half))  # cells that hold less than half of it together
    before = held[whole - 1] if whole else 0.0
    return float((whole + (half - before) / cells[whole]) / len(cells))
