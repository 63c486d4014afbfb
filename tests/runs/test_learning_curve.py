import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_fits import write_photos

import kclass

COUNTS = {"ash": 20, "birch": 16}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("curve") / "trees", COUNTS)


@pytest.fixture(scope="module")
def usual(trees: Path) -> kclass.LearningCurve:
    return kclass.learning_curve(trees, folds=3, size=64)


def test_the_error_is_measured_on_all_photos_at_growing_sizes(usual: kclass.LearningCurve) -> None:
    assert (usual.photos, usual.judged, usual.further) == (36, 36, 50)
    assert usual.sizes[-1] == 24
    assert len(usual.sizes) == len(usual.errors) == len(usual.intervals) >= 5
    for error, interval in zip(usual.errors.tolist(), usual.intervals, strict=True):
        assert interval.low <= error + 0.02
        assert interval.high >= error - 0.02


@pytest.mark.slow
def test_the_same_seed_gives_the_same_curve_and_another_one_another(
    trees: Path, usual: kclass.LearningCurve
) -> None:
    again = kclass.learning_curve(str(trees), folds=3, size=64).to_dict()
    first = usual.to_dict()
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    other = kclass.learning_curve(kclass.open_data(trees), folds=3, size=64, seed=1)
    assert not np.array_equal(other.errors, usual.errors)


@pytest.mark.parametrize(
    "option",
    [{"folds": 2}, {"size": 48}, {"further": 10}, {"resize": "crop"}, {"balance": "weights"}],
    ids=str,
)
def test_an_option_changes_the_result(
    option: dict[str, Any], trees: Path, usual: kclass.LearningCurve
) -> None:
    other = kclass.learning_curve(trees, **{"folds": 3, "size": 64, **option})
    told, usually = other.to_dict(), usual.to_dict()
    for name in ("seconds", "options"):
        del told[name], usually[name]
    assert told != usually


def test_it_tells_what_it_found_in_words_and_in_plain_data(usual: kclass.LearningCurve) -> None:
    words = repr(usual)
    assert words.startswith("Learning curve of trees: 36 photos, 10 subsets of each size\ntraining photos")
    assert usual.answer in words
    assert usual.class_answer in words
    assert usual.used in words
    assert usual.used.startswith("All labelled photos took part. Each of 36 photos was predicted by heads")
    content = json.loads(json.dumps(usual.to_dict()))
    assert [point["error"] for point in content["points"]] == usual.errors.tolist()
    assert content["answer"] == usual.answer
    assert {each["name"] for each in content["classes"]} == set(COUNTS)


def test_an_answer_far_beyond_what_was_measured_says_that_it_is_a_guess(usual: kclass.LearningCurve) -> None:
    told = replace(usual, found=replace(usual.found, doubt=""))
    for further, guess in ((36, False), (37, True)):
        answer = replace(told, further=further).answer
        assert answer.startswith(f"{further} more photos would lower the error from ")
        words = " Measured were 24 photos at most: so far beyond them this is a guess."
        assert answer.endswith(words) == guess


def test_photos_that_are_easy_to_tell_apart_are_no_reason_for_more(usual: kclass.LearningCurve) -> None:
    assert usual.answer.startswith("Whether 50 more photos would help cannot be told: ")
    assert usual.class_answer == "Photos of which class would help most cannot be told."


def test_the_picture_shows_the_points_and_the_answer(usual: kclass.LearningCurve) -> None:
    axes = usual.plot().axes[0]
    (points,) = (line for line in axes.lines if line.get_marker() == "o")
    assert np.allclose(np.array(points.get_xdata()), usual.sizes)
    assert np.allclose(np.array(points.get_ydata()), 100 * usual.errors)
    assert axes.get_title(loc="left").replace("\n", " ") == usual.answer
    _, right = axes.get_xlim()
    assert right > 36 + 50


def test_too_few_photos_for_a_curve_are_refused(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "trees", {"ash": 4, "birch": 4})
    with pytest.raises(kclass.DataError) as raised:
        kclass.learning_curve(root, folds=2)
    assert raised.value.message == "trees has too few photos for a learning curve: 8 of 2 classes"
    assert "kclass evaluate --folds" in raised.value.fix


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 2}, "epochs needs epochs, and a learning curve has none: its heads are solved on"),
        ({"backbone": "scratch"}, "backbone is scratch, all of which is trained by epochs; a learning curve"),
        ({"test": 0.2}, "test has no effect on a learning curve, which deals out the photos itself"),
        ({"further": 0}, "further is 0; it must be 1 or more"),
        ({"further": 1.5}, "further is 1.5; it must be a whole number"),
        ({"folds": 1}, "folds is 1; it must be 2 or more"),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_used_is_refused(options: dict[str, Any], message: str, trees: Path) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.learning_curve(trees, **options)
    assert raised.value.message.startswith(message)
