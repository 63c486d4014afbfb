import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.errors import OptionError
from kclass.training.lr_suggestion import diverged, lr_curve, suggested_rate
from kclass.training.softmax_regression import Floats

RATES = np.geomspace(1e-6, 10, 200)
FINITE = st.floats(0, 1e3, allow_subnormal=False)


def course(*, fall: float = 1.0, noise: float = 0.0, seed: int = 0) -> Floats:
    """Losses of 200 batches: 2 at first, falling from step 90 to 130, and running away from 150 on."""
    step = np.arange(200)
    loss = 2 - fall * np.clip((step - 90) / 40, 0, 1) + 5 * np.clip((step - 150) / 10, 0, None)
    jitter: Floats = noise * np.random.default_rng(seed).normal(size=200)
    return loss + jitter


def suggestion_of(losses: Floats) -> float:
    suggestion = lr_curve(RATES[: len(losses)], losses).suggestion
    assert suggestion is not None
    return suggestion


def test_the_rate_suggested_is_that_at_which_three_quarters_of_the_fall_are_over_by_hand() -> None:
    # From 2 down to 1: three quarters are over at 1.25 and below, which is from the fifth rate on.
    smoothed = np.array([1.9, 2.0, 1.75, 1.5, 1.2, 1.0, 3.0])
    assert suggested_rate(np.arange(1.0, 8.0), smoothed) == 5
    smoothed[4] = 1.26
    assert suggested_rate(np.arange(1.0, 8.0), smoothed) == 6


def test_a_dip_before_the_fall_does_not_count() -> None:
    assert suggested_rate(np.arange(1.0, 7.0), np.array([1.2, 1.1, 2.0, 1.6, 1.2, 1.0])) == 5


def test_what_comes_after_the_lowest_loss_does_not_count() -> None:
    smoothed = np.array([2.0, 1.5, 1.0, 9.0, 1.1, np.nan])
    assert suggested_rate(np.arange(1.0, 7.0), smoothed) == 3


def test_a_range_test_without_noise_suggests_three_quarters_down_the_slope() -> None:
    # Step 90 + ¾ · 40 = 120; smoothing by 8 steps rounds the lower bend, and not by more than 3 of them.
    assert RATES[117] <= suggestion_of(course()) <= RATES[123]


@pytest.mark.parametrize("seed", range(5))
def test_noise_hardly_moves_the_suggestion(seed: int) -> None:
    assert suggestion_of(course(noise=0.2, seed=seed)) == pytest.approx(suggestion_of(course()), rel=0.5)


def test_smoothing_does_not_lag_behind() -> None:
    curve = lr_curve(RATES[:150], course()[:150])
    np.testing.assert_allclose(curve.smoothed[100:120], curve.losses[100:120], atol=0.02)


def test_smoothing_takes_away_noise() -> None:
    noisy = lr_curve(RATES[:80], course(noise=0.2)[:80])
    assert noisy.losses.std() > 0.15
    assert noisy.smoothed.std() < 0.15 / 2


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_follows_a_loss_that_is_not_finite_counts_for_nothing(wrong: float) -> None:
    losses = course(noise=0.1)
    before = suggestion_of(losses[:160])
    losses[160] = wrong
    curve = lr_curve(RATES, losses)
    assert curve.suggestion == before
    assert np.isfinite(curve.smoothed).sum() == 160
    assert np.isnan(curve.smoothed[160:]).all()


def test_losses_that_have_run_away_do_not_hide_the_fall() -> None:
    far = course()
    far[155:] = 1e30
    assert suggestion_of(far) == pytest.approx(suggestion_of(course()), rel=0.2)


@pytest.mark.parametrize(
    "losses",
    [
        np.ones(200),
        np.full(200, 0.1) + 1e-17 * np.arange(200)[::-1],
        np.linspace(1, 5, 200),
        np.full(200, np.nan),
        np.zeros(200),
    ],
    ids=["constant", "rounding", "rising", "not a number", "zero"],
)
def test_nothing_is_suggested_if_the_loss_never_falls(losses: Floats) -> None:
    assert lr_curve(RATES, losses).suggestion is None


def test_noise_alone_is_hardly_ever_taken_for_a_fall() -> None:
    # One test in a hundred would be expected.
    taken = [lr_curve(RATES, course(fall=0, noise=0.3, seed=seed)).suggestion for seed in range(100)]
    assert sum(suggestion is not None for suggestion in taken) <= 4


def test_a_fall_is_told_from_noise_by_its_depth() -> None:
    told = [
        sum(
            lr_curve(RATES, course(fall=fall, noise=0.3, seed=seed)).suggestion is not None
            for seed in range(20)
        )
        for fall in (0.05, 0.6)
    ]
    assert told[0] <= 2
    assert told[1] >= 19


def test_of_fewer_than_ten_steps_nothing_is_suggested() -> None:
    losses = np.linspace(2, 1, 10)
    assert lr_curve(RATES[:10], losses).suggestion is not None
    assert lr_curve(RATES[:9], losses[:9]).suggestion is None
    assert lr_curve(RATES[:1], losses[:1]).suggestion is None


