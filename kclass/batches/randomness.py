"""Random numbers that follow from seed and epoch alone, so that any epoch can be repeated."""

from typing import Final

import numpy as np

ORDER: Final = 0
CROPS: Final = 1
FLIPS: Final = 2
MIXING: Final = 3
LAYERS: Final = 4
"""Streams of random numbers; a preset's layers take `LAYERS` and those after it, one each."""


def generator(*, seed: int, epoch: int, stream: int) -> np.random.Generator:
    """Random numbers of one stream in one epoch, independent of all other streams and epochs.

    All that is random in an epoch is drawn from these, for all its photos at once and before any
    is decoded: what threads do first makes no difference then.

    Args:
        seed: any integer from 0 to 2**63 - 1.
        epoch: which one, from 1 on.
        stream: what the numbers are for, one of the constants above.
    """
    return np.random.default_rng([seed, epoch, stream])
