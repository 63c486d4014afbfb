"""How far the mean of some measured values can be trusted."""

import math

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError, OptionError
from kclass.evaluation.intervals import ValueInterval


def mean_interval(
    values: NDArray[np.float64], *, least: float, most: float, confidence: float = 0.95
) -> ValueInterval:
    """Student's interval of a mean, kept to the range that values can have.

    With n values of mean m and standard deviation s (n - 1 in its denominator) the ends are
    m ± t s / √n, t being the quantile of (1 + `confidence`) / 2 of Student's distribution with n - 1
    degrees of freedom. Of differences it is the interval of the paired t-test. One value says nothing of
    its spread, so the interval is then the whole range; values that are all equal have no width.

    Args:
        values: float64 (n,), from `least` to `most`.
        least: the smallest that a value can be.
        most: the largest.
        confidence: share of such intervals that should hold the true mean, between 0 and 1.

    Raises:
        DataError: there are no values.
        OptionError: a value is out of the range or not finite, or `confidence` is.

    Source: Student, The Probable Error of a Mean, Biometrika 6 (1908), 1-25.
    """
    from scipy.special import stdtrit

    if not 0 < confidence < 1:
        raise OptionError(f"confidence is between 0 and 1; received {confidence}", fix="Write 95 % as 0.95.")
    if not len(values):
        raise DataError("there are no values to take the mean of")
    if not ((least <= values) & (values <= most)).all():
        raise OptionError(f"values go from {values.min()} to {values.max()}; allowed are {least} to {most}")
    if len(values) == 1:
        return ValueInterval(least, most)
    quantile = float(stdtrit(len(values) - 1, (1 + confidence) / 2))
    spread = quantile * float(values.std(ddof=1)) / math.sqrt(len(values))
    middle = float(values.mean())
    return ValueInterval(max(least, middle - spread), min(most, middle + spread))
