import functools
import math
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tiny_training import (
    LABELS,
    NOISE,
    PHOTOS,
    VECTORS,
    Weights,
    all_of,
    features,
    fine_tuned,
    head_alone,
    lesson,
    phase,
    photos,
    same,
    scratch,
    weights_of,
    with_head,
)

from kclass.backbones.keras_archive import keras_model
from kclass.batches.augmentation import PRESETS
from kclass.batches.opening import open_photos
from kclass.engines.training_device import TrainingDevice
from kclass.errors import ModelError, OptionError, PhotoError
from kclass.keras_import import import_keras
from kclass.progress import silent
from kclass.training.epochs import START, EpochResult, Phase, PhaseState, compiled, measured, run_phase
from kclass.training.shown import Shown, ShownFeatures, ShownPhotos
from kclass.training.trainee import Trainee

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras's variables
)

Told = list[tuple[str, int, int, str]]


def ran(
    trainee: Trainee,
    shown: Shown,
    what: Phase,
    *,
    state: PhaseState | None = None,
    look_first: bool = False,
    keep: Callable[[PhaseState], None] = lambda state: None,
    progress: Any = silent,
) -> PhaseState:
    return run_phase(trainee, shown, what, state=state, look_first=look_first, keep=keep, progress=progress)


def rows(state: PhaseState) -> list[tuple[Any, ...]]:
    """The history but for the time it took."""
    return [
        (each.phase, each.epoch, each.learning_rate, each.train_loss, each.held_out_loss, each.error_rate)
        for each in state.history
    ]


def alike(one: PhaseState, other: PhaseState) -> bool:
    """Whether all is the same, to the last bit."""
    parts = ("weights", "optimizer", "best")
    return (
        rows(one) == rows(other)
        and one.best_epoch == other.best_epoch
        and all(same(getattr(one, part), getattr(other, part)) for part in parts)
    )


@functools.cache
def usual() -> PhaseState:
    """What comes out of three epochs if nothing else is asked for."""
    return ran(head_alone(), features(), phase())


