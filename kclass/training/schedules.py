"""Learning-rate schedules: the rate of a step follows from where it is and from the losses before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from kclass.errors import OptionError

Schedule = Literal["one-cycle", "cosine", "plateau", "constant"]

SCHEDULES: Final[tuple[Schedule, ...]] = get_args(Schedule)

START_DIVISOR: Final = 25.0
END_DIVISOR: Final = 25.0 * 1e4
"""One-cycle begins at peak / 25 and ends at peak / 250,000: `div_factor` and `final_div_factor` of
PyTorch's `OneCycleLR`, by default 25 and 10,000 (the second divides what the first has left)."""

PLATEAU_DIVISOR: Final = 10.0
"""What a plateau divides the rate by: the default of PyTorch's and Keras's `ReduceLROnPlateau`."""

LEAST_FALL: Final = 1e-4
"""By how much a loss must be below the lowest so far to count as lower: `min_delta` of Keras's
`ReduceLROnPlateau`, by default 0.0001 nats. PyTorch's threshold is the same number, but as a share."""


@dataclass(frozen=True, kw_only=True)
class RatePlan:
    """How the learning rate changes in the course of a phase of a training.

    Args:
        schedule: one of `SCHEDULES`.
        peak: the learning rate asked for, above 0; no step has a higher one.
        warmup: share of all steps of the phase in which `cosine` and `one-cycle` rise, from 0 to below 1.
        plateau_patience: so many epochs in a row without a lower loss, 1 or more, after which
            `plateau` divides the rate by 10.

    Raises:
        OptionError: a value that cannot be used.
    """

    schedule: Schedule
    peak: float
    warmup: float
    plateau_patience: int

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise OptionError.unknown("schedule", self.schedule, SCHEDULES)
        if not 0 < self.peak < math.inf:
            raise OptionError(f"the learning rate is {self.peak}; it must be above 0 and finite")
        if not 0 <= self.warmup < 1:
            raise OptionError(
                f"warmup is {self.warmup}; it must be a share of the steps, from 0 to below 1",
                fix="Give a fraction such as warmup=0.3.",
            )
        if self.plateau_patience < 1:
            raise OptionError(f"plateau_patience is {self.plateau_patience}; it must be 1 or more")

    def rate(self, *, epoch: int, batch: int, batches: int, epochs: int, losses: Sequence[float]) -> float:
        """The learning rate of a step: the same whenever it is asked for.

        Args:
            epoch: in which the step is, from 1 to `epochs`.
            batch: which step of the epoch it is, from 0 to below `batches`.
            batches: steps of an epoch.
            epochs: of the phase.
            losses: of the held-out photos after each of the epochs before, in order, in nats. A loss
                that is not finite is no lower one. `plateau` alone looks at them.

        Returns:
            A finite number from 0 to `peak`.

        Raises:
            OptionError: the phase has no such step.
        """
        if not (1 <= epoch <= epochs and 0 <= batch < batches):
            raise OptionError(
                f"there is no step {batch} in epoch {epoch} of {epochs} epochs of {batches} batches"
            )
        step, steps = (epoch - 1) * batches + batch, epochs * batches
        if self.schedule == "one-cycle":
            return one_cycle(step, steps, peak=self.peak, warmup=self.warmup)
        if self.schedule == "cosine":
            return cosine(step, steps, peak=self.peak, warmup=self.warmup)
        if self.schedule == "plateau":
            return self.peak * (1 / PLATEAU_DIVISOR) ** plateaus(losses, patience=self.plateau_patience)
        return self.peak


def one_cycle(step: int, steps: int, *, peak: float, warmup: float) -> float:
    """The rate of a step of a cycle that rises from peak / 25 and falls to peak / 250,000.

    With T steps, t = 0 … T - 1, and the peak at u = warmup · T - 1, the rate goes along half a cosine
    from peak / 25 to the peak while t <= u, and along another to peak / 250,000 at T - 1. Where u is
    not above 0 there is no rise, and the fall begins at u.

    A phase of one step takes it at the peak. (PyTorch would take it at the lowest rate and so waste it.)

    Args:
        step: t, from 0 to below `steps`.
        steps: T, 1 or more.
        peak: the highest rate.
        warmup: share of the steps that rise, from 0 to below 1.

    Source:
        The policy: Smith and Topin 2018, "Super-convergence", arXiv 1708.07120. The form in two halves
        of cosines is fastai's (`fit_one_cycle`), the formula and the two divisors those of PyTorch's
        `OneCycleLR`, which is documented and counts the last step in; fastai 2 ends at peak / 100,000.
        The rate alone is cycled: Adam's moments and the momentum stay as they are.
    """
    if steps == 1:
        return peak
    top = warmup * steps - 1
    if top > 0 and step <= top:
        return _half_cosine(peak / START_DIVISOR, peak, step / top)
    return _half_cosine(peak, peak / END_DIVISOR, (step - top) / (steps - 1 - top))


def cosine(step: int, steps: int, *, peak: float, warmup: float) -> float:
    """The rate of a step that rises evenly, and then falls along half a cosine towards 0.

    With T steps, t = 0 … T - 1, and w = floor(warmup · T) of them rising:
    peak · (t + 1) / (w + 1) while t < w, and then peak · (1 + cos(π (t - w) / (T - w))) / 2.
    So the first step learns already, step w has the peak, and 0 would come only after the last step.

    Args:
        step: t, from 0 to below `steps`.
        steps: T, 1 or more.
        peak: the highest rate.
        warmup: share of the steps that rise, from 0 to below 1.

    Source:
        The fall: Loshchilov and Hutter 2017, "SGDR", arXiv 1608.03983, equation 5, with a lowest rate
        of 0, one period and no restart. The rise: the gradual warm-up of Goyal et al. 2017, "Accurate,
        large minibatch SGD", arXiv 1706.02677, section 2.2, from near 0 as usual today.
    """
    rising = int(warmup * steps)
    if step < rising:
        return peak * ((step + 1) / (rising + 1))
    return _half_cosine(peak, 0.0, (step - rising) / (steps - rising))


def plateaus(losses: Sequence[float], *, patience: int) -> int:
    """How often the losses have stopped falling.

    A loss is lower if it is finite and lies below the lowest so far by more than `LEAST_FALL`. After
    `patience` losses in a row that are not, there is a plateau, and counting starts anew; the lowest
    stays what it was.

    Args:
        losses: in the order of the epochs, in nats.
        patience: 1 or more.

    Source:
        Keras's `ReduceLROnPlateau(patience=patience)`, but for losses that are not finite: there, a
        first loss of NaN is the lowest for ever.
    """
    lowest, waited, found = math.inf, 0, 0
    for loss in losses:
        if math.isfinite(loss) and loss < lowest - LEAST_FALL:
            lowest, waited = loss, 0
            continue
        waited += 1
        if waited == patience:
            waited, found = 0, found + 1
    return found


def _half_cosine(start: float, end: float, share: float) -> float:
    """Between two rates along half a cosine: `start` at a share of 0, `end` at 1."""
    rate = end + (start - end) * (1 + math.cos(math.pi * share)) / 2
    return min(max(rate, min(start, end)), max(start, end))
