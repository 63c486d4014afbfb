import math
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.errors import OptionError
from kclass.keras_import import import_keras
from kclass.training.schedules import SCHEDULES, RatePlan, Schedule, cosine, one_cycle, plateaus

LOSSES = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30)
PEAKS = st.floats(1e-12, 1e3)
SHARES = st.floats(0, 1, exclude_max=True)


def plan(
    schedule: Schedule, *, peak: float = 0.1, warmup: float = 0.3, plateau_patience: int = 2
) -> RatePlan:
    return RatePlan(schedule=schedule, peak=peak, warmup=warmup, plateau_patience=plateau_patience)


def course(of: RatePlan, *, batches: int, epochs: int, losses: Sequence[float] = ()) -> list[float]:
    """The rates of all steps of a phase."""
    return [
        of.rate(epoch=epoch, batch=batch, batches=batches, epochs=epochs, losses=losses[: epoch - 1])
        for epoch in range(1, epochs + 1)
        for batch in range(batches)
    ]


# The lists are the rates of torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=len(list),
# pct_start=warmup) of PyTorch 2.13, read from the optimizer before each step.
@pytest.mark.parametrize(
    ("peak", "warmup", "rates"),
    [
        (
            0.1,
            0.3,
            [
                0.0040000000000000036,
                0.052000000000000005,
                0.1,
                0.09504846320134738,
                0.0811745653949763,
                0.06112620219362893,
                0.03887419780637107,
                0.0188258346050237,
                0.004951936798652629,
                4e-07,
            ],
        ),
        (
            0.003,
            0.25,
            [
                0.00011999999999999988,
                0.0029832463063527354,
                0.0025995794094335082,
                0.0018337860658088677,
                0.0009519966554965536,
                0.0002606527959586539,
                1.2e-08,
            ],
        ),
        (1.0, 0.3, [0.811745653949763, 4e-06]),
        (1.0, 0.0, [0.8535539763797113, 0.500002, 0.14645002362028864, 4e-06]),
    ],
)
def test_one_cycle_is_that_of_pytorch(peak: float, warmup: float, rates: list[float]) -> None:
    ours = course(plan("one-cycle", peak=peak, warmup=warmup), batches=len(rates), epochs=1)
    np.testing.assert_allclose(ours, rates, rtol=1e-10)


def test_cosine_without_warm_up_is_that_of_pytorch() -> None:
    # torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5) of PyTorch 2.13, peak 0.2.
    rates = [0.2, 0.18090169943749476, 0.13090169943749475, 0.06909830056250527, 0.019098300562505267]
    ours = course(plan("cosine", peak=0.2, warmup=0), batches=5, epochs=1)
    np.testing.assert_allclose(ours, rates, rtol=1e-10)


def test_cosine_with_warm_up_by_hand() -> None:
    # 6 steps, floor(0.4 · 6) = 2 of them rising: 1/3 and 2/3 of the peak. Then 4 steps of half a
    # cosine: cos 0 = 1, cos 45° = √½, cos 90° = 0, cos 135° = -√½.
    root = math.sqrt(0.5)
    expected = [1 / 3, 2 / 3, 1, (1 + root) / 2, 1 / 2, (1 - root) / 2]
    assert course(plan("cosine", peak=1, warmup=0.4), batches=3, epochs=2) == pytest.approx(expected)


def test_the_place_in_the_phase_counts_and_not_how_it_is_cut_into_epochs() -> None:
    for schedule in ("one-cycle", "cosine"):
        assert course(plan(schedule), batches=12, epochs=1) == course(plan(schedule), batches=3, epochs=4)


def test_the_highest_rate_comes_after_the_share_of_the_steps_that_is_asked_for() -> None:
    for schedule in ("one-cycle", "cosine"):
        for warmup in (0.1, 0.5, 0.9):
            rates = course(plan(schedule, warmup=warmup), batches=100, epochs=10)
            assert int(np.argmax(rates)) == pytest.approx(1000 * warmup, abs=1)
            assert max(rates) == pytest.approx(0.1)


