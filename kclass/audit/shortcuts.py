"""Properties that give the label away before any training: what may be learned instead of the subject."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.audit.findings import Finding
from kclass.audit.properties import Property, properties
from kclass.audit.thresholds import SUBSTANTIAL_KAPPA
from kclass.dataset.names import readable
from kclass.evaluation.agreement import Kappa, kappa
from kclass.inspection.inspection import Inspection
from kclass.training.linear_head import solve_linear_head

MOST_PHOTOS: Final = 2000
"""Photos that properties are judged on: at two classes, so many put kappa within .04."""

GRID: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Penalties of the head: a few columns ask for no finer choice."""

MOST_CLASSES: Final = 50
"""Classes that are judged, the largest; the others count as one more, which is not."""

MOST_NAMED: Final = 3
"""Classes given away that a finding names."""

SHOWN_A_CLASS: Final = 6
"""Photos that a finding shows of each of them."""

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]
Rows = NDArray[np.int64]


def shortcuts(
    inspections: Sequence[Inspection],
    labels: Labels,
    *,
    classes: Sequence[str],
    rows: Rows,
    groups: Rows,
    seed: int,
) -> Iterator[Finding]:
    """The properties from which a class can be told, each as one finding that names such classes.

    A linear head predicts the class of each photo from that property alone, without having seen the
    photo or one that is nearly the same. Of more than `MOST_PHOTOS` photos a draw is judged in which
    rare classes are kept, and of more than `MOST_CLASSES` classes the largest.

    Args:
        inspections: of the photos.
        labels: int32 (photos,), places in `classes`.
        classes: their names.
        rows: int64 (photos,), what a finding calls each photo.
        groups: int64 (photos,), one number for photos that are nearly the same.
        seed: of the draw and of the folds.
    """
    drawn = _drawn(labels, seed=seed)
    judged, truth = _largest(labels[drawn])
    if len(np.unique(truth)) < 2:
        return
    names = [readable(classes[label]) for label in judged]
    for each in properties([inspections[place] for place in drawn.tolist()]):
        columns = each.columns()
        if columns.shape[1]:
            number = int(truth.max()) + 1
            head = solve_linear_head(
                columns, truth, classes=number, seed=seed, groups=groups[drawn], grid=GRID
            )
            yield from _finding(each, head.out_of_fold, truth, names=names, rows=rows[drawn])


def _drawn(labels: Labels, *, seed: int) -> Rows:
    """Places of the photos that are judged, ascending: all, or as many of each class as there are."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    starts = np.searchsorted(labels[by_class], labels[by_class])
    turn = np.arange(len(labels)) - starts  # the how-manyeth of its class
    return np.sort(by_class[np.argsort(turn, kind="stable")[:MOST_PHOTOS]])


def _largest(labels: Labels) -> tuple[list[int], Labels]:
    """The classes that are judged, and for each photo its class's place among them or one beyond."""
    counts = np.bincount(labels)
    judged = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    judged = judged[counts[judged] > 0]
    place = np.full(len(counts), len(judged), dtype=np.int32)
    place[judged] = np.arange(len(judged))
    return judged.tolist(), place[labels]


def _finding(
    each: Property, log_probabilities: Floats, truth: Labels, *, names: Sequence[str], rows: Rows
) -> Iterator[Finding]:
    """What is to be said of one property; nothing if it gives no class away."""
    held_out = ~np.isnan(log_probabilities).any(axis=1)
    if not held_out.any():
        return
    predicted = np.full(len(truth), -1)
    predicted[held_out] = log_probabilities[held_out].argmax(axis=1)
    kappas = _kappas(truth[held_out], predicted[held_out], classes=len(names))
    told = {label: each.told(truth == label) for label, one in kappas.items() if one.low >= SUBSTANTIAL_KAPPA}
    if not told:
        return
    # Of two classes both are given away alike; the one that reads the most clearly comes first.
    sure = sorted(told, key=lambda label: (-round(kappas[label].low, 6), -told[label].difference))
    right = float(np.mean(predicted[held_out] == truth[held_out]))
    guessing = float(np.bincount(truth[held_out]).max() / held_out.sum())
    named = [f"{names[label]} {told[label].words}" for label in sure[:MOST_NAMED]]
    more = [f"{len(sure) - MOST_NAMED} more classes"] if len(sure) > MOST_NAMED else []
    shown = _clearest(log_probabilities, truth, predicted, sure)
    yield Finding(
        "shortcut",
        tuple(rows[shown].tolist()),
        f"{each.name} alone tells the class of {100 * right:.0f} % of the photos "
        f"({100 * guessing:.0f} % by guessing): {'; '.join(named + more)}",
        score=kappas[sure[0]].value,
    )


def _kappas(truth: Labels, predicted: Rows, *, classes: int) -> dict[int, Kappa]:
    """How far each class is told from the rest; those that all or no photos are of have none."""
    found = {}
    for label in range(classes):
        own = truth == label
        if 0 < own.sum() < len(own):
            hits, rejected = (predicted[own] == label).sum(), (predicted[~own] != label).sum()
            found[label] = kappa(int(hits), int(own.sum()), int(rejected), int((~own).sum()))
    return found


def _clearest(log_probabilities: Floats, truth: Labels, predicted: Rows, labels: Sequence[int]) -> list[int]:
    """Places of the photos of each class that are given away most clearly, the classes by turns."""
    ranked = []
    for label in labels:
        places = np.flatnonzero((truth == label) & (predicted == label))
        order = np.argsort(-log_probabilities[places, label], kind="stable")
        ranked.append(places[order][:SHOWN_A_CLASS].tolist())
    turns = itertools.zip_longest(*ranked)
    return [place for turn in turns for place in turn if place is not None]
