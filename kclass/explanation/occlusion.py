"""Occlusion: how much the score drops when a part of the photo is covered."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.filling import mean_colour
from kclass.explanation.network import BATCH, Explainable, Pass

CELLS: Final = 14
"""Cells along each side of the photo: the map's grid, and how far apart windows lie."""

WINDOW: Final = 3
"""Cells along each side of a window: the window is 3/14 of the photo's side, its stride 1/14."""

_Window = tuple[slice, slice]


def occlusion_maps(network: Explainable, found: Pass) -> NDArray[np.float32]:
    """The maps of occlusion: by how much of the logit a place is needed.

    A square window of 3/14 of the photo's sides is moved over it in steps of 1/14, and what it
    covers takes the photo's mean colour. With y[c] the class's logit, X the photo and X[w] the
    photo under the window w, the drop is y[c](X) - y[c](X[w]). The map has a cell for each step:
    the maximum of 0 and the mean drop of the windows over it, one in the corners, nine inside.
    It takes 144 passes of the photo, `BATCH` at a time.

    Args:
        network: made ready for any layer.
        found: a pass of some photos through it.

    Returns:
        float32 (n, 14, 14), 0 or more; fewer rows or columns for photos of less than 14 pixels.

    Source: Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014,
    section 4.2, where the window is grey and the probability is looked at.
    """
    rows, columns = (_edges(side) for side in found.photos.shape[1:3])
    drops = np.zeros((len(found.photos), len(rows) - 1, len(columns) - 1))
    over = np.zeros(drops.shape[1:])
    windows = [(down, across) for down in _windows(len(rows) - 1) for across in _windows(len(columns) - 1)]
    for down, across in windows:
        over[down, across] += 1
    for place, photo in enumerate(found.photos):
        score = found.logits[place, found.targets[place]]
        pixels = [(_between(rows, down), _between(columns, across)) for down, across in windows]
        for window, logits in zip(windows, _scores(network, photo, pixels), strict=True):
            drops[place][window] += score - logits[found.targets[place]]
    return np.maximum(drops / over, 0).astype(np.float32)


def _scores(
    network: Explainable, photo: NDArray[np.generic], windows: Sequence[_Window]
) -> Iterator[NDArray[np.float32]]:
    """The logits of the photo under each window, float32 (classes,)."""
    for start in range(0, len(windows), BATCH):
        yield from network.scores(occluded(photo, windows[start : start + BATCH]))


def occluded(photo: NDArray[np.generic], windows: Sequence[_Window]) -> NDArray[np.generic]:
    """A photo with its mean colour in each of some windows.

    Args:
        photo: (height, width, colours), of any type; the mean of whole numbers is rounded.
        windows: the rows and the columns of each.

    Returns:
        Of the photo's type, (windows, height, width, colours).
    """
    fill = mean_colour(photo)
    photos = np.repeat(photo[None], len(windows), axis=0)
    for each, window in zip(photos, windows, strict=True):
        each[window] = fill
    return photos


def _edges(side: int) -> list[int]:
    """Where the cells of a side begin, and where the last one ends, in pixels."""
    cells = min(CELLS, side)
    return [round(side * cell / cells) for cell in range(cells + 1)]


def _windows(cells: int) -> list[slice]:
    """The windows along a side, in cells."""
    window = min(WINDOW, cells)
    return [slice(first, first + window) for first in range(cells - window + 1)]


def _between(edges: Sequence[int], cells: slice) -> slice:
    return slice(edges[cells.start], edges[cells.stop])
