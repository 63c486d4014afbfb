import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from kclass.errors import OptionError
from kclass.evaluation.intervals import Interval, ValueInterval, percent, wilson


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        # R. G. Newcombe, Two-Sided Confidence Intervals for the Single Proportion, Statistics in
        # Medicine 17 (1998), 857-872, table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_the_published_table(
    correct: int, total: int, low: float, high: float
) -> None:
    interval = wilson(correct, total)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_more_confidence_makes_a_wider_interval() -> None:
    # z is 2.575829 for 99 %: middle .5 + 6.634897/200, spread 2.575829 * sqrt(.0025 + 6.634897/40000),
    # over 1.066349: .533174 -/+ .133010 gives .37527 and .62473.
    interval = wilson(50, 100, confidence=0.99)
    assert interval.low == pytest.approx(0.37527, abs=1e-5)
    assert interval.high == pytest.approx(0.62473, abs=1e-5)


@settings(deadline=None)
@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_proportion_and_keeps_to_its_range(case: tuple[int, int]) -> None:
    correct, total = case
    interval = wilson(correct, total)
    assert 0 <= interval.low <= correct / total <= interval.high <= 1
    mirrored = wilson(total - correct, total)
    assert mirrored.low == pytest.approx(1 - interval.high, abs=1e-12)


def test_the_intervals_hold_the_true_proportion_in_95_of_100_cases() -> None:
    # Worked out over all that can happen; benchmarks/interval_coverage.py simulates the same.
    coverage = []
    for total in (20, 42, 153, 1000):
        for share in (0.5, 0.8, 0.93, 0.99):
            counts = range(total + 1)
            intervals = [wilson(correct, total) for correct in counts]
            holds = [each.low <= share <= each.high for each in intervals]
            coverage.append(float(binom.pmf(counts, total, share) @ holds))
    assert sum(coverage) / len(coverage) == pytest.approx(0.95, abs=0.015)
    assert min(coverage) > 0.92


def test_none_and_all_reach_the_ends_exactly() -> None:
    assert wilson(0, 7).low == 0
    assert wilson(7, 7).high == 1


@pytest.mark.parametrize(
    ("correct", "total", "message"),
    [(0, 0, "at least one trial; received 0"), (-1, 5, "-1 successes in 5"), (6, 5, "6 successes in 5")],
)
def test_impossible_counts_are_refused(correct: int, total: int, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        wilson(correct, total)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, float("nan")])
def test_a_confidence_out_of_range_is_refused(confidence: float) -> None:
    with pytest.raises(OptionError, match="between 0 and 1") as caught:
        wilson(1, 2, confidence=confidence)
    assert caught.value.fix == "Write 95 % as 0.95."


def test_intervals_and_shares_are_written_as_people_read_them() -> None:
    assert str(Interval(0.8838, 0.9641)) == "88.4\N{EN DASH}96.4 %"
    assert Interval(0.5, 1.0).to_dict() == {"low": 0.5, "high": 1.0}
    assert percent(0.935) == "93.5 %"


def test_intervals_of_losses_are_written_in_their_own_unit() -> None:
    assert str(ValueInterval(0.0304, 1.2)) == "0.030\N{EN DASH}1.200"
    assert ValueInterval(0.5, 1.5).to_dict() == {"low": 0.5, "high": 1.5}
