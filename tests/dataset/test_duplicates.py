from pathlib import Path

import pytest

from kclass.dataset import duplicates
from kclass.dataset.duplicates import identical_groups


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
