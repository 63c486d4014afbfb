"""Properties that give the label away before any training: what may be learned instead of the subject."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.audit.findings import Finding
from kclass.audit.properties import Property, Told, properties
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


@dataclass(frozen=True, slots=True)
class GivenAway:
    """A class that some property of the photos gives away.

    Args:
        property: its name, as in `properties`.
        label: the class's place among the classes.
        words: what its photos have in common against the others, to follow the class's name.
    """

    property: str
    label: int
    words: str


@dataclass(frozen=True, eq=False)
class _Teller:
    """A property that gives classes away.

    Args:
        property: what it is.
        told: what the photos of each such class have in common, by its place among those judged.
        kappas: how far each judged class is told from the rest.
        log_probabilities: float64 (photos, classes), out of fold; NaN where no fold says anything.
        truth: int32 (photos,), the class among those judged.
        predicted: int64 (photos,), likewise; -1 where no fold says anything.
    """

    property: Property
    told: Mapping[int, Told]
    kappas: Mapping[int, Kappa]
    log_probabilities: Floats
    truth: Labels
    predicted: Rows


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
    names = [readable(classes[label]) for label in judged]
    for each in _tellers(inspections, drawn, truth, judged=len(judged), groups=groups, seed=seed):
        yield _finding(each, names=names, rows=rows[drawn])


def given_away(
    inspections: Sequence[Inspection], labels: Labels, *, groups: Rows, seed: int
) -> tuple[tuple[GivenAway, ...], frozenset[int]]:
    """The classes that a property gives away, as `shortcuts` finds them, one by one; and those judged.

    Args:
        inspections: of the photos.
        labels: int32 (photos,).
        groups: int64 (photos,), one number for photos that are nearly the same.
        seed: of the draw and of the folds.
    """
    drawn = _drawn(labels, seed=seed)
    judged, truth = _largest(labels[drawn])
    found = tuple(
        GivenAway(each.property.name, judged[place], told.words)
        for each in _tellers(inspections, drawn, truth, judged=len(judged), groups=groups, seed=seed)
        for place, told in each.told.items()
    )
    return found, frozenset(judged)


def _tellers(
    inspections: Sequence[Inspection], drawn: Rows, truth: Labels, *, judged: int, groups: Rows, seed: int
) -> Iterator[_Teller]:
    """The properties that give one of the first `judged` classes away; none if there is but one class."""
    if len(np.unique(truth)) < 2:
        return
    number = int(truth.max()) + 1
    for each in properties([inspections[place] for place in drawn.tolist()]):
        columns = each.columns()
        if columns.shape[1]:
            head = solve_linear_head(
                columns, truth, classes=number, seed=seed, groups=groups[drawn], grid=GRID
            )
            yield from _teller(each, head.out_of_fold, truth, judged=judged)


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


def _teller(each: Property, log_probabilities: Floats, truth: Labels, *, judged: int) -> Iterator[_Teller]:
    """What a property gives away; nothing if it gives no class away."""
    held_out = ~np.isnan(log_probabilities).any(axis=1)
    if not held_out.any():
        return
    predicted = np.full(len(truth), -1)
    predicted[held_out] = log_probabilities[held_out].argmax(axis=1)
    kappas = _kappas(truth[held_out], predicted[held_out], classes=judged)
    told = {label: each.told(truth == label) for label, one in kappas.items() if one.low >= SUBSTANTIAL_KAPPA}
    if told:
        yield _Teller(each, told, kappas, log_probabilities, truth, predicted)


def _finding(each: _Teller, *, names: Sequence[str], rows: Rows) -> Finding:
    """What is to be said of a property that gives classes away."""
    told, kappas, truth = each.told, each.kappas, each.truth
    # Of two classes both are given away alike; the one that reads the most clearly comes first.
    sure = sorted(told, key=lambda label: (-round(kappas[label].low, 6), -told[label].difference))
    held_out = each.predicted >= 0
    right = float(np.mean(each.predicted[held_out] == truth[held_out]))
    guessing = float(np.bincount(truth[held_out]).max() / held_out.sum())
    named = [f"{names[label]} {told[label].words}" for label in sure[:MOST_NAMED]]
    more = [f"{len(sure) - MOST_NAMED} more classes"] if len(sure) > MOST_NAMED else []
    shown = _clearest(each.log_probabilities, truth, each.predicted, sure)
    return Finding(
        "shortcut",
        tuple(rows[shown].tolist()),
        f"{each.property.name} alone tells the class of {100 * right:.0f} % of the photos "
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
