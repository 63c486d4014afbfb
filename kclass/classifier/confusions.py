"""The pairs of classes that a classifier confuses most, with their photos."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.names import readable
from kclass.dataset.samples import Samples
from kclass.evaluation.confused import confused_pairs

DEFAULT_PAIRS = 10


@dataclass(frozen=True, repr=False)
class ConfusedClasses:
    """Photos of one class that were taken for another.

    Args:
        label: their actual class, as its folder is named.
        predicted: the class that they were taken for.
        of: how many photos the actual class has in all.
        photos: their files, the surest of the wrong class first.
    """

    label: str
    predicted: str
    of: int
    photos: tuple[Path, ...]

    def __repr__(self) -> str:
        return f"{readable(self.label)} taken for {readable(self.predicted)}: {len(self.photos)} of {self.of}"

    def to_dict(self) -> dict[str, Any]:
        """The pair as plain data, ready for JSON."""
        return {
            "label": self.label,
            "predicted": self.predicted,
            "of": self.of,
            "photos": [str(path) for path in self.photos],
        }


def find_confused(
    samples: Samples,
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int32],
    classes: tuple[str, ...],
    *,
    number: int,
) -> tuple[ConfusedClasses, ...]:
    """The pairs with the most photos, most first; see `kclass.evaluation.confused`.

    Args:
        samples: the photos.
        probabilities: float64 (photos, classes).
        labels: int32 (photos,): the actual classes, as columns of `probabilities`.
        classes: of the model.
        number: how many pairs at most.

    Raises:
        OptionError: `number` is below 1.
    """
    supports = np.bincount(labels, minlength=len(classes))
    return tuple(
        ConfusedClasses(
            label=classes[pair.label],
            predicted=classes[pair.predicted],
            of=int(supports[pair.label]),
            photos=tuple(samples.path(row) for row in pair.rows),
        )
        for pair in confused_pairs(probabilities, labels, number=number)
    )
