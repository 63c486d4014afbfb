"""What a learning-rate range test tells: when to end it, and the rate that it suggests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kclass.errors import OptionError
from kclass.plots.curves import plot_lr_curve
from kclass.training.softmax_regression import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARE_OF_FALL: Final = 0.75
"""How much of its fall the loss has behind it at the rate suggested; `suggested_rate` says why."""

CLEAR: Final = 6.0
"""How many standard deviations of the smoothed noise a fall must have to be one. Smoothed noise alone
falls by 3 between its highest and a later point in the median, and by more than 6 in one test of a
hundred (simulated: 4,000 tests of 100 and of 200 steps of normal noise)."""

LEAST_FALL: Final = 1e-3
"""Share of the loss that a fall must have at least, where there is no noise to compare it with."""

LEAST_STEPS: Final = 10
"""Steps from which on a range test can be judged at all."""

DIVERGED: Final = 4.0
MEMORY: Final = 0.98
"""Above 4 times the lowest running mean the loss has run away, and the share of the mean that stays with
each new loss: `LRFinder` and `Recorder` of fastai 2."""

_BREADTH: Final = 1 / 25
"""Standard deviation of the smoothing, as a share of the steps. From 3 to 5 hundredths all do alike."""

_NORMAL_MEDIAN: Final = 0.6745
"""Median of the absolute value of a standard normal variable."""


@dataclass(frozen=True, eq=False, repr=False)
class LrCurve:
    """A learning-rate range test, and what it suggests.

    Args:
        rates: float64 (steps,), rising, above 0.
        losses: float64 (steps,) of the training batches, in nats; may be NaN or infinite.
        smoothed: float64 (steps,), without their noise; NaN from the first that is not finite on.
        suggestion: the learning rate to train with; None if the loss never falls clearly.
    """

    rates: Floats
    losses: Floats
    smoothed: Floats
    suggestion: float | None

    def plot(self) -> "Figure":
        """The losses over the rates, with the suggestion marked."""
        return plot_lr_curve(self.rates, self.losses, self.smoothed, self.suggestion)

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values, ready for JSON; None for losses that are not finite."""
        return {
            "suggestion": self.suggestion,
            "rates": self.rates.tolist(),
            "losses": _plain(self.losses),
            "smoothed": _plain(self.smoothed),
        }

    def __repr__(self) -> str:
        tested = f"{len(self.rates)} steps from {self.rates[0]:.2g} to {self.rates[-1]:.2g}"
        if self.suggestion is None:
            return f"no learning rate to suggest: the loss never falls clearly ({tested})"
        lowest = int(np.nanargmin(self.smoothed))
        low = f"loss {self.smoothed[lowest]:.3g} lowest at {self.rates[lowest]:.2g}"
        return f"suggested learning rate {self.suggestion:.2g} ({tested}, {low})"


