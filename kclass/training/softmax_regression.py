"""Multinomial logistic regression with an L2 penalty, along a path of penalties."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kclass.parallel import in_parallel

MOST_STEPS = 100
MOST_DIRECTIONS = 500
RESIDUAL = 0.1
SUFFICIENT = 1e-4
SHORTEST = 1e-4
RESOLUTIONS = {np.dtype(np.float32): 1e-9, np.dtype(np.float64): 1e-13}
"""Newton steps; conjugate directions in one; the share of the squared gradient that may be left in a step
that is far from the end; the part of the promised fall of the loss that a step must bring; the shortest
part of a step; and the fall, in nats, below which a step is not worth taking in each precision."""

SMALLEST_CURVATURE = 1e-12
ROWS = 1024
WORTH_THREADS = 2**25  # photos times dimensions times classes; below, threads cost more than they bring

Floats = NDArray[np.float64]
Reals = NDArray[Any]
Result = TypeVar("Result")


def solve_path(
    data: Reals,
    labels: NDArray[np.int32],
    *,
    classes: int,
    cs: Sequence[float],
    weights: Floats | None = None,
    learned: Sequence[slice] = (slice(None),),
    tolerance: float = 0.0,
    threads: int = 1,
) -> Iterator[Reals]:
    """The solution for each penalty, each started from where the two before lead.

    Minimises, over the kernel W and the bias b,
        mean over photos of -weight log softmax(x W + b)[label]  +  |W|^2 / (2 c photos),
    which is scikit-learn's `LogisticRegression(C=c)` divided by c and the number of photos (for two
    classes, where that solves for one vector, its C is twice this c). By Newton's method, each step
    found by conjugate gradients (Nocedal and Wright, Numerical Optimization, 2nd ed., section 7.1) that
    are preconditioned by the diagonal of the curvature, as if it were the same for all photos. Computes
    in the precision of the data, and gives the same bits whatever the number of threads.

    Args:
        data: float32 or float64 (photos, dimensions), best along their principal axes: see `principal_axes`.
        labels: int32 (photos,).
        classes: how many there are.
        cs: inverse strengths of the penalty, best in ascending order.
        weights: float64 (photos,): what each photo counts; left out, each counts 1.
        learned: the rows to learn from, rising; left out, all.
        tolerance: the search ends where about this share of the mean loss, or less, could still be
            gained; at 0, where the precision of the data ends it.
        threads: how many work at a time; each calls linear algebra of its own.

    Yields:
        As the data (dimensions + 1, classes): the kernel, and the bias as its last row.
    """
    weights = np.ones(len(data)) if weights is None else weights
    if data.size * classes < WORTH_THREADS:
        threads = 1
    photos = _Photos.of(data, labels, weights, learned, threads=threads)
    solution = before = np.zeros((data.shape[1] + 1, classes), data.dtype)
    for place, c in enumerate(cs):
        # Along the logarithm of c solutions move on nearly straight lines.
        start = 2 * solution - before if place > 1 else solution
        before, solution = solution, _solved(photos, start, 1 / (c * photos.number), tolerance)
        del start
        solution[-1] -= solution[-1].mean()
        yield solution


def log_softmax(logits: Reals) -> Floats:
    """The logarithm of the softmax over the last axis, float64 (photos, classes)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True, dtype=np.float64))
    return result


@dataclass(frozen=True, eq=False)
class _Predicted:
    """What a solution says of some photos.

    Args:
        loss: their part of the mean loss, in nats.
        probabilities: (photos, classes).
        curvature: float64 (classes,): their part of the loss's mean second derivative by each logit.
    """

    loss: float
    probabilities: Reals
    curvature: Floats


@dataclass(frozen=True, eq=False)
class _Block:
    """Some of the photos, so few that what is computed of them needs little memory.

    Args:
        data: (photos, dimensions), a view.
        labels: int32 (photos,).
        shares: as the data (photos, 1): weights, divided by the number of photos of all blocks.
    """

    data: Reals
    labels: NDArray[np.int32]
    shares: Reals

    def predicted(self, solution: Reals) -> _Predicted:
        """What a solution says of them."""
        logits = self.data @ solution[:-1]
        logits += solution[-1]
        logits -= logits.max(axis=1, keepdims=True)
        own = logits[np.arange(len(logits)), self.labels]
        probabilities = np.exp(logits, out=logits)
        sums = probabilities.sum(axis=1)
        probabilities /= sums[:, None]
        shares = self.shares[:, 0].astype(np.float64)
        curvature = shares @ (probabilities - probabilities * probabilities)
        return _Predicted(float(shares @ (np.log(sums, dtype=np.float64) - own)), probabilities, curvature)

    def gradient(self, predicted: _Predicted) -> Reals:
        """That of their part of the loss, (dimensions + 1, classes)."""
        error = predicted.probabilities.copy()
        error[np.arange(len(error)), self.labels] -= 1
        error *= self.shares
        return self._gathered(error)

    def curved(self, predicted: _Predicted, direction: Reals) -> Reals:
        """The second derivative of their part of the loss, times a direction."""
        change = self.data @ direction[:-1]
        change += direction[-1]
        change *= predicted.probabilities
        change -= predicted.probabilities * change.sum(axis=1, keepdims=True)
        change *= self.shares
        return self._gathered(change)

    def _gathered(self, error: Reals) -> Reals:
        found = np.empty((self.data.shape[1] + 1, error.shape[1]), error.dtype)
        np.matmul(self.data.T, error, out=found[:-1])
        error.sum(axis=0, out=found[-1])
        return found


