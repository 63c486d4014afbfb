"""What callers hand to a classifier is checked at the door."""

from typing import Any

import numpy as np
import pytest

from kclass.classifier.arguments import check_seed
from kclass.errors import OptionError


@pytest.mark.parametrize("seed", [0, 4294967295, np.int64(7)])
def test_a_seed_may_be_any_whole_number_of_four_bytes(seed: Any) -> None:
    check_seed(seed)


@pytest.mark.parametrize("seed", ["3", 1.0, True, None])
def test_a_seed_that_is_no_whole_number_is_refused(seed: Any) -> None:
    with pytest.raises(OptionError) as caught:
        check_seed(seed)
    assert caught.value.message == f"seed is {seed!r}; it must be a whole number"


@pytest.mark.parametrize("seed", [-1, 4294967296, np.int64(-5)])
def test_a_seed_out_of_range_is_refused(seed: Any) -> None:
    with pytest.raises(OptionError) as caught:
        check_seed(seed)
    assert caught.value.message == f"seed is {seed}; it must be from 0 to 4294967295"
