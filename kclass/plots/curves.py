"""The course of a training, and the test of a range of learning rates, as pictures."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.figures import new_figure
from kclass.plots.lettering import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

TRAINING: Final = "#D55E00"
HELD_OUT: Final = "#0072B2"
RATE: Final = "0.25"
"""Vermilion and blue of Okabe and Ito, "Color universal design" (2008), which every kind of colour
vision tells apart, and dark grey. Dashes and squares tell the lines apart where there is no colour."""

MOST_MARKED: Final = 40
"""Epochs up to which each has a marker; beyond, markers would touch."""

DECADE: Final = 10.0
TWO_DECADES: Final = 100.0
"""By what factor learning rates and held-out losses must differ for an axis of powers of ten."""

_WIDTH: Final = 8.0
_HEIGHTS: Final = (3.4, 2.2, 1.8)
_POINTS: Final = 72
_LETTERS: Final = 10.0
_SIGN_WIDTH: Final = 0.62
"""Width of a letter in its font size: .6 on average, .636 for a digit in DejaVu Sans."""

_LEAST_ERROR_TOP: Final = 1.0
"""Percent: how far the axis of error rates goes at least, so that no error at all is not blown up."""


def plot_history(
    *,
    phases: Sequence[str],
    epochs: Sequence[int],
    learning_rates: Sequence[float | None],
    train_losses: Sequence[float | None],
    held_out_losses: Sequence[float | None],
    error_rates: Sequence[float | None],
    best_epoch: int,
) -> "Figure":
    """Draw a training epoch by epoch: losses, error rate and learning rate, one above the other.

    Phases lie on grounds of two shades, each with its name on top. Epoch 0, the network as it was at
    the start, belongs to none. A value that is None or not finite leaves a gap.
    Learning rates that span a decade, and held-out losses that span two, are drawn on an axis of
    powers of ten.

    Args:
        phases: (rows,) the phase that each epoch belongs to.
        epochs: (rows,) rising from row to row through all phases, from 0 or 1 on.
        learning_rates: (rows,) of the epoch.
        train_losses: (rows,) in nats.
        held_out_losses: (rows,) in nats.
        error_rates: (rows,) of the held-out photos, 0 to 1; drawn in percent.
        best_epoch: the epoch that was kept, one of `epochs`.

    Raises:
        OptionError: there is no row, columns differ in length, epochs do not rise, or the best is none
            of them or has no loss or error rate.
    """
    places, rates, train, held_out, errors = columns = [
        _numbers(each) for each in (epochs, learning_rates, train_losses, held_out_losses, error_rates)
    ]
    _check_rows([len(phases), *map(len, columns)], places)
    _check_best(places, held_out + errors, best_epoch)
    figure = new_figure(_WIDTH, sum(_HEIGHTS))
    panels: tuple[Axes, Axes, Axes] = tuple(
        figure.subplots(3, 1, sharex=True, gridspec_kw={"height_ratios": _HEIGHTS})
    )
    _draw_losses(panels[0], places, train, held_out, best_epoch)
    _draw_errors(panels[1], places, 100 * errors, best_epoch)
    _draw_rates(panels[2], places, rates, phases)
    _set_epochs(panels[2], places)
    spans = _spans(phases, places)
    for axes in panels:
        _shade(axes, spans, best_epoch)
    _name_phases(panels[0], spans)
    return figure


def plot_lr_curve(rates: Floats, losses: Floats, smoothed: Floats, suggestion: float | None) -> "Figure":
    """Draw the losses of a learning-rate range test.

    The axis of losses shows the fall and a little above it; where the loss runs away, it leaves the
    picture.

    Args:
        rates: float64 (steps,), rising, above 0.
        losses: float64 (steps,) of the batches; may be NaN or infinite.
        smoothed: float64 (steps,) the same without their noise; NaN where there is none.
        suggestion: the learning rate suggested; None says so in the figure.

    Raises:
        OptionError: there is no step, or the arrays differ in length.
    """
    if not len(rates) or not len(rates) == len(losses) == len(smoothed):
        raise OptionError(f"a curve of {len(rates)} rates, {len(losses)} losses and {len(smoothed)} smoothed")
    figure = new_figure(_WIDTH, 5.0)
    axes = figure.subplots()
    with np.errstate(invalid="ignore"):
        raw = np.where(np.isfinite(losses), losses, np.nan)
    axes.plot(rates, raw, ".-", color="0.7", linewidth=0.7, markersize=4, label="loss of the batch")
    axes.plot(rates, smoothed, color=HELD_OUT, linewidth=2.4, label="smoothed")
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss (nats)")
    axes.grid(color="0.9", linewidth=0.6)
    limits = _limits(raw, smoothed)
    if limits is not None:
        axes.set_ylim(*limits)
    if suggestion is None:
        axes.set_title("no learning rate to suggest: the loss never falls clearly", loc="left", fontsize=12)
    else:
        _mark_suggestion(axes, rates, smoothed, suggestion)
    axes.legend(frameon=False, loc="lower left")
    return figure


def _numbers(values: Sequence[float | None]) -> Floats:
    """Float64, with NaN for what is None or not finite."""
    found = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    found[~np.isfinite(found)] = math.nan
    return found


def _check_rows(lengths: Sequence[int], places: Floats) -> None:
    if not len(places):
        raise OptionError("there is no epoch to draw")
    if len(set(lengths)) > 1:
        raise OptionError(f"columns of {sorted(set(lengths))} rows; all must have the same number")
    if (np.diff(places) <= 0).any():
        raise OptionError("the numbers of the epochs do not rise from row to row")


def _check_best(places: Floats, values: Floats, best: int) -> None:
    if best not in places:
        raise OptionError(f"the best epoch is {best}, which is not among those drawn")
    if not np.isfinite(values[places == best]).all():
        raise OptionError(f"the best epoch is {best}, which has no held-out loss or error rate")


def _line(axes: "Axes", places: Floats, values: Floats, marker: str, **style: Any) -> None:
    """One line; in a long one only points that no line reaches have a marker."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    alone = there[1:-1] & ~there[:-2] & ~there[2:]
    marked = alone if len(places) > MOST_MARKED else np.isfinite(values)
    axes.plot(places, values, marker=marker, markersize=4.5, markevery=marked.tolist(), **style)


