"""How each class fared, from counts alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Means:
    """Means over the classes, each from 0 to 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """How one class fared.

    Args:
        name: the class.
        precision: share of the photos predicted as this class that are of it; 0 if none are.
        recall: share of its photos that were predicted as it; 0 if it has none.
        f1: harmonic mean of the two; 0 if both are.
        support: how many photos it has.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def class_metrics(confusion: Counts, classes: Sequence[str]) -> tuple[ClassMetrics, ...]:
    """Precision, recall, F1 and support of each class.

    Args:
        confusion: int64 (classes, classes): photos of the row's class predicted as the column's.
        classes: their names.
    """
    right = confusion.diagonal()
    supports, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    columns = (
        _ratios(right, predicted).tolist(),
        _ratios(right, supports).tolist(),
        _ratios(2 * right, supports + predicted).tolist(),
        supports.tolist(),
    )
    return tuple(ClassMetrics(*row) for row in zip(classes, *columns, strict=True))


def means(per_class: Sequence[ClassMetrics], weights: NDArray[Any]) -> Means:
    """The means over the classes, each counting as its weight says; not all weights are 0."""
    columns = np.array([(one.precision, one.recall, one.f1) for one in per_class])
    return Means(*np.average(columns, axis=0, weights=weights).tolist())


def balanced_accuracy(right: Counts, supports: Counts) -> NDArray[np.float64]:
    """Mean recall over the classes that have photos.

    Args:
        right: int64 (..., classes): photos of each class that were predicted as it.
        supports: likewise: photos of each class, at least one in all.

    Returns:
        float64 (...), 0 to 1.

    Source: K. H. Brodersen, C. S. Ong, K. E. Stephan, J. M. Buhmann, The Balanced Accuracy and Its
    Posterior Distribution, ICPR 2010, 3121-3124; for several classes, and without those that have no
    photo, as scikit-learn's `balanced_accuracy_score`.
    """
    mean: NDArray[np.float64] = _ratios(right, supports).sum(axis=-1) / (supports > 0).sum(axis=-1)
    return mean


def macro_f1(right: Counts, supports: Counts, predicted: Counts) -> NDArray[np.float64]:
    """Mean F1 over the classes that photos are of or were predicted as.

    Args:
        right: int64 (..., classes): photos of each class that were predicted as it.
        supports: likewise: photos of each class, at least one in all.
        predicted: likewise: photos predicted as each class.

    Returns:
        float64 (...), 0 to 1.
    """
    either = supports + predicted
    mean: NDArray[np.float64] = _ratios(2 * right, either).sum(axis=-1) / (either > 0).sum(axis=-1)
    return mean


def _ratios(parts: Counts, wholes: Counts) -> NDArray[np.float64]:
    """Parts of wholes; 0 where the whole is."""
    return np.divide(parts, wholes, out=np.zeros(parts.shape), where=wholes > 0)