@dataclass(frozen=True, eq=False)
class _Photos:
    """All photos to learn from.

    Args:
        blocks: some of them each.
        squares: as the data (dimensions + 1, 1): the mean squares of the data and, for the bias, 1.
        number: how many photos there are.
        threads: how many work at a time.
    """

    blocks: tuple[_Block, ...]
    squares: Reals
    number: int
    threads: int

    @classmethod
    def of(
        cls,
        data: Reals,
        labels: NDArray[np.int32],
        weights: Floats,
        learned: Sequence[slice],
        *,
        threads: int,
    ) -> "_Photos":
        rows = [range(*each.indices(len(data))) for each in learned]
        number = sum(len(each) for each in rows)
        shares = (weights[:, None] / number).astype(data.dtype)
        parts = [each[start : start + ROWS] for each in rows for start in range(0, len(each), ROWS)]
        spans = [slice(part.start, part.stop) for part in parts]
        blocks = tuple(_Block(data[span], labels[span], shares[span]) for span in spans)
        squares = sum(np.einsum("ij,ij->j", block.data, block.data) for block in blocks) / number
        return cls(blocks, np.append(squares, 1)[:, None].astype(data.dtype), number, threads)

    @contextlib.contextmanager
    def each(self, work: Callable[[int], Result]) -> Iterator[Iterator[Result]]:
        """What is found for each block, in their order: sums are the same by any number of threads."""
        places = range(len(self.blocks))
        if self.threads == 1:
            yield map(work, places)
        else:
            with in_parallel(work, places, threads=self.threads) as found:
                yield found

    def at(self, solution: Reals, penalty: float) -> "_Point":
        """What a solution says of all photos."""
        with self.each(lambda place: self.blocks[place].predicted(solution)) as found:
            predicted = tuple(found)
        loss = sum(each.loss for each in predicted)
        size = penalty / 2 * _product(solution[:-1], solution[:-1])
        return _Point(self, penalty, solution, predicted, loss, loss + size)


@dataclass(frozen=True, eq=False)
class _Point:
    """A solution for one penalty, good or not, and what it says of each block of photos.

    Args:
        photos: to learn from.
        penalty: half of it is the price of a kernel's square.
        solution: (dimensions + 1, classes).
        predicted: of each block.
        data_loss: the mean loss of the photos, in nats.
        loss: with the penalty.
    """

    photos: _Photos
    penalty: float
    solution: Reals
    predicted: tuple[_Predicted, ...]
    data_loss: float
    loss: float

    def gradient(self) -> Reals:
        """Of the loss, (dimensions + 1, classes)."""
        return self._total(_Block.gradient, self.solution)

    def curved(self, direction: Reals) -> Reals:
        """The second derivative of the loss times a direction, (dimensions + 1, classes)."""
        return self._total(lambda block, predicted: block.curved(predicted, direction), direction)

    def curvature(self) -> Reals:
        """The diagonal of the second derivative, as if probabilities had nothing to do with the data."""
        mean = np.sum([each.curvature for each in self.predicted], axis=0)
        # If all classes are as probable, changes that sum to 0 over them meet this much more of it.
        mean = mean * len(mean) / max(len(mean) - 1, 1)
        diagonal: Reals = self.photos.squares * np.maximum(mean, SMALLEST_CURVATURE)
        diagonal[:-1] += self.penalty
        found: Reals = diagonal.astype(self.solution.dtype)
        return found

    def _total(self, part: Callable[[_Block, _Predicted], Reals], penalised: Reals) -> Reals:
        blocks = self.photos.blocks
        total = np.zeros_like(penalised)
        with self.photos.each(lambda place: part(blocks[place], self.predicted[place])) as found:
            for each in found:
                total += each
        total[:-1] += self.penalty * penalised[:-1]
        return total

    def nearer(self, step: Reals, slope: float) -> "_Point | None":
        """Where a step leads, or a part of it if all of it is too far; None if no part makes anything better.

        Args:
            step: (dimensions + 1, classes).
            slope: the product of gradient and step, negative.
        """
        share = 1.0
        noise = 10 * float(np.finfo(step.dtype).eps) * self.loss
        while share > SHORTEST:
            found = self.photos.at(self.solution + step.dtype.type(share) * step, self.penalty)
            if found.loss <= self.loss + SUFFICIENT * share * slope + noise:
                return found
            share /= 2
        return None


def _solved(photos: _Photos, start: Reals, penalty: float, tolerance: float) -> Reals:
    """The solution for one penalty."""
    point = photos.at(start, penalty)
    for _ in range(MOST_STEPS):
        gradient, curvature = point.gradient(), point.curvature()
        gain = _product(gradient, gradient / curvature) / 2
        least = max(tolerance * point.data_loss, RESOLUTIONS[start.dtype])
        if gain < least:
            break
        left = max(min(RESIDUAL, gain / point.loss) * 2 * gain, least)
        step = _newton_step(point, gradient, curvature, left)
        nearer = point.nearer(step, _product(gradient, step))
        if nearer is None:
            break
        point = nearer
    return point.solution


def _newton_step(point: _Point, gradient: Reals, curvature: Reals, left: float) -> Reals:
    """The step, by conjugate gradients until so little is left of the preconditioned squared residual."""
    step, residual = np.zeros_like(gradient), -gradient
    direction = residual / curvature
    size = _product(residual, direction)
    for _ in range(MOST_DIRECTIONS):
        change = point.curved(direction)
        bend = _product(direction, change)
        if not bend > 0:
            break
        length = gradient.dtype.type(size / bend)
        step += length * direction
        residual -= length * change
        before, size = size, _product(residual, residual / curvature)
        if size < left:
            break
        direction = residual / curvature + gradient.dtype.type(size / before) * direction
    return step


def _product(one: Reals, other: Reals) -> float:
    return float(np.vdot(one, other))
