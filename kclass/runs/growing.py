"""Heads solved on growing parts of the training photos, and which held-out photos each gets wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.batches.balance import class_weights
from kclass.parallel import in_parallel, one_thread, usable_cores
from kclass.progress import Progress
from kclass.runs.folds import Folded
from kclass.runs.training_step import held_out_together
from kclass.training.linear_head import LinearHead, solve_at_penalty, solve_linear_head

SHARES: Final = tuple(2 ** (-place / 2) for place in reversed(range(10)))
"""Shares of the training photos, each √2 times the one before, from 1/23 to all."""

HALF: Final = -3
"""The place of one half among the shares."""

REPEATS: Final = 10
FEWEST_OF_A_CLASS: Final = 2
CLASS_REPEATS: Final = 5
MOST_CLASSES: Final = 10
MOST_WORK: Final = 4e9
MOST_CHOOSING: Final = 5e7
"""Subsets of each size in each fold; photos of a class in the smallest; subsets without half of a class;
classes that are looked at one by one; what all heads of one size after the other may cost, in photos times
dimensions times classes; and what a head may cost for which a penalty is chosen."""

STAGE: Final = "growing"
CLASS_STAGE: Final = "thinning classes out"

Wrong = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grown:
    """Which photos were predicted wrong by heads that had seen ever more others.

    Args:
        sizes: float64 (sizes,): training photos, in the mean over the folds, rising.
        wrong: bool (repeats, sizes, judged photos,): each predicted by heads that had not seen it.
        judged: int64 (judged photos,): their places among the photos that take part.
        class_sizes: int64 (classes,): training photos of each class in the largest, in the mean.
        thinned: by class, bool (repeats, judged photos,): the same, by heads that had all photos of
            the others and half of its own.
    """

    sizes: NDArray[np.float64]
    wrong: Wrong = field(repr=False)
    judged: NDArray[np.int64] = field(repr=False)
    class_sizes: NDArray[np.float64] = field(repr=False)
    thinned: dict[int, Wrong] = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Task:
    """One head to solve: on which photos, at which penalty, and which photos it is judged by."""

    learned: NDArray[np.int64]
    judged: NDArray[np.int64]
    c: float


def grow(folds: Folded, *, progress: Progress) -> Grown:
    """Solve heads on growing stratified parts of what is outside each fold.

    Subsets of one repeat are nested. The penalty is chosen by cross-validation within the first subset
    of the smallest, the middle and the largest size of each fold, and goes in between by powers. Where
    heads are expensive it stays from the middle size on, there are fewer repeats, and then fewer folds
    whose photos are judged.

    Args:
        folds: the photos.
        progress: is told how many heads are solved.
    """
    repeats, parts = _within_budget(folds)
    shares = _shares(folds, parts)
    orders = [
        [_order(folds, learned, [place, repeat]) for repeat in range(repeats)]
        for place, (learned, _) in enumerate(parts)
    ]
    subsets = [[[_first(folds, order, share) for share in shares] for order in fold] for fold in orders]
    penalties = [_penalties(folds, fold[0]) for fold in subsets]
    tasks = [
        _Task(subset, judged, penalties[place][size])
        for place, (_, judged) in enumerate(parts)
        for repeat in range(repeats)
        for size, subset in enumerate(subsets[place][repeat])
        if repeat == 0 or size < len(shares) - 1  # the largest is the same each time
    ]
    outcomes = iter(_solved(folds, tasks, STAGE, progress))
    judged = np.concatenate([each for _, each in parts])
    wrong = np.zeros((repeats, len(shares), len(judged)), dtype=np.bool_)
    start = 0
    for _, each in parts:
        span = slice(start, start + len(each))
        for repeat in range(repeats):
            for size in range(len(shares)):
                last = repeat and size == len(shares) - 1
                wrong[repeat, size, span] = wrong[0, size, span] if last else next(outcomes)
        start = span.stop
    counts = [np.bincount(folds.labels[learned], minlength=len(folds.data.classes)) for learned, _ in parts]
    return Grown(
        sizes=np.mean([[len(subset) for subset in fold[0]] for fold in subsets], axis=0),
        wrong=wrong,
        judged=judged,
        class_sizes=np.mean(counts, axis=0),
        thinned=_thinned(folds, parts, [each[-1] for each in penalties], wrong[0, -1], progress),
    )


def _within_budget(folds: Folded) -> tuple[int, list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """How many repeats, and which folds are judged."""
    parts = list(folds.parts())
    affordable = max(int(MOST_WORK / (_work(folds, len(folds.rows)) * sum(SHARES))), 1)
    if affordable >= len(parts):
        return min(affordable // len(parts), REPEATS), parts
    return 1, parts[:affordable]


def _work(folds: Folded, photos: int) -> float:
    """About what one head on so many photos costs."""
    return float(photos * min(photos, folds.frozen.features.shape[1]) * len(folds.data.classes))


def _shares(folds: Folded, parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> list[float]:
    """The shares at which the subsets of the first fold differ by a tenth of their photos or more."""
    learned = parts[0][0]
    order = _order(folds, learned, [0, 0])
    kept: list[float] = []
    before = len(learned) + 1e9
    for share in reversed(SHARES):
        size = len(_first(folds, order, share))
        if size <= 0.9 * before:
            kept.append(share)
            before = size
    return kept[::-1]


def _order(folds: Folded, learned: NDArray[np.int64], seed: Sequence[int]) -> NDArray[np.int64]:
    """The photos outside a fold in random order, copies and groups next to each other."""
    random = np.random.default_rng([folds.options.seed, *seed])
    together = folds.together[learned]
    ranks = random.permutation(len(folds.rows))
    return learned[np.lexsort((ranks[learned], ranks[together]))]


def _first(folds: Folded, order: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """The first photos of each class, so large a share of it, in ascending order."""
    labels = folds.labels[order]
    kept = []
    for label in np.unique(labels).tolist():
        own = order[labels == label]
        kept.append(own[: max(round(share * len(own)), FEWEST_OF_A_CLASS)])
    return np.sort(np.concatenate(kept))


def _penalties(folds: Folded, subsets: Sequence[NDArray[np.int64]]) -> list[float]:
    """The inverse strength of the penalty for each size of one fold."""
    places = sorted({0, len(subsets) // 2, len(subsets) - 1})
    if _work(folds, len(subsets[-1])) > MOST_CHOOSING:
        places.pop()
    chosen = [np.log(_chosen(folds, subsets[place]).c) for place in places]
    sizes = np.log([len(subset) for subset in subsets])
    between = np.interp(sizes, sizes[places], chosen)
    return [float(c) for c in np.exp(between)]


def _chosen(folds: Folded, learned: NDArray[np.int64]) -> LinearHead:
    """The head of some photos, its penalty chosen among them."""
    rows, labels = folds.rows[learned], folds.labels[learned]
    groups = folds.data.samples.groups[rows]
    return solve_linear_head(
        folds.frozen.of(rows),
        labels,
        classes=len(folds.data.classes),
        seed=folds.options.seed,
        groups=held_out_together(folds.prepared.copies[rows], groups, labels),
        weights=_weights(folds, labels),
    )


def _weights(folds: Folded, labels: NDArray[np.int32]) -> NDArray[np.float64] | None:
    if not folds.options.balance:
        return None
    return class_weights(labels, classes=len(folds.data.classes))[labels]


def _solved(folds: Folded, tasks: Sequence[_Task], stage: str, progress: Progress) -> list[Wrong]:
    """For each head which of its judged photos it predicts wrong."""

    def solve(task: _Task) -> Wrong:
        labels = folds.labels[task.learned]
        head = solve_at_penalty(
            folds.frozen.of(folds.rows[task.learned]),
            labels,
            classes=len(folds.data.classes),
            c=task.c,
            weights=_weights(folds, labels),
        )
        logits = folds.frozen.of(folds.rows[task.judged]) @ head.kernel + head.bias
        wrong: Wrong = logits.argmax(axis=1) != folds.labels[task.judged]
        return wrong

    found = []
    progress(stage, 0, len(tasks))
    import scipy.linalg  # noqa: F401 - what it brings is to be limited, too

    # Around all, so that it is limited once and not by each head.
    with one_thread(), in_parallel(solve, tasks, threads=usable_cores()) as outcomes:
        for outcome in outcomes:
            found.append(outcome)
            progress(stage, len(found), len(tasks))
    return found


def _thinned(
    folds: Folded,
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    penalties: Sequence[float],
    wrong: Wrong,
    progress: Progress,
) -> dict[int, Wrong]:
    """For the classes with most errors: which photos are wrong if half of the class's own are missing.

    Errors of a class are its photos taken for others, and others' taken for it by chance are not known
    here; so the former alone say which classes are looked at.
    """
    judged = np.concatenate([each for _, each in parts])
    errors = np.bincount(folds.labels[judged][wrong], minlength=len(folds.data.classes))
    enough = [np.bincount(folds.labels[learned], minlength=len(errors)) for learned, _ in parts]
    there = np.bincount(folds.labels[judged], minlength=len(errors)) > 0
    able = there & (np.min(enough, axis=0) >= 2 * FEWEST_OF_A_CLASS)
    order = [label for label in np.argsort(-errors, kind="stable").tolist() if able[label]][:MOST_CLASSES]
    one = _work(folds, len(folds.rows)) * len(order) * len(parts)
    repeats = min(max(int(MOST_WORK / max(one, 1)), 1), CLASS_REPEATS)
    tasks = [
        _Task(_without_half(folds, learned, label, [place, repeat]), each, penalties[place])
        for label in order
        for repeat in range(repeats)
        for place, (learned, each) in enumerate(parts)
    ]
    outcomes = _solved(folds, tasks, CLASS_STAGE, progress)
    step = len(parts)
    rows = [np.concatenate(outcomes[start : start + step]) for start in range(0, len(outcomes), step)]
    return {
        label: np.stack(rows[place * repeats : (place + 1) * repeats]) for place, label in enumerate(order)
    }


def _without_half(
    folds: Folded, learned: NDArray[np.int64], label: int, seed: Sequence[int]
) -> NDArray[np.int64]:
    """The photos outside a fold without half of one class."""
    own = folds.labels[learned] == label
    kept = _first(folds, _order(folds, learned[own], seed), 0.5)
    return np.sort(np.concatenate([learned[~own], kept]))
