import json
from pathlib import Path

import numpy as np
import pytest

from kclass.dataset.samples import Sample, Samples
from kclass.errors import OptionError


@pytest.fixture
def samples() -> Samples:
    return Samples(
        paths=("01.cat/a.jpg", "01.cat/b.jpg", "dog/c.jpg", "d.jpg"),
        labels=np.array([0, 0, 1, -1], dtype=np.int32),
        classes=("01.cat", "dog"),
        root=Path("/photos"),
        splits=np.array([0, 1, 0, 2], dtype=np.int8),
        groups=np.array([5, 5, -1, 0], dtype=np.int32),
    )


def test_rows_come_in_order_with_their_class_and_split(samples: Samples) -> None:
    assert list(samples) == [
        Sample(Path("/photos/01.cat/a.jpg"), 0, "train"),
        Sample(Path("/photos/01.cat/b.jpg"), 0, "valid"),
        Sample(Path("/photos/dog/c.jpg"), 1, "train"),
        Sample(Path("/photos/d.jpg"), None, "test"),
    ]
    assert len(samples) == 4
    assert samples.path(2) == Path("/photos/dog/c.jpg")


def test_an_absolute_path_stands_for_itself() -> None:
    samples = Samples(("/elsewhere/a.jpg",), np.array([0], dtype=np.int32), ("cat",), Path("/photos"))
    assert samples.path(0) == Path("/elsewhere/a.jpg")


def test_rows_belong_to_no_split_unless_they_are_given_one() -> None:
    samples = Samples(("a.jpg",), np.array([0], dtype=np.int32), ("cat",), Path("/photos"))
    assert next(iter(samples)).split is None


def test_photos_are_in_no_group_unless_they_are_given_one() -> None:
    samples = Samples(("a.jpg",), np.array([0], dtype=np.int32), ("cat",), Path("/photos"))
    assert samples.groups.tolist() == [-1]
    assert samples.groups.dtype == np.int32


def test_files_are_made_one_by_one_as_they_are_asked_for(samples: Samples) -> None:
    files = samples.files
    assert len(files) == 4
    assert files[2] == files[-2] == Path("/photos/dog/c.jpg")
    assert list(files[1:3]) == [Path("/photos/01.cat/b.jpg"), Path("/photos/dog/c.jpg")]
    assert list(files) == [samples.path(row) for row in range(4)]


def test_rows_are_selected_by_place_in_the_order_asked_for(samples: Samples) -> None:
    chosen = samples.select([2, 0])
    assert chosen.paths == ("dog/c.jpg", "01.cat/a.jpg")
    assert chosen.labels.tolist() == [1, 0]
    assert chosen.splits.tolist() == [0, 0]
    assert chosen.groups.tolist() == [-1, 5]
    assert (chosen.classes, chosen.root) == (samples.classes, samples.root)


def test_rows_are_selected_by_mask(samples: Samples) -> None:
    assert samples.select(samples.labels == 0).paths == ("01.cat/a.jpg", "01.cat/b.jpg")


def test_no_rows_can_be_selected(samples: Samples) -> None:
    nothing = samples.select([])
    assert len(nothing) == 0
    assert nothing.counts() == {"01.cat": 0, "dog": 0}


@pytest.mark.parametrize("rows", [[4], [-5]])
def test_a_row_outside_the_table_is_refused(samples: Samples, rows: list[int]) -> None:
    with pytest.raises(OptionError, match="of a table of 4 photos"):
        samples.select(rows)


def test_a_mask_of_another_length_is_refused(samples: Samples) -> None:
    with pytest.raises(OptionError, match=r"mask of shape \(3,\) for a table of 4 photos"):
        samples.select(np.array([True, False, True]))


def test_counts_name_the_classes_by_their_folders_and_leave_unlabelled_photos_out(samples: Samples) -> None:
    assert samples.counts() == {"01.cat": 2, "dog": 1}
    assert samples.unlabelled == 1


def test_the_table_shows_readable_classes_and_counts(samples: Samples) -> None:
    assert repr(samples) == "Samples(4 photos: cat 2, dog 1, unlabelled 1)"


def test_the_table_is_given_in_plain_values(samples: Samples) -> None:
    values = samples.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["paths"][0] == "01.cat/a.jpg"
    assert values["labels"] == [0, 0, 1, None]
    assert values["splits"] == ["train", "valid", "train", "test"]
    assert values["groups"] == [5, 5, None, 0]
    assert (values["classes"], values["root"]) == (["01.cat", "dog"], "/photos")


def test_columns_of_a_table_cannot_be_written_to(samples: Samples) -> None:
    with pytest.raises(ValueError, match="read-only"):
        samples.labels[0] = 1


def test_the_array_that_a_table_was_made_of_stays_the_callers() -> None:
    labels = np.array([0], dtype=np.int32)
    samples = Samples(("a.jpg",), labels, ("cat",), Path("/photos"))
    labels[0] = -1
    assert samples.labels.tolist() == [0]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(OptionError, match="2 paths, 1 labels, 2 splits and 2 groups"):
        Samples(("a.jpg", "b.jpg"), np.array([0], dtype=np.int32), ("cat",), Path("/photos"))


def test_a_class_named_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="a class is named twice: cat, cat"):
        Samples((), np.array([], dtype=np.int32), ("cat", "cat"), Path("/photos"))


@pytest.mark.parametrize("label", [1, -2])
def test_a_label_without_a_class_is_refused(label: int) -> None:
    with pytest.raises(OptionError, match=f"label {label} does not exist; they go from -1 to 0"):
        Samples(("a.jpg",), np.array([label], dtype=np.int32), ("cat",), Path("/photos"))


def test_a_split_code_that_does_not_exist_is_refused() -> None:
    with pytest.raises(OptionError, match="split code 3 does not exist; they go from -1 to 2"):
        Samples(
            ("a.jpg",),
            np.array([0], dtype=np.int32),
            ("cat",),
            Path("/photos"),
            splits=np.array([3], dtype=np.int8),
        )


def test_a_group_that_does_not_exist_is_refused() -> None:
    with pytest.raises(OptionError, match="group -2 does not exist; they go from -1 on"):
        Samples(
            ("a.jpg",),
            np.array([0], dtype=np.int32),
            ("cat",),
            Path("/photos"),
            groups=np.array([-2], dtype=np.int32),
        )