def _draw_losses(axes: "Axes", places: Floats, train: Floats, held_out: Floats, best: int) -> None:
    _line(axes, places, train, "s", color=TRAINING, linestyle="--", linewidth=1.5, label="training photos")
    _line(axes, places, held_out, "o", color=HELD_OUT, linewidth=1.8, label="held-out photos")
    value = held_out[places == best].item()
    _star(axes, best, value, label=f"best: epoch {best}, {value:#.3g}")
    axes.set_ylabel("loss (nats)")
    if _spread(held_out) > TWO_DECADES:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0.0)
    axes.legend(frameon=False)


def _draw_errors(axes: "Axes", places: Floats, percent: Floats, best: int) -> None:
    _line(axes, places, percent, "o", color=HELD_OUT, linewidth=1.8)
    value = percent[places == best].item()
    _star(axes, best, value, label=f"epoch {best}: {value:.1f} %")
    axes.set_ylabel("error rate of\nheld-out photos (%)")
    top = max(1.1 * float(np.nanmax(percent)), _LEAST_ERROR_TOP)
    axes.set_ylim(-0.04 * top, top)
    axes.legend(frameon=False)


def _draw_rates(axes: "Axes", places: Floats, rates: Floats, phases: Sequence[str]) -> None:
    """The learning rate, in one line for each phase: from one to the next it jumps."""
    for span in _runs(phases):
        _line(axes, places[span], rates[span], "o", color=RATE, linewidth=1.5)
    axes.set_ylabel("learning rate")
    if _spread(rates) >= DECADE:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0.0)


def _set_epochs(axes: "Axes", places: Floats) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    margin = max(0.5, 0.015 * (places[-1] - places[0]))
    axes.set_xlim(places[0] - margin, places[-1] + margin)
    axes.set_xlabel("epoch (0: before training)" if places[0] == 0 else "epoch")


