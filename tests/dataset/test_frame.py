import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planting import Plant

from kclass.dataset.frame import from_frame
from kclass.errors import DataError, OptionError


@pytest.fixture
def root(plant: Plant) -> Path:
    return plant("1.jpg", "2.jpg", "3.jpg", "4.jpg")


COLUMNS: dict[str, list[Any]] = {
    "image": ["1.jpg", "2.jpg", "3.jpg", "4.jpg"],
    "label": ["cat", "dog", None, "cat"],
    "split": ["train", "train", None, "valid"],
    "patient": ["x", None, "y", "x"],
}


@pytest.mark.parametrize("make", [dict, pd.DataFrame])
def test_a_frame_and_a_mapping_of_columns_say_the_same(root: Path, make: Any) -> None:
    data = from_frame(make(COLUMNS), root=root)
    assert data.samples.paths == ("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    assert data.classes == ("cat", "dog")
    assert data.samples.labels.tolist() == [0, 1, -1, 0]
    assert data.samples.splits.tolist() == [0, 0, -1, 1]
    assert data.samples.groups.tolist() == [0, -1, 1, 0]
    assert (data.root, data.name) == (root, "photos")


@pytest.mark.parametrize("kind", ["string", "category", "object"])
def test_labels_may_be_of_any_kind_that_pandas_has_for_text(root: Path, kind: str) -> None:
    frame = pd.DataFrame(COLUMNS).astype({"label": kind})
    assert from_frame(frame, root=root).samples.labels.tolist() == [0, 1, -1, 0]


def test_ids_may_be_numbers_even_where_a_gap_made_them_floats(root: Path) -> None:
    frame = pd.DataFrame({"id": [1, 2, 3, 4], "target": [0, 1, np.nan, 0]})
    data = from_frame(frame, root=root)
    assert data.samples.paths == ("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    assert data.classes == ("0", "1")
    assert data.samples.labels.tolist() == [0, 1, -1, 0]
    floats = from_frame(frame.astype({"id": float}), root=root)
    assert floats.samples.paths == data.samples.paths


def test_rows_that_were_taken_out_of_a_frame_do_no_harm(root: Path) -> None:
    frame = pd.DataFrame(COLUMNS).drop(columns="split")
    data = from_frame(frame[frame.image != "2.jpg"].assign(label=["cat", "dog", "dog"]), root=root)
    assert data.samples.paths == ("1.jpg", "3.jpg", "4.jpg")
    assert data.samples.labels.tolist() == [0, 1, 1]


def test_a_column_of_truths_tells_validation_photos(root: Path) -> None:
    frame = pd.DataFrame(COLUMNS).drop(columns="split").assign(is_valid=[False, False, True, True])
    assert from_frame(frame, root=root).valid.paths == ("3.jpg", "4.jpg")


def test_columns_and_suffix_may_be_told(root: Path) -> None:
    frame = pd.DataFrame({0: ["1", "2"], 1: ["cat", "dog"], "s": ["train", "valid"], "g": [5, 5]})
    told = {"path_column": "0", "label_column": "1", "suffix": ".jpg"}
    data = from_frame(frame.assign(s="train"), root=root, split_column="s", group_column="g", **told)
    assert data.samples.paths == ("1.jpg", "2.jpg")
    assert data.samples.splits.tolist() == [0, 0]
    assert data.samples.groups.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pd.DataFrame(COLUMNS).rename(columns={"label": "x"}),
            "no column of the frame is called as a label_column",
        ),
        (
            {"path": ["1.jpg"], "label": []},
            "the columns of the frame are not equally long: path (1), label (0)",
        ),
        (
            pd.DataFrame([["1.jpg", "a", "b"]], columns=["path", "label", "label"]),
            "several columns of the frame are called label",
        ),
        (
            {"path": "1.jpg", "label": ["a"]},
            "the column path of the frame is '1.jpg'; it must have an entry for each photo",
        ),
        ({"path": ["1.jpg"], "label": 3}, "the column label of the frame is 3; it must have an entry"),
        (["1.jpg"], "frame is list; it must be a data frame or a mapping of columns"),
        ("labels.csv", "frame is str; it must be a data frame or a mapping of columns"),
        (None, "frame is NoneType; it must be"),
    ],
)
def test_what_is_no_such_frame_is_refused(root: Path, frame: Any, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        from_frame(frame, root=root)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"label": [["cat"], ["cat", "dog"], ["dog"], []]},
            "row 0 of the frame has a list as its label: ['cat']",
        ),
        ({"label": [0.1, 0.2, 0.3, 0.4]}, "the labels of the frame are numbers to be estimated"),
        ({"split": ["first", None, None, None]}, "row 0 of the frame has the unknown split 'first'"),
        ({"image": ["1.jpg", None, "3.jpg", "4.jpg"]}, "row 1 of the frame has no path"),
        ({"image": ["1.jpg", b"2.jpg", "3.jpg", "4.jpg"]}, "row 1 of the frame has b'2.jpg' for a file name"),
        ({"image": ["a", "b", "c", "d"]}, "4 of the 4 photos that the frame names are not in"),
    ],
)
def test_rows_that_cannot_be_used_are_named(root: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        from_frame(pd.DataFrame(COLUMNS | change), root=root)
    assert message in caught.value.message


def test_pandas_is_not_imported(root: Path) -> None:
    code = (
        "import sys; from kclass.dataset.frame import from_frame;"
        "data = from_frame({'path': ['1.jpg', '2.jpg'], 'label': [0, 1]}, root=sys.argv[1]);"
        "print(len(data), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n"