# The list is that of torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=patience - 1,
# threshold=1e-4, threshold_mode="abs") of PyTorch 2.13 after each loss: its patience is the number of
# epochs that are put up with. 0.69995 is lower than 0.7, but not by enough.
FALLING = [0.9, 0.7, 0.71, 0.69995, 0.72, 0.6, 0.61, 0.62, 0.63, 0.59, 0.59, 0.59, 0.59, 0.5]


@pytest.mark.parametrize(
    ("patience", "rates"),
    [
        (1, [1e-1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-4, 1e-5, 1e-6, 1e-7, 1e-7, 1e-8, 1e-8, 1e-8]),
        (2, [1e-1, 1e-1, 1e-1, 1e-2, 1e-2, 1e-2, 1e-2, 1e-3, 1e-3, 1e-3, 1e-3, 1e-4, 1e-4]),
        (3, [1e-1, 1e-1, 1e-1, 1e-1, 1e-2, 1e-2, 1e-2, 1e-2, 1e-3, 1e-3, 1e-3, 1e-3, 1e-4]),
    ],
)
def test_a_plateau_divides_the_rate_by_ten_as_in_pytorch(patience: int, rates: list[float]) -> None:
    # PyTorch leaves 1e-8 as it is (`eps`), so the last two rates of patience 1 are worked by hand.
    rates = [*rates[:-2], 1e-9, 1e-10] if patience == 1 else rates
    ours = course(plan("plateau", plateau_patience=patience), batches=1, epochs=14, losses=FALLING)
    assert ours == pytest.approx([0.1, *rates])


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
@pytest.mark.parametrize("patience", [1, 2, 4])
def test_plateaus_are_those_of_keras_on_random_losses(patience: int) -> None:
    keras = import_keras()
    random = np.random.default_rng(patience)
    for _ in range(10):
        # Falling on average, and often by less than 1e-4.
        losses = np.cumsum(random.normal(-2e-4, 1e-3, 40)) + 1
        optimizer = keras.optimizers.SGD(1.0)
        callback = keras.callbacks.ReduceLROnPlateau(mode="min", patience=patience)
        callback.set_model(SimpleNamespace(optimizer=optimizer))
        callback.on_train_begin()
        for epoch, loss in enumerate(losses.tolist()):
            callback.on_epoch_end(epoch, {"val_loss": loss})
            found = plateaus(losses[: epoch + 1].tolist(), patience=patience)
            assert float(optimizer.learning_rate) == pytest.approx(0.1**found, rel=1e-5)
        assert found > 0


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_never_a_lower_one(wrong: float) -> None:
    assert plateaus([wrong, wrong], patience=2) == 1
    assert plateaus([0.5, wrong, 0.4, wrong, 0.3], patience=2) == 0
    # 0.4 is lower than 0.5, the lowest so far, whatever came between.
    assert plateaus([wrong, 0.5, wrong, 0.4, 0.4, wrong], patience=2) == 1


def test_plateau_begins_at_the_peak_and_stays_within_an_epoch() -> None:
    rates = course(plan("plateau", plateau_patience=1), batches=3, epochs=3, losses=[0.5, 0.6, 0.7])
    assert rates == pytest.approx([0.1] * 6 + [0.01] * 3)


def test_constant_stays() -> None:
    assert course(plan("constant"), batches=3, epochs=2, losses=[1.0, math.nan]) == [0.1] * 6


def test_only_plateau_looks_at_losses() -> None:
    for schedule in SCHEDULES:
        low, high = (
            plan(schedule).rate(epoch=4, batch=1, batches=5, epochs=9, losses=losses)
            for losses in ([0.3, 0.2, 0.1], [0.1, 0.2, 0.3])
        )
        assert (low != high) == (schedule == "plateau")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_phase_of_one_step_takes_it_at_the_peak(schedule: Schedule) -> None:
    for warmup in (0, 0.3, 0.99):
        assert course(plan(schedule, warmup=warmup), batches=1, epochs=1) == [0.1]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_phase_of_one_epoch_and_one_of_a_step_an_epoch_learn(schedule: Schedule) -> None:
    for batches, epochs in ((1, 2), (2, 1), (5, 1), (1, 5)):
        assert max(course(plan(schedule), batches=batches, epochs=epochs)) > 0.06


@given(
    schedule=st.sampled_from(SCHEDULES),
    peak=PEAKS,
    warmup=SHARES,
    patience=st.integers(1, 5),
    batches=st.integers(1, 40),
    epochs=st.integers(1, 30),
    losses=LOSSES,
)
def test_every_rate_lies_from_0_to_the_peak(
    schedule: Schedule,
    peak: float,
    warmup: float,
    patience: int,
    batches: int,
    epochs: int,
    losses: list[float],
) -> None:
    of = plan(schedule, peak=peak, warmup=warmup, plateau_patience=patience)
    before = list(losses)
    rates = course(of, batches=batches, epochs=epochs, losses=losses)
    assert all(math.isfinite(rate) and 0 <= rate <= peak for rate in rates)
    assert rates == course(of, batches=batches, epochs=epochs, losses=losses)
    assert all(a == b or (a != a and b != b) for a, b in zip(losses, before, strict=True))


@given(steps=st.integers(1, 500), warmup=SHARES, peak=PEAKS)
def test_a_rate_rises_once_and_then_falls(steps: int, warmup: float, peak: float) -> None:
    for curve in (one_cycle, cosine):
        changes = np.sign(np.diff([curve(step, steps, peak=peak, warmup=warmup) for step in range(steps)]))
        assert (np.diff(changes) <= 0).all()


@pytest.mark.parametrize("warmup", [math.nextafter(1, 0), math.nextafter(0, 1), 0.1, 0.5])
@pytest.mark.parametrize("steps", [1, 2, 3, 10, 2**20 + 1])
def test_shares_at_the_edge_have_rates_too(warmup: float, steps: int) -> None:
    for curve in (one_cycle, cosine):
        for step in {0, 1, steps - 2, steps - 1} & set(range(steps)):
            assert 0 < curve(step, steps, peak=1.0, warmup=warmup) <= 1


@pytest.mark.parametrize("peak", [0, -1e-3, math.nan, math.inf])
def test_a_learning_rate_that_cannot_be_used_is_refused(peak: float) -> None:
    with pytest.raises(OptionError, match=rf"the learning rate is {peak}; it must be above 0 and finite"):
        plan("constant", peak=peak)


@pytest.mark.parametrize("warmup", [-0.1, 1, math.nan])
def test_a_warm_up_that_is_no_share_of_the_steps_is_refused(warmup: float) -> None:
    with pytest.raises(OptionError, match=rf"warmup is {warmup}; it must be a share of the steps") as caught:
        plan("cosine", warmup=warmup)
    assert caught.value.fix == "Give a fraction such as warmup=0.3."


def test_patience_of_no_epoch_is_refused() -> None:
    with pytest.raises(OptionError, match="plateau_patience is 0; it must be 1 or more"):
        plan("plateau", plateau_patience=0)


def test_a_schedule_that_is_none_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(OptionError, match="schedule is 'onecycle'; it must be one of constant,") as caught:
        plan("onecycle")  # type: ignore[arg-type]
    assert caught.value.fix == "Did you mean one-cycle?"


@pytest.mark.parametrize(("epoch", "batch"), [(0, 0), (4, 0), (1, -1), (1, 5)])
def test_a_step_outside_the_phase_is_refused(epoch: int, batch: int) -> None:
    with pytest.raises(OptionError, match=rf"no step {batch} in epoch {epoch} of 3 epochs of 5 batches"):
        plan("constant").rate(epoch=epoch, batch=batch, batches=5, epochs=3, losses=[])
