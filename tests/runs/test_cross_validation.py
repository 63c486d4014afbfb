import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_fits import SmallFit, write_photos

import kclass
from kclass.progress import silent
from kclass.runs.cross_validation import log_probabilities
from kclass.runs.folds import folded, head_options
from kclass.training.linear_head import solve_linear_head

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("folds") / "trees", {"ash": 9, "birch": 8, "cedar": 7})


@pytest.fixture(scope="module")
def usual(trees: Path) -> kclass.CrossValidation:
    return kclass.cross_validate(trees, folds=4)


def test_every_photo_is_predicted_once(usual: kclass.CrossValidation) -> None:
    assert usual.metrics.photos == len(usual.samples) == len(set(usual.samples.paths)) == 24
    assert usual.metrics.confusion.sum(axis=1).tolist() == [9, 8, 7]
    assert sum(fold.photos for fold in usual.folds) == 24
    assert [fold.trained + fold.photos for fold in usual.folds] == [24] * 4
    assert sum(fold.correct for fold in usual.folds) == usual.metrics.correct
    assert np.bincount(usual.fold_of).tolist() == [fold.photos for fold in usual.folds]


def test_each_prediction_is_that_of_a_head_solved_on_the_other_folds_alone(
    trees: Path, usual: kclass.CrossValidation
) -> None:
    parted = folded(trees, head_options({}, task="a test"), folds=4, split="all", progress=silent)
    for fold, (learned, judged) in zip(usual.folds, parted.parts(), strict=True):
        features = parted.frozen.features
        head = solve_linear_head(features[learned], parted.labels[learned], classes=3, seed=0)
        assert fold.c == head.c
        assert not set(learned.tolist()) & set(judged.tolist())
        wanted = np.exp(log_probabilities(head, features[judged]))
        assert wanted.sum(axis=1) == pytest.approx(1)
        assert np.array_equal(usual.probabilities[judged].argmax(axis=1), wanted.argmax(axis=1))


def test_the_same_seed_gives_the_same_result_and_another_one_other_folds(
    trees: Path, usual: kclass.CrossValidation
) -> None:
    again = kclass.cross_validate(str(trees), folds=4)
    assert np.array_equal(again.probabilities, usual.probabilities)
    other = kclass.cross_validate(kclass.open_data(trees), folds=4, seed=1)
    assert not np.array_equal(other.fold_of, usual.fold_of)


