"""Where the evidence for classes lies on average, as pictures on one scale."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError
from kclass.explanation.heat import covered
from kclass.explanation.maps import verdict
from kclass.explanation.overlays import fill_bar
from kclass.model_audit.verdicts import Measured
from kclass.model_audit.wording import Told
from kclass.plots.lettering import lettered
from kclass.plots.photo_grid import photo_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNIT: Final = "times as much evidence as if it were spread evenly"
"""What the numbers of `times_even` are."""

_MOST_COLUMNS: Final = 8
_ABOVE: Final = 0.5
_BAR: Final = (0.15, 0.28, 3.0, 0.13)
"""Inches: the room of the colour bar above all, and its left, its lower edge from the top, its width and
height."""


def times_even(mean_map: NDArray[np.float32]) -> NDArray[np.float32]:
    """A mean map whose numbers do not hang on how many cells it has: 1 everywhere if it is even.

    Args:
        mean_map: float32 (h, w), its sum 1.
    """
    even: NDArray[np.float32] = mean_map * np.float32(mean_map.size)
    return even


def common_scale(classes: Sequence[Measured]) -> float:
    """The heat that has the hottest colour in the mean maps of all classes; 0 if none shows a place."""
    maps = [times_even(each.mean_map) for each in classes if each.mean_map is not None]
    return max((float(heat.max()) for heat in maps if not verdict(heat)), default=0.0)


def mean_picture(found: Measured, scale: float) -> NDArray[np.uint8] | None:
    """The mean of a class's photos under its mean map, uint8 (side, side, 3).

    Args:
        found: the class.
        scale: the heat that has the hottest colour, in `UNIT`.

    Returns:
        None if the class has no mean map.
    """
    if found.pictures is None or found.mean_map is None:
        return None
    return covered(found.pictures.mean, times_even(found.mean_map), scale=scale)


def mean_maps(classes: Sequence[Told]) -> "Figure":
    """Draw the mean maps of classes, on one scale.

    Args:
        classes: in the order in which they are drawn.

    Raises:
        DataError: no class has one.
    """
    scale = common_scale([each.found for each in classes])
    drawn = [(each, mean_picture(each.found, scale)) for each in classes]
    shown = [(each, picture) for each, picture in drawn if picture is not None]
    if not shown:
        raise DataError("no class has a mean map", fix="Audit with more photos of each class.")
    names = lettered([each.name for each, _ in shown])
    figure = photo_grid(
        np.stack([picture for _, picture in shown]),
        [f"{name}\n{each.verdict.kind}" for name, (each, _) in zip(names, shown, strict=True)],
        columns=min(_MOST_COLUMNS, max(2, math.ceil(math.sqrt(len(shown))))),
        heading=[UNIT],
        room=_ABOVE,
    )
    if scale > 0:
        width, height = figure.get_size_inches()
        left, down, wide, high = _BAR
        bar = figure.add_axes((left / width, 1 - down / height, wide / width, high / height))
        fill_bar(bar, "", scale, beyond=False, horizontal=True)
    return figure
