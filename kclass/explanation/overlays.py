"""A photo beside the same photo with the evidence for one or more classes laid over it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation.heat import check_scale, covered, heat_colours, is_hotter
from kclass.explanation.maps import verdict
from kclass.explanation.methods import ANY_CLASS
from kclass.plots.figures import new_figure
from kclass.plots.lettering import families
from kclass.plots.line_fitting import cut, width_in_ems
from kclass.plots.photo_grid import broken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE: Final = 4.2
_SIDE_OF_SEVERAL: Final = 3.2
_SHORTEST: Final = 2.3
"""Inches: the longer side of a picture beside one and beside several others, and the least room it
gets, so that words fit beside it."""

_MOST_COLUMNS: Final = 6
"""Pictures in a row."""

_EDGE, _GAP, _BAR, _LABELS = 0.15, 0.12, 0.15, 1.3
_ABOVE, _BELOW, _CAPTION = 0.45, 0.35, 0.28
"""Inches around the pictures; at the right the bar and its labels, above and below the words, and
the room of captions above each picture."""

_TITLE, _VERDICT, _SMALL, _LEAST = 12.0, 10.0, 8.0, 6.0
"""Points: the letters of the title, of a verdict, of all else, and the smallest of a caption."""

_POINTS: Final = 72


@dataclass(frozen=True, eq=False)
class ShownMap:
    """A map of evidence that is to be shown.

    Args:
        heat: float32 (h, w), 0 or more.
        name: the class that it speaks for, as a figure can show it.
        caption: the name with its probability.
    """

    heat: NDArray[np.float32] = field(repr=False)
    name: str
    caption: str


def overlay(
    photo: NDArray[np.uint8],
    maps: Sequence[ShownMap],
    *,
    subtitle: str,
    unit: str,
    scale: float,
    aspect: float = 1.0,
) -> "Figure":
    """Draw a photo, and beside it the same photo under one map of evidence, or under each of several.

    Cold places show the photo, hot ones glow over it; the bar tells what a colour stands for, for all
    maps alike. A map that shows no place is not drawn: the photo then bears the verdict.

    Args:
        photo: uint8 (size, size, 3), RGB, as the network saw it.
        maps: one or more.
        subtitle: which photo it is, and how maps were made: layer and method.
        unit: what the maps' numbers are.
        scale: the heat that has the hottest colour; with the same scale maps of several photos
            can be compared. More than that looks the same, and the bar says so.
        aspect: width of the original photo over its height; the squashed photo is stretched
            back to it.

    Raises:
        OptionError: there is no map, `aspect` is not above 0, or `scale` is not although a map shows
            something.
    """
    _check(maps, scale=scale, aspect=aspect)
    figure, (plain, *others, bar) = _laid_out(aspect, len(maps))
    _show(plain, photo, aspect)
    for axes, each in zip(others, maps, strict=True):
        _show(axes, covered(photo, each.heat, scale=scale), aspect)
        reason = verdict(each.heat)
        if reason:
            _write_verdict(axes, reason)
        if maps[1:]:
            _write_caption(axes, each.caption)
    if any(not verdict(each.heat) for each in maps):
        beyond = any(is_hotter(each.heat, scale) for each in maps)
        fill_bar(bar, _label(maps, unit, bar), scale, beyond=beyond)
    else:
        bar.set_axis_off()
    if not maps[1:]:
        _write_title(figure, maps[0].caption)
    _write_subtitle(figure, subtitle)
    return figure


def fill_bar(bar: "Axes", label: str, scale: float, *, beyond: bool, horizontal: bool = False) -> None:
    """Fill axes with a colour bar from 0 to a scale.

    Args:
        bar: the axes, high and narrow.
        label: what stands beside it.
        scale: the heat that has the hottest colour.
        beyond: whether there is more, which looks the same.
        horizontal: whether the axes are low and wide instead.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    mapping = ScalarMappable(Normalize(0, scale), heat_colours())
    orientation = "horizontal" if horizontal else "vertical"
    colours = bar.figure.colorbar(mapping, cax=bar, orientation=orientation)
    bar.set_facecolor("0.5")
    values = (0, scale / 2, scale)
    shown = [f"{value:.3g}" for value in values]
    if beyond:
        shown[-1] = f"≥ {shown[-1]}"
    colours.set_ticks(values, labels=shown, fontsize=_SMALL)
    colours.set_label(label, fontsize=_SMALL, fontfamily=families(), parse_math=False)


