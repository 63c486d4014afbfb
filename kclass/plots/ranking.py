"""How well classes are told apart at every threshold: ROC and precision-recall curves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.figures import new_figure
from kclass.plots.lettering import families, lettered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MOST_NAMED: Final = 7
"""Curves that have a colour and a name; of more, those with the smallest areas have."""

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: Final = ("-", "--", "-.", ":", (0, (7, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
"""Colours of Okabe and Ito, "Color universal design" (2008), without the yellow that white swallows;
dashes tell the lines apart where there is no colour."""

_SIDE: Final = 5.6
_LEGEND: Final = 3.2
"""Inches: the square of the curves, and what is right of it."""


def plot_roc(
    false_positive_rates: Sequence[Floats],
    true_positive_rates: Sequence[Floats],
    *,
    classes: Sequence[str],
    areas: Sequence[float],
) -> "Figure":
    """Draw receiver operating characteristics, each of one class against all others.

    Up to `MOST_NAMED` classes each has a colour and stands in the legend with the area under its curve;
    of more, those with the smallest areas, and the others are grey.

    Args:
        false_positive_rates: for each class float64 (thresholds,), rising from 0 to 1.
        true_positive_rates: for each class float64 (thresholds,), rising from 0 to 1.
        classes: their names, as folders carry them.
        areas: under each curve, 0 to 1; NaN for a class that has none, which is left out.

    Raises:
        OptionError: no curve, or another number of curves or points.
    """
    figure, axes = _drawn(false_positive_rates, true_positive_rates, classes, areas, steps="default")
    axes.plot([0, 1], [0, 1], ":", color="0.45", linewidth=1.2, zorder=0)
    axes.set_xlabel("share of other classes' photos taken for the class")
    axes.set_ylabel("share of the class's photos found")
    axes.set_title("ROC: each class against all others", loc="left", fontsize=12)
    return figure


def plot_precision_recall(
    recalls: Sequence[Floats],
    precisions: Sequence[Floats],
    *,
    classes: Sequence[str],
    areas: Sequence[float],
) -> "Figure":
    """Draw precision against recall, each class against all others.

    Curves are steps, as average precision counts them; names and colours are those of `plot_roc`.

    Args:
        recalls: for each class float64 (thresholds,), falling from 1 to 0 or rising.
        precisions: for each class float64 (thresholds,), 0 to 1.
        classes: their names, as folders carry them.
        areas: average precision of each, 0 to 1; NaN for a class that has none, which is left out.

    Raises:
        OptionError: no curve, or another number of curves or points.
    """
    # With recall rising, each precision counts for the step that leads to it.
    turns = [-1 if len(each) and each[0] > each[-1] else 1 for each in recalls]
    xs, ys = (
        [each[::turn] for each, turn in zip(rows, turns, strict=False)] for rows in (recalls, precisions)
    )
    figure, axes = _drawn(xs, ys, classes, areas, steps="steps-pre")
    axes.set_xlabel("recall: share of the class's photos found")
    axes.set_ylabel("precision: share of those found that are of the class")
    axes.set_title("Precision and recall: each class against all others", loc="left", fontsize=12)
    return figure


def _unequal(
    xs: Sequence[Floats], ys: Sequence[Floats], classes: Sequence[str], areas: Sequence[float]
) -> OptionError:
    return OptionError(
        f"{len(classes)} classes, {len(xs)} and {len(ys)} rows of rates and {len(areas)} areas; "
        "each class has one curve of as many points on both axes"
    )


def _drawn(
    xs: Sequence[Floats], ys: Sequence[Floats], classes: Sequence[str], areas: Sequence[float], *, steps: str
) -> tuple["Figure", "Axes"]:
    lengths = {len(xs), len(ys), len(classes), len(areas)}
    if len(lengths) > 1 or any(len(x) != len(y) for x, y in zip(xs, ys, strict=True)):
        raise _unequal(xs, ys, classes, areas)
    numbers = np.asarray(areas, dtype=np.float64)
    there = np.flatnonzero(np.isfinite(numbers))
    if not there.size:
        raise OptionError("there is no curve to draw: no class has photos and others beside it")
    figure = new_figure(_SIDE + _LEGEND, _SIDE)
    axes = figure.subplots()
    lowest = there[np.argsort(numbers[there], kind="stable")]
    named = sorted(lowest[:MOST_NAMED].tolist()) if len(there) > MOST_NAMED else there.tolist()
    others = np.setdiff1d(there, named).tolist()
    for place in others:
        axes.plot(xs[place], ys[place], color="0.78", linewidth=0.7, drawstyle=steps, zorder=1)
    names = lettered(classes)
    for place, colour, dashes in zip(named, COLOURS, DASHES, strict=False):
        style: dict[str, Any] = {"color": colour, "linestyle": dashes, "linewidth": 1.7, "zorder": 2}
        label = f"{names[place]}  {numbers[place]:.3f}"
        axes.plot(xs[place], ys[place], drawstyle=steps, label=label, **style)
    if others:
        more = f"{len(others)} more, {numbers[others].min():.3f} or above"
        axes.plot([], [], color="0.78", linewidth=0.9, label=more)
    _frame(figure, axes, title="area" if not others else "the smallest areas")
    return figure, axes


def _frame(figure: "Figure", axes: "Axes", *, title: str) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_box_aspect(1)
    axes.grid(color="0.92", linewidth=0.6)
    legend = figure.legend(loc="outside right upper", frameon=False, title=title, alignment="left")
    for text in legend.get_texts():
        text.set_fontfamily(families())
        text.set_parse_math(False)
