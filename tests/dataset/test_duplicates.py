from pathlib import Path

import numpy as np
import pytest

from kclass.dataset import duplicates
from kclass.dataset.duplicates import identical_groups, leaked_rows
from kclass.dataset.names import TEST, TRAIN, UNSPLIT, VALID
from kclass.dataset.samples import Samples


def files(folder: Path, *contents: bytes) -> list[Path]:
    paths = [folder / f"{place}.jpg" for place in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def test_files_with_the_same_bytes_share_the_place_of_the_first(tmp_path: Path) -> None:
    paths = files(tmp_path, b"one", b"two", b"one", b"three", b"two", b"one")
    assert identical_groups(paths).tolist() == [0, 1, 0, 3, 1, 0]


def test_files_of_the_same_size_with_other_bytes_are_apart(tmp_path: Path) -> None:
    assert identical_groups(files(tmp_path, b"abc", b"abd")).tolist() == [0, 1]


def test_only_files_of_equal_size_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = files(tmp_path, b"a", b"bb", b"ccc", b"ddd")
    seen: list[Path] = []
    genuine = duplicates.read_bytes

    def noted(path: Path) -> bytes:
        seen.append(path)
        return genuine(path)

    monkeypatch.setattr(duplicates, "read_bytes", noted)
    identical_groups(paths)
    assert seen == paths[2:]


def test_files_that_cannot_be_read_are_not_copies_of_each_other(tmp_path: Path) -> None:
    folders = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for folder in folders:
        folder.mkdir()
    missing = [tmp_path / "gone.jpg", tmp_path / "lost.jpg"]
    assert identical_groups([*folders, *missing]).tolist() == [0, 1, 2, 3]


def test_no_files_are_no_groups() -> None:
    assert identical_groups([]).tolist() == []


def table(paths: list[Path], *splits: int) -> Samples:
    return Samples(
        paths=tuple(map(str, paths)),
        labels=np.zeros(len(paths), np.int32),
        classes=("a",),
        root=Path("/"),
        splits=np.array(splits, np.int8),
    )


def test_training_photos_with_a_copy_in_validation_or_test_are_leaked(tmp_path: Path) -> None:
    paths = files(tmp_path, b"one", b"one", b"two", b"two", b"six", b"one", b"ten")
    samples = table(paths, TRAIN, VALID, TEST, TRAIN, TRAIN, TRAIN, VALID)
    leaked = leaked_rows(samples)
    assert leaked.tolist() == [0, 3, 5]
    assert leaked.dtype == np.int64


def test_copies_within_one_side_or_without_a_split_are_no_leak(tmp_path: Path) -> None:
    paths = files(tmp_path, b"one", b"one", b"two", b"two", b"one", b"six")
    samples = table(paths, TRAIN, TRAIN, VALID, TEST, UNSPLIT, VALID)
    assert leaked_rows(samples).tolist() == []


def test_a_leak_is_looked_for_only_where_sizes_meet_across_splits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(tmp_path, b"aa", b"bb", b"ccc", b"ddd")
    seen: list[Path] = []
    genuine = duplicates.read_bytes

    def noted(path: Path) -> bytes:
        seen.append(path)
        return genuine(path)

    monkeypatch.setattr(duplicates, "read_bytes", noted)
    leaked_rows(table(paths, TRAIN, TRAIN, TRAIN, VALID))
    assert seen == paths[2:]


def test_photos_that_cannot_be_read_are_no_leak(tmp_path: Path) -> None:
    folders = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for folder in folders:
        folder.mkdir()
    missing = [tmp_path / "gone.jpg", tmp_path / "lost.jpg"]
    assert leaked_rows(table([*folders, *missing], TRAIN, VALID, TRAIN, TEST)).tolist() == []
