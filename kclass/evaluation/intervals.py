"""How far a score can be trusted: intervals, and that of a proportion."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from kclass.errors import OptionError


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of proportions, from 0 to 1, both ends included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.low:.1f}\N{EN DASH}{percent(self.high)}"

    def to_dict(self) -> dict[str, float]:
        """Both ends by name, ready for JSON."""
        return {"low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class ValueInterval:
    """A range of values that are not read as percentages, such as losses, both ends included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.3f}\N{EN DASH}{self.high:.3f}"

    def to_dict(self) -> dict[str, float]:
        """Both ends by name, ready for JSON."""
        return {"low": self.low, "high": self.high}


def wilson(correct: int, total: int, *, confidence: float = 0.95) -> Interval:
    """The Wilson score interval of a proportion, without continuity correction.

    With n = `total`, p = `correct` / n and z the normal quantile of (1 + `confidence`) / 2, its
    ends are (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). It keeps to [0, 1] and holds for
    small n and for p near 0 or 1, where p ± z √(p(1-p)/n) does not.

    Args:
        correct: successes, from 0 to `total`.
        total: trials, at least 1.
        confidence: share of such intervals that hold the true proportion, between 0 and 1.

    Raises:
        OptionError: no trials, more successes than trials, or a confidence out of range.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
    Journal of the American Statistical Association 22 (1927), 209-212. Recommended for small n by
    L. D. Brown, T. T. Cai and A. DasGupta, Interval Estimation for a Binomial Proportion,
    Statistical Science 16 (2001), 101-133.
    """
    _check(correct, total, confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = correct / total
    spread = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    middle, scale = p + z * z / (2 * total), 1 + z * z / total
    # At the ends the formula gives 0 and 1 exactly; the arithmetic misses them by a rounding.
    low = 0.0 if correct == 0 else (middle - spread) / scale
    high = 1.0 if correct == total else (middle + spread) / scale
    return Interval(low, high)


def percent(share: float) -> str:
    """A share from 0 to 1 as people read it: `93.5 %`."""
    return f"{100 * share:.1f} %"


def _check(correct: int, total: int, confidence: float) -> None:
    if total < 1:
        raise OptionError(f"a proportion needs at least one trial; received {total}")
    if not 0 <= correct <= total:
        raise OptionError(f"{correct} successes in {total} trials")
    if not 0 < confidence < 1:
        raise OptionError(f"confidence is between 0 and 1; received {confidence}", fix="Write 95 % as 0.95.")
