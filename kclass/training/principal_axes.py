"""Data along their principal axes, in as few dimensions as they span."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.parallel import one_thread
from kclass.training.softmax_regression import Floats, Reals

SMALLEST_SHARE = 1e-12
ROWS = 128  # photos whose features are copied at a time

Precision = type[np.float32] | type[np.float64]


@dataclass(frozen=True, eq=False)
class Rotation:
    """Data along the principal axes of their second moments, those of the largest first.

    An L2-penalised solution lies in the span of the data, so solving there is exact, and with fewer
    photos than features much faster. Along these axes the curvature of the loss is nearly diagonal,
    which is what makes `solve_path` fast.

    Args:
        data: float32 or float64 (photos, dimensions), dimensions <= features.
        basis: likewise (features, dimensions), orthonormal: the data were `data @ basis.T`.
    """

    data: Reals
    basis: Reals


@dataclass(frozen=True, eq=False)
class Scaled:
    """Features less their mean, divided by their scale, computed of a few photos at a time.

    Args:
        features: float32 or float64 (photos, features).
        mean: float64 (features,).
        scale: float64 (features,); infinite where a feature is to count for nothing.
    """

    features: Reals
    mean: Floats
    scale: Floats

    def of(self, rows: NDArray[np.int64]) -> Floats:
        """Those of some photos, (rows, features)."""
        found: Floats = (self.features[rows] - self.mean) / self.scale
        return found


def rotated(scaled: Scaled, order: NDArray[np.int64], *, precision: Precision = np.float64) -> Rotation:
    """Scaled features along their principal axes; of fewer photos than features, in their span.

    Args:
        scaled: the features.
        order: int64 (photos,): which photo each row of the data is.
        precision: of the data and the basis.
    """
    if len(order) < scaled.features.shape[1]:
        return _of_few(scaled.of(order), precision)
    return _of_many(scaled, order, precision)


def _of_few(data: Floats, precision: Precision) -> Rotation:
    """By the products of the photos with each other."""
    squares, directions = np.linalg.eigh(data @ data.T)
    spanned = np.flatnonzero(squares > SMALLEST_SHARE * squares[-1])[::-1]
    lengths, directions = np.sqrt(squares[spanned]), directions[:, spanned]
    basis = data.T @ (directions / lengths)
    return Rotation((directions * lengths).astype(precision), basis.astype(precision))


def _of_many(scaled: Scaled, order: NDArray[np.int64], precision: Precision) -> Rotation:
    """By the products of the features with each other, and never with a second copy of all."""
    features = scaled.features.shape[1]
    parts = [slice(start, start + ROWS) for start in range(0, len(order), ROWS)]
    moments = np.zeros((features, features), precision)
    for part in parts:
        few: Reals = scaled.of(order[part]).astype(precision)
        moments += few.T @ few
    basis = _axes_of(moments)
    del moments
    data = np.empty((len(order), features), precision)
    for part in parts:
        np.matmul(scaled.of(order[part]).astype(precision), basis, out=data[part])
    return Rotation(data, basis)


def _axes_of(moments: Reals) -> Reals:
    """The eigenvectors of a symmetric matrix as columns, those of the largest values first.

    All in the memory of the matrix and as much again twice, where NumPy needs twice that. LAPACK's other
    drivers need less, and are seven times slower or orthonormal to 5e-4 alone (measured on 1,280 features).

    Args:
        moments: (features, features); its content is lost.
    """
    import scipy.linalg

    with one_thread():
        _, axes = scipy.linalg.eigh(moments.T, overwrite_a=True, driver="evd", check_finite=False)
    for first in range(len(axes) // 2):
        last = len(axes) - 1 - first
        axes[:, [first, last]] = axes[:, [last, first]]
    found: Reals = axes
    return found
