import math
from typing import Any

import pytest

from kclass.batches.augmentation import PRESETS
from kclass.batches.mixing import Mixing
from kclass.batches.options import BatchOptions
from kclass.errors import OptionError


def test_by_default_photos_are_cropped_and_mirrored_and_nothing_else() -> None:
    options = BatchOptions()
    assert (options.size, options.augment, options.balance) == (32, PRESETS["light"], "none")
    assert not options.mixing
    assert options.label_smoothing == 0


def test_mixing_is_that_of_the_alphas() -> None:
    assert BatchOptions(mixup=0.2, cutmix=1).mixing == Mixing(0.2, 1)


@pytest.mark.parametrize(
    ("option", "soft"),
    [
        ({}, False),
        ({"balance": "weights"}, False),
        ({"label_smoothing": 0.0}, False),
        ({"label_smoothing": 0.1}, True),
        ({"mixup": 0.2}, True),
        ({"cutmix": 1.0}, True),
    ],
)
def test_labels_are_shares_of_classes_if_they_are_mixed_or_smoothed(
    option: dict[str, Any], soft: bool
) -> None:
    assert BatchOptions(**option).soft is soft


@pytest.mark.parametrize(
    ("option", "as_they_are"),
    [
        ({}, True),
        ({"balance": "sample", "label_smoothing": 0.1, "size": 5}, True),
        ({"augment": PRESETS["flip"]}, False),
        ({"mixup": 0.2}, False),
        ({"cutmix": 1.0}, False),
    ],
)
def test_photos_are_as_they_are_if_nothing_changes_or_mixes_them(
    option: dict[str, Any], as_they_are: bool
) -> None:
    assert BatchOptions(**{"augment": PRESETS["none"], **option}).as_they_are is as_they_are


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"mixup": 0}, "mixup is 0; it must be above 0"),
        ({"mixup": -0.5}, "mixup is -0.5; it must be above 0"),
        ({"cutmix": math.inf}, "cutmix is inf; it must be above 0"),
        ({"cutmix": math.nan}, "cutmix is nan; it must be above 0"),
        ({"balance": "weight"}, "balance is 'weight'; it must be one of none, sample, weights"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1; it must be from 0 to below 1"),
        ({"label_smoothing": -0.1}, "label_smoothing is -0.1; it must be from 0 to below 1"),
        ({"label_smoothing": math.nan}, "label_smoothing is nan; it must be from 0 to below 1"),
    ],
)
def test_options_out_of_range_are_refused(option: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as raised:
        BatchOptions(**option)
    assert raised.value.message == message
