import functools
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tiny_training import (
    LABELS,
    NOISE,
    PHOTOS,
    all_of,
    backbone,
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

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import keras_model
from kclass.batches.augmentation import PRESETS
from kclass.errors import DataError, ModelError
from kclass.keras_import import import_keras
from kclass.training.checkpoint import read_checkpoint
from kclass.training.course import HELD_OUT, Leg, TrainedNetwork, hold_out, train
from kclass.training.shown import Lesson, ShownFeatures

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras's variables
)

PIXELS = PHOTOS.astype(np.float32)


@functools.cache
def vectors() -> NDArray[np.float32]:
    """What the backbone makes of the photos."""
    found: NDArray[np.float32] = keras_model(backbone())(PIXELS).numpy()
    return found


def head(what: Lesson | None = None, **options: Any) -> Leg:
    return Leg(
        phase(**{"epochs": 2, "peak": 0.02, **options}),
        head_alone,
        ShownFeatures(what or lesson(), vectors()),
    )


def fine_tuning(what: Lesson | None = None, **options: Any) -> Leg:
    return Leg(
        phase(**{"name": "fine-tuning", "epochs": 2, "before": 2, "stage_lr": 0.1, **options}),
        fine_tuned,
        photos(what),
    )


def ended(legs: Sequence[Leg], archive: Archive | None = None, **options: Any) -> TrainedNetwork:
    return train(archive or with_head(), legs, **{"judged_first": False, **options})


def rows(network: TrainedNetwork) -> list[tuple[Any, ...]]:
    """The history but for the time it took."""
    return [
        (each.phase, each.epoch, each.learning_rate, each.train_loss, each.held_out_loss, each.error_rate)
        for each in network.history
    ]


def alike(one: TrainedNetwork, other: TrainedNetwork) -> bool:
    """Whether all is the same, to the last bit."""
    return (
        rows(one) == rows(other)
        and (one.best_epoch, one.interrupted, one.summary, one.parameters, one.learned)
        == (other.best_epoch, other.interrupted, other.summary, other.parameters, other.learned)
        and one.archive.graph == other.archive.graph
        and same(weights_of(one.archive), weights_of(other.archive))
    )


def held_out_loss(archive: Archive, places: Any = slice(8)) -> float:
    """By plain Keras: the first eight photos are held out."""
    probabilities = keras_model(archive)(PIXELS[places]).numpy().astype(np.float64)
    return float(-np.log(probabilities[np.arange(len(probabilities)), LABELS[places]]).mean())


@functools.cache
def two_phases() -> TrainedNetwork:
    return ended([head(), fine_tuning()])


# One phase after the other


def test_phases_follow_each_other_and_their_epochs_are_counted_on() -> None:
    network = two_phases()
    assert [(each.phase, each.epoch) for each in network.history] == [
        ("head", 1),
        ("head", 2),
        ("fine-tuning", 3),
        ("fine-tuning", 4),
    ]
    assert all(each.learning_rate is not None for each in network.history)
    assert not network.interrupted


def test_the_lowest_held_out_loss_of_all_phases_chooses_the_epoch() -> None:
    network = two_phases()
    losses = [each.held_out_loss for each in network.history]
    assert network.best_epoch == 1 + losses.index(min(losses))
    assert held_out_loss(network.archive) == pytest.approx(min(losses), rel=1e-5)
    assert network.best_epoch > 2  # so that fine-tuning did something


def test_a_phase_begins_with_the_best_of_the_phase_before() -> None:
    # The second learns nothing, and is judged by the network that the first has left.
    after: list[Archive] = []

    def make(archive: Archive) -> Any:
        after.append(archive)
        return head_alone(archive)

    shown, archive = ShownFeatures(lesson(), NOISE), with_head(hidden=(8,), dropout=0.0)
    first = Leg(phase(epochs=6, peak=0.05), head_alone, shown)
    network = ended([first, Leg(phase(name="again", epochs=1, before=6, peak=1e-30), make, shown)], archive)
    alone = ended([first], archive)
    assert alone.best_epoch < 6
    assert same(weights_of(after[0]), weights_of(alone.archive))
    assert network.history[-1].held_out_loss == alone.history[alone.best_epoch - 1].held_out_loss
    # It makes nothing better, so the best epoch is still that one, and not the last before the second.
    assert network.best_epoch == alone.best_epoch


