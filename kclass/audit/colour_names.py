"""Names of colours: the basic terms that people agree on."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NAMES: Final = (
    "black",
    "grey",
    "white",
    "brown",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
)
"""The basic colour terms of B. Berlin and P. Kay, Basic Color Terms (1969)."""

# The bounds are the project's own: a name words a finding and decides nothing.
_DARKEST, _LIGHTEST, _PALEST, _BROWN = 0.15, 0.85, 0.08, 0.65
_HUES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "red")
_ENDS = (15, 45, 62, 170, 260, 290, 345)


def colour_names(rgb: NDArray[Any]) -> NDArray[np.str_]:
    """The basic colour term of each colour, by its hue, saturation and value.

    Args:
        rgb: sRGB (..., 3), 0 to 255.

    Returns:
        str (...), each one of `NAMES`.
    """
    red, green, blue = np.moveaxis(np.asarray(rgb, dtype=np.float64) / 255, -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    saturation = np.divide(chroma, value, out=np.zeros_like(value), where=value > 0)
    names = np.array(_HUES)[np.searchsorted(_ENDS, _hue(red, green, blue, value, chroma), side="right")]
    warm = (names == "red") | (names == "orange")
    names = np.where(warm & (value < _BROWN), "brown", names)
    pale = saturation < _PALEST
    names = np.where(pale, np.where(value > _LIGHTEST, "white", "grey"), names)
    return np.where(value < _DARKEST, "black", names)


def _hue(
    red: NDArray[np.float64],
    green: NDArray[np.float64],
    blue: NDArray[np.float64],
    value: NDArray[np.float64],
    chroma: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Degrees around the circle of colours, 0 to 360: red is 0, green 120, blue 240."""
    some = np.where(chroma > 0, chroma, 1.0)
    sixths = np.select(
        [value == red, value == green],
        [(green - blue) / some % 6, (blue - red) / some + 2],
        (red - green) / some + 4,
    )
    return 60 * sixths
