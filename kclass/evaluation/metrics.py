"""How good predictions are: accuracy and its interval, log loss, and each class on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.names import readable
from kclass.dataset.tables import text_table
from kclass.errors import DataError, OptionError
from kclass.evaluation.bootstrap import bootstrap_intervals, scores
from kclass.evaluation.class_scores import ClassMetrics, Means, class_metrics, means
from kclass.evaluation.intervals import Interval, ValueInterval, percent, wilson
from kclass.plots.class_bars import plot_classes
from kclass.plots.confusion import confusion_matrix, normalised_confusion_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES: Final = 10
"""Classes that are shown one by one; of more, those with the lowest F1 are."""

_PERCENTAGES: Final = ("balanced_accuracy",)
"""Scores whose bootstrap interval is read in percent."""

_SUM_TOLERANCE: Final = 0.01
"""How far probabilities may be from a sum of 1: rounding to bfloat16 alone moves them by .004."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Metrics:
    """What `evaluate` found.

    Args:
        photos: how many photos were scored.
        correct: how many of them were predicted right.
        accuracy: `correct` / `photos`.
        interval: the 95 % Wilson interval of the accuracy.
        balanced_accuracy: mean recall over the classes that have photos.
        log_loss: mean of -ln(probability of the true class), in nats.
        brier: mean over the photos of Σ (p_c - y_c)² over all classes, y_c being 1 for the true class
            and 0 for others: 0 is best, 2 worst.
        top_k: accuracy if one of the k most probable classes may be right, by k: 1, and 5 if
            there are more than five classes.
        per_class: one entry for each class, in order.
        macro: means over the classes that photos are of or were predicted as, each counting alike.
        weighted: means over the classes, each counting as often as it has photos.
        confusion: int64 (classes, classes): photos of the row's class predicted as the column's.
        intervals: 95 % intervals by the name of the score: `accuracy` and `top_5`, by Wilson;
            `balanced_accuracy`, `macro_f1`, `log_loss` and `brier`, by the smoothed bootstrap.
    """

    photos: int
    correct: int
    accuracy: float
    interval: Interval
    balanced_accuracy: float
    log_loss: float
    brier: float
    top_k: Mapping[int, float]
    per_class: tuple[ClassMetrics, ...]
    macro: Means
    weighted: Means
    confusion: NDArray[np.int64]
    intervals: Mapping[str, Interval | ValueInterval]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of `per_class` and `confusion`."""
        return tuple(metrics.name for metrics in self.per_class)

    def plot(self) -> "Figure":
        """The confusion matrix as a picture."""
        return confusion_matrix(self.confusion, self.classes)

    def plot_normalised(self) -> "Figure":
        """The confusion matrix as a picture, each row in percent of the class's photos."""
        return normalised_confusion_matrix(self.confusion, self.classes)

    def plot_classes(self) -> "Figure":
        """Recall with its 95 % Wilson interval, precision and F1 of each class as a picture."""
        found = [
            wilson(round(one.recall * one.support), one.support) if one.support else Interval(0.0, 1.0)
            for one in self.per_class
        ]
        return plot_classes(
            self.classes,
            recalls=np.array([one.recall for one in self.per_class]),
            lows=np.array([each.low for each in found]),
            highs=np.array([each.high for each in found]),
            precisions=np.array([one.precision for one in self.per_class]),
            f1=np.array([one.f1 for one in self.per_class]),
            supports=np.array([one.support for one in self.per_class], dtype=np.int64),
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values, ready for JSON."""
        return {
            "photos": self.photos,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "interval": self.interval.to_dict(),
            "balanced_accuracy": self.balanced_accuracy,
            "log_loss": self.log_loss,
            "brier": self.brier,
            "top_k": {str(k): accuracy for k, accuracy in self.top_k.items()},
            "per_class": [asdict(metrics) for metrics in self.per_class],
            "macro": asdict(self.macro),
            "weighted": asdict(self.weighted),
            "confusion": self.confusion.tolist(),
            "intervals": {name: each.to_dict() for name, each in self.intervals.items()},
        }

    def __str__(self) -> str:
        score = f"{percent(self.accuracy)} ({self.correct}/{self.photos})"
        return f"{score}, 95 % interval {self.interval}"

    def __repr__(self) -> str:
        shown = sorted(self.per_class, key=lambda one: one.f1)[:MOST_CLASSES]
        if len(self.per_class) <= MOST_CLASSES:
            shown = list(self.per_class)
        rows = [
            [readable(one.name), *(f"{x:.3f}" for x in (one.precision, one.recall, one.f1)), str(one.support)]
            for one in shown
        ]
        weakest = f"weakest of {len(self.per_class)}" if len(shown) < len(self.per_class) else "class"
        table = text_table([weakest, "precision", "recall", "F1", "photos"], rows)
        return f"{self}\n{self._further()}\n{table}"

    def _further(self) -> str:
        """The other headline figures, each with its interval."""
        shown = [("balanced_accuracy", "balanced accuracy", percent(self.balanced_accuracy))]
        shown += [(f"top_{k}", f"top-{k}", percent(share)) for k, share in self.top_k.items() if k > 1]
        shown += [
            ("macro_f1", "macro F1", f"{self.macro.f1:.3f}"),
            ("log_loss", "log loss", f"{self.log_loss:.3f}"),
            ("brier", "Brier score", f"{self.brier:.3f}"),
        ]
        rows = [[words, value, str(self.intervals[name])] for name, words, value in shown]
        return text_table(["score", "value", "95 % interval"], rows)


def evaluate(
    probabilities: NDArray[np.float64], labels: NDArray[np.int32], classes: Sequence[str]
) -> Metrics:
    """Score predictions against the truth.

    The predicted class is the most probable one; of equally probable classes it is the first,
    and likewise for the k most probable. All numbers are scikit-learn's (`zero_division=0`),
    but for ties in its `top_k_accuracy_score`, which prefers the last class. The bootstrap behind
    the intervals has a fixed seed: the same predictions give the same intervals.

    Args:
        probabilities: float64 (photos, classes), each row from 0 to 1 with a sum of 1.
        labels: int32 (photos,): the true classes, as places in `classes`.
        classes: the names of the classes.

    Raises:
        OptionError: shapes that do not fit, or numbers that are no probabilities.
        DataError: no photos, or photos without a label.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    _check(probabilities, labels, classes)
    photos, number = probabilities.shape
    confusion = np.zeros((number, number), dtype=np.int64)
    np.add.at(confusion, (labels, probabilities.argmax(axis=1)), 1)
    confusion.flags.writeable = False
    correct = int(confusion.trace())
    per_class = class_metrics(confusion, classes)
    values = scores(probabilities, labels)
    top_k = {k: _top_k(probabilities, labels, k) for k in (1, 5) if k == 1 or k < number}
    return Metrics(
        photos=photos,
        correct=correct,
        accuracy=correct / photos,
        interval=wilson(correct, photos),
        balanced_accuracy=values["balanced_accuracy"],
        log_loss=values["log_loss"],
        brier=values["brier"],
        top_k=top_k,
        per_class=per_class,
        macro=means(per_class, confusion.sum(axis=0) + confusion.sum(axis=1) > 0),
        weighted=means(per_class, confusion.sum(axis=1)),
        confusion=confusion,
        intervals=_intervals(probabilities, labels, top_k),
    )


def _intervals(
    probabilities: NDArray[np.float64], labels: NDArray[np.int32], top_k: Mapping[int, float]
) -> dict[str, Interval | ValueInterval]:
    photos = len(labels)
    found: dict[str, Interval | ValueInterval] = {
        "accuracy" if k == 1 else f"top_{k}": wilson(round(share * photos), photos)
        for k, share in top_k.items()
    }
    for name, ends in bootstrap_intervals(probabilities, labels).items():
        found[name] = Interval(*ends) if name in _PERCENTAGES else ValueInterval(*ends)
    return found


def _check(probabilities: NDArray[np.float64], labels: NDArray[np.int32], classes: Sequence[str]) -> None:
    if probabilities.shape != (len(labels), len(classes)):
        raise OptionError(
            f"probabilities of shape {probabilities.shape} for {len(labels)} labels and "
            f"{len(classes)} classes",
            fix="Give one row for each photo and one column for each class.",
        )
    if not len(labels):
        raise DataError("there are no photos to score", fix="Choose a split that has photos.")
    unlabelled = int(np.count_nonzero(labels < 0))
    if unlabelled:
        raise DataError(
            f"{unlabelled} of {len(labels)} photos have no label and cannot be scored",
            fix="Score labelled photos only; predict the others.",
        )
    if labels.max() >= len(classes):
        raise OptionError(f"label {labels.max()} does not exist; there are {len(classes)} classes")
    off = abs(probabilities.sum(axis=1) - 1)
    # Written so that NaN, which is neither above nor below anything, is refused too.
    if not (probabilities.min() >= 0 and off.max() <= _SUM_TOLERANCE):
        raise OptionError(
            "probabilities must be from 0 to 1 with a sum of 1 in each row",
            fix="Give what follows the softmax, not logits.",
        )


def _top_k(probabilities: NDArray[np.float64], labels: NDArray[np.int32], k: int) -> float:
    truths = probabilities[np.arange(len(labels)), labels][:, None]
    before = np.arange(probabilities.shape[1]) < labels[:, None]
    ahead = (probabilities > truths) | ((probabilities == truths) & before)
    return float((ahead.sum(axis=1) < k).mean())