def cross_entropy(logits: NDArray[Any], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    exact = logits.astype(np.float64)
    found: NDArray[np.float64] = np.log(np.exp(exact).sum(axis=1)) - exact[np.arange(len(labels)), labels]
    return found


# Learning


def test_training_lowers_the_loss_and_the_error() -> None:
    what = phase(name="scratch", epochs=8, peak=0.01)
    trainee = all_of(scratch(dropout=0.0))
    state = ran(trainee, photos(), what)
    first, *_, last = state.history
    assert first.train_loss is not None
    assert last.train_loss is not None
    assert last.train_loss < first.train_loss / 2
    assert min(each.held_out_loss for each in state.history) < first.held_out_loss
    assert min(each.error_rate for each in state.history) == 0  # of 8; bright and dark are easy
    assert [(each.phase, each.epoch) for each in state.history] == [
        ("scratch", epoch) for epoch in range(1, 9)
    ]


def test_one_seed_gives_one_network_whatever_was_drawn_before() -> None:
    import_keras().utils.set_random_seed(77)
    assert alike(ran(head_alone(), features(), phase()), usual())


def other(what: Phase | None = None, shown: Shown | None = None, trainee: Trainee | None = None) -> Any:
    return ran(trainee or head_alone(), shown or features(), what or phase())


@pytest.mark.parametrize(
    "change",
    [
        lambda: other(phase(peak=0.02)),
        lambda: other(phase(schedule="one-cycle")),
        lambda: other(phase(optimizer="sgd")),
        lambda: other(phase(clip_norm=0.01)),
        lambda: other(shown=features(lesson(seed=1))),
        lambda: other(shown=features(lesson(seed=2**63 - 1))),
        lambda: other(shown=features(lesson(size=16))),
        lambda: other(shown=features(lesson(label_smoothing=0.2))),
    ],
    ids=["rate", "schedule", "optimizer", "clip_norm", "seed", "largest seed", "batch size", "smoothing"],
)
def test_every_option_changes_the_course_of_an_epoch(change: Callable[[], PhaseState]) -> None:
    assert rows(change())[-1][3:5] != rows(usual())[-1][3:5]


def test_an_epoch_is_the_same_however_many_follow() -> None:
    assert rows(ran(head_alone(), features(), phase(epochs=4)))[:3] == rows(usual())


def test_dropout_is_drawn_anew_in_each_epoch() -> None:
    # Steps of no size, and one batch, so that neither order nor learning tells epochs apart.
    whole = features(lesson(size=32))
    for dropout, differ in ((0.0, False), (0.5, True)):
        state = ran(head_alone(with_head(dropout=dropout)), whole, phase(peak=1e-30, epochs=2))
        first, second = (each.train_loss for each in state.history)
        assert (first != pytest.approx(second, rel=1e-3)) == differ


def test_layers_that_are_frozen_stay_as_they_were() -> None:
    trainee = fine_tuned(with_head(dropout=0.0))
    ran(trainee, photos(), phase(epochs=1))
    before, after = trainee.archive.layer_weights, trainee.trained().layer_weights
    for name in before:
        frozen = name[-1] in "12" and name != "hidden1"
        assert same(before[name], after[name]) == frozen, name


# Judging


def test_the_held_out_loss_is_the_cross_entropy_of_the_network_after_the_epoch() -> None:
    trainee = all_of(scratch())
    state = ran(trainee, photos(lesson(size=3)), phase(epochs=1))
    logits = keras_model(trainee.trained())(PHOTOS[:8].astype(np.float32)).numpy()
    own = -np.log(logits.astype(np.float64))[np.arange(8), LABELS[:8]]
    (result,) = state.history
    assert result.held_out_loss == pytest.approx(own.mean(), rel=1e-5)
    assert result.error_rate == np.mean(logits.argmax(axis=1) != LABELS[:8])


@pytest.mark.slow
def test_the_training_loss_is_the_mean_over_all_photos_also_of_a_smaller_last_batch() -> None:
    # Steps of no size; 33 photos in batches of 8 and one of 1.
    trainee = head_alone(with_head(dropout=0.0))
    logits = trainee.trainer(VECTORS).numpy()
    state = ran(trainee, features(lesson(held_out=range(7))), phase(epochs=1, peak=1e-30))
    (result,) = state.history
    assert result.train_loss == pytest.approx(cross_entropy(logits[7:], LABELS[7:]).mean(), rel=1e-5)
    assert result.held_out_loss == pytest.approx(cross_entropy(logits[:7], LABELS[:7]).mean(), rel=1e-5)


@pytest.mark.parametrize("balance", ["none", "weights", "sample"])
def test_held_out_classes_count_alike_if_training_is_balanced(balance: str) -> None:
    skewed = (np.arange(40) % 4 == 0).astype(np.int32)
    trainee = head_alone()
    own = cross_entropy(trainee.trainer(VECTORS).numpy()[:8], skewed[:8])
    many, few = own[skewed[:8] == 0], own[skewed[:8] == 1]
    assert (len(many), len(few)) == (6, 2)
    state = ran(trainee, features(lesson(labels=skewed, balance=balance)), phase(epochs=1, peak=1e-30))
    wanted = (many.mean() + few.mean()) / 2 if balance != "none" else own.mean()
    assert state.history[0].held_out_loss == pytest.approx(wanted, rel=1e-5)
    assert (many.mean() + few.mean()) / 2 != pytest.approx(own.mean(), rel=1e-2)


def test_smoothing_and_mixing_are_of_training_alone() -> None:
    trainee = all_of(scratch(dropout=0.0))
    probabilities = keras_model(trainee.archive)(PHOTOS[:8].astype(np.float32)).numpy()
    own = -np.log(probabilities[np.arange(8), LABELS[:8]]).mean()
    shown = photos(lesson(label_smoothing=0.3, mixup=0.4, augment=PRESETS["standard"]))
    state = ran(trainee, shown, phase(epochs=1, peak=1e-30), look_first=True)
    assert state.history[0].held_out_loss == pytest.approx(own, rel=1e-5)


def test_measured_by_hand() -> None:
    # Probabilities 3/4 and 1/4, and 1/2 twice; weights of 3 and 1.
    logits = np.array([[np.log(3), 0], [5, 5]], np.float32)
    loss, errors = measured(logits, np.array([1, 0], np.int32), np.array([3.0, 1.0]))
    assert loss == pytest.approx((3 * np.log(4) + np.log(2)) / 4)
    assert errors == 0.5  # of equals, the first is taken for the answer


@pytest.mark.parametrize("odd", [[np.inf, 0.0], [np.inf, np.inf], [np.nan, 0.0], [0.0, -np.inf]])
def test_logits_that_are_not_finite_have_no_finite_loss(odd: list[float]) -> None:
    logits = np.array([[1.0, 2.0], odd], np.float32)
    loss, _ = measured(logits, np.array([0, 1], np.int32), np.ones(2))
    assert not math.isfinite(loss)


def test_the_look_at_the_start_is_epoch_0_and_learns_nothing() -> None:
    trainee = head_alone()
    own = cross_entropy(trainee.trainer(VECTORS).numpy()[:8], LABELS[:8]).mean()
    start, *learned = ran(trainee, features(), phase(), look_first=True).history
    assert (start.phase, start.epoch, start.learning_rate, start.train_loss) == (START, 0, None, None)
    assert start.held_out_loss == pytest.approx(own, rel=1e-6)
    assert [replace(each, seconds=0) for each in learned] == [
        replace(each, seconds=0) for each in usual().history
    ]


def test_epochs_are_counted_on_from_those_of_the_phases_before() -> None:
    state = ran(head_alone(), features(), phase(epochs=2, before=5), look_first=True)
    assert [(each.phase, each.epoch) for each in state.history] == [(START, 5), ("head", 6), ("head", 7)]
    # So it draws other numbers than the first phase did.
    assert state.history[1].train_loss != usual().history[0].train_loss


# Rates


def test_the_history_tells_the_mean_rate_of_the_steps_of_an_epoch() -> None:
    what = phase(schedule="one-cycle", peak=0.02)
    state = ran(head_alone(), features(), what)
    rates = [
        [what.plan.rate(epoch=epoch, batch=batch, batches=4, epochs=3, losses=[]) for batch in range(4)]
        for epoch in (1, 2, 3)
    ]
    assert [each.learning_rate for each in state.history] == [pytest.approx(sum(each) / 4) for each in rates]
    assert len({each.learning_rate for each in state.history}) == 3


def test_every_step_is_taken_at_its_rate() -> None:
    # Without momentum and with one weight that matters, the way it goes is the sum of the rates: the
    # gradient of two photos of opposite classes at features of 0 is 0 but for the biases of the logits.
    what = phase(schedule="cosine", peak=1e-3, epochs=2, optimizer="sgd", momentum=0.0)
    vectors, labels = np.zeros((40, 5), np.float32), np.zeros(40, np.int32)
    trainee = head_alone(with_head(hidden=(), dropout=0.0))
    before = trainee.trainer.get_weights()[1].copy()
    state = ran(trainee, ShownFeatures(lesson(labels=labels), vectors), what)
    rates = [
        what.plan.rate(epoch=epoch, batch=batch, batches=4, epochs=2, losses=[])
        for epoch in (1, 2)
        for batch in range(4)
    ]
    # Its probability stays near a half, so each step is about half the rate.
    assert state.weights[1] - before == pytest.approx([sum(rates) / 2, -sum(rates) / 2], rel=2e-3)


def test_a_plateau_lowers_the_rate_after_losses_that_do_not_fall() -> None:
    state = ran(head_alone(), noise(), phase(schedule="plateau", peak=0.5, epochs=6))
    losses, lowered = [each.held_out_loss for each in state.history], 0
    for epoch, result in enumerate(state.history):
        assert result.learning_rate == pytest.approx(0.5 / 10**lowered)
        lowered += epoch > 0 and not losses[epoch] < min(losses[:epoch]) - 1e-4
    assert lowered >= 2


# Choosing


BY_HEART = phase(peak=0.05, epochs=6)


def learner() -> Trainee:
    return head_alone(with_head(hidden=(8,), dropout=0.0))


def noise() -> Shown:
    return ShownFeatures(lesson(), NOISE)


@functools.cache
def by_heart() -> tuple[PhaseState, Weights]:
    """Epochs that make photos held out worse and worse; and the weights that the trainer ends with."""
    trainee = learner()
    return ran(trainee, noise(), BY_HEART), trainee.trainer.get_weights()


def test_the_epoch_with_the_lowest_held_out_loss_is_kept() -> None:
    state, weights = by_heart()
    losses = [each.held_out_loss for each in state.history]
    assert state.best_epoch == 1 + losses.index(min(losses)) < 6
    assert not same(state.best, state.weights)
    assert same(weights, state.best)
    # At a constant rate, fewer epochs end as the longer training was then.
    trainee = learner()
    assert same(ran(trainee, noise(), replace(BY_HEART, epochs=state.best_epoch)).weights, state.best)
    loss = cross_entropy(trainee.trainer(NOISE).numpy()[:8], LABELS[:8]).mean()
    assert loss == pytest.approx(min(losses), rel=1e-6)


def test_a_network_that_only_gets_worse_stays_as_it_was_at_the_start() -> None:
    trainee = head_alone()
    before = [np.array(each) for each in trainee.trainer.get_weights()]
    state = ran(trainee, features(lesson(labels=1 - LABELS)), phase(peak=1e-30), look_first=True)
    # Steps of no size lower nothing, and of equals the first is kept.
    assert len({each.held_out_loss for each in state.history}) == 1
    assert state.best_epoch == 0
    assert same(state.best, before)


@pytest.mark.parametrize("patience", [1, 2])
def test_patience_ends_a_phase_after_so_many_epochs_without_a_lower_loss(patience: int) -> None:
    state = ran(learner(), noise(), replace(BY_HEART, patience=patience))
    through = by_heart()[0]
    assert rows(state) == rows(through)[: through.best_epoch + patience]
    assert len(state.history) < 6
    assert same(state.best, through.best)


def test_patience_counts_from_the_start_if_that_was_looked_at() -> None:
    state = ran(head_alone(), features(), phase(peak=1e-30, epochs=9, patience=2, before=3), look_first=True)
    assert [each.epoch for each in state.history] == [3, 4, 5]


# Divergence


def test_a_rate_at_which_the_first_epoch_diverges_leaves_what_was_there_at_the_start() -> None:
    trainee = all_of()
    state = ran(trainee, photos(), phase(peak=1e30), look_first=True)
    assert (state.best_epoch, state.ended(phase(peak=1e30))) == (0, True)
    assert [math.isfinite(each.held_out_loss) for each in state.history] == [True, False]
    assert state.history[-1].to_dict()["held_out_loss"] is None


def test_a_checkpoint_of_another_network_is_refused() -> None:
    state = ran(all_of(), photos(), phase(epochs=1))
    with pytest.raises(ModelError) as caught:
        ran(head_alone(), features(), phase(epochs=2), state=state)
    assert caught.value.message == "the checkpoint belongs to another network: its weights have other shapes"


def test_gradients_are_scaled_where_steps_are_computed_in_float16() -> None:
    device = TrainingDevice("cpu", "mixed_float16", False, ("CPU:0",))
    trainer = compiled(all_of(policy="mixed_float16"), photos(), phase(), device)
    assert type(trainer.optimizer).__name__ == "LossScaleOptimizer"


def test_a_rate_at_which_the_very_first_epoch_diverges_is_named() -> None:
    with pytest.raises(OptionError) as caught:
        ran(all_of(), photos(), phase(peak=1e30))
    assert caught.value.message == "the learning rate is 1e+30; the first epoch ended without a finite loss"
    assert caught.value.fix == "Use a smaller one, 1e+29 for instance."


def test_a_training_that_diverges_later_ends_with_the_best_epoch_before() -> None:
    calm, wild = phase(epochs=1), phase(epochs=9, peak=1e30)
    first = ran(all_of(), photos(), calm)
    trainee = all_of()
    state = ran(trainee, photos(), wild, state=first)
    assert rows(state)[0] == rows(first)[0]
    assert [math.isfinite(each.held_out_loss) for each in state.history] == [True, False]
    assert state.ended(wild)
    assert state.best_epoch == 1
    assert same(trainee.trainer.get_weights(), first.best)


# Going on


Run = tuple[Callable[[], Trainee], Callable[[], Shown], Phase]

SOON_DONE = "stages, sampling"
RUNS: dict[str, Run] = {
    "adamw, one-cycle, dropout, clipping": (
        head_alone,
        features,
        phase(schedule="one-cycle", peak=0.05, optimizer="adamw", clip_norm=0.5),
    ),
    "sgd with momentum, plateau, averages": (
        head_alone,
        noise,
        phase(schedule="plateau", peak=1.0, epochs=4, optimizer="sgd", momentum=0.9, ema=0.2),
    ),
    "batch norm, augmentation, mixing": (
        all_of,
        lambda: photos(lesson(augment=PRESETS["standard"], mixup=0.4, label_smoothing=0.1)),
        phase(schedule="cosine", optimizer="adam"),
    ),
    SOON_DONE: (
        fine_tuned,
        lambda: photos(lesson(balance="sample", augment=PRESETS["flip"])),
        phase(stage_lr=0.1, before=2),
    ),
}


@pytest.mark.parametrize(
    "kind", [kind if kind == SOON_DONE else pytest.param(kind, marks=pytest.mark.slow) for kind in RUNS]
)
def test_a_phase_that_goes_on_after_an_epoch_ends_as_one_that_was_never_stopped(kind: str) -> None:
    make, show, what = RUNS[kind]
    kept: list[PhaseState] = []
    through = ran(make(), show(), what, look_first=True, keep=kept.append)
    assert [len(state.history) for state in kept] == [*range(1, what.epochs + 2)]
    again = ran(make(), show(), what, state=kept[2])
    assert alike(again, through)
    if what.plan.schedule == "plateau":
        assert len({each.learning_rate for each in through.history}) > 2


def test_a_phase_can_go_on_after_any_epoch() -> None:
    kept: list[PhaseState] = []
    what = phase(optimizer="sgd", ema=0.5)
    through = ran(head_alone(), features(), what, look_first=True, keep=kept.append)
    for state in kept:
        trainee, own = head_alone(), []  # type: ignore[var-annotated]
        assert alike(ran(trainee, features(), what, state=state, keep=own.append), through)
        assert same(trainee.trainer.get_weights(), through.best)
        # What was kept before is not kept again.
        assert len(own) == len(through.history) - len(state.history)


@pytest.mark.parametrize("part", ["weights", "optimizer"])
def test_a_phase_goes_on_from_all_that_was_kept(part: str) -> None:
    kept: list[PhaseState] = []
    through = ran(head_alone(), features(), phase(), keep=kept.append)
    zeros: dict[str, Any] = {part: tuple(np.zeros_like(each) for each in getattr(kept[0], part))}
    changed = replace(kept[0], **zeros)
    assert rows(ran(head_alone(), features(), phase(), state=changed))[1:] != rows(through)[1:]


def test_patience_goes_on_too() -> None:
    kept: list[PhaseState] = []
    what = replace(BY_HEART, patience=2)
    through = ran(learner(), noise(), what, keep=kept.append)
    assert not kept[-2].ended(what)
    assert alike(ran(learner(), noise(), what, state=kept[-2]), through)


# Averages


def test_averages_are_judged_and_kept_and_learning_goes_on_from_the_weights() -> None:
    what = phase(epochs=3, peak=0.1, ema=0.5, optimizer="sgd", momentum=0.0)
    one_step = features(lesson(size=32))
    kept: list[PhaseState] = []
    trainee = head_alone(with_head(dropout=0.0))
    ran(trainee, one_step, what, keep=kept.append)
    without: list[PhaseState] = []
    plain = phase(epochs=3, peak=0.1, optimizer="sgd", momentum=0.0)
    ran(head_alone(with_head(dropout=0.0)), one_step, plain, keep=without.append)
    # One step an epoch: the average after the first is its weights, then halfway to the next each time.
    average: Weights = [np.array(each) for each in kept[0].weights]
    for state, other_state in zip(kept, without, strict=True):
        assert same(state.weights, other_state.weights)
        average = [(old + new) / 2 for old, new in zip(average, state.weights, strict=True)]
        if state.best_epoch == len(state.history):
            for own, wanted in zip(state.best, average, strict=True):
                assert own == pytest.approx(wanted, abs=1e-6)
    assert kept[-1].best_epoch == 3
    assert not same(kept[-1].best, kept[-1].weights)
    loss = cross_entropy(trainee.trainer(VECTORS).numpy()[:8], LABELS[:8]).mean()
    assert kept[-1].history[-1].held_out_loss == pytest.approx(loss, rel=1e-6)


# Interruption


def interrupting(step: int, error: BaseException | None = None) -> Any:
    def progress(stage: str, done: int, total: int, note: str = "") -> None:
        if done == step:
            raise error or KeyboardInterrupt

    return progress


def test_ctrl_c_in_the_first_epoch_leaves_nothing_to_keep() -> None:
    kept: list[PhaseState] = []
    with pytest.raises(KeyboardInterrupt):
        ran(head_alone(), features(), phase(), progress=interrupting(3), keep=kept.append)
    assert kept == []


def test_ctrl_c_in_a_later_epoch_keeps_the_best_before_it() -> None:
    kept: list[PhaseState] = []
    trainee = head_alone()
    state = ran(trainee, features(), phase(), progress=interrupting(4 + 4 + 2), keep=kept.append)
    assert state.interrupted
    assert rows(state) == rows(usual())[:2]
    assert len(kept) == 2
    assert not any(each.interrupted for each in kept)
    assert same(trainee.trainer.get_weights(), kept[-1].best)
    # What was kept goes on to the end as if nothing had happened.
    assert alike(ran(head_alone(), features(), phase(), state=kept[-1]), usual())


def test_ctrl_c_in_the_first_epoch_after_a_look_at_the_start_keeps_that() -> None:
    trainee = head_alone()
    before = [np.array(each) for each in trainee.trainer.get_weights()]
    state = ran(trainee, features(), phase(), look_first=True, progress=interrupting(2))
    assert state.interrupted
    assert [each.phase for each in state.history] == [START]
    assert same(trainee.trainer.get_weights(), before)


@pytest.mark.parametrize("epoch", [1, 2])
def test_ctrl_c_while_an_epoch_is_kept_ends_the_training_after_that_epoch(epoch: int) -> None:
    def keep(state: PhaseState) -> None:
        if len(state.losses) == epoch:
            raise KeyboardInterrupt

    state = ran(head_alone(), features(), phase(), keep=keep)
    assert state.interrupted
    assert rows(state) == rows(usual())[:epoch]


def test_ctrl_c_that_a_library_makes_an_error_of_its_own_is_ctrl_c_still() -> None:
    def progress(stage: str, done: int, total: int, note: str = "") -> None:
        if done == 4 + 2:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt as error:
                raise RuntimeError("UNKNOWN: KeyboardInterrupt") from error

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        state = ran(head_alone(), features(), phase(), progress=progress)
    finally:
        signal.signal(signal.SIGINT, before)
    assert state.interrupted
    assert rows(state) == rows(usual())[:1]


def test_other_errors_are_raised_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="something else"):
        ran(head_alone(), features(), phase(), progress=interrupting(6, RuntimeError("something else")))


