"""Is one model better than another? Both judged on the same photos."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError, OptionError
from kclass.evaluation.intervals import ValueInterval

_HALVINGS: Final = 60
"""Of a range of 2, which leaves less than what a float64 near 1 can tell."""


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """How a second model fares against a first on the same photos.

    Args:
        both: photos that both predict right.
        first_only: photos that only the first does.
        second_only: photos that only the second does.
        neither: photos that neither does.
        difference: accuracy of the second minus that of the first, -1 to 1.
        interval: the 95 % interval of that difference, by Tango's score.
        p_value: of McNemar's mid-p test that the two are right equally often.
    """

    both: int
    first_only: int
    second_only: int
    neither: int
    difference: float
    interval: ValueInterval
    p_value: float

    @property
    def photos(self) -> int:
        """How many photos were compared."""
        return self.both + self.first_only + self.second_only + self.neither

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values, ready for JSON."""
        return {"photos": self.photos, **asdict(self)}

    def __str__(self) -> str:
        low, high = points(self.interval.low), points(self.interval.high)
        return f"{points(self.difference)} points, 95 % interval {low} to {high}, p = {self.p_value:.3g}"


def points(difference: float) -> str:
    """A difference of two shares as people read it: `+3.5`, in percentage points."""
    return f"{100 * difference:+.1f}"


def compare_paired(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> PairedComparison:
    """Compare two models by which of the same photos each predicts right.

    Args:
        first: bool (photos,): whether the first model is right.
        second: bool (photos,): whether the second is, in the same order.

    Raises:
        OptionError: the two are not as long as each other.
        DataError: there are no photos.
    """
    if first.shape != second.shape:
        raise OptionError(f"{len(first)} photos of the first model and {len(second)} of the second")
    if not len(first):
        raise DataError("there are no photos to compare models on", fix="Choose a split that has photos.")
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    first_only, second_only = int((first & ~second).sum()), int((second & ~first).sum())
    return PairedComparison(
        both=both,
        first_only=first_only,
        second_only=second_only,
        neither=neither,
        difference=(second_only - first_only) / len(first),
        interval=difference_interval(first_only, second_only, len(first)),
        p_value=mcnemar(first_only, second_only),
    )


def mcnemar(first_only: int, second_only: int) -> float:
    """The two-sided mid-p value of McNemar's exact test.

    If the two are right equally often, each photo that only one of them gets right is the first's
    or the second's with even odds: the smaller of both counts, x, is one of a binomial distribution
    with n = `first_only` + `second_only` and 1/2. The value is 2 P(X < x) + P(X = x), which is
    P(X ≤ x) + P(X < x): half the weight of what was seen is left out on either side, where the exact
    test has 2 P(X ≤ x) and rejects far too seldom. 1 where they differ on no photo.

    Args:
        first_only: photos that only the first model predicts right.
        second_only: photos that only the second does.

    Raises:
        OptionError: a count is below 0.

    Source: Q. McNemar, Note on the Sampling Error of the Difference between Correlated Proportions,
    Psychometrika 12 (1947), 153-157. Mid-p instead of exact: M. W. Fagerland, S. Lydersen, P. Laake,
    The McNemar Test for Binary Matched-Pairs Data, BMC Medical Research Methodology 13 (2013), 91.
    """
    from scipy.special import bdtr

    if min(first_only, second_only) < 0:
        raise OptionError(f"counts of photos are {first_only} and {second_only}; they must be 0 or more")
    least, number = min(first_only, second_only), first_only + second_only
    below = float(bdtr(least - 1, number, 0.5)) if least else 0.0
    return min(1.0, float(bdtr(least, number, 0.5)) + below)


def difference_interval(
    first_only: int, second_only: int, photos: int, *, confidence: float = 0.95
) -> ValueInterval:
    """Tango's score interval of the difference of two accuracies on the same photos.

    It holds the differences d that the score test does not reject: with b = `second_only`,
    c = `first_only` and n = `photos`, those with |b - c - nd| ≤ z √(n (2q + d (1 - d))), where q is
    the likeliest share of c if d is true. At d = 0 this is McNemar's test without its exactness, and it
    is to paired shares what the Wilson interval is to one; it has a width where b = c = 0, too.

    Args:
        first_only: photos that only the first model predicts right.
        second_only: photos that only the second does.
        photos: all that were compared, at least 1.
        confidence: share of such intervals that hold the true difference, between 0 and 1.

    Raises:
        OptionError: more right than there are photos, or a confidence out of range.

    Source: T. Tango, Equivalence Test and Confidence Interval for the Difference in Proportions for
    the Paired-Sample Design, Statistics in Medicine 17 (1998), 891-908, equations 24 to 26.
    Recommended by M. W. Fagerland, S. Lydersen, P. Laake, Recommended Tests and Confidence Intervals
    for Paired Binomial Proportions, Statistics in Medicine 33 (2014), 2850-2875.
    """
    if min(first_only, second_only) < 0 or not 0 < photos >= first_only + second_only:
        raise OptionError(f"{first_only} and {second_only} of {photos} photos")
    if not 0 < confidence < 1:
        raise OptionError(f"confidence is between 0 and 1; received {confidence}", fix="Write 95 % as 0.95.")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (second_only - first_only) / photos

    def rejected(difference: float) -> bool:
        return abs(photos * (middle - difference)) > z * _spread(difference, first_only, second_only, photos)

    return ValueInterval(_edge(rejected, -1.0, middle), _edge(rejected, 1.0, middle))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P values of several tests, each raised so that calling those below .05 significant errs at all,
    on any of them, in at most 5 % of cases.

    The k-th smallest of m is multiplied by m - k + 1, and is at least as large as those before it.

    Args:
        p_values: of the tests.

    Returns:
        The raised ones in the same order, at most 1.

    Source: S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of
    Statistics 6 (1979), 65-70.
    """  # noqa: D205 - one sentence of two lines
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    raised, largest = [1.0] * len(p_values), 0.0
    for place, which in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[which]))
        raised[which] = largest
    return tuple(raised)


def _spread(difference: float, first_only: int, second_only: int, photos: int) -> float:
    """Standard deviation of the count b - c if that is the true difference."""
    linear = (2 * photos - second_only + first_only) * difference - first_only - second_only
    constant = -first_only * difference * (1 - difference)
    share = (math.sqrt(max(0.0, linear * linear - 8 * photos * constant)) - linear) / (4 * photos)
    return math.sqrt(max(0.0, photos * (2 * share + difference * (1 - difference))))


def _edge(rejected: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where being rejected ends, between a difference that may be and one that is not."""
    if not rejected(outside):
        return outside
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if rejected(middle):
            outside = middle
        else:
            inside = middle
    return inside
