"""What comes of comparing a classifier's predictions with labels."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.confusions import DEFAULT_PAIRS, ConfusedClasses, find_confused
from kclass.classifier.top_losses import DEFAULT_NUMBER, TopLosses, find_top_losses
from kclass.dataset.samples import Samples
from kclass.errors import PhotoError
from kclass.evaluation.calibration import Reliability, reliability
from kclass.evaluation.metrics import Metrics
from kclass.evaluation.ranking_curves import precision_recall_curves, roc_curves
from kclass.plots.ranking import plot_precision_recall, plot_roc

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOTHING: Final = np.empty(0)
"""The points of a class that has no curve."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a classifier fared on labelled photos.

    Args:
        metrics: over the readable photos.
        samples: the readable photos, in the order given.
        probabilities: float64 (readable photos, classes).
        unreadable: what is wrong with the other photos.
        novelty: float64 (readable photos,): above 1 a photo is unlike anything in training; None if
            that cannot be told.
    """

    metrics: Metrics
    samples: Samples
    probabilities: NDArray[np.float64]
    unreadable: tuple[PhotoError, ...]
    novelty: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        return repr(self.metrics)

    def to_dict(self) -> dict[str, Any]:
        """The metrics as plain data, ready for JSON: with calibration, novel photos and unreadable ones."""
        return {
            **self.metrics.to_dict(),
            "calibration": self.reliability.to_dict(),
            "novel": self.novel,
            "unreadable": [error.message for error in self.unreadable],
        }

    @property
    def reliability(self) -> Reliability:
        """How often predictions are right against how sure they are."""
        return reliability(self.probabilities, self.labels)

    @property
    def novel(self) -> int | None:
        """How many photos are unlike anything in training; None if that cannot be told."""
        return None if self.novelty is None else int(np.count_nonzero(self.novelty > 1))

    @property
    def labels(self) -> NDArray[np.int32]:
        """int32 (readable photos,): the true classes, as columns of `probabilities`."""
        places = {name: place for place, name in enumerate(self.metrics.classes)}
        columns = np.array([places.get(name, -1) for name in self.samples.classes], dtype=np.int32)
        return columns[self.samples.labels]

    def plot(self) -> "Figure":
        """The confusion matrix as a picture."""
        return self.metrics.plot()

    def plot_normalised(self) -> "Figure":
        """The confusion matrix as a picture, each row in percent of the class's photos."""
        return self.metrics.plot_normalised()

    def plot_classes(self) -> "Figure":
        """Recall with its 95 % interval, precision and F1 of each class as a picture."""
        return self.metrics.plot_classes()

    def plot_reliability(self) -> "Figure":
        """How often predictions are right against how sure they are, as a picture."""
        return self.reliability.plot()

    def plot_roc(self) -> "Figure":
        """The ROC curve of each class against all others as a picture.

        Raises:
            OptionError: all photos are of one class.
        """
        curves = roc_curves(self.probabilities, self.labels)
        return plot_roc(
            [_NOTHING if each is None else each.false_positive_rates for each in curves],
            [_NOTHING if each is None else each.true_positive_rates for each in curves],
            classes=self.metrics.classes,
            areas=[math.nan if each is None else each.area for each in curves],
        )

    def plot_precision_recall(self) -> "Figure":
        """Precision against recall of each class against all others as a picture.

        Raises:
            OptionError: all photos are of one class.
        """
        curves = precision_recall_curves(self.probabilities, self.labels)
        return plot_precision_recall(
            [_NOTHING if each is None else each.recalls for each in curves],
            [_NOTHING if each is None else each.precisions for each in curves],
            classes=self.metrics.classes,
            areas=[math.nan if each is None else each.average_precision for each in curves],
        )

    def confused_pairs(self, *, number: int = DEFAULT_PAIRS) -> tuple[ConfusedClasses, ...]:
        """The pairs of classes that are confused most, with their photos, most photos first.

        Args:
            number: how many pairs, at least 1; fewer if fewer were confused.

        Raises:
            OptionError: `number` is below 1.
        """
        return find_confused(
            self.samples, self.probabilities, self.labels, self.metrics.classes, number=number
        )

    def top_losses(self, *, number: int = DEFAULT_NUMBER) -> TopLosses:
        """The photos whose actual class was given the least probability, highest loss first.

        Every photo counts, also those that were predicted right.

        Args:
            number: how many photos, 1 to 500; with fewer photos all of them.

        Raises:
            OptionError: `number` cannot be used.
        """
        return find_top_losses(self.samples, self.probabilities, self.metrics.classes, number=number)
