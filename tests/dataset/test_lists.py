from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planting import Plant

from kclass.dataset.lists import from_lists
from kclass.errors import DataError, OptionError


@pytest.fixture
def root(plant: Plant) -> Path:
    return plant("a/1.jpg", "a/2.jpg", "b/3.jpg", "b/4.jpg")


FILES = ["a/1.jpg", "a/2.jpg", "b/3.jpg", "b/4.jpg"]


def test_files_are_labelled_by_the_list_beside_them(root: Path) -> None:
    data = from_lists(FILES, ["cat", "dog", None, "cat"], root=root)
    assert data.samples.paths == tuple(FILES)
    assert data.classes == ("cat", "dog")
    assert data.samples.labels.tolist() == [0, 1, -1, 0]
    assert (data.root, data.name) == (root, "photos")


def test_splits_and_groups_may_be_given(root: Path) -> None:
    data = from_lists(
        FILES, [0, 1, 0, 1], root=root, splits=["train", "train", "valid", None], groups=[7, None, "x", 7]
    )
    assert data.samples.splits.tolist() == [0, 0, 1, -1]
    assert data.samples.groups.tolist() == [0, -1, 1, 0]


def test_without_labels_no_photo_has_one(root: Path) -> None:
    data = from_lists(FILES, root=root)
    assert data.classes == ()
    assert data.samples.labels.tolist() == [-1] * 4
    assert repr(data).splitlines()[0] == "Dataset photos: 4 photos, 0 classes"


def test_paths_start_from_the_current_folder_and_are_kept_from_the_innermost_that_has_all(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    data = from_lists([Path("photos") / name for name in FILES], [0, 1, 0, 1])
    assert (data.root, data.samples.paths) == (root, tuple(FILES))
    below = from_lists(["photos/b/3.jpg", "photos/b/../b/4.jpg"], [0, 1])
    assert (below.root, below.samples.paths) == (root / "b", ("3.jpg", "4.jpg"))


def test_absolute_paths_are_kept_from_the_innermost_folder_on(root: Path) -> None:
    data = from_lists(sorted(root.rglob("*.jpg")), [0, 1, 0, 1])
    assert (data.root, data.samples.paths) == (root, tuple(FILES))


def test_lists_may_be_arrays_and_generators(root: Path) -> None:
    data = from_lists(
        (name for name in FILES), np.array([0, 1, 0, 1]), root=root, groups=np.array([3, 3, 4, 4])
    )
    assert data.samples.labels.tolist() == [0, 1, 0, 1]
    assert data.samples.groups.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": [0, 1]}, "4 files, but 2 labels; there must be one for each"),
        ({"splits": ["train"]}, "4 files, but 1 splits; there must be one for each"),
        ({"groups": [1] * 5}, "4 files, but 5 groups; there must be one for each"),
        ({"labels": "cat"}, "labels is 'cat'; it must be a list with an entry for each photo"),
        ({"groups": 7}, "groups is 7; it must be a list with an entry for each photo"),
    ],
)
def test_lists_that_do_not_fit_are_refused(root: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        from_lists(FILES, **{"labels": [0, 1, 0, 1], **given}, root=root)
    assert caught.value.message == message


@pytest.mark.parametrize("files", ["a/1.jpg", Path("a/1.jpg"), None])
def test_a_single_file_is_no_list(root: Path, files: Any) -> None:
    with pytest.raises(OptionError, match=r"files is .*; it must be a list with an entry for each photo"):
        from_lists(files, ["cat"], root=root)


def test_files_that_are_not_there_are_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"2 of the 2 photos that the list names are not there: looked for .*gone"
    ):
        from_lists([tmp_path / "gone" / "1.jpg", tmp_path / "gone" / "2.jpg"], [0, 1])


def test_a_row_is_called_by_its_place_in_the_list(root: Path) -> None:
    with pytest.raises(
        DataError, match=r"the list names a/1.jpg twice, as 0 and as 1: files\[0\] and files\[2\]"
    ):
        from_lists(["a/1.jpg", "b/3.jpg", "a/1"], [0, 1, 1], root=root)


def test_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the list names no photos"):
        from_lists([], [])
