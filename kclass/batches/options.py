"""What training batches are to be like."""

import math
from dataclasses import dataclass

from kclass.batches.augmentation import DEFAULT, PRESETS, Preset
from kclass.batches.balance import BALANCES, Balance
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
            classes equally often; None does neither.

    Raises:
        OptionError: out of these bounds.
    """

    size: int = 32
    augment: Preset = PRESETS[DEFAULT]
    mixup: float | None = None
    cutmix: float | None = None
    balance: Balance | None = None

    def __post_init__(self) -> None:
        if self.size < 1:
            raise OptionError(f"batch_size is {self.size}; it must be 1 or more")
        check_alpha("mixup", self.mixup)
        check_alpha("cutmix", self.cutmix)
        if self.balance is not None and self.balance not in BALANCES:
            raise OptionError.unknown("balance", str(self.balance), BALANCES)

    @property
    def mixing(self) -> Mixing:
        """How the photos of a batch are mixed."""
        return Mixing(self.mixup, self.cutmix)


def check_alpha(name: str, alpha: float | None) -> None:
    """Check the alpha of MixUp or CutMix.

    Raises:
        OptionError: it is not above 0 and finite.
    """
    if alpha is not None and not 0 < alpha < math.inf:
        raise OptionError(
            f"{name} is {alpha:g}; it must be above 0", fix=f"Give a number such as {name}=0.2."
        )
