"""What training batches are to be like."""

import math
from dataclasses import dataclass

from kclass.batches.augmentation import DEFAULT, PRESETS, Preset
from kclass.batches.balance import AS_MANY_AS_THERE_ARE, BALANCES, Balance
from kclass.batches.mixing import Mixing
from kclass.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """What training batches are to be like.

    Args:
        size: photos in a batch, at least 1; the last batch of an epoch holds what is left.
        augment: the random changes that photos go through.
        mixup: alpha of MixUp, above 0; None for no MixUp.
        cutmix: alpha of CutMix, above 0; None for no CutMix.
        balance: "weights" has each photo count by the size of its class, "sample" shows photos of all
            classes equally often; "none" does neither.
        label_smoothing: share of each label that is spread evenly over all classes, in [0, 1).

    Raises:
        OptionError: out of these bounds.

    Source:
        Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision" (smoothing).
    """

    size: int = 32
    augment: Preset = PRESETS[DEFAULT]
    mixup: float | None = None
    cutmix: float | None = None
    balance: Balance = AS_MANY_AS_THERE_ARE
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise OptionError(f"batch_size is {self.size}; it must be 1 or more")
        check_alpha("mixup", self.mixup)
        check_alpha("cutmix", self.cutmix)
        if self.balance not in BALANCES:
            raise OptionError.unknown("balance", str(self.balance), BALANCES)
        if not 0 <= self.label_smoothing < 1:
            raise OptionError(f"label_smoothing is {self.label_smoothing:g}; it must be from 0 to below 1")

    @property
    def mixing(self) -> Mixing:
        """How the photos of a batch are mixed."""
        return Mixing(self.mixup, self.cutmix)

    @property
    def soft(self) -> bool:
        """Whether labels are shares of all classes rather than places of one."""
        return bool(self.mixing) or self.label_smoothing > 0

    @property
    def as_they_are(self) -> bool:
        """Whether photos are shown as they are, so that what a frozen network makes of them never changes."""
        return self.augment == PRESETS["none"] and not self.mixing


def check_alpha(name: str, alpha: float | None) -> None:
    """Check the alpha of MixUp or CutMix.

    Raises:
        OptionError: it is not above 0 and finite.
    """
    if alpha is not None and not 0 < alpha < math.inf:
        raise OptionError(
            f"{name} is {alpha:g}; it must be above 0", fix=f"Give a number such as {name}=0.2."
        )
