from collections.abc import Sequence
from datetime import date
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from kclass.dataset.labels import class_texts, encoded
from kclass.errors import DataError


def texts(values: Sequence[object]) -> list[str]:
    return class_texts(values, source="a.csv", where=lambda row: f"row {row}")


def test_gaps_are_no_label() -> None:
    assert texts(["cat", None, float("nan"), "", " ", "NaN", pd.NA]) == ["cat", "", "", "", "", "", ""]


def test_spaces_around_a_label_go_and_accents_are_composed() -> None:
    assert texts([" cat", "Cafe\N{COMBINING ACUTE ACCENT}"]) == [
        "cat",
        "Caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    ]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (range(10), [str(number) for number in range(10)]),
        ([0, 1, 2] * 20, ["0", "1", "2"]),
        (np.array([3, 4]), ["3", "4"]),
        ([3.0, float("nan"), 4.0], ["3", "", "4"]),
        (["007", "008"], ["007", "008"]),
        (["1.0", "2.0"], ["1.0", "2.0"]),
        (list(range(40)) * 2, [str(number) for number in range(40)]),
    ],
)
def test_whole_numbers_are_class_ids(values: Sequence[object], classes: list[str]) -> None:
    assert list(dict.fromkeys(texts(values))) == classes


def test_truths_are_two_classes() -> None:
    assert texts([True, np.bool_(False)]) == ["True", "False"]


@pytest.mark.parametrize(
    ("values", "examples"),
    [
        ([0.37, 1.2, 2.0], "0.37, 1.2"),
        (["0.37", "12", "-4e-3"], "0.37, -4e-3"),
        (["0,5", "1,5"], "0,5, 1,5"),
        (range(100, 120), "100, 101, 102 and 17 more"),
        ([f"{year}" for year in range(1900, 2000)], "1900, 1901, 1902 and 97 more"),
    ],
)
def test_numbers_to_be_estimated_are_refused(values: Sequence[object], examples: str) -> None:
    with pytest.raises(DataError) as caught:
        texts(values)
    assert caught.value.message == (
        f"the labels of a.csv are numbers to be estimated, not classes: {examples}"
    )
    assert "Choose another column" in caught.value.fix


def test_a_number_among_words_is_a_word() -> None:
    assert texts(["3.5", "cat", "dog"]) == ["3.5", "cat", "dog"]


@pytest.mark.parametrize(
    "value", [["cat", "dog"], ("cat",), {"cat"}, frozenset(), np.array(["a", "b"]), {"cat": 1}]
)
def test_lists_as_labels_are_refused(value: object) -> None:
    with pytest.raises(DataError, match="row 1 has a list as its label: ") as caught:
        texts(["cat", value])
    assert "Give each photo one label" in caught.value.fix


@pytest.mark.parametrize("value", [date(2020, 1, 1), b"cat", 1j, object])
def test_what_is_neither_text_nor_a_number_is_refused(value: object) -> None:
    with pytest.raises(DataError, match=r"row 0 has the label .*; it must be text or a whole number"):
        texts([value])


AMAZON = ["agriculture", "bare", "clear", "cloudy", "haze", "primary", "road", "water"]


@pytest.mark.parametrize(
    ("labels", "examples"),
    [
        (["cat;dog", "cat"], "cat;dog"),
        (["cat|dog", "eel"], "cat|dog"),
        (["cat, dog", "cat", "dog"], "cat, dog"),
        (["cat dog", "cat", "dog"], "cat dog"),
        (["haze primary", "primary haze"], "haze primary, primary haze"),
        (
            ["haze primary", "clear primary", "clear primary water", "primary water", "haze water", "haze"],
            "haze primary, clear primary, clear primary water and 2 more",
        ),
        (
            [" ".join(tags) for number in (2, 3) for tags in combinations(AMAZON, number)],
            "agriculture bare, agriculture clear, agriculture cloudy and 81 more",
        ),
    ],
)
def test_several_labels_a_photo_are_refused(labels: list[str], examples: str) -> None:
    with pytest.raises(DataError) as caught:
        texts(labels)
    assert caught.value.message == f"labels of a.csv name several classes at once: {examples}"
    assert "join their words by underscores" in caught.value.fix


@pytest.mark.parametrize(
    "labels",
    [
        ["House Sparrow", "Song Sparrow", "House Finch", "Purple Finch"],
        ["Golden Gate Bridge", "Brooklyn Bridge", "Tower"],
        ["fox", "red fox", "arctic fox", "panda", "red panda"],
        [f"{colour} {car}" for colour in ("red", "blue", "dark blue") for car in ("fiat", "ferrari")],
        ["Paris, France", "Lyon, France", "Rome, Italy"],
        ["b, c", "a"],
        ["New York", "York Minster", "Minster"],
    ],
)
def test_names_of_several_words_are_single_classes(labels: list[str]) -> None:
    assert texts(labels) == labels


def test_classes_are_in_the_order_of_their_code_points() -> None:
    classes, labels = encoded(["b", "", "a", "B", "b"])
    assert classes == ("B", "a", "b")
    assert labels.tolist() == [2, -1, 1, 0, 2]
    assert labels.dtype == np.int32
