from typing import Any

import pytest

from kclass.dataset.columns import Roles, choose_columns, normalised
from kclass.errors import OptionError


def chosen(*columns: str, **given: Any) -> Roles:
    nothing = dict.fromkeys(("path_column", "label_column", "split_column", "group_column"))
    return choose_columns(columns, source="a.csv", **{**nothing, **given})


@pytest.mark.parametrize(
    "path", ["path", "filename", "File Name", "image", "Image-Path", "name", "ID", "image_id"]
)
@pytest.mark.parametrize("label", ["label", "Class", "category", "target", "species", "breed", "class_name"])
def test_columns_are_known_by_their_usual_names(path: str, label: str) -> None:
    assert chosen("index", path, label) == Roles(path, label, None, None)


@pytest.mark.parametrize("split", ["split", "Set", "subset", "is_valid", "Is Valid"])
@pytest.mark.parametrize("group", ["group", "Patient ID", "subject", "person"])
def test_columns_of_splits_and_groups_are_taken_if_they_are_there(split: str, group: str) -> None:
    assert chosen("path", "label", split, group) == Roles("path", "label", split, group)


def test_a_fold_is_no_split() -> None:
    assert chosen("path", "label", "fold").split is None


def test_the_plainest_name_goes_before_one_that_may_mean_something_else() -> None:
    assert chosen("id", "filename", "label").path == "filename"
    assert chosen("filename", "class_id", "class").label == "class"


def test_what_is_given_is_taken_whatever_the_names() -> None:
    roles = chosen(
        "path", "label", "a", "b", "c", "d",
        path_column="a", label_column="b", split_column="c", group_column="d",
    )  # fmt: skip
    assert roles == Roles("a", "b", "c", "d")


def test_a_column_that_is_given_for_one_thing_is_not_guessed_for_another() -> None:
    assert chosen("image", "name", label_column="name") == Roles("image", "name", None, None)
    assert chosen("class", "species", "file", label_column="species").label == "species"


def test_no_column_is_taken_where_none_is_wanted() -> None:
    assert chosen("path", "label", "set", "group", split_column="", group_column="") == Roles(
        "path", "label", None, None
    )


@pytest.mark.parametrize(
    ("columns", "given", "message", "fix"),
    [
        (
            ("path", "label", "species"),
            {},
            "several columns of a.csv may be the label_column: label, species",
            "Say which: label_column='label'.",
        ),
        (
            ("path", "label", "set", "split"),
            {},
            "several columns of a.csv may be the split_column: set, split",
            "Say which: split_column='set', or split_column=\"\" for none of them.",
        ),
        (
            ("x", "label"),
            {},
            "no column of a.csv is called as a path_column usually is; it has: x, label",
            "Say which it is: path_column='NAME'.",
        ),
        (
            ("path", "label"),
            {"group_column": "lable"},
            "group_column is 'lable'; it must be one of label, path: the columns of a.csv",
            "Did you mean label?",
        ),
        (
            ("path", "label"),
            {"path_column": ""},
            "path_column is ''; it must be one of label, path: the columns of a.csv",
            "",
        ),
        (
            ("path", "label"),
            {"path_column": 0},
            "path_column is 0; it must be the name of a column: path, label",
            "",
        ),
        (
            ("path", "haze", "clear"),
            {"label_column": ["haze", "clear"]},
            "label_column is ['haze', 'clear']; a photo has one label, in one column",
            "frame[columns].idxmax(axis=1)",
        ),
    ],
)
def test_columns_that_cannot_be_told_are_refused(
    columns: tuple[str, ...], given: dict[str, Any], message: str, fix: str
) -> None:
    with pytest.raises(OptionError) as caught:
        chosen(*columns, **given)
    assert caught.value.message == message
    assert fix in caught.value.fix


def test_names_of_columns_count_without_capitals_spaces_and_signs() -> None:
    assert normalised(" File-Name (px) ") == "file_name_px"
