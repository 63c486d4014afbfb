import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from kclass.errors import OptionError
from kclass.evaluation.agreement import kappa
from kclass.evaluation.intervals import wilson


@pytest.mark.parametrize(
    ("found", "photos", "rejected", "others"), [(20, 25, 60, 75), (1, 4, 9, 9), (0, 5, 5, 5), (3, 40, 2, 7)]
)
def test_kappa_is_that_of_scikit_learn(found: int, photos: int, rejected: int, others: int) -> None:
    truth = np.repeat([1, 0], [photos, others])
    taken = np.repeat([1, 0, 0, 1], [found, photos - found, rejected, others - rejected])
    assert kappa(found, photos, rejected, others).value == pytest.approx(cohen_kappa_score(truth, taken))


def test_always_right_is_one_and_guessing_is_zero() -> None:
    assert kappa(7, 7, 30, 30).value == 1
    assert kappa(5, 10, 15, 30).value == pytest.approx(0)


def test_in_equal_shares_the_interval_is_newcombes_of_a_difference_of_proportions() -> None:
    # His formula for 56/80 - 32/80, as kappa is s + t - 1 = s - (1 - t).
    found = kappa(56, 80, 48, 80)
    one, other = wilson(56, 80), wilson(80 - 48, 80)
    assert found.value == pytest.approx(0.7 - 0.4)
    assert found.low == pytest.approx(0.3 - math.hypot(0.7 - one.low, other.high - 0.4))
    assert found.high == pytest.approx(0.3 + math.hypot(one.high - 0.7, 0.4 - other.low))


def test_a_few_photos_that_are_all_right_prove_little() -> None:
    # 5 of 5: Wilson's lower end is 5 / (5 + 1.96²) = .5655, so 1 - .4345 √2 = .3855.
    assert kappa(5, 5, 5, 5).low == pytest.approx(0.3855, abs=1e-4)
    assert kappa(50, 50, 50, 50).low > 0.89


def test_more_confidence_takes_a_wider_interval() -> None:
    usual, sure = kappa(20, 25, 60, 75), kappa(20, 25, 60, 75, confidence=0.999)
    assert sure.low < usual.low < usual.value == sure.value < usual.high < sure.high


def test_finding_a_rare_class_with_many_false_alarms_is_not_much() -> None:
    # All 10 found, and 99 of 990 others taken for them: named 109 times, right 10 times.
    assert kappa(10, 10, 891, 990).value < 0.2


def test_a_class_without_photos_and_one_without_others_have_no_kappa() -> None:
    with pytest.raises(OptionError, match="kappa needs photos of the class and others; received 0 and 5"):
        kappa(0, 0, 5, 5)
    with pytest.raises(OptionError, match="received 5 and 0"):
        kappa(5, 5, 0, 0)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_kappa_lies_in_its_interval_and_below_one(photos: int, others: int, data: st.DataObject) -> None:
    found = data.draw(st.integers(0, photos))
    rejected = data.draw(st.integers(0, others))
    result = kappa(found, photos, rejected, others)
    assert result.low <= result.value <= result.high
    assert -1 <= result.value <= 1
