"""How well one class is told from the rest beyond chance: Cohen's kappa and its interval."""

import math
from dataclasses import dataclass

from kclass.errors import OptionError
from kclass.evaluation.intervals import wilson


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa with its interval: 1 is always right, 0 is what guessing gets."""

    value: float
    low: float
    high: float


def kappa(found: int, photos: int, rejected: int, others: int, *, confidence: float = 0.95) -> Kappa:
    """Kappa between being of a class and being taken for it.

    With p the share of the class among all, s = `found` / `photos` and t = `rejected` / `others`,
    kappa is (o - e) / (1 - e), where o = p s + (1 - p) t is how often the two agree, q = p s +
    (1 - p)(1 - t) how often the class is named, and e = p q + (1 - p)(1 - q) how often they would
    agree by chance.

    Its interval comes from the Wilson intervals of s and t, at the share p as it is: the distances
    that kappa moves when one of them goes to its limit, added as squares. With p = 1/2, kappa is
    s + t - 1 and this is Newcombe's interval of a difference of two proportions. Unlike the
    asymptotic standard error, which is 0 where everything was right, it holds for few photos.

    Args:
        found: photos of the class that were taken for it.
        photos: of the class, at least 1.
        rejected: other photos that were not taken for it.
        others: other photos, at least 1.
        confidence: share of such intervals that hold the true kappa, between 0 and 1.

    Raises:
        OptionError: no photos of the class or no others, or more right than there are.

    Source: J. Cohen, A Coefficient of Agreement for Nominal Scales, Educational and Psychological
    Measurement 20 (1960), 37-46. R. G. Newcombe, Interval Estimation for the Difference between
    Independent Proportions, Statistics in Medicine 17 (1998), 873-890, method 10; the same for other
    functions: G. Y. Zou, A. Donner, Statistics in Medicine 27 (2008), 1693-1702.
    """
    if not (photos and others):
        raise OptionError(f"kappa needs photos of the class and others; received {photos} and {others}")
    share = photos / (photos + others)
    sensitivity, specificity = found / photos, rejected / others
    of_class = wilson(found, photos, confidence=confidence)
    of_others = wilson(rejected, others, confidence=confidence)
    value = _kappa(share, sensitivity, specificity)
    down = math.hypot(
        value - _kappa(share, of_class.low, specificity), value - _kappa(share, sensitivity, of_others.low)
    )
    up = math.hypot(
        value - _kappa(share, of_class.high, specificity), value - _kappa(share, sensitivity, of_others.high)
    )
    return Kappa(value, value - down, value + up)


def _kappa(share: float, sensitivity: float, specificity: float) -> float:
    agreed = share * sensitivity + (1 - share) * specificity
    named = share * sensitivity + (1 - share) * (1 - specificity)
    chance = share * named + (1 - share) * (1 - named)
    return (agreed - chance) / (1 - chance)