class Terminated(KeyboardInterrupt):
    """What a signal other than Ctrl-C may be turned into."""


def test_other_signals_end_the_process_at_once() -> None:
    kept: list[PhaseState] = []
    with pytest.raises(Terminated):
        ran(head_alone(), features(), phase(), progress=interrupting(6, Terminated()), keep=kept.append)
    assert len(kept) == 1


def test_what_goes_wrong_in_keeping_an_epoch_is_not_taken_for_ctrl_c() -> None:
    def keep(state: PhaseState) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        ran(head_alone(), features(), phase(), keep=keep)


# Photos that go away


@pytest.mark.parametrize("look_first", [False, True])
def test_a_photo_that_goes_away_ends_the_training_with_its_name(look_first: bool, tmp_path: Path) -> None:
    paths = [tmp_path / f"{place}.png" for place in range(40)]
    for path, pixels in zip(paths, PHOTOS, strict=True):
        Image.fromarray(pixels).save(path)
    opened = open_photos(paths, size=8, resize="squash", threads=2, cache="none")
    paths[3 if look_first else 20].unlink()
    with pytest.raises(PhotoError, match="it could be read before the first epoch"):
        ran(all_of(), ShownPhotos(lesson(), opened.photos), phase(), look_first=look_first)


# What is told


