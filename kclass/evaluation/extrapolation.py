"""What a measured learning curve says of more photos, and how far that can be believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.evaluation.power_law import PowerLaw, fit_power_laws

Floats = NDArray[np.float64]
Wrong = NDArray[np.bool_]

RESAMPLES: Final = 1000
CONFIDENCE: Final = 0.95
FEWEST_WRONG: Final = 5
"""Photos predicted wrong by the largest heads, in the mean, below which nothing is read from a curve."""

SUREST: Final = 0.9
"""Share of the resamples in which a class must come first to be named."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; shares of photos, or differences of such."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """The three by name, ready for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class ClassNeed:
    """How much hangs on the photos of one class.

    Args:
        label: its place among the classes.
        photos: how many training photos it has.
        halved: by how much the error over all photos is higher if half of them are missing and all those
            of other classes are there.
        own: by how much the error over its own photos is higher then.
    """

    label: int
    photos: float
    halved: Estimate
    own: Estimate

    @property
    def by_photo(self) -> float:
        """`halved` by photo: what a power law's slope at so many photos is proportional to."""
        return self.halved.value / self.photos


@dataclass(frozen=True, slots=True, eq=False)
class Extrapolation:
    """What a curve says of more photos.

    Photos (copies and groups as one) and repeats are drawn anew with replacement, and all is computed
    again: intervals are percentiles of that. They hold what other photos to judge by, and other subsets,
    would change. They do not hold that all training photos are from one lot, and that a curve need not
    be a power law. So nothing is told where the law of the smaller half of the photos misses the largest
    heads, where the error did not surely fall from half of the photos to all, or where fewer than
    `FEWEST_WRONG` photos are wrong.

    How much a class needs is measured, not foretold: what half of its photos would cost. A set out of
    balance costs something too, so these numbers are no forecast of what is gained beyond balance.

    Source: B. Efron, Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 7 (1979),
    1-26; for the law `kclass.evaluation.power_law`.

    Args:
        errors: float64 (sizes,): the measured errors, in the mean over the repeats.
        law: the power law nearest to them.
        laws: those of the resamples.
        now: the error of a head solved on all photos, by the law.
        more: with the further photos, by the law.
        drop: by how much it would fall.
        fell: by how much the measured error fell from half of the training photos to all of them.
        missed: what the law of the smaller half of the photos says of all of them, less what was measured.
        needs: of the classes that were looked at, that of which a further photo helps most first.
        neediest: the first of these if it is that in nearly all resamples; else None.
        doubt: why nothing can be told of more photos, in words; empty if something can.
    """

    errors: Floats
    law: PowerLaw
    laws: tuple[PowerLaw, ...] = field(repr=False)
    now: Estimate
    more: Estimate
    drop: Estimate
    fell: Estimate
    missed: Estimate
    needs: tuple[ClassNeed, ...]
    neediest: int | None
    doubt: str

    def band(self, photos: Floats) -> tuple[Floats, Floats, Floats]:
        """The errors of so many photos by the law, and the ends of their 95 % intervals."""
        curves = np.array([law.at(photos) for law in self.laws])
        low, high = np.quantile(curves, _ENDS, axis=0)
        return self.law.at(photos), low, high

    def to_dict(self) -> dict[str, Any]:
        """What was found in plain values, ready for JSON; classes are their places."""
        return {
            "law": self.law.to_dict(),
            **{name: getattr(self, name).to_dict() for name in ("now", "more", "drop", "fell", "missed")},
            "doubt": self.doubt,
        }


_ENDS: Final = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


def extrapolate(
    sizes: Floats,
    wrong: Wrong,
    *,
    half: int,
    together: NDArray[np.int64],
    now: int,
    further: int,
    thinned: Mapping[int, Wrong],
    labels: NDArray[np.int32],
    class_sizes: Floats,
    seed: int,
) -> Extrapolation:
    """Read what more photos would bring from heads solved on growing parts of those there are.

    How, and how far it holds, is said at `Extrapolation`.

    Args:
        sizes: float64 (sizes,): training photos, rising.
        wrong: bool (repeats, sizes, photos): which photos were predicted wrong.
        half: the place of half of the largest size among the sizes, 2 or more.
        together: int64 (photos,): photos with equal numbers are drawn together.
        now: how many photos there are.
        further: how many more are asked about, 1 or more.
        thinned: by class, bool (repeats, photos): which were wrong with half of its training photos.
        labels: int32 (photos,): the class of each; one that is thinned has some.
        class_sizes: float64 (classes,): training photos of each class in the largest size.
        seed: of the draws.

    Raises:
        OptionError: too few sizes to fit a law to their smaller half.
    """
    if half < 2:
        raise OptionError(
            f"a curve of {len(sizes)} sizes, {half + 1} of them up to half of the photos, is too short"
        )
    drawn = _drawn(wrong, together, seed)
    errors, photos = wrong.mean(axis=(0, 2)), wrong.shape[2]
    curves = np.vstack([errors, drawn.curves])
    weights = _weights(errors, photos)
    laws = fit_power_laws(sizes, curves, weights)
    foretold = _foretold(sizes[: half + 1], curves[:, : half + 1], weights[: half + 1], float(sizes[-1]))
    ends = np.array([law.at(np.array([now, now + further], np.float64)) for law in laws])
    fell = _estimate(curves[:, half] - curves[:, -1])
    missed = _estimate(foretold - curves[:, -1])
    needs, neediest = _needs(thinned, wrong[0, -1], drawn.counts, labels, class_sizes)
    return Extrapolation(
        errors=errors,
        law=laws[0],
        laws=laws[1:],
        now=_estimate(ends[:, 0]),
        more=_estimate(ends[:, 1]),
        drop=_estimate(ends[:, 0] - ends[:, 1]),
        fell=fell,
        missed=missed,
        needs=needs,
        neediest=neediest,
        doubt=_doubt(sizes, half, float(errors[-1]), photos, fell, missed),
    )


