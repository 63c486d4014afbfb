"""How far probabilities can be believed: reliability, expected calibration error, and the temperature."""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError, OptionError
from kclass.evaluation.intervals import Interval, wilson
from kclass.plots.reliability import plot_reliability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MOST_BINS: Final = 15
"""Bins that Guo et al. (2017) use; here the most there may be."""

BINNING: Final = "bins of equally many photos, the most that keep accuracy rising, 15 at most"

_TWENTIETHS: Final = np.linspace(0, 1, 21)

COLDEST, HOTTEST = 0.05, 20.0

PRIOR_DEVIATION: Final = 0.5
"""Deviation of ln T that is expected before any photo is seen; docs/decisions.md has the comparison."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Photos whose predictions are about equally sure.

    Args:
        low: where the bin begins: probability of the predicted class, 0 to 1.
        high: where it ends.
        photos: how many it has, at least 1.
        confidence: mean probability of the predicted class.
        accuracy: share of the photos that are predicted right.
        interval: the 95 % Wilson interval of that share.
    """

    low: float
    high: float
    photos: int
    confidence: float
    accuracy: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often predictions are right against how sure they are.

    Args:
        bins: from the least to the most sure; their edges meet, the first is 0, the last 1.
        ece: expected calibration error: mean over the photos of the difference between confidence and
            accuracy of their bin, 0 to 1.
        photos: how many there are.
        histogram: photos whose predicted class has a probability in each twentieth of 0 to 1.
        binning: how the bins were made, in words.
    """

    bins: tuple[ReliabilityBin, ...] = field(repr=False)
    ece: float
    photos: int
    histogram: tuple[int, ...] = field(repr=False)
    binning: str = BINNING

    @property
    def edges(self) -> tuple[float, ...]:
        """Where bins begin and end, from 0 to 1."""
        return (*(each.low for each in self.bins), self.bins[-1].high)

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values, ready for JSON."""
        return {
            "ece": self.ece,
            "photos": self.photos,
            "binning": self.binning,
            "bins": [{**asdict(each), "interval": each.interval.to_dict()} for each in self.bins],
        }

    def plot(self) -> "Figure":
        """The reliability diagram as a picture."""
        return plot_reliability(
            confidences=np.array([each.confidence for each in self.bins]),
            accuracies=np.array([each.accuracy for each in self.bins]),
            lows=np.array([each.interval.low for each in self.bins]),
            highs=np.array([each.interval.high for each in self.bins]),
            counts=np.array([each.photos for each in self.bins], dtype=np.int64),
            histogram=np.array(self.histogram, dtype=np.int64),
            error=self.ece,
            binning=self.binning,
        )


def reliability(probabilities: Floats, labels: NDArray[np.int32]) -> Reliability:
    """How often the most probable class is right, by how probable it is.

    Bins have equally many photos, as far as photos of one confidence are not parted. There are as many
    as there can be with an accuracy that does not fall from one bin to the next surer one, tried from
    one bin on, and at most 15. With a fixed number of bins, few photos make the error of a perfectly
    calibrated classifier look large: with 50 photos .09 by 15 bins, .04 by these (docs/decisions.md).

    Args:
        probabilities: float64 (photos, classes), 0 to 1.
        labels: int32 (photos,): the true classes, as columns of `probabilities`.

    Raises:
        DataError: there are no photos.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On Calibration of Modern Neural Networks, ICML
    2017, section 2, for the error. R. Roelofs, N. Cain, J. Shlens, M. C. Mozer, Mitigating Bias in
    Calibration Error Estimation, AISTATS 2022, for the bins: their ECE_SWEEP with equal mass.
    """
    if not len(labels):
        raise DataError("there are no photos to judge confidence by", fix="Choose a split that has photos.")
    confidences: Floats = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == labels
    inner = _swept(confidences, hits)
    place = np.searchsorted(inner, confidences)
    ends = [0.0, *inner.tolist(), 1.0]
    bins = tuple(
        _bin(ends[each], ends[each + 1], confidences[place == each], hits[place == each])
        for each in range(len(inner) + 1)
    )
    error = sum(each.photos * abs(each.confidence - each.accuracy) for each in bins) / len(labels)
    histogram, _ = np.histogram(confidences.clip(0, 1), _TWENTIETHS)  # a probability may miss 1 by a rounding
    return Reliability(bins, float(error), len(labels), tuple(histogram.tolist()))


def fit_temperature(
    log_probabilities: Floats, labels: NDArray[np.int32], weights: Floats | None = None
) -> float:
    """The temperature T that makes softmax(logits / T) fit photos that the logits were not fitted on.

    Minimises the sum over the photos of -ln(probability of the true class), plus (ln T)² / (2 · 0.5²).
    The second part is a normal prior about T = 1: without it, photos that are all predicted right drive
    T to 0, and 20 photos, the tenth of 200, to values that made the log loss of others twice as high
    (docs/decisions.md). With many photos it has no weight.

    Args:
        log_probabilities: float64 (photos, classes): natural logarithms of probabilities, or logits;
            rows that are not finite are left out.
        labels: int32 (photos,): the true classes.
        weights: float64 (photos,): what each photo counts; left out, each counts 1. They are brought to
            a mean of 1.

    Returns:
        T, from 0.05 to 20: above 1 probabilities become less sure; 1 if no photo can be judged.

    Raises:
        OptionError: arrays of different lengths.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On Calibration of Modern Neural Networks, ICML
    2017, section 4.2; the prior is kclass's own.
    """
    if len(log_probabilities) != len(labels) or (weights is not None and len(weights) != len(labels)):
        raise OptionError(f"{len(log_probabilities)} rows of probabilities for {len(labels)} labels")
    weights = np.ones(len(labels)) if weights is None else weights
    judged = np.isfinite(log_probabilities).all(axis=1) & (weights > 0)
    if not judged.any():
        return 1.0
    counted = weights[judged] / weights[judged].mean()
    return _best_temperature(log_probabilities[judged].astype(np.float64), labels[judged], counted)


def _best_temperature(logits: Floats, labels: NDArray[np.int32], weights: Floats) -> float:
    from scipy.optimize import minimize_scalar

    logits = logits - logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        totals = np.log(np.exp(logits / temperature).sum(axis=1))
        return float(weights @ (totals - own / temperature)) + log_temperature**2 / (2 * PRIOR_DEVIATION**2)

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def _swept(confidences: Floats, hits: NDArray[np.bool_]) -> Floats:
    """The inner edges of the most bins, tried from one on, whose accuracy never falls."""
    found: Floats = np.empty(0)
    for number in range(2, min(MOST_BINS, len(confidences)) + 1):
        edges = _equal_mass(confidences, number)
        place = np.searchsorted(edges, confidences)
        accuracies = np.bincount(place, hits) / np.bincount(place)
        if (np.diff(accuracies) < 0).any():
            break
        found = edges
    return found


def _equal_mass(confidences: Floats, number: int) -> Floats:
    """The inner edges of bins with equally many photos; those that would part equal photos are left out."""
    ascending = np.sort(confidences)
    cuts = np.arange(1, number) * len(ascending) // number
    before, after = ascending[cuts - 1], ascending[cuts]
    middle = (before + after) / 2
    # Between two neighbouring floats there is no middle; what equals an edge lies below it.
    edges: Floats = np.unique(np.where(middle < after, middle, before)[before < after])
    return edges


def _bin(low: float, high: float, confidences: Floats, hits: NDArray[np.bool_]) -> ReliabilityBin:
    right, photos = int(hits.sum()), len(hits)
    return ReliabilityBin(low, high, photos, float(confidences.mean()), right / photos, wilson(right, photos))
