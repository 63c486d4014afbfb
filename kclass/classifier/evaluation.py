"""What comes of comparing a classifier's predictions with labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
