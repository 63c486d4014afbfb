"""Which classes are taken for which."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Photos of one class that were taken for another.

    Args:
        label: the true class.
        predicted: the class that they were taken for.
        rows: the photos, as places among those given, the surest of the wrong class first.
    """

    label: int
    predicted: int
    rows: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many photos."""
        return len(self.rows)


def confused_pairs(
    probabilities: NDArray[np.float64], labels: NDArray[np.int32], *, number: int = 10
) -> tuple[ConfusedPair, ...]:
    """The pairs of a true and a predicted class with the most wrong photos, most photos first.

    A class taken for another and the other taken for it are two pairs. Of pairs with as many photos
    the one whose photos were surest of the wrong class, in the mean, comes first.

    Args:
        probabilities: float64 (photos, classes), 0 to 1; the highest is the prediction, of equals
            the first.
        labels: int32 (photos,): the true classes, as columns of `probabilities`.
        number: how many pairs, at least 1; fewer if fewer were confused.

    Raises:
        OptionError: `number` is below 1.
    """
    if number < 1:
        raise OptionError(f"number is {number}; it must be 1 or more")
    predicted = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in wrong[np.argsort(-sure[wrong], kind="stable")].tolist():
        rows[int(labels[row]), int(predicted[row])].append(row)
    order = sorted(rows, key=lambda pair: (-len(rows[pair]), -sure[rows[pair]].mean(), pair))
    return tuple(ConfusedPair(*pair, tuple(rows[pair])) for pair in order[:number])
