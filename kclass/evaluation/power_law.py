"""How errors fall as training photos are added: a power law with a floor."""

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError

Floats = NDArray[np.float64]

EXPONENTS: Final = np.geomspace(0.05, 2.0, 60)
"""Exponents that are tried; those that J. Hestness and others measure lie from .07 to .35, and curves of
small sets fall faster until they come near their floor."""

_SIZES: Final = 3


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """The error that n training photos lead to: floor + scale · n^-exponent.

    Args:
        floor: what no number of photos goes below, 0 to 1.
        scale: 0 or more.
        exponent: how fast the rest falls, above 0.
    """

    floor: float
    scale: float
    exponent: float

    def at(self, photos: Floats) -> Floats:
        """The errors of so many photos, float64, kept from 0 to 1."""
        errors: Floats = self.floor + self.scale * np.asarray(photos, np.float64) ** -self.exponent
        return np.clip(errors, 0.0, 1.0)

    def to_dict(self) -> dict[str, float]:
        """The numbers by name, ready for JSON."""
        return asdict(self)


def fit_power_laws(sizes: Floats, errors: Floats, weights: Floats) -> tuple[PowerLaw, ...]:
    """The power laws nearest to measured curves, by weighted least squares with floor and scale not below 0.

    For each of `EXPONENTS` the best floor and scale are known in closed form; the best of all is taken.

    Args:
        sizes: float64 (sizes,): training photos, above 0 and rising; three or more.
        errors: float64 (curves, sizes): the measured errors, 0 to 1.
        weights: float64 (sizes,): what each size counts, above 0.

    Returns:
        A law for each curve.

    Raises:
        OptionError: fewer than three sizes, or arrays that do not fit.

    Source: C. Cortes, L. D. Jackel, S. A. Solla, V. Vapnik and J. S. Denker, Learning Curves: Asymptotic
    Values and Rate of Convergence, NIPS 1993, for the form; J. Hestness and others, Deep Learning Scaling
    is Predictable, Empirically, arXiv:1712.00409 (2017), for photos; T. Viering and M. Loog, The Shape of
    Learning Curves: a Review, IEEE Transactions on Pattern Analysis and Machine Intelligence 45 (2023),
    7799-7819, for its limits: not every curve is one.
    """
    if len(sizes) < _SIZES or errors.ndim != 2 or errors.shape[1] != len(sizes) or len(weights) != len(sizes):
        raise OptionError(f"power laws through {errors.shape} errors of {len(sizes)} sizes")
    powers = sizes[None, :] ** -EXPONENTS[:, None]
    fits = [_with_exponent(power, errors, weights / weights.sum()) for power in powers]
    floors, scales, losses = (np.stack(each) for each in zip(*fits, strict=True))
    best = losses.argmin(axis=0)
    curves = np.arange(errors.shape[0])
    return tuple(
        PowerLaw(float(floor), float(scale), float(EXPONENTS[place]))
        for floor, scale, place in zip(floors[best, curves], scales[best, curves], best, strict=True)
    )


def _with_exponent(powers: Floats, errors: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """The best floors and scales of one exponent, and their weighted squared errors: each (curves,)."""
    mean_power, mean_error = powers @ weights, errors @ weights
    centred = powers - mean_power
    scales = np.maximum((errors - mean_error[:, None]) @ (weights * centred) / (weights @ centred**2), 0.0)
    floors = mean_error - scales * mean_power
    # With the floor at 0 the scale is the best one through the origin; errors above 0 keep it above 0.
    bare = floors < 0
    scales = np.where(bare, errors @ (weights * powers) / (weights @ powers**2), scales)
    floors = np.where(bare, 0.0, floors)
    misses = errors - floors[:, None] - scales[:, None] * powers
    return floors, scales, misses**2 @ weights