def lr_curve(rates: Floats, losses: Floats) -> LrCurve:
    """Smooth the losses of a range test and find the rate that they suggest.

    Args:
        rates: float64 (steps,), above 0, rising by the same factor from step to step.
        losses: float64 (steps,) of the training batches; what follows the first that is not finite
            counts for nothing.

    Raises:
        OptionError: there is no step, the arrays differ in length, or the rates do not rise.

    Source:
        Smith 2017, "Cyclical learning rates for training neural networks", arXiv 1506.01186, section
        3.3 (the test); rates rising geometrically as in fastai.
    """
    rates, losses = np.asarray(rates, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if not len(rates) or rates.shape != losses.shape:
        raise OptionError(f"a range test of {len(rates)} learning rates and {len(losses)} losses")
    if not rates[0] > 0 or not (np.diff(rates) > 0).all():
        raise OptionError("the learning rates of a range test must be above 0 and rise")
    steps = _finite(losses)
    smoothed = np.full(len(losses), np.nan)
    if not steps:
        return LrCurve(rates, losses, smoothed, None)
    weights = _smoothing(steps)
    smoothed[:steps] = weights @ _capped(losses[:steps])
    clear = steps >= LEAST_STEPS and _falls(losses[:steps], smoothed[:steps], weights)
    return LrCurve(rates, losses, smoothed, suggested_rate(rates, smoothed) if clear else None)


def suggested_rate(rates: Floats, smoothed: Floats) -> float:
    """The rate at which the loss has three quarters of its fall behind it.

    The fall goes from the highest smoothed loss before the lowest one to that. The rate is the first
    after which, up to the lowest loss, no smoothed one lies above highest - ¾ · (highest - lowest).

    Args:
        rates: float64 (steps,), rising.
        smoothed: float64 (steps,), falling somewhere; NaN at the end counts for nothing.

    Source:
        Own measurement: 126 range tests of 100 and 200 steps from 1e-6 to 10, in 21 tasks (linear and
        hidden heads, the last stage of a network, small networks from scratch; AdamW and SGD with
        momentum; flowers, hymenoptera, the sample cars), against one-cycle trainings at rates √10
        apart. Within a factor of 3 of the best of these were 78 % of the suggestions, of fastai's
        "valley" (two thirds along the longest descent, counted in steps) and "steep" (steepest slope)
        57 % each, of its "minimum" (a tenth of the rate with the lowest loss) 58 %. Held-out losses
        were 4 % above those of the best rate in the median and 15 % in the worst tenth; 6 to 9 and 28
        to 55 % with the others. Shares of .7 and .8 both gave 75 %. Too low, mostly by 3 to 10 times, it
        is for networks with batch normalisation from scratch, at held-out losses 11 % above the best.
    """
    lowest = int(np.nanargmin(smoothed))
    before = smoothed[: lowest + 1]
    high, low = float(before.max()), float(before[-1])
    above = np.flatnonzero(before > high - SHARE_OF_FALL * (high - low))
    return float(rates[above[-1] + 1])


def diverged(losses: Sequence[float] | Floats) -> bool:
    """Whether the losses of a range test have run away, so that it can end.

    They have if the last running mean is not finite, or lies above 4 times the lowest of them. The
    mean of t losses is (1 - β) Σ β^(t - i) loss_i / (1 - β^t) with β = .98.

    Args:
        losses: of the training batches so far, in order.

    Source:
        fastai 2, `LRFinder`. There the first means count too; here those of fewer than ten
        batches do not, as one easy batch at the start would end the test.
    """
    mean, lowest = 0.0, np.inf
    for step, loss in enumerate(losses, 1):
        mean = MEMORY * mean + (1 - MEMORY) * float(loss)
        if not np.isfinite(mean):
            return True
        now = mean / (1 - MEMORY**step)
        if step >= LEAST_STEPS:
            lowest = min(lowest, now)
    return len(losses) >= LEAST_STEPS and bool(now > DIVERGED * lowest)


def _finite(losses: Floats) -> int:
    """How many losses there are before the first that is not finite."""
    wrong = np.flatnonzero(~np.isfinite(losses))
    return int(wrong[0]) if len(wrong) else len(losses)


def _smoothing(steps: int) -> Floats:
    """Weights of the losses in each smoothed one, (steps, steps): a normal curve around it.

    All losses are known when they are smoothed, so later ones count as well as earlier ones, and
    the smoothed loss does not lag behind as a running mean does.
    """
    place = np.arange(steps)
    breadth = max(_BREADTH * steps, 1.0)
    weights: Floats = np.exp(-(((place[:, None] - place) / breadth) ** 2) / 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _capped(losses: Floats) -> Floats:
    """Losses that have run away brought down to twice those of the start, lest they hide the fall."""
    start = float(losses[: max(len(losses) // 10, 1)].max())
    return losses.clip(max=2 * start)


def _falls(losses: Floats, smoothed: Floats, weights: Floats) -> bool:
    """Whether the smoothed loss falls further than its noise and rounding can explain."""
    lowest = int(smoothed.argmin())
    high = float(smoothed[: lowest + 1].max())
    jumps = np.abs(np.diff(losses[: max(lowest + 1, LEAST_STEPS)]))
    noise = float(np.median(jumps)) / (_NORMAL_MEDIAN * np.sqrt(2))
    left = noise * float(np.linalg.norm(weights[lowest]))
    return bool(high - smoothed[lowest] > max(CLEAR * left, LEAST_FALL * abs(high)))


def _plain(values: Floats) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
