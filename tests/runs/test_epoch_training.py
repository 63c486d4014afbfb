"""From a split data set to a classifier by epochs."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_fits import CLASSES, SmallFit, write_photos

import kclass
from kclass.backbones.archive import Archive
from kclass.progress import silent
from kclass.runs.epoch_training import COLUMNS, Training, train_by_epochs, training_of
from kclass.runs.options import FitOptions
from kclass.runs.preparing import Prepared, prepare
from kclass.runs.training_step import Trained, solve_head
from kclass.training.shown import ShownFeatures, ShownPhotos

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SCRATCH: dict[str, Any] = {"backbone": "scratch", "size": 8, "batch_size": 6}
HISTORY = ["phase", "epoch", "learning_rate", "train_loss", "held_out_loss", "error_rate", "seconds"]
DENSE: dict[str, Any] = {"head": "dense", "size": 64, "batch_size": 6}
FINE_TUNED: dict[str, Any] = {"fine_tune": 1, "size": 64, "batch_size": 6, "unfreeze": "last-1"}


@functools.cache
def prepared_from(data: Path, options: FitOptions) -> Prepared:
    return prepare(kclass.ImageFolder(data), options, silent)


def trained(data: Path, progress: Any = silent, checkpoint: Path | None = None, **options: Any) -> Trained:
    chosen = FitOptions(**options)
    return train_by_epochs(prepared_from(data, chosen), chosen, progress, checkpoint=checkpoint)


def weights(archive: Archive) -> dict[str, list[NDArray[Any]]]:
    return {name: list(arrays) for name, arrays in archive.layer_weights.items() if arrays}


def same(one: list[NDArray[Any]], other: list[NDArray[Any]]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def training(data: Path, **options: Any) -> Training:
    chosen = FitOptions(**options)
    return training_of(prepared_from(data, chosen), chosen, silent)


def test_a_training_gives_a_row_an_epoch_and_a_classifier_of_its_best(fitted: SmallFit) -> None:
    found = trained(fitted.data, **SCRATCH, epochs=2)
    assert found.columns == COLUMNS == tuple(found.history[0])
    assert list(found.history[0]) == HISTORY
    assert [(row["phase"], row["epoch"]) for row in found.history] == [("scratch", 1), ("scratch", 2)]
    best = min(found.history, key=lambda row: row["held_out_loss"])
    told = found.classifier.record.trained
    assert (told["best_epoch"], told["epochs_done"], told["photos"]) == (best["epoch"], 2, 18)
    assert found.network is not None
    calibrated = found.network.archive.with_temperature(found.classifier.record.calibration["temperature"])
    assert same(calibrated.layer_weights["logits"], found.classifier.archive.layer_weights["logits"])
    assert found.out_of_fold is None


def test_what_was_trained_is_described_in_a_line(fitted: SmallFit) -> None:
    # conv 448 + 4,640 + 18,496; dense 64 * 1024 + 1024 and 524,800; logits 512 * 3 + 3.
    assert trained(fitted.data, **SCRATCH, epochs=1).training == (
        "scratch: 616,483 weights, 616,483 of them learned, on cpu in float32"
    )


def test_of_a_head_the_head_alone_is_learned(fitted: SmallFit) -> None:
    found = trained(fitted.data, **DENSE, hidden=4, epochs=1)
    # 1,280 features: 1280 * 4 + 4 and 4 * 3 + 3.
    assert "5,139 of them learned" in found.training
    options = FitOptions(**DENSE, hidden=4, epochs=1)
    frozen = prepared_from(fitted.data, options).frozen
    assert frozen is not None
    before, after = weights(frozen.backbone), weights(found.classifier.archive)
    assert all(same(arrays, after[name]) for name, arrays in before.items())
    assert [name for name in after if name not in before] == ["hidden1", "logits"]


def test_photos_are_opened_unless_what_a_frozen_network_makes_of_them_never_changes(
    fitted: SmallFit,
) -> None:
    def shown(**options: Any) -> list[type]:
        return [type(leg.shown) for leg in training(fitted.data, **options).legs()]

    as_they_are = training(fitted.data, **DENSE)
    assert as_they_are.photos is None
    assert shown(**DENSE) == [ShownFeatures]
    assert shown(**DENSE, balance="sample", label_smoothing=0.1) == [ShownFeatures]
    for change in ({"augment": "flip"}, {"mixup": 0.2}, {"cutmix": 1.0}):
        assert shown(**DENSE, **change) == [ShownPhotos]
    assert shown(**FINE_TUNED, head="dense", augment="none") == [ShownFeatures, ShownPhotos]
    assert shown(**SCRATCH, augment="none") == [ShownPhotos]


def test_fine_tuning_begins_with_the_solved_head(fitted: SmallFit) -> None:
    begun = training(fitted.data, **FINE_TUNED)
    start = begun.start()
    assert begun.frozen is not None
    # By hand: the features of the photos held out through the head that was solved on the others.
    features = begun.frozen.of(begun.rows[begun.lesson.held_out]).astype(np.float64)
    kernel, bias = start.layer_weights["logits"]
    logits = features @ kernel.astype(np.float64) + bias
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = begun.lesson.held_out_labels
    loss = -np.log(chances[np.arange(len(labels)), labels]).mean()
    found = trained(fitted.data, **FINE_TUNED)
    assert found.history[0]["phase"] == "start"
    assert found.history[0]["held_out_loss"] == pytest.approx(loss, rel=1e-3)  # half precision
    assert found.out_of_fold is not None


@pytest.mark.slow
def test_fine_tuning_that_makes_nothing_better_leaves_the_solved_head(fitted: SmallFit) -> None:
    options = FitOptions(**FINE_TUNED, fine_tune_lr=9.0, optimizer="sgd")
    found = trained(fitted.data, **FINE_TUNED, fine_tune_lr=9.0, optimizer="sgd")
    assert [row["phase"] for row in found.history] == ["start", "fine-tuning"]
    told = found.classifier.record.trained
    assert (told["best_epoch"], told["epochs_done"]) == (0, 1)
    prepared = prepared_from(fitted.data, options)
    assert prepared.frozen is not None
    solved = solve_head(prepared, prepared.frozen, options, silent)
    assert told["c"] == solved.classifier.record.trained["c"]
    ours, theirs = weights(found.classifier.archive), weights(solved.classifier.archive)
    assert ours.keys() == theirs.keys()
    assert all(same(ours[name], theirs[name]) for name in ours)


def test_a_tenth_of_each_class_is_held_out_and_photos_that_validate_are_not_seen(fitted: SmallFit) -> None:
    begun = training(fitted.data, **SCRATCH, epochs=1)
    lesson = begun.lesson
    assert len(lesson.train) == 15
    assert lesson.held_out_labels.tolist() == [0, 1, 2]
    assert set(lesson.train) | set(lesson.held_out) == set(range(18))
    assert (begun.prepared.data.samples.splits[begun.rows] == 0).all()
    assert not set(lesson.train) & set(lesson.held_out)


def test_copies_are_held_out_together(tmp_path: Path) -> None:
    for place, split in enumerate(("train", "valid")):
        write_photos(tmp_path / split, {"ash": 6, "birch": 6}, seed=place)
    for name in ("ash", "birch"):
        for number in range(6):
            photo = tmp_path / "train" / name / f"{number}.png"
            photo.with_name(f"{number}-copy.png").write_bytes(photo.read_bytes())
    for seed in range(3):
        begun = training(tmp_path, **SCRATCH, seed=seed)
        pictures = np.array([path.replace("-copy", "") for path in begun.prepared.data.samples.paths])
        held_out, learned = (
            set(pictures[begun.rows[places]]) for places in (begun.lesson.held_out, begun.lesson.train)
        )
        assert held_out
        assert not held_out & learned


@pytest.mark.parametrize("options", [SCRATCH, DENSE, FINE_TUNED], ids=["scratch", "dense", "fine-tuned"])
def test_a_photo_that_cannot_be_read_is_named_once(options: dict[str, Any], tmp_path: Path) -> None:
    for place, split in enumerate(("train", "valid")):
        write_photos(tmp_path / split, dict.fromkeys(CLASSES, 5), seed=place)
    (tmp_path / "train/ash/9.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    epochs = {} if "fine_tune" in options else {"epochs": 1}
    found = trained(tmp_path, **options, **epochs)
    (error,) = found.unreadable
    assert str(tmp_path / "train/ash/9.jpg") in error.message
    assert found.classifier.record.trained["photos"] == 15


def test_a_class_of_which_no_training_photo_can_be_read_is_named(tmp_path: Path) -> None:
    for place, split in enumerate(("train", "valid")):
        write_photos(tmp_path / split, {"ash": 4, "birch": 2}, seed=place)
    for photo in (tmp_path / "train/birch").iterdir():
        photo.write_bytes(b"\xff\xd8\xff\xe0 and no more" + photo.name.encode())
    with pytest.raises(kclass.DataError, match="no training photo of the class birch can be read") as raised:
        trained(tmp_path, **SCRATCH, epochs=1)
    assert raised.value.fix.startswith("2 could not be read. The first: ")


def test_without_a_photo_to_hold_out_there_are_no_epochs(tmp_path: Path) -> None:
    for place, split in enumerate(("train", "valid")):
        write_photos(tmp_path / split, {"ash": 1, "birch": 1}, seed=place)
    with pytest.raises(kclass.DataError, match="no class with two different ones"):
        trained(tmp_path, **SCRATCH, epochs=1)


def test_a_rate_at_which_nothing_is_learned_is_refused_with_a_smaller_one(fitted: SmallFit) -> None:
    with pytest.raises(kclass.OptionError, match=r"the learning rate is 9; the first epoch ended") as raised:
        trained(fitted.data, **{**SCRATCH, "batch_size": 1}, epochs=1, lr=9.0, optimizer="sgd", momentum=0.99)
    assert raised.value.fix == "Use a smaller one, 0.9 for instance."


@pytest.mark.slow
def test_a_head_is_trained_before_it_is_fine_tuned(fitted: SmallFit) -> None:
    found = trained(fitted.data, **{**FINE_TUNED, "fine_tune": 2}, head="dense", epochs=2, patience=2)
    phases = [(row["phase"], row["epoch"]) for row in found.history]
    assert phases == [("head", 1), ("head", 2), ("fine-tuning", 3), ("fine-tuning", 4)]
    assert found.classifier.record.trained["epochs_done"] == 4


@pytest.mark.slow
def test_epochs_that_patience_left_out_are_not_counted(fitted: SmallFit) -> None:
    options = {**FINE_TUNED, "hidden": 8, "epochs": 8, "lr": 1.0, "optimizer": "sgd", "patience": 1}
    found = trained(fitted.data, **{**options, "batch_size": 32})
    assert len(found.history) < 9
    assert found.classifier.record.trained["epochs_done"] == len(found.history)
    assert [row["epoch"] for row in found.history] == list(range(1, len(found.history) + 1))
