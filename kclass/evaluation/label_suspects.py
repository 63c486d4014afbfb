"""Photos whose label is probably wrong, by confident learning."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.evaluation.agreement import kappa

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelSuspect:
    """A photo whose label is to be looked at.

    Args:
        row: its place among the photos given.
        label: the class it is labelled as.
        likely: the class that is the most probable.
        self_confidence: probability of its label, 0 to 1: the lower, the more suspect.
        confidence: probability of the likely class.
    """

    row: int
    label: int
    likely: int
    self_confidence: float
    confidence: float


def label_suspects(log_probabilities: Floats, labels: NDArray[np.int32]) -> tuple[LabelSuspect, ...]:
    """The photos whose labels contradict the probabilities, as many as the confident joint counts.

    The confident joint counts the photos labelled i that are confidently j: p_j is at least t_j, the
    mean of p_j over the photos labelled j, and the largest of those that are. Each of its rows is
    scaled to the number of photos labelled i, and what then stands off the diagonal is the estimated
    number of wrong labels. That many photos are taken in the order of self-confidence, p_i, without
    those whose label is the most probable class.

    Labels i and j are left out of all that unless each is told from the rest better than by guessing:
    the lower end of the 95 % interval of kappa, between being labelled so and being predicted so, is
    above 0. Who cannot tell the classes contradicts nearly every label, and that says nothing.

    The source prunes that many class by class; in one row for all, 10 labels planted wrong were found
    more often (docs/decisions.md has the comparison with the other scores and cuts).

    Args:
        log_probabilities: float64 (photos, classes), natural logarithms, by classifiers that had not
            seen the photo; NaN rows are left out.
        labels: int32 (photos,), from 0; photos of a negative label are left out.

    Returns:
        The suspects, the most suspect first.

    Source: C. Northcutt, L. Jiang, I. Chuang, Confident Learning: Estimating Uncertainty in Dataset
    Labels, Journal of Artificial Intelligence Research 70 (2021), 1373-1411: section 3.1 for the
    joint, 3.2 for ranking by self-confidence.
    """
    judged = np.flatnonzero((labels >= 0) & ~np.isnan(log_probabilities).any(axis=1))
    if not judged.size:
        return ()
    logs, given = log_probabilities[judged], labels[judged]
    own = logs[np.arange(judged.size), given]
    likely = logs.argmax(axis=1)
    told = told_classes(given, likely, classes=logs.shape[1])
    wrong = _estimated_wrong(np.exp(logs), given, told)
    order = np.argsort(own, kind="stable")
    return tuple(
        LabelSuspect(
            row=int(judged[place]),
            label=int(given[place]),
            likely=int(likely[place]),
            self_confidence=float(np.exp(own[place])),
            confidence=float(np.exp(logs[place, likely[place]])),
        )
        for place in order[told[given[order]]][:wrong].tolist()
        if likely[place] != given[place] and told[likely[place]]
    )


def told_classes(
    labels: NDArray[np.int32], predicted: NDArray[np.int64], *, classes: int
) -> NDArray[np.bool_]:
    """Which classes are told from the rest better than by guessing.

    Args:
        labels: int32 (photos,), from 0.
        predicted: int64 (photos,), likewise.
        classes: how many there are.

    Returns:
        bool (classes,): whether the lower end of the 95 % interval of kappa is above 0; never for
        classes that no or all photos are labelled as.
    """
    photos = len(labels)
    own = np.bincount(labels, minlength=classes).tolist()
    named = np.bincount(predicted, minlength=classes).tolist()
    found = np.bincount(labels[labels == predicted], minlength=classes).tolist()
    told = np.zeros(classes, dtype=np.bool_)
    for each in range(classes):
        if 0 < own[each] < photos:
            rejected = photos - own[each] - (named[each] - found[each])
            told[each] = kappa(found[each], own[each], rejected, photos - own[each]).low > 0
    return told


def _estimated_wrong(probabilities: Floats, labels: NDArray[np.int32], told: NDArray[np.bool_]) -> int:
    """How many labels are wrong, by the confident joint, among the classes that are told from the rest."""
    counts, joint = confident_joint(probabilities, labels)
    rows = joint.sum(axis=1)
    scale = np.divide(counts, rows, out=np.zeros(len(rows)), where=rows > 0)
    wrong = (joint * np.outer(told, told)).sum(axis=1) - joint.diagonal() * told
    return round(float((wrong * scale).sum()))


def confident_joint(
    probabilities: Floats, labels: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many photos each class has, and how many of them are confidently of each class.

    Args:
        probabilities: float64 (photos, classes).
        labels: int32 (photos,), from 0.

    Returns:
        int64 (classes,), and int64 (classes, classes): photos labelled as the row's class and
        confidently of the column's.
    """
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, probabilities[np.arange(len(labels)), labels], minlength=classes)
    # No photo is confidently of a class that has none: nothing reaches infinity.
    thresholds = np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0)
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    reached = confident.max(axis=1) >= 0
    joint = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(joint, (labels[reached], confident[reached].argmax(axis=1)), 1)
    return counts, joint
