"""The error against the number of training photos, as a picture."""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.curves import HELD_OUT, TRAINING
from kclass.plots.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_WIDTH: Final = 8.0
_HEIGHT: Final = 5.0
_APART: Final = 1.28
"""By what factor numbers below the axis differ at least, so that they do not touch."""

_LEAST_TOP: Final = 2.0
"""Percent: how far the axis goes at least, so that no error at all is not blown up."""


def plot_learning_curve(
    *,
    sizes: Floats,
    errors: Floats,
    lows: Floats,
    highs: Floats,
    fitted_sizes: Floats,
    fitted: Floats,
    fitted_lows: Floats,
    fitted_highs: Floats,
    measured_to: float,
    title: str,
) -> "Figure":
    """Draw measured errors with their intervals, and the curve fitted to them with its own.

    Beyond what was measured the curve is dashed. Photos lie on an axis of powers.

    Args:
        sizes: float64 (points,): training photos, rising, above 0.
        errors: float64 (points,): share of held-out photos predicted wrong, 0 to 1; drawn in percent.
        lows: float64 (points,): lower ends of their 95 % intervals.
        highs: float64 (points,): upper ends.
        fitted_sizes: float64 (steps,): where the fitted curve is known, rising; empty if there is none.
        fitted: float64 (steps,): the fitted errors, 0 to 1.
        fitted_lows: float64 (steps,): lower ends of their 95 % intervals.
        fitted_highs: float64 (steps,): upper ends.
        measured_to: training photos up to which the curve is drawn through.
        title: what the curve tells, in a line or two.

    Raises:
        OptionError: there is no point, sizes do not rise, or arrays of different lengths.
    """
    points, steps = (sizes, errors, lows, highs), (fitted_sizes, fitted, fitted_lows, fitted_highs)
    if not len(sizes) or any(len({len(each) for each in group}) > 1 for group in (points, steps)):
        raise OptionError(f"a learning curve of {[len(each) for each in (*points, *steps)]} points")
    if (np.diff(sizes) <= 0).any() or sizes[0] <= 0:
        raise OptionError("the numbers of training photos do not rise from above 0")
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.subplots()
    if len(fitted_sizes):
        _draw_fitted(axes, fitted_sizes, fitted, fitted_lows, fitted_highs, measured_to)
    _draw_measured(axes, sizes, errors, lows, highs)
    _scale(axes, np.concatenate([sizes, fitted_sizes[-1:]]), np.concatenate([highs, fitted_highs[-1:]]))
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    axes.legend(frameon=False, loc="upper right")
    return figure


def _draw_fitted(
    axes: "Axes", sizes: Floats, fitted: Floats, lows: Floats, highs: Floats, measured_to: float
) -> None:
    before, beyond = sizes <= measured_to, sizes >= measured_to
    axes.fill_between(
        sizes, 100 * lows, 100 * highs, color=TRAINING, alpha=0.18, linewidth=0, label="its 95 % interval"
    )
    axes.plot(sizes[before], 100 * fitted[before], color=TRAINING, linewidth=1.8, label="fitted curve")
    if beyond.any():
        axes.plot(
            sizes[beyond],
            100 * fitted[beyond],
            "--",
            color=TRAINING,
            linewidth=1.8,
            label="what it says of more photos",
        )


def _draw_measured(axes: "Axes", sizes: Floats, errors: Floats, lows: Floats, highs: Floats) -> None:
    bars = 100 * np.maximum([errors - lows, highs - errors], 0.0)
    axes.errorbar(
        sizes,
        100 * errors,
        yerr=bars,
        fmt="o",
        color=HELD_OUT,
        markersize=5.5,
        elinewidth=1.2,
        capsize=3,
        label="measured, with 95 % interval",
    )


def _scale(axes: "Axes", sizes: Floats, highs: Floats) -> None:
    from matplotlib.ticker import NullFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.1, sizes.max() * 1.1)
    ticks = _ticks(sizes.tolist())
    axes.set_xticks(ticks, [f"{round(tick)}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0, max(105 * float(highs.max()), _LEAST_TOP))
    axes.set_xlabel("training photos")
    axes.set_ylabel("error on held-out photos (%)")
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)


def _ticks(sizes: list[float]) -> list[float]:
    """Some of the sizes, far enough apart to be read; the largest of those measured are the first taken."""
    kept: list[float] = []
    for size in [*sizes[-2:], *sizes[:-2]]:
        if all(max(size / each, each / size) >= _APART for each in kept):
            kept.append(size)
    return kept
