"""The default head: logistic regression on frozen features, solved rather than stepped."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kclass.parallel import one_thread, usable_cores
from kclass.progress import Progress, silent
from kclass.training.principal_axes import ROWS, Rotation, Scaled, rotated
from kclass.training.softmax_regression import Floats, Reals, log_softmax, solve_path

GRID = tuple(10.0 ** (exponent / 2) for exponent in range(-10, 3))
FOLDS = 5
UNVALIDATED_C = 1e-2
RISES = 3  # points in a row above the lowest loss that end the search
MOST_EXACT = 2**16  # numbers that are computed with in float64, since it costs nothing; more in float32
FOLD_TOLERANCES = {np.dtype(np.float64): 1e-6, np.dtype(np.float32): 1e-5}
"""See `solve_path`: losses are compared to three digits, not to ten."""
STAGE = "choosing the penalty"


@dataclass(frozen=True)
class Candidate:
    """One point of the regularisation path.

    Args:
        c: inverse strength of the L2 penalty; see `solve_path`.
        log_loss: mean over the photos, weighted if they are, each predicted by a head that had not
            seen it; in nats.
        accuracy: likewise, 0 to 1.
    """

    c: float
    log_loss: float
    accuracy: float


@dataclass(frozen=True)
class LinearHead:
    """A solved head: `logits = features @ kernel + bias`.

    Args:
        kernel: float32 (features, classes); the features' scaling is folded in.
        bias: float32 (classes,).
        c: the inverse strength of the penalty that was chosen.
        path: every strength tried, in ascending order, until the loss had risen for good; empty if
            there were too few photos to try.
        out_of_fold: float64 (photos, classes): natural logarithms of each training photo's
            probabilities by a head that had not seen it, at the strength chosen; NaN for photos that
            no fold held out. The choice has seen them all, which flatters them a little.
        fold_of: int64 (photos,): the fold that held out each photo; -1 none.
    """

    kernel: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)
    c: float
    path: tuple[Candidate, ...]
    out_of_fold: Floats = field(repr=False)
    fold_of: NDArray[np.int64] = field(repr=False)


def solve_linear_head(
    features: NDArray[np.float32],
    labels: NDArray[np.int32],
    *,
    classes: int,
    seed: int,
    groups: NDArray[np.int64] | None = None,
    weights: NDArray[np.float64] | None = None,
    grid: Sequence[float] = GRID,
    progress: Progress = silent,
) -> LinearHead:
    """Solve the head on training photos; their cross-validated log loss chooses the penalty.

    Features are scaled, so that one grid of penalties fits every backbone. The loss rather than the
    accuracy chooses, because with few photos many penalties tie in accuracy and because
    the probabilities are to be believed too.

    Args:
        features: float32 (photos, features).
        labels: int32 (photos,), each class at least once.
        classes: how many there are, at least 2.
        seed: of the folds.
        groups: int64 (photos,): photos of one number are held out together, since a head that has
            seen one knows the others; left out, those with the same features are.
        weights: float64 (photos,): what each photo counts, in the solution and in the loss that
            chooses the penalty; left out, each counts 1.
        grid: strengths to choose from, in ascending order; see `solve_path`.
        progress: is told how many strengths are tried.

    Returns:
        The head, solved on all the photos at the penalty chosen.
    """
    copies = _copies(features) if groups is None else np.unique(groups, return_inverse=True)[1]
    fold_of = _folds(labels, copies, classes=classes, seed=seed)
    weights = np.ones(len(labels)) if weights is None else weights
    order = np.argsort(fold_of, kind="stable")
    with one_thread():
        space = _Space.of(features, order)
        photos = _Photos(space.data, labels[order], weights[order], fold_of[order], classes)
        chosen = _choose(photos, grid=grid, progress=progress)
        c = UNVALIDATED_C if chosen is None else chosen.best.c
        (solution,) = photos.solutions([c])
        unseen = np.full((len(labels), classes), np.nan)
        for fold, of_fold in zip(photos.folds, () if chosen is None else chosen.solutions, strict=True):
            unseen[order[fold]] = photos.unseen(fold, of_fold)
    kernel, bias = space.unscaled(solution)
    return LinearHead(kernel, bias, c, () if chosen is None else chosen.path, unseen, fold_of)


def solve_at_penalty(
    features: NDArray[np.float32],
    labels: NDArray[np.int32],
    *,
    classes: int,
    c: float,
    weights: NDArray[np.float64] | None = None,
) -> LinearHead:
    """Solve the head at a penalty that was chosen before: where many are solved that differ little.

    Args:
        features: as in `solve_linear_head`.
        labels: likewise.
        classes: likewise.
        c: inverse strength of the penalty; see `solve_path`.
        weights: as in `solve_linear_head`.

    Returns:
        The head that `solve_linear_head` gives if it chooses this penalty, without a path.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    with one_thread():
        space = _Space.of(features, np.arange(len(labels)))
        (solution,) = solve_path(space.data, labels, classes=classes, cs=[c], weights=weights)
    kernel, bias = space.unscaled(solution)
    unseen = np.full((len(labels), classes), np.nan)
    return LinearHead(kernel, bias, c, (), unseen, np.full(len(labels), -1))


