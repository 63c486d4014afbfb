"""Scores that tell photos unlike those of training: kclass's, and those it was chosen among.

Each takes features of training photos, their labels, a head solved on them, and the features of other
photos, and gives a number for each of those; higher is more novel.

Sources: D. Hendrycks, K. Gimpel, ICLR 2017 (largest probability); W. Liu et al., NeurIPS 2020 (energy);
K. Lee et al., NeurIPS 2018 (Mahalanobis); Y. Sun et al., ICML 2022 (nearest neighbours); H. Wang et al.,
CVPR 2022 (ViM); H. Guan et al., ICCV 2023, for the residual of principal components.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax
from sklearn.covariance import ledoit_wolf

from kclass.evaluation.novelty import doubted
from kclass.evaluation.spread import fit_spread, square_rooted
from kclass.training.linear_head import LinearHead, solve_linear_head

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

CHOSEN = "distance to the spread, doubted: kclass"
PLAIN = "1 - largest probability"
DIMENSIONS = 64


@dataclass(frozen=True)
class Known:
    """Training photos and the head solved on them; a head of one class is none."""

    features: NDArray[np.float32]
    labels: Labels
    head: LinearHead | None

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1

    def logits(self, features: NDArray[np.float32]) -> Floats:
        """What the head makes of features; 0 without one."""
        if self.head is None:
            return np.zeros((len(features), 1))
        return (features @ self.head.kernel + self.head.bias).astype(np.float64)


def known(features: NDArray[np.float32], labels: Labels) -> Known:
    labels = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    classes = int(labels.max()) + 1
    head = solve_linear_head(features, labels, classes=classes, seed=0) if classes > 1 else None
    return Known(features, labels, head)


Score = Callable[[Known, NDArray[np.float32]], Floats]


def scores() -> Iterator[tuple[str, Score]]:
    """Every score by its name."""
    yield PLAIN, lambda train, other: 1 - softmax(train.logits(other), axis=1).max(axis=1)
    yield "energy", lambda train, other: -logsumexp(train.logits(other), axis=1)
    for name, place in (("features", unit), ("roots", square_rooted)):
        yield f"Mahalanobis, {name}", lambda train, other, place=place: mahalanobis(train, other, place)
        for number in (1, 5):
            yield (
                f"cosine to neighbour {number}, {name}",
                lambda train, other, place=place, number=number: neighbour(train, other, place, number),
            )
        yield f"residual, {name}", lambda train, other, place=place: residual(train, other, place)
    yield "ViM", vim
    yield "distance to the spread", lambda train, other: spread(train).distances(other)
    for weight in (0.1, 0.3, 0.5):
        yield f"the same, doubt {weight}", lambda train, other, weight=weight: weighed(train, other, weight)
    yield CHOSEN, chosen


def chosen(train: Known, other: NDArray[np.float32]) -> Floats:
    return doubted(spread(train).distances(other), softmax(train.logits(other), axis=1))


def weighed(train: Known, other: NDArray[np.float32], weight: float) -> Floats:
    doubt = 1 - softmax(train.logits(other), axis=1).max(axis=1)
    return spread(train).distances(other) * (1 + weight * doubt)


def spread(train: Known):
    return fit_spread(train.features, train.labels, classes=train.classes)


def unit(features: NDArray[np.float32]) -> Floats:
    return features / np.linalg.norm(features, axis=1, keepdims=True).astype(np.float64)


def mahalanobis(train: Known, other: NDArray[np.float32], place) -> Floats:
    """To the nearest class mean under one shrunk covariance."""
    own, new = place(train.features), place(other)
    means = np.stack([own[train.labels == label].mean(axis=0) for label in range(train.classes)])
    inverse = np.linalg.inv(ledoit_wolf(own - means[train.labels], assume_centered=True)[0])
    return np.min([((new - mean) @ inverse * (new - mean)).sum(axis=1) for mean in means], axis=0)


def neighbour(train: Known, other: NDArray[np.float32], place, number: int) -> Floats:
    similar = unit(place(other)) @ unit(place(train.features)).T
    return 1 - np.sort(similar, axis=1)[:, -min(number, similar.shape[1])]


def residual(train: Known, other: NDArray[np.float32], place) -> Floats:
    own = place(train.features)
    return _residual(place(other) - own.mean(axis=0), own - own.mean(axis=0))


def _residual(new: Floats, own: Floats) -> Floats:
    directions = np.linalg.svd(own, full_matrices=False)[2][: min(DIMENSIONS, len(own) // 2)]
    along = new @ directions.T
    return np.sqrt(np.maximum((new**2).sum(axis=1) - (along**2).sum(axis=1), 0))


def vim(train: Known, other: NDArray[np.float32]) -> Floats:
    if train.head is None:
        return residual(train, other, np.asarray)
    origin = -np.linalg.pinv(train.head.kernel.T.astype(np.float64)) @ train.head.bias
    own, new = train.features - origin, other - origin
    scale = train.logits(train.features).max(axis=1).mean() / max(_residual(own, own).mean(), 1e-9)
    return scale * _residual(new, own) - logsumexp(train.logits(other), axis=1)
