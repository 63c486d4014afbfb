import numpy as np
import pandas as pd
import pytest

from kclass.dataset.cells import is_missing


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT, "", "  "])
def test_gaps_of_every_kind_are_missing(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "nan", "None", "a", [], np.int64(0), ("a",)])
def test_values_that_say_something_are_there(value: object) -> None:
    assert not is_missing(value)
