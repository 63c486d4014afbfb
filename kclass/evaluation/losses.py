"""How far off each prediction is, photo by photo."""

import numpy as np
from numpy.typing import NDArray

from kclass.evaluation.metrics import EPSILON


def photo_losses(probabilities: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """The loss of each photo; their mean is the log loss of `kclass.evaluation.metrics`.

    Args:
        probabilities: float64 (photos, classes), 0 to 1.
        labels: int32 (photos,): the true classes, as columns of `probabilities`.

    Returns:
        float64 (photos,): -ln(probability of the true class) in nats, the probability kept `EPSILON`
        away from 0 and 1: at most 36.04.
    """
    truths = probabilities[np.arange(len(labels)), labels]
    losses: NDArray[np.float64] = -np.log(np.clip(truths, EPSILON, 1 - EPSILON))
    return losses


def highest(losses: NDArray[np.float64], number: int) -> NDArray[np.int64]:
    """The places of the highest losses, highest first; of equals the first comes first.

    Args:
        losses: float64 (photos,).
        number: how many, at most as many as there are.
    """
    return np.argsort(-losses, kind="stable")[:number]
