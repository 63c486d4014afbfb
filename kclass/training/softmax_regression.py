"""Multinomial logistic regression with an L2 penalty, along a path of penalties."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_ITERATIONS = 2000
GRADIENT_TOLERANCE = 1e-5
REMEMBERED_STEPS = 20
SMALLEST_SHARE = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rotation:
    """Data in as few dimensions as they span.

    An L2-penalised solution lies in the span of the data, so solving there is exact, and with fewer
    photos than features much faster.

    Args:
        data: float64 (photos, dimensions), dimensions <= features.
        basis: float64 (features, dimensions): the data were `data @ basis.T`.
    """

    data: Floats
    basis: Floats


def rotated(data: Floats) -> Rotation:
    """Rotate data, float64 (photos, features), into their span if that is the smaller space."""
    photos, features = data.shape
    if photos >= features:
        return Rotation(data, np.eye(features))
    squares, directions = np.linalg.eigh(data @ data.T)
    spanned = squares > SMALLEST_SHARE * squares[-1]
    lengths = np.sqrt(squares[spanned])
    directions = directions[:, spanned]
    return Rotation(directions * lengths, data.T @ (directions / lengths))


def solve_path(
    data: Floats,
    labels: NDArray[np.int32],
    *,
    classes: int,
    cs: Sequence[float],
    weights: Floats | None = None,
    tolerance: float = 0.0,
) -> Iterator[Floats]:
    """The solution for each penalty, each started from the one before.

    Minimises, over the kernel W and the bias b,
        mean over photos of -weight log softmax(x W + b)[label]  +  |W|^2 / (2 c photos),
    which is scikit-learn's `LogisticRegression(C=c)` divided by c and the number of photos (for two
    classes, where that solves for one vector, its C is twice this c). By L-BFGS.

    Args:
        data: float64 (photos, dimensions).
        labels: int32 (photos,).
        classes: how many there are.
        cs: inverse strengths of the penalty, best in ascending order.
        weights: float64 (photos,): what each photo counts; left out, each counts 1.
        tolerance: a step that lowers the loss by less ends the search, in nats or, of losses above 1,
            as a share of it; at 0, the gradient alone says when.

    Yields:
        float64 (dimensions + 1, classes): the kernel, and the bias as its last row.
    """
    from scipy.optimize import minimize

    weights = np.ones(len(data)) if weights is None else weights
    truth = np.eye(classes)[labels] * weights[:, None]
    solution = np.zeros((data.shape[1] + 1, classes))
    options = {
        "maxiter": MOST_ITERATIONS,
        "gtol": GRADIENT_TOLERANCE,
        "ftol": tolerance,
        "maxcor": REMEMBERED_STEPS,
    }
    for c in cs:
        found = minimize(
            _loss_and_gradient,
            solution.ravel(),
            args=(data, truth, weights, 1 / (c * len(data))),
            jac=True,
            method="L-BFGS-B",
            options=options,
        )
        solution = found.x.reshape(solution.shape)
        yield solution


def log_softmax(logits: Floats) -> Floats:
    """The logarithm of the softmax over the last axis, float64 (photos, classes)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def _loss_and_gradient(
    flat: Floats, data: Floats, truth: Floats, weights: Floats, penalty: float
) -> tuple[float, Floats]:
    solution = flat.reshape(-1, truth.shape[1])
    kernel, bias = solution[:-1], solution[-1]
    log_probabilities = log_softmax(data @ kernel + bias)
    loss = penalty / 2 * np.sum(kernel**2) - np.sum(truth * log_probabilities) / len(data)
    error = (np.exp(log_probabilities) * weights[:, None] - truth) / len(data)
    gradient = np.vstack([data.T @ error + penalty * kernel, error.sum(axis=0)])
    return float(loss), gradient.ravel()
