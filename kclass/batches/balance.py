"""Classes of different sizes made to count alike: by weights, or by how often each is shown."""

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Balance = Literal["none", "weights", "sample"]
BALANCES: Final[tuple[Balance, ...]] = get_args(Balance)
AS_MANY_AS_THERE_ARE: Final = "none"


def class_weights(labels: NDArray[np.int32], *, classes: int) -> NDArray[np.float64]:
    """What a photo of each class counts, so that all classes count alike and a photo 1 in the mean.

    photos / (classes that have any * photos of the class)

    Args:
        labels: int32 (photos,), of training photos.
        classes: how many there are.

    Returns:
        float64 (classes,); 0 for a class without photos.

    Source:
        scikit-learn's `compute_class_weight("balanced", …)`; King and Zeng 2001, "Logistic regression
        in rare events data".
    """
    counts = np.bincount(labels, minlength=classes)
    weights = np.zeros(len(counts))
    np.divide(len(labels), np.count_nonzero(counts) * counts, out=weights, where=counts > 0)
    return weights


def balanced_places(
    places: NDArray[np.int64], labels: NDArray[np.int32], *, random: np.random.Generator
) -> NDArray[np.int64]:
    """As many places as given, shuffled, with each class equally often, give or take one photo.

    Photos of small classes come several times, those of large ones not all of them: within a class
    none comes again before each of the others has come, so that none is left out by chance. Drawing
    each photo anew, as weighted sampling usually does, would miss a third of the photos in an epoch.

    Args:
        places: int64 (photos,).
        labels: int32 (photos,), the class of each.
        random: where the random numbers come from.
    """
    present = random.permutation(np.unique(labels))
    shares = np.diff(np.linspace(0, len(places), len(present) + 1).round().astype(np.int64))
    drawn = [
        _repeated(places[labels == label], int(share), random)
        for label, share in zip(present, shares, strict=True)
    ]
    return random.permutation(np.concatenate(drawn))


def _repeated(places: NDArray[np.int64], number: int, random: np.random.Generator) -> NDArray[np.int64]:
    """A number of places, each as often as the others, give or take one."""
    rounds = [random.permutation(places) for _ in range(-(-number // len(places)))]
    return np.concatenate(rounds)[:number] if rounds else places[:0]
