"""Parts of small pictures, brought to a square by means over areas."""

import numpy as np
from numpy.typing import NDArray


def cut(pictures: NDArray[np.generic], boxes: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """What lies in each picture's box.

    Args:
        pictures: (pictures, height, width).
        boxes: (pictures, 4): left, top, right, bottom, as fractions of the picture's sides.
        side: of the result, in pixels.

    Returns:
        float32 (pictures, side, side).
    """
    height, width = pictures.shape[1:]
    across = area_means(boxes[:, 0], boxes[:, 2], side, width)
    down = area_means(boxes[:, 1], boxes[:, 3], side, height)
    means: NDArray[np.float32] = down @ pictures.astype(np.float32) @ across.swapaxes(1, 2)
    return means


def area_means(
    starts: NDArray[np.float64], ends: NDArray[np.float64], pieces: int, pixels: int
) -> NDArray[np.float32]:
    """Matrices that take the means over equal pieces of a part of a side.

    Args:
        starts: (parts,), where the parts begin, as fractions of the side.
        ends: (parts,), where they end; after they begin.
        pieces: into which each part is divided.
        pixels: that the whole side has.

    Returns:
        float32 (parts, pieces, pixels): each row weighs the pixels by what of them lies in the piece.
    """
    lengths = (ends - starts) * pixels / pieces
    edges = starts[:, None] * pixels + lengths[:, None] * np.arange(pieces + 1)
    pixel = np.arange(pixels)
    overlap = np.minimum(edges[:, 1:, None], pixel + 1) - np.maximum(edges[:, :-1, None], pixel)
    weights: NDArray[np.float32] = np.clip(overlap, 0, None) / lengths[:, None, None]
    return weights.astype(np.float32)
