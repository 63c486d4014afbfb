"""Whether a model's probabilities can be believed, as charts for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.evaluation.calibration import Reliability, reliability
from kclass.reporting.charts import BOTTOM, LEFT, TOP, Scale, Tick, ticks
from kclass.reporting.run_reading import SplitResults

SIDE: Final = 300.0
"""Where both axes of the reliability diagram end; with `LEFT` and `TOP` it is a square."""

_BELOW: Final = 52.0
_CONFIDENCE_BINS: Final = 20
_NOVELTY_BINS: Final = 24
_NOVELTY_RIGHT: Final = 350.0
_TWICE_THE_THRESHOLD: Final = 2.0
"""A bar is beyond the threshold of novelty, 1, if the mean of its ends is."""


@dataclass(frozen=True, slots=True)
class Bin:
    """A point of the reliability diagram, with its interval."""

    x: float
    y: float
    low: float
    high: float
    words: str


@dataclass(frozen=True, slots=True)
class ReliabilityChart:
    """A reliability diagram: its square, and below how many photos the model is how sure of."""

    bins: tuple[Bin, ...]
    bars: tuple["Bar", ...]
    most: int
    ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    left: float
    right: float
    top: float
    bottom: float
    bars_bottom: float
    width: float
    height: float
    ece: float
    binning: str
    mean_confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram."""

    left: float
    width: float
    top: float
    over: bool


@dataclass(frozen=True, slots=True)
class NoveltyChart:
    """How unlike training the photos are: a histogram, and the line at 1."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    left: float
    right: float
    top: float
    bottom: float
    one: float
    novel: int
    photos: int


def reliability_chart(results: SplitResults) -> ReliabilityChart:
    """The reliability diagram of a split."""
    found = reliability(results.probabilities, results.labels)
    across, up = Scale(0.0, 1.0, LEFT, SIDE), Scale(0.0, 1.0, TOP + SIDE - LEFT, TOP)
    bottom = TOP + SIDE - LEFT
    bars_bottom = bottom + _BELOW + 26
    steps = (0.0, 0.25, 0.5, 0.75, 1.0)
    sure = results.probabilities.max(axis=1)
    edges = np.linspace(0, 1, _CONFIDENCE_BINS + 1)
    counts = np.histogram(sure, edges)[0].tolist()
    return ReliabilityChart(
        bins=tuple(_bins(found, across, up)),
        bars=tuple(_bars(counts, edges, across, Scale(0, max(counts), bars_bottom, bars_bottom - _BELOW))),
        most=int(max(counts)),
        ticks=tuple(Tick(across.at(each), f"{100 * each:g} %") for each in steps),
        y_ticks=tuple(Tick(up.at(each), f"{100 * each:g} %") for each in steps),
        left=LEFT,
        right=SIDE,
        top=TOP,
        bottom=bottom,
        bars_bottom=bars_bottom,
        width=SIDE + 8,
        height=bars_bottom + 34,
        ece=found.ece,
        binning=found.binning,
        mean_confidence=float(sure.mean()),
        accuracy=float((results.labels == results.predicted).mean()),
    )


def _bins(found: Reliability, across: Scale, up: Scale) -> list[Bin]:
    return [
        Bin(
            x=across.at(each.confidence),
            y=up.at(each.accuracy),
            low=up.at(each.interval.low),
            high=up.at(each.interval.high),
            words=f"{each.photos:,} photos, {100 * each.confidence:.0f} % sure, "
            f"{100 * each.accuracy:.0f} % right ({each.interval})",
        )
        for each in found.bins
    ]


def _bars(counts: Sequence[int], edges: NDArray[np.float64], across: Scale, up: Scale) -> list[Bar]:
    """The bars of a histogram, without empty ones."""
    return [
        Bar(
            across.at(edges[place]) + 0.5,
            round(across.at(edges[place + 1]) - across.at(edges[place]) - 1, 1),
            up.at(float(count)),
            bool(edges[place] + edges[place + 1] > _TWICE_THE_THRESHOLD),
        )
        for place, count in enumerate(counts)
        if count
    ]


def novelty_chart(scores: NDArray[np.float64]) -> NoveltyChart | None:
    """The histogram of novelty scores; None if none is a number.

    Args:
        scores: float64 (photos,): above 1 a photo is unlike those of training.
    """
    finite = scores[np.isfinite(scores)]
    if not finite.size:
        return None
    high = max(1.5, min(float(finite.max()), 3.0))
    low = min(0.0, float(finite.min()))
    edges = np.linspace(low, high, _NOVELTY_BINS + 1)
    counts, _ = np.histogram(finite.clip(low, high), edges)
    across = Scale(low, high, LEFT, _NOVELTY_RIGHT)
    steps = ticks(0.0, float(counts.max()))
    up = Scale(0.0, max(steps[-1], float(counts.max())), BOTTOM, TOP)
    return NoveltyChart(
        bars=tuple(_bars(counts.tolist(), edges, across, up)),
        ticks=tuple(Tick(across.at(each), f"{each:g}") for each in ticks(low, high) if each <= high),
        y_ticks=tuple(Tick(up.at(each), f"{each:g}") for each in steps if each == round(each)),
        left=LEFT,
        right=_NOVELTY_RIGHT,
        top=TOP,
        bottom=BOTTOM,
        one=across.at(1.0),
        novel=int((finite > 1).sum()),
        photos=int(finite.size),
    )
