"""How each class fared, as bars."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.curves import HELD_OUT, TRAINING
from kclass.plots.figures import new_figure
from kclass.plots.lettering import families, lettered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MOST_BARS: Final = 100
"""Classes that are drawn; of more, those with the lowest recall are."""

_WIDTH: Final = 8.0
_ABOVE_AND_BELOW: Final = 1.5
_ROW: Final = 0.34
_NARROW_ROW: Final = 0.17
_ALL_ROWS: Final = 7.0
"""Inches: the width; title, legend and axis; and a row, which is wide as long as all are not this high."""

_POINTS: Final = 72
_LARGEST: Final = 10.0


def plot_classes(
    classes: Sequence[str],
    *,
    recalls: Floats,
    lows: Floats,
    highs: Floats,
    precisions: Floats,
    f1: Floats,
    supports: NDArray[np.int64],
) -> "Figure":
    """Draw recall with its interval, precision and F1 of each class, the lowest recall on top.

    The number of photos stands beside each class. A class without photos has no recall and comes last.
    Of more than `MOST_BARS` classes those with the lowest recall are drawn, and the title says so.

    Args:
        classes: their names, as folders carry them.
        recalls: float64 (classes,): share of the class's photos that were predicted as it, 0 to 1.
        lows: float64 (classes,): lower ends of the 95 % intervals of the recalls.
        highs: float64 (classes,): upper ends.
        precisions: float64 (classes,), 0 to 1.
        f1: float64 (classes,), 0 to 1.
        supports: int64 (classes,): photos of each class.

    Raises:
        OptionError: there is no class, or arrays of another length.
    """
    columns = (recalls, lows, highs, precisions, f1, supports)
    if not len(classes) or any(len(each) != len(classes) for each in columns):
        raise OptionError(f"bars of {[len(each) for each in columns]} rows for {len(classes)} classes")
    order = np.lexsort((np.arange(len(classes)), recalls, supports == 0))[:MOST_BARS]
    names = lettered(classes)
    row = min(_ROW, max(_NARROW_ROW, _ALL_ROWS / len(order)))
    figure = new_figure(_WIDTH, _ABOVE_AND_BELOW + row * len(order))
    axes = figure.subplots()
    there = supports[order] > 0
    _draw_bars(axes, recalls[order], lows[order], highs[order], there)
    _draw_marks(axes, precisions[order], f1[order], there, size=14 * row)
    _name_rows(axes, [names[place] for place in order.tolist()], supports[order].tolist(), row)
    shown = f"the {len(order)} of {len(classes)} classes with the lowest recall"
    whole = len(order) == len(classes)
    axes.set_title(
        f"{len(classes)} classes, lowest recall first" if whole else shown, loc="left", fontsize=12
    )
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _draw_bars(axes: "Axes", recalls: Floats, lows: Floats, highs: Floats, there: NDArray[np.bool_]) -> None:
    rows = np.flatnonzero(there)
    values = 100 * recalls[rows]
    axes.barh(rows, values, height=0.66, color=HELD_OUT, alpha=0.45, label="recall")
    bars = np.maximum([values - 100 * lows[rows], 100 * highs[rows] - values], 0.0)
    axes.errorbar(
        values, rows, xerr=bars, fmt="none", ecolor=HELD_OUT, elinewidth=1.3, label="its 95 % interval"
    )


def _draw_marks(
    axes: "Axes", precisions: Floats, f1: Floats, there: NDArray[np.bool_], *, size: float
) -> None:
    rows = np.flatnonzero(there)
    style: dict[str, Any] = {"linestyle": "none", "markersize": size + 2.5, "zorder": 3}
    axes.plot(
        100 * precisions[rows],
        rows,
        "D",
        markerfacecolor="none",
        markeredgecolor=TRAINING,
        markeredgewidth=1.3,
        label="precision",
        **style,
    )
    axes.plot(100 * f1[rows], rows, "|", color="black", markeredgewidth=1.6, label="F1", **style)


def _name_rows(axes: "Axes", names: Sequence[str], supports: Sequence[int], row: float) -> None:
    size = min(0.72 * row * _POINTS, _LARGEST)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names, fontsize=size, fontfamily=families(), parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-1.5, 101.5)
    axes.set_xlabel("percent")
    axes.grid(color="0.9", linewidth=0.6, axis="x")
    axes.set_axisbelow(True)
    beside = axes.secondary_yaxis("right")
    told = [f"{number} photo{'' if number == 1 else 's'}" for number in supports]
    beside.set_yticks(range(len(names)), told, fontsize=size)
    beside.tick_params(length=0)