@dataclass(frozen=True, eq=False)
class _Space:
    """Where the head is solved: scaled features, turned.

    Args:
        scaled: the features.
        rotation: of them.
    """

    scaled: Scaled
    rotation: Rotation

    @classmethod
    def of(cls, features: NDArray[np.float32], order: NDArray[np.int64]) -> "_Space":
        """Of the features, with the photos in this order."""
        scaled = Scaled(features, *_centre_and_scale(features))
        small = len(features) * min(features.shape) <= MOST_EXACT
        return cls(scaled, rotated(scaled, order, precision=np.float64 if small else np.float32))

    @property
    def data(self) -> Reals:
        """What the head is solved on, (photos, dimensions)."""
        return self.rotation.data

    def unscaled(self, solution: Reals) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Kernel and bias for features as they are, float32 (features, classes) and (classes,)."""
        kernel = self.rotation.basis @ solution[:-1] / self.scaled.scale[:, None]
        bias = solution[-1] - self.scaled.mean @ kernel
        return kernel.astype(np.float32), bias.astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Photos:
    """Photos in the order of the folds that hold them out, so that each is a part of one piece.

    Args:
        data: (photos, dimensions); see `_Space`.
        labels: int32 (photos,).
        weights: float64 (photos,).
        fold_of: int64 (photos,), rising; -1 first.
        classes: how many there are.
    """

    data: Reals
    labels: NDArray[np.int32]
    weights: Floats
    fold_of: NDArray[np.int64]
    classes: int

    @cached_property
    def folds(self) -> list[slice]:
        """The photos that each fold holds out."""
        ends = np.searchsorted(self.fold_of, np.arange(self.fold_of[-1] + 2)).tolist()
        return [slice(*pair) for pair in pairwise(ends)]

    @property
    def held_out(self) -> slice:
        """The photos that any fold holds out."""
        return slice(int(np.searchsorted(self.fold_of, 0)), len(self.fold_of))

    def solutions(
        self, cs: Sequence[float], *, without: slice = slice(0, 0), tolerance: float = 0.0
    ) -> Iterator[Reals]:
        """Those of the photos outside a fold along a path; see `solve_path`."""
        return solve_path(
            self.data,
            self.labels,
            classes=self.classes,
            cs=cs,
            weights=self.weights,
            learned=[slice(0, without.start), slice(without.stop, len(self.labels))],
            tolerance=tolerance,
            threads=usable_cores(),
        )

    def unseen(self, fold: slice, solution: Reals) -> Floats:
        """Log probabilities of the photos of a fold, (held out, classes)."""
        return log_softmax(self.data[fold] @ solution[:-1] + solution[-1])

    def candidate(self, c: float, solutions: Sequence[Reals]) -> Candidate:
        """Loss and accuracy over the photos that a fold holds out."""
        losses, hits = np.zeros(len(self.labels)), np.zeros(len(self.labels))
        for fold, solution in zip(self.folds, solutions, strict=True):
            unseen, labels = self.unseen(fold, solution), self.labels[fold]
            losses[fold] = -unseen[np.arange(len(labels)), labels]
            hits[fold] = unseen.argmax(axis=1) == labels
        counts = self.weights[self.held_out]
        loss, accuracy = (float(each[self.held_out] @ counts / counts.sum()) for each in (losses, hits))
        return Candidate(c, loss, accuracy)


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The path that was tried, its best point, and what the head of each fold was there."""

    path: tuple[Candidate, ...]
    best: Candidate
    solutions: tuple[Reals, ...]