def _star(axes: "Axes", place: float, value: float, *, label: str) -> None:
    axes.plot(
        [place],
        [value],
        "*",
        color="black",
        markersize=13,
        markeredgecolor="white",
        label=label,
        linestyle="none",
        zorder=5,
    )


def _spread(values: Floats) -> float:
    """How many times the smallest of the values above 0 goes into the largest; 1 if there is none."""
    above = values[values > 0]
    return float(above.max() / above.min()) if len(above) else 1.0


def _runs(phases: Sequence[str]) -> list[slice]:
    """The rows of one phase after the other."""
    starts = [row for row in range(len(phases)) if row == 0 or phases[row] != phases[row - 1]]
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], len(phases)], strict=True)]


def _spans(phases: Sequence[str], places: Floats) -> list[tuple[str, float, float]]:
    """Each phase with the epochs where its ground begins and ends: halfway to its neighbours."""
    found = []
    for run in _runs(phases):
        own = places[run][places[run] > 0]
        if len(own):
            found.append((phases[run.start], float(own[0]) - 0.5, float(own[-1]) + 0.5))
    return found


def _shade(axes: "Axes", spans: Sequence[tuple[str, float, float]], best: int) -> None:
    axes.grid(color="0.9", linewidth=0.6)
    for number, (_, left, right) in enumerate(spans):
        if number % 2:
            axes.axvspan(left, right, color="0.95", zorder=0)
        if number:
            axes.axvline(left, color="0.6", linewidth=1, zorder=1)
    axes.axvline(best, color="black", linestyle=":", linewidth=1, zorder=1)


def _name_phases(axes: "Axes", spans: Sequence[tuple[str, float, float]]) -> None:
    """Write names above the middle of their grounds, pushed aside where they would touch."""
    low, high = axes.get_xlim()
    unit = (high - low) / (0.88 * _WIDTH * _POINTS)
    widths = [unit * _LETTERS * _SIGN_WIDTH * (len(name) + 1) for name, _, _ in spans]
    lefts: list[float] = []
    for (_, left, right), width in zip(spans, widths, strict=True):
        least = lefts[-1] + widths[len(lefts) - 1] if lefts else low
        lefts.append(max(least, (left + right - width) / 2))
    end = high
    for number in reversed(range(len(lefts))):
        lefts[number] = min(lefts[number], end - widths[number])
        end = lefts[number]
    for (name, _, _), left, width in zip(spans, lefts, widths, strict=True):
        axes.text(
            left + width / 2,
            1.02,
            name,
            transform=axes.get_xaxis_transform(),
            ha="center",
            fontsize=_LETTERS,
            fontfamily=families(),
            parse_math=False,
        )


def _limits(raw: Floats, smoothed: Floats) -> tuple[float, float] | None:
    """From below the lowest loss to a little above the smoothed one before its lowest point."""
    if not np.isfinite(smoothed).any():
        return None
    lowest = int(np.nanargmin(smoothed))
    before = raw[: lowest + 1]
    high = max(float(np.nanmax(smoothed[: lowest + 1])), float(np.nanquantile(before, 0.98)))
    low = min(float(smoothed[lowest]), float(np.nanmin(raw)))
    room = 0.15 * (high - low) or 0.1 * max(abs(high), 0.1)
    return low - room, high + 2 * room


def _mark_suggestion(axes: "Axes", rates: Floats, smoothed: Floats, suggestion: float) -> None:
    there = np.isfinite(smoothed)
    height = float(np.interp(math.log(suggestion), np.log(rates[there]), smoothed[there]))
    axes.axvline(suggestion, color="black", linestyle="--", linewidth=1)
    axes.plot([suggestion], [height], "o", color=TRAINING, markersize=9, markeredgecolor="white", zorder=5)
    left = math.log(suggestion / rates[0]) > 0.5 * math.log(rates[-1] / rates[0])
    axes.annotate(
        f"suggested: {suggestion:.2g}",
        (suggestion, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if left else 6, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )
