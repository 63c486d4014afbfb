import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kclass
from kclass.classifier.arguments import check_threshold, check_top
from kclass.classifier.prediction import Guess, Prediction, ranked
from kclass.classifier.training_photos import Neighbour

CLASSES = ("01.ash_tree", "birch", "cedar")
PHOTO = Path("photos/a.jpg")


def guess(label: str, probability: float) -> Guess:
    return Guess(label, CLASSES.index(label), probability)


def test_classes_come_from_the_most_probable_on() -> None:
    found = ranked(PHOTO, np.array([0.2, 0.5, 0.3]), CLASSES, top=3)
    assert found == Prediction(PHOTO, (guess("birch", 0.5), guess("cedar", 0.3), guess("01.ash_tree", 0.2)))
    assert (found.label, found.index, found.probability) == ("birch", 1, 0.5)


def test_of_equals_the_one_that_is_first_among_the_classes_comes_first() -> None:
    found = ranked(PHOTO, np.array([0.3, 0.4, 0.3]), CLASSES, top=3)
    assert [each.label for each in found.top] == ["birch", "01.ash_tree", "cedar"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(1, 8))
def test_as_many_are_named_as_are_asked_for_and_there_are(probabilities: list[float], top: int) -> None:
    classes = [f"class {index}" for index in range(len(probabilities))]
    found = ranked(PHOTO, np.array(probabilities), classes, top=top).top
    assert len(found) == min(top, len(classes))
    assert [each.probability for each in found] == sorted(probabilities, reverse=True)[:top]
    assert all(probabilities[each.index] == each.probability for each in found)
    assert all(classes[each.index] == each.label for each in found)


@pytest.mark.parametrize(
    ("probability", "novelty", "threshold", "unsure"),
    [
        (0.4, None, 0.0, False),
        (0.4, None, 0.5, True),
        (0.5, None, 0.5, False),
        (0.5, 1.0, 0.5, False),
        (1.0, 1.01, 0.5, True),
        (1.0, 9.0, 0.0, False),
        (1.0, 0.0, 1.0, False),
    ],
)
def test_below_the_threshold_and_for_photos_unlike_any_the_answer_is_unsure(
    probability: float, novelty: float | None, threshold: float, unsure: bool
) -> None:
    found = Prediction(PHOTO, (guess("birch", probability),), novelty, threshold)
    assert found.unsure is unsure
    assert found.answer == ("unsure" if unsure else "birch")
    assert repr(found).startswith(f"Prediction({str(PHOTO)!r}: {'unsure: ' if unsure else ''}birch ")
    plain = found.to_dict()
    assert (plain["answer"], plain["unsure"], plain["label"]) == (found.answer, unsure, "birch")
    assert (plain["novelty"], plain["novel"]) == (novelty, (novelty or 0) > 1)


def test_a_class_called_unsure_is_told_from_an_answer_that_is() -> None:
    sure, unsure = (
        Prediction(PHOTO, (Guess("unsure", 0, 0.7),), threshold=threshold) for threshold in (0.6, 0.8)
    )
    assert sure.answer == unsure.answer == "unsure"
    assert (sure.to_dict()["unsure"], unsure.to_dict()["unsure"]) == (False, True)


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        (-0.1, "threshold is -0.1; it must be from 0 to 1"),
        (1.1, "threshold is 1.1; it must be from 0 to 1"),
        (float("nan"), "threshold is nan; it must be from 0 to 1"),
        ("0.5", "threshold is '0.5'; it must be a number"),
        (None, "threshold is None; it must be a number"),
        (True, "threshold is True; it must be a number"),
    ],
)
def test_a_threshold_that_is_no_probability_is_refused(threshold: Any, message: str) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        check_threshold(threshold)
    assert raised.value.message == message


@pytest.mark.parametrize("threshold", [0, 1, 0.5, np.float32(0.25), np.int64(1)])
def test_a_threshold_may_be_any_number_from_0_to_1(threshold: Any) -> None:
    check_threshold(threshold)


@pytest.mark.parametrize("top", [0, -3])
def test_fewer_than_one_class_is_refused(top: int) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        check_top(top)
    assert raised.value.message == f"top is {top}; it must be 1 or more"


def test_a_prediction_shows_classes_as_people_read_them() -> None:
    found = Prediction(PHOTO, (guess("01.ash_tree", 0.9876), guess("birch", 0.0124)))
    assert repr(found) == f"Prediction({str(PHOTO)!r}: ash tree 98.8%, birch 1.2%)"
    assert str(found.top[0]) == "ash tree 98.8%"


def test_plain_data_has_the_classes_as_their_folders_are_named() -> None:
    found = Prediction(PHOTO, (guess("01.ash_tree", 0.75), guess("cedar", 0.25)))
    first = {"label": "01.ash_tree", "index": 0, "probability": 0.75}
    assert found.to_dict() == {
        "path": str(PHOTO),
        "answer": "01.ash_tree",
        "unsure": False,
        **first,
        "novelty": None,
        "novel": False,
        "top": [first, {"label": "cedar", "index": 2, "probability": 0.25}],
        "nearest": [],
    }
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_plain_data_names_the_nearest_training_photos() -> None:
    near = Neighbour(Path("train/a.jpg"), "cedar", 0.5)
    plain = Prediction(PHOTO, (guess("birch", 1.0),), nearest=(near,)).to_dict()
    assert plain["nearest"] == [near.to_dict()]
