import numpy as np
import pytest

from kclass.errors import DataError, OptionError
from kclass.evaluation.intervals import ValueInterval
from kclass.evaluation.mean_interval import mean_interval


def test_it_is_students_interval() -> None:
    # Mean .2, standard deviation .1, t(.975; 2) = 4.3027: .2 ± 4.3027 · .1 / √3 = .2 ± .2484.
    found = mean_interval(np.array([0.1, 0.2, 0.3]), least=-1, most=1)
    assert (found.low, found.high) == pytest.approx((-0.0484, 0.4484), abs=1e-4)
    # t(.95; 2) = 2.9200.
    narrow = mean_interval(np.array([0.1, 0.2, 0.3]), least=-1, most=1, confidence=0.9)
    assert (narrow.low, narrow.high) == pytest.approx((0.2 - 0.1686, 0.2 + 0.1686), abs=1e-4)


def test_it_keeps_to_what_values_can_be() -> None:
    # t(.975; 1) = 12.71: .95 ± .64.
    found = mean_interval(np.array([0.9, 1.0]), least=0, most=1)
    assert found.high == 1
    assert found.low == pytest.approx(0.95 - 12.7062 * 0.05, abs=1e-4)


def test_one_value_may_be_anything_and_equal_ones_have_no_width() -> None:
    assert mean_interval(np.array([0.3]), least=-1, most=1) == ValueInterval(-1, 1)
    assert mean_interval(np.array([0.5, 0.5]), least=0, most=1) == ValueInterval(0.5, 0.5)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match="there are no values"):
        mean_interval(np.array([]), least=0, most=1)
    for wrong in (np.array([0.5, 1.2]), np.array([0.5, np.nan])):
        with pytest.raises(OptionError, match="allowed are 0 to 1"):
            mean_interval(wrong, least=0, most=1)
    with pytest.raises(OptionError, match="confidence is between 0 and 1; received 95"):
        mean_interval(np.array([0.5]), least=0, most=1, confidence=95)
