"""What was measured of maps, beside a random map and one that is hot in the middle of every photo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.evaluation.intervals import ValueInterval, wilson
from kclass.evaluation.mean_interval import mean_interval
from kclass.evaluation.paired import difference_interval
from kclass.explanation.randomisation import Randomised, unheeded

OWN: Final = "map"
RANDOM: Final = "random"
CENTRE: Final = "centre"
"""Whose values they are: the method's maps, random ones, and those hot in the middle."""

MATTERS: Final = 0.1
"""The least gain in an area, of 0 to 1, for which maps are worth looking at.

It is a convention: Grad-CAM gains .11 to .14 over random maps on photos of flowers and insects, and maps
that may gain as much cannot be called useless.
"""

NOT_BETTER: Final = "not better than a random map: do not rely on these maps"
TOO_FEW: Final = "too few photos to tell whether these maps are better than a random map"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """How much better the maps are than others on the same photos.

    Args:
        value: the mean of the differences, photo by photo, above 0 if the maps are better.
        interval: the 95 % interval of that mean.
    """

    value: float
    interval: ValueInterval

    @property
    def sure(self) -> bool:
        """Whether the maps are better by more than chance: all of the interval lies above 0."""
        return self.interval.low > 0

    @property
    def open(self) -> bool:
        """Whether more photos are needed: the interval holds both 0 and gains of `MATTERS` or more."""
        return self.interval.low <= 0 and self.interval.high >= MATTERS

    def __str__(self) -> str:
        return f"{self.value:+.3f} ({self.interval.low:+.3f} to {self.interval.high:+.3f})"


@dataclass(frozen=True, eq=False)
class Measure:
    """One measure of the maps of some photos, and of the maps that they are held against.

    Args:
        name: as tables call it.
        values: float64 (n,), 0 to 1, of each photo, by `OWN`, `RANDOM` and `CENTRE`.
        low_is_good: whether less is better.
        hits: whether each value is 0 or 1; intervals are then those of proportions.
    """

    name: str
    values: Mapping[str, Floats]
    low_is_good: bool = False
    hits: bool = False

    def mean(self, of: str) -> float:
        """The mean over the photos."""
        return float(self.values[of].mean())

    def interval(self, of: str) -> ValueInterval:
        """The 95 % interval of that mean: Wilson's of hits, else Student's."""
        values = self.values[of]
        if not self.hits:
            return mean_interval(values, least=0, most=1)
        found = wilson(int(values.sum()), len(values))
        return ValueInterval(found.low, found.high)

    def gain_over(self, other: str) -> Gain:
        """How much better the maps are than the others, with Tango's interval of hits, else Student's."""
        own, others = self.values[OWN], self.values[other]
        gains = others - own if self.low_is_good else own - others
        if self.hits:
            interval = difference_interval(int((gains < 0).sum()), int((gains > 0).sum()), len(gains))
        else:
            interval = mean_interval(gains, least=-1, most=1)
        return Gain(float(gains.mean()), interval)

    def row(self) -> list[str]:
        """Its cells in a table with the columns of `COLUMNS`."""
        good = "low" if self.low_is_good else "high"
        means = [f"{self.mean(each):.3f}" for each in (OWN, RANDOM, CENTRE)]
        return [f"{self.name} ({good} is good)", *means, *(str(self.gain_over(e)) for e in (RANDOM, CENTRE))]

    def to_dict(self) -> dict[str, Any]:
        """Means, gains and intervals in plain values, ready for JSON."""
        return {
            "photos": len(self.values[OWN]),
            "low_is_good": self.low_is_good,
            **{
                each: {"mean": self.mean(each), "interval": self.interval(each).to_dict()}
                for each in (OWN, RANDOM, CENTRE)
            },
            "gains": {
                each: {"mean": gain.value, "interval": gain.interval.to_dict()}
                for each, gain in ((each, self.gain_over(each)) for each in (RANDOM, CENTRE))
            },
        }


COLUMNS: Final = (RANDOM, CENTRE, "better than random by", "better than centre by")
"""The head of a table of measures after the two first columns: the measure, and the maps themselves."""


def verdict_of(deletion: Measure, insertion: Measure, checks: Sequence[Randomised]) -> str:
    """What is to be thought of maps, in words.

    Maps must beat random ones by more than chance in deletion and in insertion, and must change when the
    weights do; to beat the middle of the photo, too, is more than needed, as the subject may be there.

    Where the 95 % interval of a gain lies above 0, maps are better; where all of it lies below `MATTERS`,
    they are not; where it holds both 0 and gains of `MATTERS` or more, there are too few photos to tell.
    """
    words = _compared([deletion, insertion])
    ignored = unheeded(checks)
    return f"{words}; they {ignored}" if ignored else words


def _compared(measures: Sequence[Measure]) -> str:
    """Whether maps are better than random ones, and then whether than the middle of the photo."""
    better = [each.name for each in measures if each.gain_over(RANDOM).sure]
    unknown = [each.name for each in measures if each.gain_over(RANDOM).open]
    if not better:
        return TOO_FEW if unknown else NOT_BETTER
    if unknown:
        return f"better than a random map in {better[0]}, but too few photos to tell in {unknown[0]}"
    if len(better) == 1:
        return f"better than a random map in {better[0]} alone: do not rely on single maps"
    over_centre = [each.gain_over(CENTRE) for each in measures]
    if all(gain.sure for gain in over_centre):
        return "better than a random map and than the middle of the photo"
    if all(gain.sure or gain.open for gain in over_centre):
        return "better than a random map, but too few photos to tell whether than the middle of the photo"
    return "better than a random map, but not in all than the middle of the photo"
