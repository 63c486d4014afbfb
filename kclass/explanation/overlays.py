"""A photo beside the same photo with the evidence laid over it."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import OptionError
from kclass.explanation.maps import FLAT, verdict
from kclass.plots.figures import new_figure
from kclass.plots.lettering import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

COLOURS: Final = "inferno"
"""Perceptually uniform: equal steps of heat look like equal steps, to every kind of colour vision."""

COVER: Final = 0.8
"""How much of the photo the hottest places hide."""

_DARKEST: Final = 0.25
"""Where in `COLOURS` cold begins: below, it is so dark that it would look like shadow."""

_STEPS: Final = 256

PALE: Final = 0.7
"""How far the photo under the heat is turned to grey: else hot and a yellow flower look the same."""

_LUMA: Final = np.array([0.299, 0.587, 0.114])
"""What red, green and blue add to lightness. Source: Recommendation ITU-R BT.601-7, 2.5.1."""

_SIDE: Final = 4.2
_SHORTEST: Final = 2.3
"""Inches: the longer side of a picture, and the least room it gets, so that words fit beside it."""

_EDGE, _GAP, _BAR, _LABELS = 0.15, 0.12, 0.15, 1.3
_ABOVE, _BELOW = 0.45, 0.35
"""Inches around the pictures; at the right the bar and its labels, above and below the words."""


def overlay(
    photo: NDArray[np.uint8],
    heat: NDArray[np.float32],
    *,
    title: str,
    subtitle: str,
    name: str,
    scale: float,
    aspect: float = 1.0,
) -> "Figure":
    """Draw a photo, and beside it the same photo under a map of evidence.

    Cold places show the photo, hot ones glow over it; the bar tells how many units of the logit a
    colour stands for. A map that shows no place is not drawn: the photo then bears the verdict.

    Args:
        photo: uint8 (size, size, 3), RGB, as the network saw it.
        heat: float32 (h, w), 0 or more, in the units of the logits.
        title: what the photo was taken for, with its probability.
        subtitle: how the map was made: layer and method.
        name: the class that the map speaks for, as a figure can show it.
        scale: the heat that has the hottest colour; with the same scale maps of several photos
            can be compared. More than that looks the same, and the bar says so.
        aspect: width of the original photo over its height; the squashed photo is stretched
            back to it.

    Raises:
        OptionError: `aspect` is not above 0, or `scale` is not although the map shows something.
    """
    _check(heat, scale=scale, aspect=aspect)
    figure, (plain, covered, bar) = _laid_out(aspect)
    _show(plain, photo, aspect)
    reason = verdict(heat)
    if reason:
        _show(covered, photo, aspect)
        _write_verdict(covered, reason)
        bar.set_axis_off()
    else:
        _show(covered, _pale(photo), aspect)
        _show(covered, coloured(heat, scale=scale, size=photo.shape[:2]), aspect)
        _fill_bar(bar, heat, name=name, scale=scale)
    _write_words(figure, title, subtitle)
    return figure


def coloured(heat: NDArray[np.float32], *, scale: float, size: tuple[int, ...]) -> NDArray[np.float64]:
    """A map as a see-through picture, bilinearly enlarged.

    Args:
        heat: float32 (h, w), 0 or more.
        scale: the heat that has the hottest colour.
        size: height and width of the picture.

    Returns:
        float64 (height, width, 4), RGBA, 0 to 1; A grows with the heat, from 0 to `COVER`.
    """
    height, width = size
    large = Image.fromarray(heat.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    rgba: NDArray[np.float64] = _colours()(np.clip(np.asarray(large) / scale, 0, 1))
    return rgba


def covered(photo: NDArray[np.uint8], heat: NDArray[np.float32], *, scale: float) -> NDArray[np.uint8]:
    """A photo under a map of evidence, as `overlay` draws it: cold places show it, hot ones glow.

    Args:
        photo: uint8 (height, width, 3), RGB, as the network saw it.
        heat: float32 (h, w), 0 or more, in the units of the logits.
        scale: the heat that has the hottest colour.

    Returns:
        uint8 (height, width, 3), RGB; the photo as it is if the map shows no place.

    Raises:
        OptionError: `scale` is not above 0 although the map shows something.
    """
    _check(heat, scale=scale, aspect=1.0)
    if verdict(heat):
        return photo
    rgba = coloured(heat, scale=scale, size=photo.shape[:2])
    cover = rgba[..., 3:]
    mixed: NDArray[np.uint8] = np.rint(255 * cover * rgba[..., :3] + (1 - cover) * _pale(photo)).astype(
        np.uint8
    )
    return mixed


def _check(heat: NDArray[np.float32], *, scale: float, aspect: float) -> None:
    if not 0 < aspect < np.inf:
        raise OptionError(f"aspect is {aspect}; it must be above 0")
    if not verdict(heat) and not 0 < scale < np.inf:
        raise OptionError(f"scale is {scale}; it must be above 0", fix="Use the peak of the map.")


def _colours() -> "ListedColormap":
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    steps = np.linspace(0, 1, _STEPS)
    rgba = colormaps[COLOURS](_DARKEST + (1 - _DARKEST) * steps)
    rgba[:, 3] = COVER * steps
    return ListedColormap(rgba)


def _laid_out(aspect: float) -> tuple["Figure", tuple["Axes", "Axes", "Axes"]]:
    """A figure with room for two pictures of that shape and a bar as high as they are."""
    wide = max(_SIDE * min(1.0, aspect), _SHORTEST)
    high = max(_SIDE * min(1.0, 1 / aspect), _SHORTEST)
    width = _EDGE + 2 * (wide + _GAP) + _BAR + _LABELS
    height = _BELOW + high + _ABOVE
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    lefts = (_EDGE, _EDGE + wide + _GAP, _EDGE + 2 * (wide + _GAP))
    plain, covered, bar = (
        figure.add_axes((left / width, _BELOW / height, each / width, high / height))
        for left, each in zip(lefts, (wide, wide, _BAR), strict=True)
    )
    return figure, (plain, covered, bar)


def _show(axes: "Axes", picture: NDArray[Any], aspect: float) -> None:
    axes.imshow(picture, extent=(0, aspect, 0, 1), interpolation="bilinear")
    axes.set_axis_off()


def _pale(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = (photo @ _LUMA)[..., None]
    pale: NDArray[np.uint8] = np.rint(PALE * grey + (1 - PALE) * photo).astype(np.uint8)
    return pale


def _fill_bar(bar: "Axes", heat: NDArray[np.float32], *, name: str, scale: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    mapping = ScalarMappable(Normalize(0, scale), _colours())
    colours = bar.figure.colorbar(mapping, cax=bar)
    bar.set_facecolor("0.5")
    values = (0, scale / 2, scale)
    shown = [f"{value:.3g}" for value in values]
    if heat.max() > scale * (1 + FLAT):
        shown[-1] = f"≥ {shown[-1]}"
    colours.set_ticks(values, labels=shown, fontsize=8)
    words = f"evidence for\n{name}\nin units of the logit"
    colours.set_label(words, fontsize=8, fontfamily=families(), parse_math=False)


def _write_verdict(axes: "Axes", reason: str) -> None:
    axes.text(
        0.5,
        0.5,
        reason.replace(": ", ":\n"),
        transform=axes.transAxes,
        ha="center",
        va="center",
        wrap=True,
        fontsize=10,
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "boxstyle": "round"},
    )


def _write_words(figure: "Figure", title: str, subtitle: str) -> None:
    figure.suptitle(title, fontsize=12, fontfamily=families(), parse_math=False)
    figure.supxlabel(subtitle, fontsize=8, color="0.35", fontfamily=families(), parse_math=False)
