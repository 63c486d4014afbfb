"""Which part of one picture another picture shows."""

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.fingerprints import fingerprints, part_cosines, unit

# Coarse first: the lowest frequencies lead there from further away.
_ROUNDS = ((8, 3), (16, 4))

# Of the side, for derivatives: a tenth of a pixel of the thumbnail.
_DIFFERENCE = 0.003
_SCALES = (1.0, 0.4)


def aligned(
    wholes: NDArray[np.generic],
    parts: NDArray[np.generic],
    boxes: NDArray[np.float64],
    *,
    least_side: float,
) -> NDArray[np.float64]:
    """Boxes moved and stretched until what lies in them looks most like the parts.

    Gauss-Newton steps on the squared difference of the fingerprints, with derivatives by finite
    differences. A step is taken if it makes the two more alike, else a shorter one, else none.

    Args:
        wholes: (pairs, side, side), luma 0 to 255.
        parts: (pairs, side, side), likewise.
        boxes: (pairs, 4), where to begin: left, top, right, bottom, as fractions of the whole's sides.
        least_side: boxes do not get smaller than this fraction of the side.

    Returns:
        float64 (pairs, 4), likewise.
    """
    # Brightness counts nothing, but would leave its rounding.
    varying = (wholes - wholes.mean(axis=(1, 2), keepdims=True)).astype(np.float32)
    for frequencies, steps in _ROUNDS:
        targets = fingerprints(parts, frequencies=frequencies)
        for _ in range(steps):
            boxes = _improved(varying, boxes, targets, frequencies, least_side)
    return boxes


def _improved(
    wholes: NDArray[np.float32],
    boxes: NDArray[np.float64],
    targets: NDArray[np.float32],
    frequencies: int,
    least_side: float,
) -> NDArray[np.float64]:
    """The boxes after one step of each."""
    down, across = _cosines(boxes, frequencies)
    seen = _seen(wholes, down, across)
    slopes = _slopes(wholes, boxes, down, across, seen)
    step = _step(slopes, targets - seen)
    alike = np.vecdot(seen, targets)
    waiting = np.arange(len(boxes))
    found = boxes.copy()
    for scale in _SCALES:
        trial = _inside(boxes[waiting] + scale * step[waiting], least_side)
        down, across = _cosines(trial, frequencies)
        seen = _seen(wholes[waiting], down, across)
        better = np.vecdot(seen, targets[waiting]) > alike[waiting]
        found[waiting[better]] = trial[better]
        waiting = waiting[~better]
    return found


def _seen(
    wholes: NDArray[np.float32], down: NDArray[np.float32], across: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The fingerprints of what lies in boxes, by the transforms of their sides."""
    return _times(down @ wholes, across.swapaxes(1, 2))


def _times(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    coefficients: NDArray[np.float32] = ones @ others
    return unit(coefficients, 1)


def _cosines(boxes: NDArray[np.float64], frequencies: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The transforms of the height and of the width of boxes."""
    return (
        part_cosines(boxes[:, 1], boxes[:, 3], frequencies=frequencies),
        part_cosines(boxes[:, 0], boxes[:, 2], frequencies=frequencies),
    )


def _slopes(
    wholes: NDArray[np.float32],
    boxes: NDArray[np.float64],
    down: NDArray[np.float32],
    across: NDArray[np.float32],
    seen: NDArray[np.float32],
) -> NDArray[np.float32]:
    """How what is seen changes with each edge: (pairs, values, 4)."""
    frequencies = down.shape[1]
    # Inwards, where there are always pixels.
    inwards = np.array([_DIFFERENCE, _DIFFERENCE, -_DIFFERENCE, -_DIFFERENCE])
    moved = boxes + inwards
    rows, columns = down @ wholes, wholes @ across.swapaxes(1, 2)
    slopes = np.empty((*seen.shape, 4), np.float32)
    for first in (0, 2):
        edges = boxes.copy()
        edges[:, first : first + 2] = moved[:, first : first + 2]
        down, across = _cosines(edges, frequencies)
        slopes[..., first] = _times(rows, across.swapaxes(1, 2)) - seen
        slopes[..., first + 1] = _times(down, columns) - seen
    slopes /= (moved - boxes).astype(np.float32)[:, None]
    return slopes


def _step(slopes: NDArray[np.float32], missing: NDArray[np.float32]) -> NDArray[np.float64]:
    """How each edge should move for the least squared difference, if all went on as it begins."""
    sides: NDArray[np.float64] = slopes.swapaxes(1, 2).astype(np.float64)
    squares = sides @ sides.swapaxes(1, 2)
    damping = 1e-3 * np.trace(squares, axis1=1, axis2=2) + 1e-9
    squares = squares + damping[:, None, None] * np.eye(4)
    along = sides @ missing.astype(np.float64)[:, :, None]
    step: NDArray[np.float64] = np.linalg.solve(squares, along)[:, :, 0]
    return step


def _inside(boxes: NDArray[np.float64], least_side: float) -> NDArray[np.float64]:
    start = np.clip(boxes[:, :2], 0, 1 - least_side)
    end = np.clip(boxes[:, 2:], start + least_side, 1)
    return np.concatenate([start, end], axis=1)