def test_progress_is_told_of_each_step_and_how_it_goes() -> None:
    told: Told = []
    state = ran(
        head_alone(),
        features(),
        phase(name="head", epochs=2, before=4),
        progress=lambda *step: told.append(step),
    )
    assert [step[:3] for step in told] == [("training", done, 8) for done in range(1, 9)]
    first, second = state.history
    # The loss after the last step of an epoch is that of the epoch.
    assert told[3][3] == f"head 1/2, loss {first.train_loss:.3f}"
    wrong = 100 * first.error_rate
    assert told[7][3] == (
        f"head 2/2, loss {second.train_loss:.3f}, held out {first.held_out_loss:.3f} ({wrong:.1f} % wrong)"
    )


def test_progress_of_a_phase_that_goes_on_is_told_from_there() -> None:
    kept: list[PhaseState] = []
    told: Told = []
    ran(head_alone(), features(), phase(), keep=kept.append)
    ran(head_alone(), features(), phase(), state=kept[0], progress=lambda *step: told.append(step))
    assert [step[:3] for step in told] == [("training", done, 12) for done in range(5, 13)]


def test_seconds_are_measured() -> None:
    assert all(0 < each.seconds < 60 for each in usual().history)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    ran(all_of(), photos(), phase(epochs=1), look_first=True)
    assert capfd.readouterr().out == ""