@pytest.mark.parametrize(
    "option",
    [
        {"folds": 3},
        {"size": 64},
        {"resize": "crop"},
        pytest.param({"weights": "none", "size": 64}, marks=pytest.mark.slow),
        pytest.param({"backbone": "efficientnet_lite1"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_an_option_changes_the_probabilities(
    option: dict[str, Any], trees: Path, usual: kclass.CrossValidation
) -> None:
    other = kclass.cross_validate(trees, **{"folds": 4, **option})
    assert not np.allclose(other.probabilities, usual.probabilities, atol=1e-4)
    for name in set(option) - {"folds"}:
        assert other.options[name] == option[name]


def test_balance_gives_small_classes_more_weight(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 16, "birch": 4})
    means = [
        kclass.cross_validate(root, folds=2, size=64, balance=balance).probabilities[:, 1].mean()
        for balance in ("none", "weights")
    ]
    assert means[1] > means[0]


def test_copies_are_held_out_together(tmp_path: Path) -> None:
    # Noise of one colour under labels that mean nothing: whoever had seen its copy would know each photo.
    root = write_photos(tmp_path / "noise", {"ash": 8, "birch": 8})
    for photo in sorted((root / "birch").iterdir()):
        with Image.open(root / "ash" / photo.name) as other:
            pixels = np.random.default_rng(int(photo.stem) + 99).normal(120, 60, (*other.size[::-1], 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(photo)
    for photo in sorted(root.rglob("*.png")):
        shutil.copy(photo, photo.with_name(f"copy-{photo.name}"))
    found = kclass.cross_validate(root, folds=4)
    folds = dict(zip(found.samples.paths, found.fold_of.tolist(), strict=True))
    assert len(folds) == 32
    assert all(folds[path] == folds[path.replace("copy-", "")] for path in folds)


def test_groups_are_held_out_together_also_those_of_several_classes(trees: Path) -> None:
    data = kclass.ImageFolder(trees).grouped(lambda file: int(file.stem) // 2)
    found = kclass.cross_validate(data, folds=2)
    folds: dict[int, set[int]] = {}
    for path, fold in zip(found.samples.paths, found.fold_of.tolist(), strict=True):
        folds.setdefault(int(Path(path).stem) // 2, set()).add(fold)
    assert len(folds) == 5
    assert all(len(each) == 1 for each in folds.values())


def test_all_labelled_photos_of_a_data_set_that_is_split_take_part_and_that_is_said(
    fitted: SmallFit,
) -> None:
    data = kclass.ImageFolder(fitted.data).with_split(fitted.run / "split.csv")
    found = kclass.cross_validate(data, folds=2)
    assert found.metrics.photos == 24
    assert found.used[0].startswith(
        "All labelled photos took part, whatever their split: train (18), valid (6). Each of 24 photos was"
        " predicted once, by one of 2 heads that was solved on 12 others, and on no copy of it"
    )
    train = kclass.cross_validate(data, folds=2, split="train")
    assert train.metrics.photos == 18
    assert train.used[0].startswith("The photos of the split train took part.")
    with pytest.raises(kclass.DataError) as raised:
        kclass.cross_validate(data, split="test")
    assert raised.value.message == "trees has no labelled photo in its split test"


def test_the_only_photo_of_a_class_is_learned_from_and_not_scored(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 4, "birch": 4, "cedar": 1})
    found = kclass.cross_validate(root, folds=2)
    assert found.left_in == ("cedar/0.png",)
    assert found.metrics.photos == 8
    assert found.metrics.confusion[2].tolist() == [0, 0, 0]
    assert [fold.trained for fold in found.folds] == [5, 5]
    assert found.used[1] == "Not scored, since no other photo could teach their class: cedar/0.png."


def test_two_photos_of_each_class_are_enough(tmp_path: Path) -> None:
    found = kclass.cross_validate(write_photos(tmp_path / "trees", {"ash": 2, "birch": 2}), folds=2)
    assert (found.metrics.photos, len(found.folds)) == (4, 2)
    assert found.metrics.interval.high - found.metrics.interval.low > 0.4


def test_more_folds_than_photos_of_a_class_are_no_obstacle(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 6, "birch": 3})
    found = kclass.cross_validate(root, folds=5)
    assert found.metrics.photos == 9
    assert sorted(fold.photos for fold in found.folds) == [1, 2, 2, 2, 2]
    with pytest.raises(kclass.OptionError, match="folds is 10, but only 9 photos or groups can be parted"):
        kclass.cross_validate(root, folds=10)


def test_photos_that_cannot_be_read_are_named_or_refused(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 4, "birch": 4})
    (root / "ash" / "0.png").write_bytes(b"no photo")
    found = kclass.cross_validate(root, folds=2)
    assert found.metrics.photos == 7
    assert ["0.png" in error.message for error in found.unreadable] == [True]
    assert found.used[-1] == "Left out, since they cannot be read: 1."
    assert len(found.to_dict()["unreadable"]) == 1
    with pytest.raises(kclass.PhotoError, match="1 of the photos cannot be read"):
        kclass.cross_validate(root, folds=2, strict=True)
    for photo in (root / "ash").iterdir():
        photo.write_bytes(b"no photo")
    with pytest.raises(kclass.DataError) as raised:
        kclass.cross_validate(root, folds=2)
    assert raised.value.message == "trees has photos of one class only: birch"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"fine_tune": 2},
            "fine_tune needs epochs, and cross-validation has none: its heads are solved on",
        ),
        ({"hidden": 8}, "hidden needs epochs, and cross-validation has none"),
        ({"recipe": "lakes"}, "recipe needs epochs, and cross-validation has none"),
        ({"backbone": "scratch"}, "backbone is scratch, all of which is trained by epochs; cross-validation"),
        ({"valid": 0.2}, "valid has no effect on cross-validation, which deals out the photos itself"),
        ({"manifest": "split.csv"}, "manifest has no effect on cross-validation"),
        ({"folds": 1}, "folds is 1; it must be 2 or more"),
        ({"folds": 2.5}, "folds is 2.5; it must be a whole number"),
        ({"split": "training"}, "split is 'training'; it must be one of all, test, train, valid"),
        ({"balance": "sample"}, "balance has no effect as sample on efficientnet_lite0"),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_used_is_refused(options: dict[str, Any], message: str, trees: Path) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.cross_validate(trees, **options)
    assert raised.value.message.startswith(message)


def test_an_unknown_option_is_a_type_error_as_for_any_function(trees: Path) -> None:
    unknown: Any = {"fold": 3}
    with pytest.raises(TypeError, match="fold"):
        kclass.cross_validate(trees, **unknown)


def test_it_is_an_evaluation_with_its_pictures_and_top_losses(usual: kclass.CrossValidation) -> None:
    assert isinstance(usual, kclass.Evaluation)
    losses = usual.top_losses(number=3)
    assert (len(losses), losses.evaluated) == (3, 24)
    assert usual.plot().axes[0].get_title(loc="left").endswith(f"({usual.metrics.correct}/24)")


def test_it_tells_what_it_is_in_words_and_in_plain_data(usual: kclass.CrossValidation) -> None:
    words = repr(usual)
    assert words.startswith(f"Cross-validation of trees: {usual.metrics}")
    assert "so it is rather too narrow." in words
    each = ", ".join(f"{100 * fold.accuracy:.1f}" for fold in usual.folds)
    assert f"accuracy by fold: {each} %; standard deviation" in words
    content = json.loads(json.dumps(usual.to_dict()))
    assert content["accuracy"] == usual.metrics.accuracy
    assert [fold["accuracy"] for fold in content["folds"]] == list(usual.accuracies)
    assert content["deviation"] == pytest.approx(np.std(usual.accuracies, ddof=1))
    assert content["options"]["backbone"] == "efficientnet_lite0"
    assert "valid" not in content["options"]


def test_the_predictions_are_a_table_with_the_fold_of_each(
    usual: kclass.CrossValidation, tmp_path: Path
) -> None:
    place = usual.write_csv(tmp_path / "out" / "folds.csv")
    with place.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == list(usual.samples.paths)
    assert [int(row["fold"]) - 1 for row in rows] == usual.fold_of.tolist()
    assert [float(row["p(birch)"]) for row in rows] == pytest.approx(usual.probabilities[:, 1], abs=1e-6)


def test_each_stage_is_told(trees: Path) -> None:
    told: dict[str, tuple[int, int]] = {}

    def tell(stage: str, done: int, total: int, note: str = "") -> None:
        told[stage] = (done, total)

    kclass.cross_validate(trees, folds=3, progress=tell)
    assert told["cross-validating"] == (3, 3)
    assert told["embedding"] == (24, 24)
