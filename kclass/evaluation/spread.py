"""Where training photos lie among all features, and how far from there a photo is."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.parallel import one_thread

MOST_DIRECTIONS: Final = 64
PHOTOS_A_DIRECTION: Final = 8
"""With fewer, distances by four fifths of the photos are no guide to those by all (docs/decisions.md)."""

PHOTOS_A_CLASS: Final = 4
SMALLEST_VARIANCE: Final = 1e-8
AT_ONCE: Final = 4096

MOST_WHOLE: Final = 640
"""Dimensions up to which all eigenvectors are computed. SciPy computes those wanted alone, twice as fast,
but takes longer to import than that saves."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spread:
    """Where the training photos lie among all features, and how far they spread around it.

    A photo's place is the square root of its features (of negative ones that of their size, with their
    sign), brought to length 1. A normal distribution with one covariance lies around the centre of each
    class: its directions of most variance are kept, and in all others the variance is the same.

    Args:
        centres: float16 (classes, features); one for all photos where classes have too few.
        directions: float32 (directions, features), orthonormal.
        variances: float64 (directions,).
        rest: the variance in every other direction.

    Source: K. Lee, K. Lee, H. Lee, J. Shin, A Simple Unified Framework for Detecting Out-of-Distribution
    Samples and Adversarial Attacks, NeurIPS 2018, for the distance to the nearest class under one
    covariance; M. E. Tipping, C. M. Bishop, Probabilistic Principal Component Analysis, Journal of the
    Royal Statistical Society B 61 (1999), 611-622, for the covariance; R. Arandjelović, A. Zisserman,
    Three things everyone should know to improve object retrieval, CVPR 2012, for the square root.
    """

    centres: NDArray[np.float16] = field(repr=False)
    directions: NDArray[np.float32] = field(repr=False)
    variances: Floats = field(repr=False)
    rest: float

    def distances(self, features: NDArray[np.float32]) -> Floats:
        """How far each photo is from the nearest centre: about 1 for the photos it was fitted on.

        With D the place less the centre and t its coordinates along the directions, that is the root of
        (sum of t² / variance + (|D|² - |t|²) / rest) / features.

        Args:
            features: float32 (photos, features).

        Returns:
            float64 (photos,), 0 or more.
        """
        centres, directions = self._wide
        # Along a direction, t² counts 1 / variance instead of 1 / rest.
        extra = 1 / self.variances - 1 / self.rest
        of_centres = centres @ directions.T
        sizes = (centres**2).sum(axis=1) / self.rest + of_centres**2 @ extra
        found = np.empty(len(features))
        for rows in _stretches(len(features)):
            places = square_rooted(features[rows])
            along = places @ directions.T
            own = (places**2).sum(axis=1) / self.rest + along**2 @ extra
            across = places @ centres.T / self.rest + (along * extra) @ of_centres.T
            found[rows] = (own[:, None] - 2 * across + sizes).min(axis=1)
        distances: Floats = np.sqrt(np.maximum(found, 0) / features.shape[1])
        return distances

    @functools.cached_property
    def _wide(self) -> tuple[Floats, Floats]:
        """Centres and directions as float64, kept for the photos to come."""
        return self.centres.astype(np.float64), self.directions.astype(np.float64)


def square_rooted(features: NDArray[Any]) -> Floats:
    """The places of photos: roots of features with their sign, as float64 (photos, features) of length 1."""
    roots = np.sign(features) * np.sqrt(np.abs(features, dtype=np.float64))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    places: Floats = roots / np.where(lengths > 0, lengths, 1.0)
    return places


def fit_spread(features: NDArray[np.float32], labels: NDArray[np.int32], *, classes: int) -> Spread:
    """Where photos lie; in a few passes over them, in memory that does not grow with their number.

    There is a direction for every 8 photos, and 64 at most. With fewer than four photos a class on
    average, all photos have one centre.

    Args:
        features: float32 (photos, features), at least one photo.
        labels: int32 (photos,).
        classes: how many there are; those without photos have no centre.
    """
    return next(_spreads(features, _centred_on(labels, classes), np.zeros((1, len(labels)), np.bool_)))


def out_of_fold_distances(
    features: NDArray[np.float32],
    labels: NDArray[np.int32],
    fold_of: NDArray[np.int64],
    *,
    classes: int,
) -> Floats:
    """How far photos are from where the photos of other folds lie.

    Args:
        features: float32 (photos, features).
        labels: int32 (photos,).
        fold_of: int64 (photos,): the fold that holds out each photo; -1 none.
        classes: how many there are.

    Returns:
        float64 (photos,), NaN for photos that no fold holds out.
    """
    held_out = np.array([fold_of == fold for fold in range(int(fold_of.max(initial=-1)) + 1)])
    found = np.full(len(features), np.nan)
    for rows, spread in zip(
        held_out, _spreads(features, _centred_on(labels, classes), held_out), strict=True
    ):
        found[rows] = spread.distances(features[rows])
    return found