def _foretold(sizes: Floats, curves: Floats, weights: Floats, size: float) -> Floats:
    """What the laws of the smaller sizes say of a larger one: float64 (curves,)."""
    laws = fit_power_laws(sizes, curves, weights)
    return np.array([float(law.at(np.array([size]))[0]) for law in laws])


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Curves of resamples, and how often each photo was drawn in them: (resamples, sizes), (…, photos)."""

    curves: Floats
    counts: Floats


def _drawn(wrong: Wrong, together: NDArray[np.int64], seed: int) -> _Drawn:
    random = np.random.default_rng(seed)
    repeats, sizes, photos = wrong.shape
    numbers = np.unique(together, return_inverse=True)[1]
    bundles = int(numbers.max()) + 1
    times = random.multinomial(bundles, np.full(bundles, 1 / bundles), size=RESAMPLES)
    counts = times[:, numbers].astype(np.float64)
    counts /= counts.sum(axis=1, keepdims=True)
    by_repeat = counts @ wrong.reshape(repeats * sizes, photos).T.astype(np.float64)
    chosen = random.multinomial(repeats, np.full(repeats, 1 / repeats), size=RESAMPLES) / repeats
    curves: Floats = np.einsum("brs,br->bs", by_repeat.reshape(RESAMPLES, repeats, sizes), chosen)
    return _Drawn(curves, counts)


def _weights(errors: Floats, photos: int) -> Floats:
    """What each size counts: one over the variance of a share of so many photos, kept away from 0."""
    shares = (errors * photos + 0.5) / (photos + 1)
    weights: Floats = 1 / (shares * (1 - shares))
    return weights


def _estimate(values: Floats) -> Estimate:
    """The first value, with the percentiles of the others."""
    low, high = np.quantile(values[1:], _ENDS)
    return Estimate(float(values[0]), float(low), float(high))


def _needs(
    thinned: Mapping[int, Wrong],
    wrong: NDArray[np.bool_],
    counts: Floats,
    labels: NDArray[np.int32],
    class_sizes: Floats,
) -> tuple[tuple[ClassNeed, ...], int | None]:
    """The needs of the classes, and the class that is surely the first of them."""
    found, resampled = [], []
    for label, without in thinned.items():
        higher = without.mean(axis=0) - wrong
        values = np.append(higher.mean(), counts @ higher)
        own = labels == label
        drawn = counts[:, own].sum(axis=1)
        within = counts[:, own][drawn > 0] @ higher[own] / drawn[drawn > 0]
        owns = _estimate(np.append(higher[own].mean(), within))
        found.append(ClassNeed(label, float(class_sizes[label]), _estimate(values), owns))
        resampled.append(values[1:] / class_sizes[label])
    needs = tuple(sorted(found, key=lambda each: -each.by_photo))
    if not needs:
        return (), None
    often = np.mean(np.argmax(resampled, axis=0) == found.index(needs[0]))
    return needs, needs[0].label if often >= SUREST and needs[0].halved.low > 0 else None


def _doubt(sizes: Floats, half: int, error: float, photos: int, fell: Estimate, missed: Estimate) -> str:
    if error == 0:
        return f"none of {photos} photos is predicted wrong"
    if error * photos < FEWEST_WRONG:
        return f"of {photos} photos only {error * photos:.0f} are predicted wrong"
    if fell.low <= 0:
        return (
            f"from {sizes[half]:.0f} to {sizes[-1]:.0f} training photos the error fell by"
            f" {100 * fell.value:.1f} points, 95 % interval {100 * fell.low:.1f} to {100 * fell.high:.1f}"
        )
    if not missed.low <= 0 <= missed.high:
        return (
            f"from up to {sizes[half]:.0f} training photos the curve foretells an error for {sizes[-1]:.0f}"
            f" that is off by {100 * missed.value:+.1f} points"
        )
    return ""
