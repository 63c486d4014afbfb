"""Maps of evidence as colours, and the heat that the hottest colour stands for."""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import OptionError
from kclass.explanation.maps import FLAT, verdict
from kclass.plots.figures import prepare_matplotlib

if TYPE_CHECKING:
    from matplotlib.colors import ListedColormap

COLOURS: Final = "inferno"
"""Perceptually uniform: equal steps of heat look like equal steps, to every kind of colour vision."""

COVER: Final = 0.8
"""How much of the photo the hottest places hide."""

FINE: Final = 64
"""Cells along a side from which on a map is fine: of single pixels nobody can see where they lie."""

SQUARES: Final = 32
"""About how many squares along a side a fine map is shown in."""

ROBUST: Final = 99.5
"""Percent of a fine map's squares that are no hotter than the hottest colour."""

PALE: Final = 0.7
"""How far the photo under the heat is turned to grey: else hot and a yellow flower look the same."""

_DARKEST: Final = 0.25
"""Where in `COLOURS` cold begins: below, it is so dark that it would look like shadow."""

_STEPS: Final = 256

_LUMA: Final = np.array([0.299, 0.587, 0.114])
"""What red, green and blue add to lightness. Source: Recommendation ITU-R BT.601-7, 2.5.1."""


def square_side(heat: NDArray[np.float32]) -> int:
    """How many cells along its side a square has that a map is shown in; 1 for all but fine maps.

    Args:
        heat: float32 (h, w).
    """
    fewest = min(heat.shape)
    return 1 if fewest < FINE else round(fewest / SQUARES)


def as_shown(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map as it is shown: of a fine one the means of squares.

    Args:
        heat: float32 (h, w), 0 or more.

    Returns:
        float32 (h / side, w / side), in the map's unit; side is `square_side`.
    """
    side = square_side(heat)
    if side == 1:
        return heat
    rows, columns = (max(1, round(cells / side)) for cells in heat.shape)
    means = Image.fromarray(heat.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(means)


def own_scale(heat: NDArray[np.float32]) -> float:
    """The heat that has the hottest colour when a map is shown by itself.

    That is its peak; of a fine map it is the heat that 99.5 % of its squares do not exceed, since a
    few pixels can be far hotter than all others. What is hotter looks the same, and a colour bar says
    so by "≥".

    Args:
        heat: float32 (h, w), 0 or more.

    Returns:
        0 for a map that shows no place.
    """
    if verdict(heat):
        return 0.0
    shown = as_shown(heat)
    if shown is heat:
        return float(heat.max())
    return float(np.percentile(shown, ROBUST)) or float(shown.max())


def is_hotter(heat: NDArray[np.float32], scale: float) -> bool:
    """Whether a map has places, as it is shown, that are hotter than the hottest colour.

    Args:
        heat: float32 (h, w), 0 or more.
        scale: the heat that has that colour.
    """
    return not verdict(heat) and float(as_shown(heat).max()) > scale * (1 + FLAT)


def check_scale(heat: NDArray[np.float32], scale: float) -> None:
    """Check the heat that is to have the hottest colour.

    Raises:
        OptionError: it is not above 0 although the map shows something.
    """
    if not verdict(heat) and not 0 < scale < np.inf:
        raise OptionError(f"scale is {scale}; it must be above 0", fix="Use the peak of the map.")


def coloured(heat: NDArray[np.float32], *, scale: float, size: tuple[int, ...]) -> NDArray[np.float64]:
    """A map as a see-through picture: what `as_shown` makes of it, bilinearly enlarged.

    Args:
        heat: float32 (h, w), 0 or more.
        scale: the heat that has the hottest colour.
        size: height and width of the picture.

    Returns:
        float64 (height, width, 4), RGBA, 0 to 1; A grows with the heat, from 0 to `COVER`.
    """
    height, width = size
    large = Image.fromarray(as_shown(heat).astype(np.float32)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    rgba: NDArray[np.float64] = heat_colours()(np.clip(np.asarray(large) / scale, 0, 1))
    return rgba


def covered(photo: NDArray[np.uint8], heat: NDArray[np.float32], *, scale: float) -> NDArray[np.uint8]:
    """A photo under a map of evidence: cold places show it, hot ones glow.

    Args:
        photo: uint8 (height, width, 3), RGB, as the network saw it.
        heat: float32 (h, w), 0 or more.
        scale: the heat that has the hottest colour.

    Returns:
        uint8 (height, width, 3), RGB; the photo as it is if the map shows no place.

    Raises:
        OptionError: `scale` is not above 0 although the map shows something.
    """
    check_scale(heat, scale)
    if verdict(heat):
        return photo
    rgba = coloured(heat, scale=scale, size=photo.shape[:2])
    cover = rgba[..., 3:]
    mixed: NDArray[np.uint8] = np.rint(255 * cover * rgba[..., :3] + (1 - cover) * pale(photo)).astype(
        np.uint8
    )
    return mixed


def pale(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A photo turned to grey by `PALE`, uint8 (height, width, 3), RGB."""
    grey = (photo @ _LUMA)[..., None]
    pale: NDArray[np.uint8] = np.rint(PALE * grey + (1 - PALE) * photo).astype(np.uint8)
    return pale


def heat_colours() -> "ListedColormap":
    """The colours of heat from cold, where the photo shows, to hot."""
    prepare_matplotlib()
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    steps = np.linspace(0, 1, _STEPS)
    rgba = colormaps[COLOURS](_DARKEST + (1 - _DARKEST) * steps)
    rgba[:, 3] = COVER * steps
    return ListedColormap(rgba)


def bar_colours(steps: int) -> NDArray[np.uint8]:
    """What heat looks like over grey, from cold to hot: uint8 (steps, 3), RGB."""
    rgba = heat_colours()(np.linspace(0, 1, steps))
    cover = rgba[:, 3:]
    mixed: NDArray[np.uint8] = np.rint(255 * (cover * rgba[:, :3] + (1 - cover) * 0.5)).astype(np.uint8)
    return mixed