def _check(maps: Sequence[ShownMap], *, scale: float, aspect: float) -> None:
    if not maps:
        raise OptionError("there is no map to show", fix="Give one or more.")
    if not 0 < aspect < np.inf:
        raise OptionError(f"aspect is {aspect}; it must be above 0")
    for each in maps:
        check_scale(each.heat, scale)


def _laid_out(aspect: float, maps: int) -> tuple["Figure", list["Axes"]]:
    """A figure with room for a photo and maps of that shape, row by row, and a bar as high as one of them."""
    side = _SIDE if maps == 1 else _SIDE_OF_SEVERAL
    wide = max(side * min(1.0, aspect), _SHORTEST)
    high = max(side * min(1.0, 1 / aspect), _SHORTEST)
    above = _ABOVE if maps == 1 else _CAPTION
    columns = min(1 + maps, _MOST_COLUMNS)
    rows = math.ceil((1 + maps) / columns)
    width = _EDGE + columns * (wide + _GAP) + _BAR + _LABELS
    height = _BELOW + rows * (high + above)
    figure = new_figure(width, height, layout="none")

    def axes(row: int, column: int, across: float) -> "Axes":
        left = _EDGE + column * (wide + _GAP)
        bottom = _BELOW + (rows - 1 - row) * (high + above)
        return figure.add_axes((left / width, bottom / height, across / width, high / height))

    pictures = [axes(*divmod(place, columns), wide) for place in range(1 + maps)]
    return figure, [*pictures, axes(0, columns, _BAR)]


def _show(axes: "Axes", picture: NDArray[Any], aspect: float) -> None:
    axes.imshow(picture, extent=(0, aspect, 0, 1), interpolation="bilinear")
    axes.set_axis_off()


def what_it_is(unit: str, name: str) -> str:
    """What a map shows in words: evidence for a class, or what there is whatever the class.

    Args:
        unit: of the map.
        name: the class.
    """
    return "activity" if unit == ANY_CLASS else f"evidence for {name}"


def _label(maps: Sequence[ShownMap], unit: str, bar: "Axes") -> str:
    """What stands beside the bar, each line cut to its height."""
    what = what_it_is(unit, maps[0].name if not maps[1:] else "the class above")
    lines = [*what.replace(" for ", " for\n").split("\n"), *unit.split(", ")]
    return "\n".join(_cut(line, _inches(bar)[1], _SMALL) for line in lines)


def _write_verdict(axes: "Axes", reason: str) -> None:
    room = _inches(axes)[0] - 4 * _GAP
    lines = [line for part in reason.split(": ") for line in broken(part, width=room, points=_VERDICT)]
    axes.text(
        0.5,
        0.5,
        "\n".join(lines),
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=_VERDICT,
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "boxstyle": "round"},
    )


def _write_caption(axes: "Axes", caption: str) -> None:
    """Write above a picture, in letters so small that it fits, or without its middle."""
    room = _inches(axes)[0]
    size = min(max(room * _POINTS / width_in_ems(caption), _LEAST), _VERDICT)
    text = axes.annotate(
        _cut(caption, room, size),
        (0.5, 1),
        (0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        fontsize=size,
        fontfamily=families(),
    )
    text.set_parse_math(False)


def _write_title(figure: "Figure", title: str) -> None:
    room = figure.get_figwidth() - 2 * _EDGE
    figure.suptitle(_cut(title, room, _TITLE), fontsize=_TITLE, fontfamily=families(), parse_math=False)


def _write_subtitle(figure: "Figure", subtitle: str) -> None:
    room = figure.get_figwidth() - 2 * _EDGE
    figure.supxlabel(
        _cut(subtitle, room, _SMALL), fontsize=_SMALL, color="0.35", fontfamily=families(), parse_math=False
    )


def _cut(text: str, room: float, points: float) -> str:
    """A line that fits into so many inches in letters of that size; the middle of it may be left out."""
    return cut(text, ems=0.92 * room * _POINTS / points)


def _inches(axes: "Axes") -> tuple[float, float]:
    """Width and height."""
    box = axes.get_window_extent()
    dots = axes.figure.dpi
    return box.width / dots, box.height / dots
