"""One photo's features as the cache keeps them: float16 where that loses next to nothing, else float32."""

import numpy as np
from numpy.typing import NDArray

FEATURES = "features"

# Part of the recipe of features, as the word above: raise it when the same features would be kept otherwise.
STORED_VERSION = 1

# What float16 may change, as a part of the largest value of the row. Its own rounding is half of that;
# what goes beyond are values above 65504, and rows in which all are below 2^-15.
TOLERANCE = 2.0**-10

_HALF, _SINGLE = b"e", b"f"  # as in `struct` and in NumPy; they come last, so that the numbers are aligned
_KINDS: dict[int, np.dtype[np.floating]] = {_HALF[0]: np.dtype(np.float16), _SINGLE[0]: np.dtype(np.float32)}


def to_bytes(features: NDArray[np.float32]) -> bytes:
    """The value of a row in the cache; `from_bytes` gives it back within `TOLERANCE`.

    Args:
        features: float32 (features,), any values.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # infinities are dealt with below
        half = features.astype(np.float16)
        lost = np.abs(features - half).max(initial=0.0)
    # False where a feature is infinite, or is in float16, or is NaN.
    if lost <= TOLERANCE * np.abs(features).max(initial=0.0):
        return half.tobytes() + _HALF
    return features.astype(np.float32, copy=False).tobytes() + _SINGLE


def from_bytes(value: bytes) -> NDArray[np.floating]:
    """A row as `to_bytes` keeps it: float16 or float32 (features,), a read-only view."""
    kind = _KINDS[value[-1]]
    row: NDArray[np.floating] = np.frombuffer(value, kind, count=len(value) // kind.itemsize)
    return row