@given(losses=st.lists(FINITE, min_size=1, max_size=60))
def test_a_suggestion_is_a_rate_tested_up_to_that_of_the_lowest_loss(losses: list[float]) -> None:
    curve = lr_curve(RATES[: len(losses)], np.array(losses))
    if curve.suggestion is not None:
        assert curve.suggestion in curve.rates
        assert curve.rates[0] < curve.suggestion <= curve.rates[int(curve.smoothed.argmin())]


@given(
    seed=st.integers(0, 99),
    faster=st.sampled_from([2**-10, 0.5, 8]),
    louder=st.sampled_from([2**-10, 0.5, 8]),
)
def test_a_suggestion_does_not_depend_on_units(seed: int, faster: float, louder: float) -> None:
    losses = course(noise=0.2, seed=seed)
    scaled = lr_curve(faster * RATES, louder * losses).suggestion
    assert scaled == faster * suggestion_of(losses)


def test_what_comes_in_stays_as_it_is() -> None:
    rates, losses = RATES.copy(), course(noise=0.1)
    losses[-3:] = np.nan
    before = losses.copy()
    curve = lr_curve(rates, losses)
    np.testing.assert_array_equal(losses, before)
    np.testing.assert_array_equal(curve.losses, before)
    np.testing.assert_array_equal(curve.rates, RATES)


@pytest.mark.parametrize(
    ("rates", "losses", "message"),
    [
        ([], [], "a range test of 0 learning rates and 0 losses"),
        ([1e-3, 1e-2], [1.0], "a range test of 2 learning rates and 1 losses"),
        ([1e-3, 1e-3], [1.0, 1.0], "must be above 0 and rise"),
        ([0.0, 1e-3], [1.0, 1.0], "must be above 0 and rise"),
        ([math.nan], [1.0], "must be above 0 and rise"),
    ],
)
def test_what_is_no_range_test_is_refused(rates: list[float], losses: list[float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        lr_curve(np.array(rates), np.array(losses))


def test_a_curve_as_plain_data_is_valid_json() -> None:
    losses = course()
    losses[190:] = np.nan
    curve = lr_curve(RATES, losses)
    found = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert found["suggestion"] == curve.suggestion
    assert found["rates"] == RATES.tolist()
    assert found["losses"] == [*losses[:190].tolist(), *[None] * 10]
    assert found["smoothed"][189] == curve.smoothed[189]
    assert found["smoothed"][190] is None


def test_a_curve_says_what_it_suggests() -> None:
    curve = lr_curve(RATES, course())
    assert repr(curve) == (
        f"suggested learning rate {curve.suggestion:.2g} "
        "(200 steps from 1e-06 to 10, loss 1.07 lowest at 0.048)"
    )


def test_a_curve_says_that_it_suggests_nothing() -> None:
    for losses in (np.ones(200), np.full(200, np.nan)):
        assert repr(lr_curve(RATES, losses)) == (
            "no learning rate to suggest: the loss never falls clearly (200 steps from 1e-06 to 10)"
        )


def test_a_curve_is_drawn_with_its_suggestion() -> None:
    curve = lr_curve(RATES, course())
    axes = curve.plot().axes[0]
    assert axes.texts[0].get_text() == f"suggested: {curve.suggestion:.2g}"
    assert len(np.asarray(axes.lines[1].get_xdata())) == 200
    nothing = lr_curve(RATES, np.ones(200)).plot().axes[0]
    assert nothing.get_title(loc="left").startswith("no learning rate to suggest")


def test_a_loss_has_run_away_above_four_times_the_lowest_running_mean_by_hand() -> None:
    # After 20 losses of 1 the mean is 1: (1 - .98^20) / (1 - .98^20). With x as the next it is
    # (.98 · .332392 + .02 · x) / .345744: 3.950 for 52, 4.008 for 53.
    assert not diverged([1.0] * 20 + [52.0])
    assert diverged([1.0] * 20 + [53.0])
    assert not diverged([1.0] * 20 + [53.0] + [0.1] * 20)  # it is the last mean that counts


def test_a_loss_that_is_not_finite_has_run_away_from_the_first_step_on() -> None:
    for wrong in (math.nan, math.inf):
        assert diverged([wrong])
        assert diverged([1.0, wrong])
        assert diverged(np.array([1.0] * 20 + [wrong]))


def test_an_easy_batch_at_the_start_does_not_end_a_test() -> None:
    losses = [0.01] + [1.0] * 8
    assert not any(diverged(losses[:step]) for step in range(len(losses) + 1))
    assert not diverged(losses + [1.0] * 20)


def test_a_loss_that_falls_or_is_level_has_not_run_away() -> None:
    assert not diverged([])
    assert not diverged([1.0] * 100)
    assert not diverged(course()[:150])
    assert any(diverged(course()[:step]) for step in range(150, 200))