def _choose(photos: _Photos, *, grid: Sequence[float], progress: Progress) -> _Chosen | None:
    """Try one strength after the other until the loss has risen often enough; None if no fold holds any out.

    Beyond its lowest point the loss rises for good, and weak penalties take longest to solve.
    """
    if not photos.folds:
        return None
    tolerance = FOLD_TOLERANCES[photos.data.dtype]
    paths = [photos.solutions(grid, without=fold, tolerance=tolerance) for fold in photos.folds]
    path: list[Candidate] = []
    chosen = None
    progress(STAGE, 0, len(grid))
    for c, *solutions in zip(grid, *paths, strict=True):
        path.append(photos.candidate(c, solutions))
        if chosen is None or path[-1].log_loss < chosen.best.log_loss:
            chosen = _Chosen((), path[-1], tuple(solutions))
        progress(STAGE, len(path), len(grid))
        if len(path) - 1 - path.index(chosen.best) >= RISES:
            progress(STAGE, len(grid), len(grid))
            break
    return None if chosen is None else replace(chosen, path=tuple(path))


def _folds(
    labels: NDArray[np.int32], copies: NDArray[np.int64], *, classes: int, seed: int
) -> NDArray[np.int64]:
    """The fold that holds out each photo, int64 (photos,): each class is dealt out evenly, shuffled.

    Copies of a photo stay in one fold, since a head that has seen one knows the others. A class that
    has no two different photos is never held out: -1.
    """
    random = np.random.default_rng(seed)
    different = [np.unique(copies[labels == label]) for label in range(classes)]
    folds = min([FOLDS, *(len(each) for each in different if len(each) > 1)])
    fold_of_copies = np.full(int(copies.max()) + 1, -1)
    dealt = 0
    for each in different:
        if len(each) > 1:
            fold_of_copies[random.permutation(each)] = (dealt + np.arange(len(each))) % folds
            dealt += len(each)
    return fold_of_copies[copies]


def _copies(features: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each photo a number that those with the same features share, int64 (photos,)."""
    numbers: dict[bytes, int] = {}
    hashes = (hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(features))
    return np.array([numbers.setdefault(each, len(numbers)) for each in hashes], dtype=np.int64)


def _centre_and_scale(features: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """The mean of each feature, and the scale it is divided by.

    The scale is the geometric mean of the feature's own deviation and that of all features: halfway
    between standardising, which makes noise of features that hardly vary as loud as the rest, and
    leaving them as they are. docs/decisions.md has the comparison. Features that never vary count
    for nothing.
    """
    number = len(features)
    parts = [features[start : start + ROWS] for start in range(0, number, ROWS)]
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in parts) / number
    deviation = np.sqrt(sum(np.square(part - mean).sum(axis=0) for part in parts) / number)
    overall = np.sqrt(np.mean(deviation**2, where=deviation > 0)) if deviation.any() else 1.0
    scale = np.sqrt(deviation * overall)
    return mean, np.where(scale > 0, scale, np.inf)


def history_rows(head: LinearHead) -> Sequence[dict[str, float | int]]:
    """The regularisation path as rows of `history.csv`."""
    return [
        {"c": each.c, "log_loss": each.log_loss, "accuracy": each.accuracy, "chosen": int(each.c == head.c)}
        for each in head.path
    ]
