import re
from pathlib import Path
from typing import Any

import pytest
from planting import Plant

from kclass.dataset.named_photos import from_name_func, from_name_regex
from kclass.errors import DataError, OptionError


@pytest.fixture
def root(plant: Plant) -> Path:
    return plant("Fox_1.jpg", "deep/Fox_2.jpg", "deep/er/red_panda_1.jpg", ".hidden/x.jpg", "notes.txt")


PATHS = ("Fox_1.jpg", "deep/Fox_2.jpg", "deep/er/red_panda_1.jpg")


def test_a_function_of_the_name_labels_photos_on_all_levels(root: Path) -> None:
    data = from_name_func(root, lambda name: name.rpartition("_")[0])
    assert data.samples.paths == PATHS
    assert data.classes == ("Fox", "red_panda")
    assert data.samples.labels.tolist() == [0, 0, 1]
    assert (data.root, data.name) == (root, "photos")


def test_a_function_may_give_a_truth_or_none(root: Path) -> None:
    data = from_name_func(str(root), lambda name: None if "2" in name else name[0].isupper())
    assert data.classes == ("False", "True")
    assert data.samples.labels.tolist() == [1, -1, 0]


def test_a_function_that_fails_is_told_with_the_name(root: Path) -> None:
    with pytest.raises(DataError) as caught:
        from_name_func(root, lambda name: {"Fox": 1}[name.partition("_")[0]])
    assert caught.value.message == "the function fails on red_panda_1.jpg: KeyError: 'red'"
    assert isinstance(caught.value.__cause__, KeyError)
    assert "None for names that tell no class" in caught.value.fix


def test_a_function_that_gives_lists_or_measures_is_refused(root: Path) -> None:
    with pytest.raises(DataError, match=r"Fox_1\.jpg has a list as its label: \['Fox', '1\.jpg'\]"):
        from_name_func(root, lambda name: name.split("_"))
    with pytest.raises(DataError, match="the labels of photos are numbers to be estimated"):
        from_name_func(root, lambda name: len(name) / 7)


def test_what_is_no_function_is_refused(root: Path) -> None:
    with pytest.raises(OptionError, match="function is 'x'; it must take a file's name"):
        from_name_func(root, "x")  # type: ignore[arg-type]


def test_the_first_bracket_of_an_expression_is_the_class(root: Path) -> None:
    data = from_name_regex(root, r"^(.+)_(\d+)")
    assert data.samples.paths == PATHS
    assert data.classes == ("Fox", "red_panda")


def test_an_expression_without_brackets_is_the_class_as_a_whole(root: Path) -> None:
    assert from_name_regex(root, r"^[A-Za-z]+").classes == ("Fox", "red")


def test_folders_are_no_part_of_the_name(root: Path) -> None:
    with pytest.raises(DataError, match="have a name that does not match 'deep'"):
        from_name_regex(root, "deep")


def test_names_that_an_expression_does_not_match_are_told(root: Path) -> None:
    with pytest.raises(DataError) as caught:
        from_name_regex(root, "^(Fox)")
    assert caught.value.message == (
        f"1 of 3 photos in {root} have a name that does not match '^(Fox)': deep/er/red_panda_1.jpg"
    )
    assert "finds the class in every name" in caught.value.fix


@pytest.mark.parametrize("pattern", ["(", "*", "(?P<1>x)"])
def test_what_is_no_expression_is_refused(root: Path, pattern: str) -> None:
    with pytest.raises(
        OptionError, match=re.escape(f"pattern is {pattern!r}, which is no regular expression")
    ):
        from_name_regex(root, pattern)


def test_what_is_no_text_is_no_expression(root: Path) -> None:
    with pytest.raises(OptionError, match="pattern is None; it must be a regular expression, as text"):
        from_name_regex(root, None)  # type: ignore[arg-type]


def first_letter(name: str) -> str:
    return name[0]


@pytest.mark.parametrize(("source", "how"), [(from_name_func, first_letter), (from_name_regex, ".")])
def test_a_folder_that_cannot_be_used_is_refused(plant: Plant, source: Any, how: Any) -> None:
    root = plant("a1.jpg", "a2.jpg", "empty/notes.txt")
    with pytest.raises(DataError, match="photos has one class only: a"):
        source(root, how)
    with pytest.raises(DataError, match=f"there are no photos in {root / 'empty'}"):
        source(root / "empty", how)
    with pytest.raises(DataError, match="there is no folder") as caught:
        source(root.with_name("photo"), how)
    assert caught.value.fix == f"Did you mean {root}?"
    with pytest.raises(DataError, match=r"a1\.jpg is a file, not a folder of photos"):
        source(root / "a1.jpg", how)
    with pytest.raises(OptionError, match="folder is None; it must be text or a Path"):
        source(None, how)
