"""How well each class is ranked above the others at every threshold: ROC and precision-recall curves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """One class against the rest, from the highest threshold to the lowest.

    Args:
        false_positive_rates: float64 (points,), rising from 0 to 1: share of the other photos whose
            score is at least the threshold.
        true_positive_rates: float64 (points,), likewise of the photos of the class.
        thresholds: float64 (points,), falling; the first is infinite.
        area: under the curve, 0 to 1: how often a photo of the class has a higher score than another,
            ties counted half.
    """

    false_positive_rates: Floats
    true_positive_rates: Floats
    thresholds: Floats
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecallCurve:
    """One class against the rest, from the highest threshold to the lowest.

    Args:
        recalls: float64 (points,), rising from 0 to 1: share of the photos of the class whose score is
            at least the threshold.
        precisions: float64 (points,): share of the photos at or above the threshold that are of the
            class; 1 at the first point, where there are none.
        thresholds: float64 (points,), falling; the first is infinite.
        average_precision: the sum over the points of (recall - recall before) times precision, 0 to 1.
    """

    recalls: Floats
    precisions: Floats
    thresholds: Floats
    average_precision: float


def roc_curves(probabilities: Floats, labels: NDArray[np.int32]) -> tuple[RocCurve | None, ...]:
    """The ROC curve of each class against the rest.

    Photos with equal scores are one step; points on a straight line between others are left out.

    Args:
        probabilities: float64 (photos, classes): the scores, the higher the more likely.
        labels: int32 (photos,): the true classes, as columns of `probabilities`.

    Returns:
        A curve for each class in order; None for a class that no photo is of, or all are.

    Source: T. Fawcett, An Introduction to ROC Analysis, Pattern Recognition Letters 27 (2006),
    861-874, algorithms 1 and 2. The points are those of scikit-learn's `roc_curve`.
    """
    return tuple(
        _roc(column, labels == each) if _both_kinds(labels == each) else None
        for each, column in enumerate(probabilities.T)
    )


def precision_recall_curves(
    probabilities: Floats, labels: NDArray[np.int32]
) -> tuple[PrecisionRecallCurve | None, ...]:
    """The precision-recall curve of each class against the rest.

    Photos with equal scores are one step.

    Args:
        probabilities: float64 (photos, classes): the scores, the higher the more likely.
        labels: int32 (photos,): the true classes, as columns of `probabilities`.

    Returns:
        A curve for each class in order; None for a class that no photo is of, or all are.

    Source: the points are those of scikit-learn's `precision_recall_curve`, in the opposite order,
    and average precision is its `average_precision_score`: the area is not interpolated, which
    J. Davis, M. Goadrich, The Relationship between Precision-Recall and ROC Curves, ICML 2006,
    233-240, show to be too hopeful.
    """
    return tuple(
        _precision_recall(column, labels == each) if _both_kinds(labels == each) else None
        for each, column in enumerate(probabilities.T)
    )


def _both_kinds(positive: NDArray[np.bool_]) -> bool:
    return bool(positive.any() and not positive.all())


def _roc(scores: Floats, positive: NDArray[np.bool_]) -> RocCurve:
    thresholds, true, false = _steps(scores, positive)
    kept = np.ones(len(thresholds), np.bool_)
    kept[2:-1] = (np.diff(true[1:], 2) != 0) | (np.diff(false[1:], 2) != 0)
    true_rates, false_rates = true[kept] / true[-1], false[kept] / false[-1]
    return RocCurve(
        false_positive_rates=false_rates,
        true_positive_rates=true_rates,
        thresholds=thresholds[kept],
        area=float(np.trapezoid(true_rates, false_rates)),
    )


def _precision_recall(scores: Floats, positive: NDArray[np.bool_]) -> PrecisionRecallCurve:
    thresholds, true, false = _steps(scores, positive)
    # Once all photos of the class are found, lower thresholds only add others.
    last = int(np.searchsorted(true, true[-1])) + 1
    thresholds, true, false = thresholds[:last], true[:last], false[:last]
    recalls = true / true[-1]
    precisions = np.ones(last)
    precisions[1:] = true[1:] / (true[1:] + false[1:])
    return PrecisionRecallCurve(
        recalls=recalls,
        precisions=precisions,
        thresholds=thresholds,
        average_precision=float((np.diff(recalls) * precisions[1:]).sum()),
    )


def _steps(
    scores: Floats, positive: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Each different score, falling, after infinity, and how many photos of either kind reach it."""
    order = np.argsort(-scores, kind="stable")
    falling, kinds = scores[order], positive[order]
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    true = np.append(0, np.cumsum(kinds)[ends])
    return np.append(np.inf, falling[ends]), true, np.append(0, ends + 1) - true
