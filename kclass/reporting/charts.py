"""Where the parts of a chart lie that a page draws as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Point = tuple[float, float]

WIDTH: Final = 360
HEIGHT: Final = 232
LEFT: Final = 44.0
TOP: Final = 14.0
BOTTOM: Final = 190.0
_WITH_NAMES: Final = 284.0
_WITHOUT_NAMES: Final = 350.0
"""Where the plot ends at the right: with room for the lines' names beside it, and without."""

_APART: Final = 14.0
"""Least distance between two names."""

_MOST_TICKS: Final = 5
_STEPS: Final = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places: linear, or of logarithms."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value, in the units of the picture, to a tenth."""
        low, high, value = (math.log10(each) if self.log else each for each in (self.low, self.high, value))
        return round(self.start + (value - low) / (high - low) * (self.end - self.start), 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart, with its name where it ends."""

    name: str
    kind: str
    path: str
    points: tuple[Point, ...]
    name_at: Point


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with axes.

    Args:
        title: what it shows, for those who cannot see it too.
        x_title: of the horizontal axis.
        x_ticks: its marks.
        y_ticks: of the vertical axis, whose title is the chart's.
        right: where the plot ends.
        lines: what it shows.
        marked: the place of a vertical line through what was chosen, if anything was.
    """

    title: str
    x_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    right: float
    lines: tuple[Line, ...]
    marked: float | None = None
    width: int = WIDTH
    height: int = HEIGHT
    left: float = LEFT
    top: float = TOP
    bottom: float = field(default=BOTTOM)


def line_chart(
    title: str,
    lines: Mapping[str, Sequence[Point]],
    *,
    x_title: str,
    x_log: bool = False,
    marked: float | None = None,
    percent: bool = False,
) -> Chart | None:
    """A chart of one line or two; values that are not finite leave a gap. None if nothing is left.

    Args:
        title: what it shows.
        lines: points by the name of the line; the first is the one that matters.
        x_title: of the horizontal axis.
        x_log: whether it is one of powers of ten.
        marked: where on it what was chosen lies.
        percent: whether the values are shares, to be shown in percent.
    """
    points = [point for line in lines.values() for point in line if math.isfinite(point[1])]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    right = _WITH_NAMES if len(lines) > 1 else _WITHOUT_NAMES
    across = Scale(*_apart(min(xs), max(xs), log=x_log), LEFT + 6, right - 6, x_log)
    steps = ticks(0.0, max(ys))
    up = Scale(0.0, max(steps[-1], max(ys)), BOTTOM, TOP)
    drawn = [_line(name, kind, lines[name], across, up) for name, kind in zip(lines, _KINDS, strict=False)]
    return Chart(
        title=title,
        x_title=x_title,
        x_ticks=_powers(across) if x_log else _whole(across),
        y_ticks=tuple(Tick(up.at(each), f"{100 * each:g} %" if percent else f"{each:g}") for each in steps),
        right=right,
        lines=tuple(_named_apart(drawn)),
        marked=None if marked is None else across.at(marked),
    )


def ticks(low: float, high: float) -> list[float]:
    """Round values, at most six, from `low` or above to `high` or the next."""
    if not high > low:
        return [low, low + 1.0]
    rough = (high - low) / _MOST_TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(each * size for each in _STEPS if each * size >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


_KINDS: Final = ("main", "second")


def _line(name: str, kind: str, points: Sequence[Point], across: Scale, up: Scale) -> Line:
    words, placed, pen = [], [], "M"
    for x, y in points:
        if not math.isfinite(y):
            pen = "M"
            continue
        place = (across.at(x), up.at(y))
        words.append(f"{pen}{place[0]:g} {place[1]:g}")
        placed.append(place)
        pen = "L"
    end = placed[-1] if placed else (across.end, up.start)
    return Line(name, kind, " ".join(words), tuple(placed), (end[0] + 8, end[1] + 4))


def _named_apart(lines: Sequence[Line]) -> list[Line]:
    """The lines with their names where none hides another."""
    placed: list[Line] = []
    for line in sorted(lines, key=lambda each: each.name_at[1]):
        x, y = line.name_at
        if placed:
            y = max(y, placed[-1].name_at[1] + _APART)
        placed.append(Line(line.name, line.kind, line.path, line.points, (x, y)))
    return placed


def _apart(low: float, high: float, *, log: bool) -> Point:
    if low < high:
        return low, high
    return (low / 2, low * 2) if log else (low - 1, low + 1)


def _powers(scale: Scale) -> tuple[Tick, ...]:
    low, high = math.ceil(math.log10(scale.low) - 1e-9), math.floor(math.log10(scale.high) + 1e-9)
    every = max(1, math.ceil((high - low + 1) / (_MOST_TICKS + 1)))
    return tuple(Tick(scale.at(10.0**power), f"{10.0**power:g}") for power in range(low, high + 1, every))


def _whole(scale: Scale) -> tuple[Tick, ...]:
    steps = [each for each in ticks(scale.low, scale.high) if each == round(each) and each <= scale.high]
    return tuple(Tick(scale.at(each), f"{each:g}") for each in steps)
