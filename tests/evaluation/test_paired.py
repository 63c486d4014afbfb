import json
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.errors import DataError, OptionError
from kclass.evaluation.paired import compare_paired, difference_interval, holm, mcnemar, points


def test_mcnemars_mid_p_value_is_the_published_one() -> None:
    # Fagerland, Lydersen, Laake 2013, table 1 (airway hyper-responsiveness, 7 against 1 of 21): mid-p
    # .0391, exact .0703. By hand: P(X <= 1) + P(X < 1) = 9/256 + 1/256 = .0390625.
    assert mcnemar(7, 1) == mcnemar(1, 7) == pytest.approx(10 / 256)


@pytest.mark.parametrize("each", [0, 1, 3, 200])
def test_models_that_differ_on_as_many_photos_either_way_are_alike(each: int) -> None:
    assert mcnemar(each, each) == pytest.approx(1)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mid_p_values_are_those_of_the_sum(first: int, second: int) -> None:
    number, least = first + second, min(first, second)
    reached = sum(comb(number, k) for k in range(least + 1))
    expected = (2 * reached - comb(number, least)) / 2**number
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


def test_many_photos_can_be_tested() -> None:
    # Normal: 500 / sqrt(40500) = 2.4845, two-sided .01298.
    assert mcnemar(20_000, 20_500) == pytest.approx(0.01298, abs=1e-5)


@pytest.mark.parametrize(
    ("first_only", "second_only", "photos", "confidence", "low", "high"),
    [
        # Fagerland, Lydersen, Laake 2014: 1, 1, 7 and 12 of 21, Tango's interval.
        (7, 1, 21, 0.95, -0.517, -0.026),
        # Tango 1998, section 6.1 and table V: 43, 0, 1 and 0 of 44; its lower limit of 90 %.
        (1, 0, 44, 0.90, -0.096, 0.037),
        # With b = c = 0 the statistic is nd / sqrt(n d (1 - d)) for d > 0, so that d / (1 - d) = z²/n:
        # z² / (n + z²) = 3.8415 / 23.8415.
        (0, 0, 20, 0.95, -0.161, 0.161),
        # With c = 0 and b = n it is n (1 - d) / sqrt(n (1 - d²)), so that d = (n - z²) / (n + z²).
        (0, 20, 20, 0.95, 0.678, 1.0),
    ],
)
def test_intervals_of_a_difference_are_the_published_ones(
    first_only: int, second_only: int, photos: int, confidence: float, low: float, high: float
) -> None:
    found = difference_interval(first_only, second_only, photos, confidence=confidence)
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_an_interval_of_a_difference_holds_it_has_a_width_and_can_be_mirrored(
    first: int, second: int, alike: int
) -> None:
    photos = first + second + max(alike, 1)
    found = difference_interval(first, second, photos)
    assert -1 <= found.low <= (second - first) / photos <= found.high <= 1
    assert found.high - found.low > 0
    mirrored = difference_interval(second, first, photos)
    assert [mirrored.low, mirrored.high] == pytest.approx([-found.high, -found.low], abs=1e-9)


def test_models_are_compared_photo_by_photo() -> None:
    first = np.array([True, True, True, False, False, True, False, True])
    second = np.array([True, False, True, True, True, True, False, True])
    found = compare_paired(first, second)
    assert (found.both, found.first_only, found.second_only, found.neither) == (4, 1, 2, 1)
    assert found.photos == 8
    assert found.difference == 1 / 8
    # X of three with even odds: P(X <= 1) + P(X < 1) = 4/8 + 1/8.
    assert found.p_value == pytest.approx(5 / 8)
    assert found.interval == difference_interval(1, 2, 8)
    low, high = points(found.interval.low), points(found.interval.high)
    assert str(found) == f"+12.5 points, 95 % interval {low} to {high}, p = 0.625"


def test_a_comparison_is_given_in_plain_values() -> None:
    found = compare_paired(np.array([True, False]), np.array([False, True])).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["photos"] == 2
    assert set(found["interval"]) == {"low", "high"}


def test_photos_that_are_not_the_same_are_refused() -> None:
    with pytest.raises(OptionError, match="2 photos of the first model and 3 of the second"):
        compare_paired(np.ones(2, np.bool_), np.ones(3, np.bool_))
    with pytest.raises(DataError, match="no photos to compare models on"):
        compare_paired(np.ones(0, np.bool_), np.ones(0, np.bool_))


def test_impossible_counts_have_no_test_and_no_interval() -> None:
    with pytest.raises(OptionError, match="counts of photos are -1 and 2"):
        mcnemar(-1, 2)
    for first, second, photos in ((-1, 2, 5), (3, 3, 5), (0, 0, 0)):
        with pytest.raises(OptionError, match=rf"{first} and {second} of {photos} photos"):
            difference_interval(first, second, photos)
    with pytest.raises(OptionError, match="between 0 and 1"):
        difference_interval(1, 2, 5, confidence=95)


def test_holm_raises_the_values_of_several_tests() -> None:
    # Sorted .01, .02, .04: times 3, 2, 1 gives .03, .04, .04.
    assert holm([0.04, 0.01, 0.02]) == pytest.approx((0.04, 0.03, 0.04))
    # .02 times 2 is .04, and .021 times 1 must not fall below it; at most 1.
    assert holm([0.021, 0.02]) == pytest.approx((0.04, 0.04))
    assert holm([0.9, 0.8]) == (1, 1)
    assert holm([0.3]) == (0.3,)
    assert holm([]) == ()


def test_differences_are_told_in_points() -> None:
    assert (points(0.0349), points(-0.2)) == ("+3.5", "-20.0")
