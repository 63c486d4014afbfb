from pathlib import Path

import pytest
from packing import pack, tree

from kclass.dataset.unpacked import archive_name, unpacked
from kclass.errors import DataError, OutputError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


PHOTOS = {"a/1.jpg": b"one", "b/2.jpg": b"two"}


def changed(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_an_archive_is_unpacked_once_into_the_cache(tmp_path: Path, cache: Path) -> None:
    archive = pack(tmp_path / "x.zip", PHOTOS)
    folder = unpacked(archive)
    assert folder.parent == cache / "archives"
    assert tree(folder) == {"a/": b"", "b/": b"", **PHOTOS}
    before = changed(cache)
    assert unpacked(archive) == folder
    assert changed(cache) == before


def test_another_content_is_another_folder_and_another_name_is_not(tmp_path: Path) -> None:
    first = unpacked(pack(tmp_path / "x.zip", PHOTOS))
    assert unpacked((tmp_path / "x.zip").rename(tmp_path / "y")) == first
    assert unpacked(pack(tmp_path / "x.zip", {**PHOTOS, "c.jpg": b""})) != first


def remove_one(folder: Path) -> None:
    (folder / "a" / "1.jpg").unlink()


def shorten_one(folder: Path) -> None:
    (folder / "a" / "1.jpg").write_bytes(b"o")


def forget(folder: Path) -> None:
    folder.with_name(f"{folder.name}.json").unlink()


@pytest.mark.parametrize("harm", [remove_one, shorten_one, forget])
def test_a_folder_that_is_not_whole_any_more_is_unpacked_again(harm: object, tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", PHOTOS)
    folder = unpacked(archive)
    harm(folder)  # type: ignore[operator]
    assert tree(unpacked(archive)) == {"a/": b"", "b/": b"", **PHOTOS}


def test_single_folders_are_passed_through(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.tar.gz", {f"top/below/{name}": data for name, data in PHOTOS.items()})
    folder = unpacked(archive)
    assert folder.parts[-2:] == ("top", "below")
    assert tree(folder) == {"a/": b"", "b/": b"", **PHOTOS}


def test_a_file_beside_a_single_folder_stays_beside_it(tmp_path: Path) -> None:
    folder = unpacked(pack(tmp_path / "x.zip", {"images/1.jpg": b"one", "labels.csv": b""}))
    assert list(tree(folder)) == ["images/", "images/1.jpg", "labels.csv"]


def test_an_archive_that_cannot_be_used_leaves_nothing_in_the_cache(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(DataError, match="which would lie outside"):
        unpacked(pack(tmp_path / "x.zip", {"1.jpg": b"", "../x": b""}))
    assert list(tree(cache)) == ["archives/"]


def test_a_cache_that_cannot_be_written_is_an_output_error(tmp_path: Path, cache: Path) -> None:
    archive = pack(tmp_path / "x.zip", PHOTOS)
    cache.touch()
    with pytest.raises(OutputError, match="cannot write"):
        unpacked(archive)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("landmarks.zip", "landmarks"),
        ("Land.Marks.v2.TAR.GZ", "Land.Marks.v2"),
        ("x.tgz", "x"),
        ("photos", "photos"),
        (".zip", ".zip"),
    ],
)
def test_an_archive_is_called_without_its_suffixes(name: str, shown: str) -> None:
    assert archive_name(Path("/data") / name) == shown
