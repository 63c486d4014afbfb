"""What a report shows of right and wrong predictions: the confusion matrix and the photos in its cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.names import readable
from kclass.evaluation.confused import ConfusedPair, confused_pairs
from kclass.evaluation.losses import highest, photo_losses
from kclass.reporting.run_reading import SplitResults

TOP_LOSSES: Final = 12
PAIRS: Final = 6
EXAMPLES: Final = 4
"""Photos with the highest losses, pairs of classes, and photos of a pair that are always shown."""

MOST_CLASSES: Final = 120
"""Classes of a matrix; of more, those with the most mistakes."""

MOST_LISTED: Final = 3000
"""Photos that cells list by their paths; the mistakes first."""

_SIZES: Final = ((4, "huge"), (10, "large"), (20, "middle"), (36, "small"))
"""Up to how many classes cells have which size."""

_PALEST: Final = 0.14
"""How strong the colour of a cell is at least that has a photo."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Photos of one class that were predicted as one class, the same or another.

    Args:
        row: place of the actual class among those of the matrix, from 1.
        column: likewise of the predicted class.
        label: the actual class.
        predicted: the predicted class.
        count: how many photos, at least 1.
        share: of the photos of the actual class.
    """

    row: int
    column: int
    label: int
    predicted: int
    count: int
    share: float

    @property
    def right(self) -> bool:
        """Whether these are predicted right."""
        return self.label == self.predicted

    @property
    def strength(self) -> float:
        """How strong its colour is, 0 to 1: small shares are still seen."""
        return round(float(_PALEST + (1 - _PALEST) * self.share**0.7), 3)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix without its empty cells.

    Args:
        shown: the classes in it, in order.
        cells: row by row.
        size: of the cells, a word.
        first: the place among `cells` of the one that is open at first: the most photos in the wrong
            place, or the first of all.
        left_out: how many classes are not shown.
    """

    shown: tuple[int, ...]
    cells: tuple[Cell, ...]
    size: str
    first: int
    left_out: int


def display_names(classes: Sequence[str]) -> tuple[str, ...]:
    """The classes as people read them, or as their folders are named if two would read alike."""
    names = tuple(map(readable, classes))
    return names if len(set(names)) == len(names) else tuple(classes)


def matrix_of(results: SplitResults, classes: int) -> Matrix:
    """The confusion matrix of a split.

    Args:
        results: of the split.
        classes: how many there are.
    """
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (results.labels, results.predicted), 1)
    shown = _shown_classes(counts)
    supports = counts.sum(axis=1)
    places = {label: place for place, label in enumerate(shown, start=1)}
    cells = tuple(
        Cell(places[r], places[c], r, c, int(counts[r, c]), float(counts[r, c] / supports[r]))
        for r, c in zip(*(each.tolist() for each in np.nonzero(counts)), strict=True)
        if r in places and c in places
    )
    wrong = [place for place, cell in enumerate(cells) if not cell.right]
    first = max(wrong, key=lambda place: cells[place].count) if wrong else 0
    size = next((word for most, word in _SIZES if len(shown) <= most), "tiny")
    return Matrix(shown, cells, size, first, classes - len(shown))


def pairs_of(results: SplitResults) -> tuple[ConfusedPair, ...]:
    """The most confused pairs of classes."""
    return confused_pairs(results.probabilities, results.labels, number=PAIRS)


def top_losses_of(results: SplitResults) -> tuple[tuple[int, float], ...]:
    """The photos with the highest losses, each with its loss in nats."""
    losses = photo_losses(results.probabilities, results.labels)
    return tuple((row, float(losses[row])) for row in highest(losses, TOP_LOSSES).tolist())


def order_to_show(results: SplitResults) -> NDArray[np.int64]:
    """The photos in the order in which they are worth a place on the page.

    Mistakes come first, the surest of them before others; then, class by class in turn, what was
    predicted right, the least sure before others.
    """
    sure = results.probabilities.max(axis=1)
    wrong = results.labels != results.predicted
    rank = np.zeros(len(results), np.int64)
    for label in np.unique(results.labels).tolist():
        own = np.flatnonzero((results.labels == label) & ~wrong)
        rank[own[np.argsort(sure[own], kind="stable")]] = np.arange(len(own))
    return np.lexsort((np.where(wrong, -sure, sure), np.where(wrong, 0, rank), ~wrong))


def listed_photos(results: SplitResults, order: NDArray[np.int64]) -> list[list[Any]]:
    """What a page knows of its photos: row, path, actual and predicted class, and their probabilities."""
    return [
        [
            row,
            results.paths[row],
            int(results.labels[row]),
            int(results.predicted[row]),
            round(float(results.probabilities[row, results.predicted[row]]), 4),
            round(float(results.probabilities[row, results.labels[row]]), 4),
        ]
        for row in order[:MOST_LISTED].tolist()
    ]


def _shown_classes(counts: NDArray[np.int64]) -> tuple[int, ...]:
    if len(counts) <= MOST_CLASSES:
        return tuple(range(len(counts)))
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    worst = np.argsort(-wrong, kind="stable")[:MOST_CLASSES]
    return tuple(sorted(worst.tolist()))