def test_a_phase_that_makes_nothing_better_leaves_the_best_epoch_where_it_was() -> None:
    second = Leg(phase(name="again", epochs=2, before=2, peak=1e-30), head_alone, head().shown)
    network, alone = ended([head(), second]), ended([head()])
    assert network.best_epoch == alone.best_epoch == 2
    assert [each.epoch for each in network.history] == [1, 2, 3, 4]
    assert same(weights_of(network.archive), weights_of(alone.archive))


def test_a_network_worth_a_look_is_judged_before_it_learns() -> None:
    network = ended([head()], judged_first=True)
    start, *learned = network.history
    assert (start.phase, start.epoch, start.learning_rate, start.train_loss) == ("start", 0, None, None)
    assert start.held_out_loss == pytest.approx(held_out_loss(with_head()), rel=1e-5)
    assert [(each.phase, each.epoch) for each in learned] == [("head", 1), ("head", 2)]


def test_a_network_that_nothing_makes_better_comes_back_as_it_was() -> None:
    network = ended([head(peak=1e-30)], judged_first=True)
    assert network.best_epoch == 0
    assert same(weights_of(network.archive), weights_of(with_head()))


def test_patience_ends_a_phase_and_not_the_training() -> None:
    network = ended([head(epochs=9, patience=1, peak=1e-30), fine_tuning(before=9)])
    assert [(each.phase, each.epoch) for each in network.history] == [
        ("head", 1),
        ("head", 2),
        ("fine-tuning", 3),
        ("fine-tuning", 4),
    ]


def test_a_network_from_scratch_has_one_phase() -> None:
    leg = Leg(phase(name="scratch", epochs=3), all_of, photos(lesson(augment=PRESETS["flip"])))
    network = ended([leg], scratch())
    losses = [each.held_out_loss for each in network.history]
    assert network.best_epoch == 1 + losses.index(min(losses))
    assert held_out_loss(network.archive) == pytest.approx(min(losses), rel=1e-5)


# What comes back


def test_what_was_trained_is_told() -> None:
    network = two_phases()
    assert (network.parameters, network.learned) == (703, 319)
    assert network.summary == fine_tuned().summary()


def test_the_archive_holds_the_network_alone_and_plain_keras_opens_it(tmp_path: Path) -> None:
    network = two_phases()
    with h5py.File(io.BytesIO(network.archive.weights)) as file:
        assert set(file) == {"layers"}
    assert network.archive.graph == with_head().graph
    assert "Adam" not in json.dumps(network.archive.graph)
    network.archive.write(tmp_path / "model.keras")
    opened = import_keras().saving.load_model(tmp_path / "model.keras")
    assert not opened.compiled
    assert (opened(PIXELS).numpy() == keras_model(network.archive)(PIXELS).numpy()).all()


# Going on