def _centred_on(labels: NDArray[np.int32], classes: int) -> NDArray[np.int64]:
    """The centre of each photo, int64 (photos,), from 0 without a gap."""
    if len(labels) < PHOTOS_A_CLASS * classes:
        return np.zeros(len(labels), dtype=np.int64)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _spreads(
    features: NDArray[np.float32], centre_of: NDArray[np.int64], held_out: NDArray[np.bool_]
) -> Iterator[Spread]:
    """For each row of `held_out`, bool (spreads, photos), where the other photos lie.

    The sums over all photos are made once, and those over the held-out photos taken off.
    """
    basis, places = _coordinates(features)
    whole = _sums(places, centre_of, np.ones(len(centre_of), np.bool_))
    for rows in held_out:
        yield _spread(_less(whole, _sums(places, centre_of, rows)), basis, features.shape[1])


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over photos: how many have each centre, their places, and the products of places."""

    counts: Floats
    places: Floats
    products: Floats


@dataclass(frozen=True, eq=False)
class _Places:
    """Places of photos, or their coordinates in as few dimensions as few photos span."""

    features: NDArray[np.float32]
    basis: Floats | None

    @property
    def dimensions(self) -> int:
        return int(self.features.shape[1] if self.basis is None else self.basis.shape[1])

    def of(self, rows: NDArray[np.int64]) -> Floats:
        places = square_rooted(self.features[rows])
        return places if self.basis is None else places @ self.basis


def _coordinates(features: NDArray[np.float32]) -> tuple[Floats | None, _Places]:
    """A basis of what few photos span, float64 (features, dimensions), and the photos' places in it."""
    photos, number = features.shape
    basis: Floats | None = None
    if photos < number:
        basis = np.linalg.qr(square_rooted(features).T)[0]
    return basis, _Places(features, basis)


def _sums(places: _Places, centre_of: NDArray[np.int64], chosen: NDArray[np.bool_]) -> _Sums:
    size, rows = places.dimensions, np.flatnonzero(chosen)
    centres = int(centre_of.max(initial=0)) + 1
    sums, products = np.zeros((centres, size)), np.zeros((size, size))
    for stretch in _stretches(len(rows)):
        those = rows[stretch]
        found = places.of(those)
        np.add.at(sums, centre_of[those], found)
        products += found.T @ found
    return _Sums(np.bincount(centre_of[rows], minlength=centres).astype(np.float64), sums, products)


def _less(whole: _Sums, part: _Sums) -> _Sums:
    return _Sums(whole.counts - part.counts, whole.places - part.places, whole.products - part.products)


def _spread(sums: _Sums, basis: Floats | None, features: int) -> Spread:
    """The spread of photos, from their sums."""
    there = sums.counts > 0
    counts, size = sums.counts[there], len(sums.products)
    centres = sums.places[there] / counts[:, None]
    free = max(int(counts.sum()) - len(counts), 1)
    scatter = (sums.products - centres.T @ (centres * counts[:, None])) / free
    number = min(MOST_DIRECTIONS, free // PHOTOS_A_DIRECTION, size - 1)
    variances, directions = np.empty(0), np.empty((size, 0))
    if number > 0:
        variances, directions = _largest(scatter, number)
    left = max(float(scatter.trace() - variances.sum()), 0.0)
    rest = max(left / (features - number) if number < features else left, SMALLEST_VARIANCE)
    if basis is not None:
        centres, directions = centres @ basis.T, basis @ directions
    return Spread(
        centres.astype(np.float16), directions.T.astype(np.float32), np.maximum(variances, rest), rest
    )


def _largest(matrix: Floats, number: int) -> tuple[Floats, Floats]:
    """The largest eigenvalues of a symmetric matrix, ascending, and their vectors as columns."""
    size = len(matrix)
    if size <= MOST_WHOLE:
        values, vectors = np.linalg.eigh(matrix)
        return values[size - number :], vectors[:, size - number :]
    from scipy.linalg import eigh

    with one_thread():  # whoever called for one has not reached SciPy's
        values, vectors = eigh(matrix, subset_by_index=[size - number, size - 1])
    return values, vectors


def _stretches(number: int) -> Iterator[slice]:
    return (slice(start, start + AT_ONCE) for start in range(0, number, AT_ONCE))
