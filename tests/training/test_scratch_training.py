import functools
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kclass.backbones.archive import Archive
from kclass.backbones.scratch import build_scratch
from kclass.batches.augmentation import PRESETS
from kclass.batches.opening import open_photos
from kclass.batches.options import BatchOptions
from kclass.batches.photo_source import KeptPhotos
from kclass.errors import DataError, OptionError, PhotoError
from kclass.keras_import import import_keras
from kclass.training.scratch_training import TrainedNetwork, train_scratch

# Keras writes models with an array protocol from before NumPy 2.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SIZE = 32


def bright_and_dark(number: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Noise whose brightness tells two classes apart, though not without doubt."""
    random = np.random.default_rng(0)
    labels = (np.arange(number) % 2).astype(np.int32)
    noise = random.integers(0, 120, (number, SIZE, SIZE, 3))
    shift = random.integers(0, 40, number) + 60 * labels
    return (noise + shift[:, None, None, None]).astype(np.uint8), labels


PHOTOS, LABELS = bright_and_dark(60)


def small_network(*, classes: int = 2, dropout: float = 0.0, first: Sequence[Any] = ()) -> Any:
    keras = import_keras()
    layers = keras.layers
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3), name="photo"),
            *first,
            layers.Rescaling(1 / 127.5, -1.0),
            layers.Conv2D(4, 3, strides=4, activation="relu"),
            layers.Flatten(),
            layers.Dropout(dropout, seed=0),
            layers.Dense(classes, name="logits"),
            layers.Softmax(name="probabilities"),
        ]
    )


def train(
    model: Any, photos: NDArray[np.uint8], labels: NDArray[np.int32], *, batch_size: int, **options: Any
) -> TrainedNetwork:
    # Mirrored and no more: photos keep their sums, and flat ones stay what they are.
    chosen: dict[str, Any] = {"augment": PRESETS["flip"]}
    chosen |= {name: options.pop(name) for name in {"augment", "mixup", "cutmix", "balance"} & options.keys()}
    return train_scratch(
        model, KeptPhotos.of(photos), labels, batches=BatchOptions(size=batch_size, **chosen), **options
    )


def trained(model: Any = None, **changes: Any) -> TrainedNetwork:
    options: dict[str, Any] = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "seed": 0}
    return train(model or small_network(), PHOTOS, LABELS, **options | changes)


@functools.cache
def usual() -> TrainedNetwork:
    """What comes out if nothing is changed."""
    return trained()


def losses(network: TrainedNetwork) -> list[tuple[float, float, float]]:
    return [(each.train_loss, each.held_out_loss, each.error_rate) for each in network.history]


def weights(archive: Archive) -> list[NDArray[Any]]:
    return [array for arrays in archive.layer_weights.values() for array in arrays]


def test_training_lowers_the_loss_and_the_error() -> None:
    network = trained(epochs=12)
    first, last = network.history[0], network.history[-1]
    assert last.train_loss < first.train_loss / 2
    assert last.held_out_loss < first.held_out_loss
    # The held-out photos are six; bright and dark are easy.
    assert network.history[network.best_epoch - 1].error_rate == 0


def test_the_scratch_network_learns_too() -> None:
    network = trained(build_scratch(size=SIZE, classes=2, seed=0), epochs=4, learning_rate=3e-4)
    assert network.history[-1].train_loss < network.history[0].train_loss
    assert network.archive.size == SIZE


def test_one_seed_gives_one_network() -> None:
    one, other = (trained(small_network(dropout=0.5)) for _ in range(2))
    assert losses(one) == losses(other)
    pairs = zip(weights(one.archive), weights(other.archive), strict=True)
    assert all((array == twin).all() for array, twin in pairs)


def test_the_result_does_not_depend_on_random_numbers_drawn_before() -> None:
    used = small_network(dropout=0.5)
    start = used.get_weights()
    trained(used, epochs=1)
    used.set_weights(start)
    import_keras().utils.set_random_seed(77)
    assert losses(trained(used)) == losses(trained(small_network(dropout=0.5)))


@pytest.mark.parametrize(
    "option",
    [
        {"seed": 1},
        {"batch_size": 16},
        {"learning_rate": 1e-2},
        {"augment": PRESETS["none"]},
        {"augment": PRESETS["light"]},
        {"mixup": 0.4},
        {"cutmix": 1.0},
    ],
)
def test_every_option_matters(option: dict[str, Any]) -> None:
    assert losses(usual()) != losses(trained(**option))


def test_an_epoch_is_the_same_however_many_follow() -> None:
    assert losses(trained(epochs=3))[:2] == losses(trained(epochs=2))
    assert [each.epoch for each in trained(epochs=3).history] == [1, 2, 3]


def test_dropout_is_drawn_anew_in_each_epoch() -> None:
    # With no step worth the name, mirroring, dropout and order alone tell epochs apart; a mean over
    # whole batches of mirrored constant photos knows neither order nor mirroring.
    flat = np.repeat(np.arange(16, 256, 16, dtype=np.uint8), 4)[:, None, None, None]
    photos = np.broadcast_to(flat, (60, SIZE, SIZE, 3)) + np.zeros((60, SIZE, SIZE, 3), np.uint8)
    options = {"epochs": 2, "batch_size": 60, "learning_rate": 1e-30, "seed": 0}
    plain, dropped = (
        train(small_network(dropout=dropout), photos, LABELS, **options).history for dropout in (0.0, 0.5)
    )
    assert plain[0].train_loss == pytest.approx(plain[1].train_loss, rel=1e-5)
    assert dropped[0].train_loss != pytest.approx(dropped[1].train_loss, rel=1e-3)


def test_photos_held_out_are_not_learned_from_and_choose_the_epoch() -> None:
    # Nothing tells the classes apart, so the photos learned from are learned by heart, and the more
    # they are, the worse the others fare; guessing has a loss of log 2 = 0.69.
    photos = np.random.default_rng(1).integers(0, 256, (60, SIZE, SIZE, 3), dtype=np.uint8)
    model = small_network()
    options = {"batch_size": 8, "learning_rate": 0.01, "seed": 0}
    network = train(model, photos, LABELS, epochs=10, **options)
    held_out = [each.held_out_loss for each in network.history]
    assert network.history[-1].train_loss < 0.2
    assert held_out[-1] > 0.69
    assert network.best_epoch == 1 + held_out.index(min(held_out))
    assert network.best_epoch < 10
    shorter = train(small_network(), photos, LABELS, epochs=network.best_epoch, **options)
    for array, twin in zip(weights(network.archive), weights(shorter.archive), strict=True):
        assert (array == twin).all()
    for array, twin in zip(weights(network.archive), model.get_weights(), strict=True):
        assert (array == twin).all()


def test_held_out_loss_is_the_cross_entropy_of_the_saved_network() -> None:
    # Two different photos a class: one is held out of each, so each of the 4 splits gives a value.
    photos, labels = PHOTOS[:4], LABELS[:4]
    model = small_network()
    network = train(model, photos, labels, epochs=1, batch_size=2, learning_rate=1e-3, seed=0)
    probabilities = model(photos.astype(np.float32)).numpy().astype(np.float64)
    own = -np.log(probabilities[np.arange(4), labels])
    wrong = probabilities.argmax(axis=1) != labels
    possible = {
        (round((own[one] + own[other]) / 2, 5), (int(wrong[one]) + int(wrong[other])) / 2)
        for one in (0, 2)
        for other in (1, 3)
    }
    result = network.history[0]
    assert len(possible) == 4
    assert (round(result.held_out_loss, 5), result.error_rate) in possible


@functools.cache
def shown(seed: int) -> tuple[list[int], list[int]]:
    """The photos that the network is shown in two epochs: those it learns from, and those held out."""
    import tensorflow as tf

    # Mirrored or not, a photo has its sum.
    place_of = {int(photo.sum(dtype=np.int64)): place for place, photo in enumerate(PHOTOS)}
    assert len(place_of) == 60
    learned: list[int] = []
    held_out: list[int] = []

    class Watching(import_keras().layers.Layer):  # type: ignore[misc]
        def call(self, photos: Any, training: bool = False) -> Any:
            def watch(batch: NDArray[Any]) -> NDArray[Any]:
                sums = batch.sum(axis=(1, 2, 3), dtype=np.float64)
                (learned if training else held_out).extend(place_of[int(each)] for each in sums)
                return batch

            return tf.ensure_shape(tf.numpy_function(watch, [photos], tf.float32), photos.shape)

    trained(small_network(first=[Watching()]), seed=seed)
    return learned, held_out


def test_a_tenth_of_each_class_is_held_out_and_never_learned_from() -> None:
    learned, held_out = shown(0)
    assert len(learned) == 2 * 54
    assert sorted(learned[:54]) == sorted(learned[54:])
    assert held_out[:6] == held_out[6:]
    assert sorted(learned[:54] + held_out[:6]) == list(range(60))
    assert np.bincount(LABELS[held_out[:6]]).tolist() == [3, 3]


def test_photos_come_in_another_order_in_each_epoch() -> None:
    learned, _ = shown(0)
    assert learned[:54] != learned[54:]


def test_another_seed_holds_out_other_photos_and_shuffles_otherwise() -> None:
    (learned, held_out), (others_learned, others_held_out) = shown(0), shown(1)
    assert set(held_out) != set(others_held_out)
    # Places in the split's own row, so that the other split alone makes no difference.
    ranks, others_ranks = (np.argsort(np.argsort(each[:54])) for each in (learned, others_learned))
    assert ranks.tolist() != others_ranks.tolist()


def test_identical_photos_stay_on_one_side() -> None:
    # Each class has one photo many times over: nothing can be held out.
    photos, labels = np.repeat(PHOTOS[:2], 10, axis=0), np.repeat(LABELS[:2], 10)
    with pytest.raises(DataError, match="20 training photos and no class with two different ones"):
        train(small_network(), photos, labels, epochs=1, batch_size=4, learning_rate=1e-3, seed=0)


def test_one_photo_a_class_is_too_few() -> None:
    with pytest.raises(DataError, match="none can be held out") as caught:
        train(small_network(), PHOTOS[:2], LABELS[:2], epochs=1, batch_size=4, learning_rate=1e-3, seed=0)
    assert caught.value.fix == "Add photos, or use a frozen backbone."


def test_a_class_of_one_photo_is_learned_from() -> None:
    labels = LABELS.copy()
    labels[59] = 2
    network = train(
        small_network(classes=3), PHOTOS, labels, epochs=1, batch_size=8, learning_rate=1e-3, seed=0
    )
    assert math.isfinite(network.history[0].train_loss)


def test_photos_without_a_label_are_left_out() -> None:
    labels = np.append(LABELS, np.full(5, -1, np.int32))
    photos = np.append(PHOTOS, np.zeros((5, SIZE, SIZE, 3), np.uint8), axis=0)
    network = train(small_network(), photos, labels, epochs=2, batch_size=8, learning_rate=1e-3, seed=0)
    assert losses(network) == losses(usual())


SKEWED = (np.arange(60) % 3 == 0).astype(np.int32)  # 40 of class 0, 20 of class 1


@pytest.mark.parametrize("balance", ["weights", "sample"])
def test_balance_lets_a_small_class_count(balance: str) -> None:
    # Nothing tells the classes apart, so the network learns how often each comes: 2 to 1, or alike.
    photos = np.random.default_rng(1).integers(0, 256, (60, SIZE, SIZE, 3), dtype=np.uint8)
    chances = {}
    for choice in (None, balance):
        model = small_network()
        options: dict[str, Any] = {"epochs": 3, "batch_size": 8, "learning_rate": 1e-3, "seed": 0}
        train(model, photos, SKEWED, balance=choice, **options)
        chances[choice] = float(model(photos.astype(np.float32)).numpy()[:, 1].mean())
    assert chances[None] < 0.45
    assert abs(chances[balance] - 0.5) < 0.5 - chances[None]


@pytest.mark.parametrize("balance", [None, "weights", "sample"])
def test_held_out_classes_count_alike_if_training_is_balanced(balance: str | None) -> None:
    # Two greys, give or take one, so that a class has one loss; no step worth the name.
    photos = np.repeat(np.arange(60, dtype=np.uint8) % 5, SIZE * SIZE * 3).reshape(60, SIZE, SIZE, 3)
    photos[SKEWED == 1] += 150
    photos[:, 0, :, 0] += np.arange(60, dtype=np.uint8)[:, None]  # no two are identical
    model = small_network()
    found = train(
        model, photos, SKEWED, epochs=1, batch_size=8, learning_rate=1e-30, seed=0, balance=balance
    ).history[0]
    probabilities = model(photos.astype(np.float32)).numpy()
    own = -np.log(probabilities[np.arange(60), SKEWED])
    first, second = float(own[SKEWED == 0].mean()), float(own[SKEWED == 1].mean())
    # 4 and 2 photos are held out.
    wanted = (first + second) / 2 if balance else (4 * first + 2 * second) / 6
    assert abs(first - second) > 0.05
    assert found.held_out_loss == pytest.approx(wanted, abs=0.1 * abs(first - second))


def test_a_photo_that_goes_away_in_the_middle_ends_the_training_with_its_name(tmp_path: Path) -> None:
    paths = [tmp_path / f"{place}.png" for place in range(20)]
    for path, pixels in zip(paths, PHOTOS, strict=False):
        Image.fromarray(pixels).save(path)
    opened = open_photos(paths, size=SIZE, resize="squash", threads=2, cache="none")

    def remove(stage: str, done: int, total: int) -> None:
        if done == 1:
            for path in paths:
                path.unlink()

    with pytest.raises(PhotoError, match="it could be read before the first epoch"):
        train_scratch(
            small_network(),
            opened.photos,
            LABELS[:20],
            epochs=3,
            batches=BatchOptions(size=4),
            learning_rate=1e-3,
            seed=0,
            progress=remove,
        )


def test_photos_on_disk_are_as_good_as_those_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "pixels"
    file.write_bytes(PHOTOS.tobytes())
    pixels = np.memmap(file, np.uint8, "r", shape=PHOTOS.shape)
    network = train(small_network(), pixels, LABELS, epochs=2, batch_size=8, learning_rate=1e-3, seed=0)
    assert losses(network) == losses(usual())


def test_progress_is_told_after_each_epoch() -> None:
    told: list[tuple[str, int, int]] = []
    trained(epochs=2, progress=lambda *step: told.append(step))
    assert told == [("training", 0, 2), ("training", 1, 2), ("training", 2, 2)]


def test_an_interruption_passes_through() -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(progress=interrupt)


def test_seconds_are_measured() -> None:
    assert all(0 < each.seconds < 60 for each in usual().history)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    trained()
    assert capfd.readouterr().out == ""


def test_the_archive_holds_the_network_alone_and_plain_keras_opens_it(tmp_path: Path) -> None:
    model = small_network()
    network = trained(model)
    with h5py.File(io.BytesIO(network.archive.weights)) as file:
        assert set(file) == {"layers", "vars"}
    assert "Adam" not in json.dumps(network.archive.graph)
    network.archive.write(tmp_path / "model.keras")
    opened = import_keras().saving.load_model(tmp_path / "model.keras")
    assert not opened.compiled
    pixels = PHOTOS.astype(np.float32)
    assert (opened(pixels).numpy() == model(pixels).numpy()).all()


def test_a_learning_rate_that_blows_the_network_up_is_named() -> None:
    with pytest.raises(OptionError) as caught:
        trained(learning_rate=1e30)
    assert caught.value.message == "learning_rate is 1e+30; the first epoch ended without a finite loss"
    assert caught.value.fix == "Use a smaller one, 1e+29 for instance."


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"epochs": 0}, "epochs is 0; it must be 1 or more"),
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; it must be above 0"),
        ({"learning_rate": math.nan}, "learning_rate is nan; it must be above 0"),
        ({"learning_rate": math.inf}, "learning_rate is inf; it must be above 0"),
        ({"seed": -1}, "seed is -1; it must be from 0"),
        ({"seed": 2**63}, "seed is 9223372036854775808; it must be from 0"),
    ],
)
def test_options_out_of_range_are_refused(option: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        trained(**option)
    assert message in caught.value.message


def test_the_largest_seed_can_be_used() -> None:
    assert losses(trained(epochs=1, seed=2**63 - 1)) != losses(trained(epochs=1))