@pytest.mark.slow
def test_a_training_goes_on_after_any_epoch_of_either_phase(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    kept: dict[tuple[int, int], bytes] = {}

    def look(*_: Any) -> None:
        if path.exists():
            found = read_checkpoint(path)
            kept[found.phase, found.state.history[-1].epoch] = path.read_bytes()

    def make(archive: Archive) -> Any:
        look()
        return fine_tuned(archive)

    first = head(lesson(label_smoothing=0.1), schedule="plateau", optimizer="sgd", ema=0.5)
    second = fine_tuning(lesson(augment=PRESETS["flip"], mixup=0.4), schedule="one-cycle", ema=0.5)
    legs = [first, replace(second, make=make)]
    through = ended(legs, checkpoint=path, progress=look)
    look()
    # After the last of the first phase comes the look at the start of the second.
    assert list(kept) == [(0, 1), (0, 2), (1, 2), (1, 3), (1, 4)]
    for content in [*kept.values()]:
        path.write_bytes(content)
        assert alike(ended(legs, checkpoint=path), through)


class Killed(BaseException):
    """The end of a process, as far as one that goes on can have it."""


def killing(at: int) -> Any:
    """Progress that ends the process at a step, counted through all phases."""
    steps = iter(range(1, at + 1))

    def progress(*_: Any) -> None:
        if next(steps) == at:
            raise Killed

    return progress


@pytest.mark.parametrize(
    ("at", "held"),
    [
        (6, (0, 1)),
        pytest.param(9, (1, 2), marks=pytest.mark.slow),
        pytest.param(14, (1, 3), marks=pytest.mark.slow),
    ],
)
def test_a_training_that_was_killed_in_the_middle_of_an_epoch_ends_as_one_that_was_not(
    at: int, held: tuple[int, int], tmp_path: Path
) -> None:
    # An epoch has 4 steps, so these are steps of the second to the fourth.
    path, legs = tmp_path / "checkpoint.npz", [head(), fine_tuning()]
    with pytest.raises(Killed):
        ended(legs, checkpoint=path, progress=killing(at))
    found = read_checkpoint(path)
    assert (found.phase, found.state.history[-1].epoch) == held
    assert alike(ended(legs, checkpoint=path), two_phases())


@pytest.mark.slow
def test_a_training_can_be_killed_again_and_again(tmp_path: Path) -> None:
    path, legs = tmp_path / "checkpoint.npz", [head(), fine_tuning()]
    for _ in range(2):
        with pytest.raises(Killed):
            ended(legs, checkpoint=path, progress=killing(6))
    assert alike(ended(legs, checkpoint=path), two_phases())


def test_a_training_that_had_come_to_its_end_is_there_again(tmp_path: Path) -> None:
    path, legs = tmp_path / "checkpoint.npz", [head(), fine_tuning()]
    ended(legs, checkpoint=path)
    told: list[Any] = []
    assert alike(ended(legs, checkpoint=path, progress=lambda *step: told.append(step)), two_phases())
    assert told == []


def test_a_start_that_was_looked_at_is_in_the_history_once_however_often_it_goes_on(tmp_path: Path) -> None:
    path, legs = tmp_path / "checkpoint.npz", [head()]
    with pytest.raises(Killed):
        ended(legs, judged_first=True, checkpoint=path, progress=killing(2))
    network = ended(legs, judged_first=True, checkpoint=path)
    assert [each.epoch for each in network.history] == [0, 1, 2]
    assert alike(network, ended(legs, judged_first=True))


def test_a_checkpoint_tells_the_epochs_of_the_phases_before(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    ended([head(), fine_tuning()], checkpoint=path)
    found = read_checkpoint(path)
    assert found.phase == 1
    assert [each.epoch for each in found.earlier] == [1, 2]
    assert found.earlier_best == 2
    assert [each.epoch for each in found.state.history] == [2, 3, 4]
    assert found.state.best_epoch == two_phases().best_epoch


def test_a_checkpoint_that_is_damaged_is_not_taken_for_none(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"PK")
    with pytest.raises(ModelError, match="is no checkpoint that can be gone on with"):
        ended([head()], checkpoint=path)
    assert path.read_bytes() == b"PK"


def test_without_a_checkpoint_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended([head(epochs=1)])
    assert [*tmp_path.iterdir()] == []


# Ctrl-C


def interrupting(at: int) -> Any:
    steps = iter(range(1, at + 1))

    def progress(*_: Any) -> None:
        if next(steps, 0) == at:
            raise KeyboardInterrupt

    return progress


def test_ctrl_c_before_an_epoch_is_over_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(KeyboardInterrupt):
        ended([head(), fine_tuning()], checkpoint=path, progress=interrupting(2))
    assert not path.exists()


def test_ctrl_c_in_the_first_phase_keeps_its_best_and_begins_no_other() -> None:
    network = ended([head(), fine_tuning()], progress=interrupting(6))
    assert network.interrupted
    assert rows(network) == rows(two_phases())[:1]
    assert network.best_epoch == 1
    assert held_out_loss(network.archive) == pytest.approx(network.history[0].held_out_loss, rel=1e-5)
    assert network.summary == head_alone().summary()


@pytest.mark.slow
def test_ctrl_c_in_the_second_phase_keeps_the_best_of_both(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    network = ended([head(), fine_tuning()], checkpoint=path, progress=interrupting(10))
    assert network.interrupted
    assert rows(network) == rows(two_phases())[:2]
    assert network.best_epoch == 2
    assert same(weights_of(network.archive), weights_of(ended([head()]).archive))
    # And whoever wants to can go on all the same.
    assert alike(ended([head(), fine_tuning()], checkpoint=path), two_phases())


# Photos held out


def all_apart(number: int) -> NDArray[np.int64]:
    return np.arange(number)


def test_a_tenth_of_each_class_is_held_out() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 20]).astype(np.int32)
    places, held_out = hold_out(labels, all_apart(100), seed=0)
    assert np.bincount(labels[held_out]).tolist() == [5, 3, 2]
    assert sorted([*places, *held_out]) == list(range(100))
    assert HELD_OUT == 0.1


def test_the_same_seed_holds_out_the_same_photos_and_another_others() -> None:
    first, again, other = (hold_out(LABELS, all_apart(40), seed=seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_of_two_photos_of_a_class_one_is_held_out() -> None:
    labels = np.array([0, 0, 1, 1], np.int32)
    places, held_out = hold_out(labels, all_apart(4), seed=0)
    assert sorted(labels[places].tolist()) == sorted(labels[held_out].tolist()) == [0, 1]


def test_one_class_of_two_photos_is_enough() -> None:
    places, held_out = hold_out(np.zeros(2, np.int32), all_apart(2), seed=0)
    assert (len(places), len(held_out)) == (1, 1)


def test_a_class_of_one_photo_is_learned_from() -> None:
    labels = LABELS.copy()
    labels[39] = 2
    places, held_out = hold_out(labels, all_apart(40), seed=0)
    assert 39 in places
    assert 2 not in labels[held_out]


def test_photos_without_a_label_are_neither_learned_from_nor_held_out() -> None:
    labels = np.append(LABELS, np.full(5, -1, np.int32))
    for part, alone in zip(
        hold_out(labels, all_apart(45), seed=0), hold_out(LABELS, all_apart(40), seed=0), strict=True
    ):
        assert part.tolist() == alone.tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2, max_size=40), st.integers(0, 5))
def test_photos_that_belong_together_stay_on_one_side_and_every_class_is_learned_from(
    photos: list[tuple[int, int]], seed: int
) -> None:
    labels = np.array([label for label, _ in photos], np.int32)
    together = np.array([10 * label + group for label, group in photos])
    several = {label for label in labels.tolist() if len({*together[labels == label]}) > 1}
    if not several:
        with pytest.raises(DataError):
            hold_out(labels, together, seed=seed)
        return
    places, held_out = hold_out(labels, together, seed=seed)
    assert sorted([*places, *held_out]) == list(range(len(labels)))
    assert not {*together[places]} & {*together[held_out]}
    assert {*labels[places].tolist()} == {*labels.tolist()}
    assert {*labels[held_out].tolist()} == several


@pytest.mark.parametrize("together", [np.array([0, 0, 1, 1]), np.array([5, 5, 9, 9])])
def test_classes_of_identical_photos_have_none_to_hold_out(together: NDArray[np.int64]) -> None:
    with pytest.raises(DataError) as caught:
        hold_out(np.array([0, 0, 1, 1], np.int32), together, seed=0)
    assert caught.value.message == (
        "4 training photos and no class with two different ones: "
        "none can be held out to choose the best epoch"
    )
    assert caught.value.fix == "Add photos, or use a frozen backbone with a linear head."


def test_one_photo_a_class_is_too_few() -> None:
    with pytest.raises(DataError, match="2 training photos and no class with two different ones"):
        hold_out(np.array([0, 1], np.int32), all_apart(2), seed=0)