# Edges


def test_one_photo_to_learn_from_and_one_to_judge_by() -> None:
    labels = np.zeros(40, np.int32)
    labels[2:] = -1
    what = replace(lesson(labels=labels, held_out=[1], size=1), train=np.array([0]))
    state = ran(all_of(), photos(what), phase(epochs=1, schedule="one-cycle"))
    assert state.history[0].learning_rate == 0.01
    assert math.isfinite(state.history[0].held_out_loss)


def test_a_single_class_has_nothing_to_learn() -> None:
    what = lesson(labels=np.zeros(40, np.int32), classes=1)
    state = ran(head_alone(with_head(classes=1)), features(what), phase(epochs=1))
    assert state.history[0] == EpochResult("head", 1, 0.01, 0.0, 0.0, 0.0, state.history[0].seconds)


def test_results_are_those_of_the_archive_that_comes_back() -> None:
    trainee = fine_tuned()
    state = ran(trainee, photos(), phase(epochs=2))
    probabilities = keras_model(trainee.trained())(PHOTOS[:8].astype(np.float32)).numpy()
    own = -np.log(probabilities[np.arange(8), LABELS[:8]].astype(np.float64)).mean()
    assert own == pytest.approx(min(each.held_out_loss for each in state.history), rel=1e-5)
    assert len(weights_of(trainee.trained())) == len(weights_of(trainee.archive))
