"""How far off each prediction is, photo by photo."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

EPSILON: Final = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0 and 1 in the log loss, as scikit-learn does: 2.2e-16."""


def photo_losses(probabilities: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """The loss of each photo; their mean is the log loss of `kclass.evaluation.metrics`.

    Args:
        probabilities: float64 (photos, classes), 0 to 1.
        labels: int32 (photos,): the true classes, as columns of `probabilities`.

    Returns:
        float64 (photos,): -ln(probability of the true class) in nats, the probability kept `EPSILON`
        away from 0 and 1: at most 36.04.
    """
    return losses_of(probabilities[np.arange(len(labels)), labels])


def losses_of(truths: NDArray[np.float64]) -> NDArray[np.float64]:
    """-ln(p) in nats of the probabilities p of true classes, each kept `EPSILON` away from 0 and 1."""
    losses: NDArray[np.float64] = -np.log(np.clip(truths, EPSILON, 1 - EPSILON))
    return losses


def brier_scores(probabilities: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """The Brier score of each photo, in the original definition; their mean is that of all photos.

    It is the sum over all classes of (p_c - y_c)², with y_c 1 for the true class and 0 for others: 0
    if the true class is certain, 2 if a wrong one is. With two classes this is twice the score that
    looks at one of them alone (scikit-learn's `brier_score_loss` with `scale_by_half=False`).

    Args:
        probabilities: float64 (photos, classes), 0 to 1.
        labels: int32 (photos,): the true classes, as columns of `probabilities`.

    Returns:
        float64 (photos,), 0 to 2.

    Source: G. W. Brier, Verification of Forecasts Expressed in Terms of Probability, Monthly Weather
    Review 78 (1950), 1-3, equation 2.
    """
    off = probabilities.copy()
    off[np.arange(len(labels)), labels] -= 1
    scores: NDArray[np.float64] = (off * off).sum(axis=1)
    return scores


def highest(losses: NDArray[np.float64], number: int) -> NDArray[np.int64]:
    """The places of the highest losses, highest first; of equals the first comes first.

    Args:
        losses: float64 (photos,).
        number: how many, at most as many as there are.
    """
    return np.argsort(-losses, kind="stable")[:number]
