import math
from typing import Any

import pytest

from kclass.batches.augmentation import PRESETS
from kclass.batches.mixing import Mixing
from kclass.batches.options import BatchOptions
from kclass.errors import OptionError


def test_by_default_photos_are_cropped_and_mirrored_and_nothing_else() -> None:
    options = BatchOptions()
    assert (options.size, options.augment, options.balance) == (32, PRESETS["light"], None)
    assert not options.mixing


def test_mixing_is_that_of_the_alphas() -> None:
    assert BatchOptions(mixup=0.2, cutmix=1).mixing == Mixing(0.2, 1)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"mixup": 0}, "mixup is 0; it must be above 0"),
        ({"mixup": -0.5}, "mixup is -0.5; it must be above 0"),
        ({"cutmix": math.inf}, "cutmix is inf; it must be above 0"),
        ({"cutmix": math.nan}, "cutmix is nan; it must be above 0"),
        ({"balance": "weight"}, "balance is 'weight'; it must be one of sample, weights"),
    ],
)
def test_options_out_of_range_are_refused(option: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as raised:
        BatchOptions(**option)
    assert raised.value.message == message
