"""What comes of comparing a classifier's predictions with labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.top_losses import DEFAULT_NUMBER, TopLosses, find_top_losses
from kclass.dataset.samples import Samples
from kclass.errors import PhotoError
from kclass.evaluation.metrics import Metrics


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a classifier fared on labelled photos.

    Args:
        metrics: over the readable photos.
        samples: the readable photos, in the order given.
        probabilities: float64 (readable photos, classes).
        unreadable: what is wrong with the other photos.
    """

    metrics: Metrics
    samples: Samples
    probabilities: NDArray[np.float64]
    unreadable: tuple[PhotoError, ...]

    def __repr__(self) -> str:
        return repr(self.metrics)

    def to_dict(self) -> dict[str, Any]:
        """The metrics as plain data, ready for JSON, and how many photos were unreadable."""
        return {**self.metrics.to_dict(), "unreadable": [error.message for error in self.unreadable]}

    def top_losses(self, *, number: int = DEFAULT_NUMBER) -> TopLosses:
        """The photos whose actual class was given the least probability, highest loss first.

        Every photo counts, also those that were predicted right.

        Args:
            number: how many photos, 1 to 500; with fewer photos all of them.

        Raises:
            OptionError: `number` cannot be used.
        """
        return find_top_losses(self.samples, self.probabilities, self.metrics.classes, number=number)
