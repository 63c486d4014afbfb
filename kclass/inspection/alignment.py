"""Which part of one picture another picture shows."""

import numpy as np
from numpy.typing import NDArray

from kclass.inspection.fingerprints import fingerprints
from kclass.inspection.resampling import cut

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
    for frequencies, steps in _ROUNDS:
        targets = fingerprints(parts, frequencies=frequencies)
        for _ in range(steps):
            boxes = _improved(wholes, boxes, targets, frequencies, least_side)
    return boxes


def _improved(
    wholes: NDArray[np.generic],
    boxes: NDArray[np.float64],
    targets: NDArray[np.float32],
    frequencies: int,
    least_side: float,
) -> NDArray[np.float64]:
    """The boxes after one step of each."""
    seen = _seen(wholes, boxes, frequencies)
    alike = (seen * targets).sum(axis=1)
    step = _step(wholes, boxes, seen, targets, frequencies)
    waiting = np.ones(len(boxes), bool)
    for scale in _SCALES:
        trial = _inside(boxes + scale * step, least_side)
        better = waiting & ((_seen(wholes, trial, frequencies) * targets).sum(axis=1) > alike)
        boxes = np.where(better[:, None], trial, boxes)
        waiting &= ~better
    return boxes


def _seen(wholes: NDArray[np.generic], boxes: NDArray[np.float64], frequencies: int) -> NDArray[np.float32]:
    return fingerprints(cut(wholes, boxes, wholes.shape[-1]), frequencies=frequencies)


def _step(
    wholes: NDArray[np.generic],
    boxes: NDArray[np.float64],
    seen: NDArray[np.float32],
    targets: NDArray[np.float32],
    frequencies: int,
) -> NDArray[np.float64]:
    """How each edge should move for the least squared difference, if all went on as it begins."""
    slopes = np.empty((*seen.shape, 4))
    for edge in range(4):
        # Inwards, where there are always pixels.
        moved = boxes.copy()
        moved[:, edge] += _DIFFERENCE if edge < 2 else -_DIFFERENCE
        change = _seen(wholes, moved, frequencies) - seen
        slopes[:, :, edge] = change / (moved[:, edge] - boxes[:, edge])[:, None]
    squares = np.einsum("pve,pvf->pef", slopes, slopes)
    damping = 1e-3 * np.trace(squares, axis1=1, axis2=2) + 1e-9
    squares += damping[:, None, None] * np.eye(4)
    along = np.einsum("pve,pv->pe", slopes, targets - seen)
    step: NDArray[np.float64] = np.linalg.solve(squares, along[:, :, None])[:, :, 0]
    return step


def _inside(boxes: NDArray[np.float64], least_side: float) -> NDArray[np.float64]:
    start = np.clip(boxes[:, :2], 0, 1 - least_side)
    end = np.clip(boxes[:, 2:], start + least_side, 1)
    return np.concatenate([start, end], axis=1)
