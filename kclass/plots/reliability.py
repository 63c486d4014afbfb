"""How far a classifier's confidence can be believed, as a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.curves import HELD_OUT, TRAINING
from kclass.plots.figures import new_figure
from kclass.plots.photo_grid import broken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_WIDTH: Final = 6.4
_HEIGHT: Final = 7.2
_TITLE: Final = 5.6
"""Inches: the square of the diagram with the counts below, and a line of the title."""

_LETTERS: Final = 11.0
"""Points: the letters of the title."""


def plot_reliability(
    *,
    confidences: Floats,
    accuracies: Floats,
    lows: Floats,
    highs: Floats,
    counts: NDArray[np.int64],
    histogram: NDArray[np.int64],
    error: float,
    binning: str,
) -> "Figure":
    """Draw how often predictions are right against how sure they are, with the number of photos below.

    A bin without photos is left out. Points below the dashed diagonal are too sure of themselves, points
    above it not sure enough.

    Args:
        confidences: float64 (bins,): mean probability of the predicted class in each bin, 0 to 1.
        accuracies: float64 (bins,): share of its photos that are predicted right, 0 to 1.
        lows: float64 (bins,): lower ends of the 95 % intervals of the accuracies.
        highs: float64 (bins,): upper ends.
        counts: int64 (bins,): photos.
        histogram: int64 (parts,): photos whose predicted class has a probability in each of as many equal
            parts of 0 to 1; bins may have equally many photos, and would then show nothing.
        error: the expected calibration error, 0 to 1.
        binning: how the bins were made, such as "15 bins of equal width"; stands in the title.

    Raises:
        OptionError: there is no photo, or arrays of different lengths.

    Source: M. H. DeGroot and S. E. Fienberg, The Comparison and Evaluation of Forecasters, The
    Statistician 32 (1983), 12-22, for the diagram.
    """
    _check([confidences, accuracies, lows, highs, counts])
    there = np.asarray(counts) > 0
    if not there.any():
        raise OptionError("there is no photo to draw the reliability of")
    figure = new_figure(_WIDTH, _HEIGHT)
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (4.2, 1)})
    _draw_points(upper, *(each[there] for each in (confidences, accuracies, lows, highs)))
    _draw_counts(lower, histogram)
    told = [
        f"expected calibration error {100 * error:.1f} %",
        *broken(binning, width=_TITLE, points=_LETTERS),
    ]
    upper.set_title("\n".join(told), loc="left", fontsize=_LETTERS)
    return figure


def _check(columns: Sequence[NDArray[np.generic]]) -> None:
    lengths = sorted({len(each) for each in columns})
    if len(lengths) > 1:
        raise OptionError(f"bins of {lengths} rows; all must have the same number")


def _draw_points(axes: "Axes", confidences: Floats, accuracies: Floats, lows: Floats, highs: Floats) -> None:
    axes.plot([0, 1], [0, 1], "--", color="0.35", linewidth=1.2, label="as sure as right")
    # An interval may miss its point by a rounding, and matplotlib takes no negative length.
    bars = np.maximum([accuracies - lows, highs - accuracies], 0.0)
    axes.errorbar(
        confidences,
        accuracies,
        yerr=bars,
        fmt="o-",
        color=HELD_OUT,
        markersize=5.5,
        linewidth=1.4,
        elinewidth=1.2,
        capsize=3,
        label="photos, with 95 % interval",
    )
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("share that is right")
    axes.grid(color="0.9", linewidth=0.6)
    axes.legend(frameon=False, loc="upper left")


def _draw_counts(axes: "Axes", histogram: NDArray[np.int64]) -> None:
    from matplotlib.ticker import MaxNLocator

    edges = np.linspace(0.0, 1.0, len(histogram) + 1)
    axes.bar(
        edges[:-1],
        histogram,
        width=np.diff(edges),
        align="edge",
        color=TRAINING,
        alpha=0.75,
        edgecolor="white",
        linewidth=0.6,
    )
    axes.set_xlabel("probability of the predicted class")
    axes.set_ylabel("photos")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    axes.grid(color="0.9", linewidth=0.6, axis="y")
    axes.set_axisbelow(True)
