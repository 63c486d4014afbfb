import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
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


def test_what_is_not_whole_and_cannot_be_deleted_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(tmp_path / "x.zip", PHOTOS)
    remove_one(unpacked(archive))
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as where a program holds a file open
    assert tree(unpacked(archive)) == {"a/": b"", "b/": b"", **PHOTOS}


def test_a_folder_is_there_with_the_note_that_it_is_whole_or_not_at_all(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", PHOTOS)
    folder = unpacked(archive)
    shutil.rmtree(folder)
    forget(folder)
    folder.with_name(f"{folder.name}.json").mkdir()  # no note can be written
    with pytest.raises(OutputError, match="cannot write"):
        unpacked(archive)
    assert list(tree(folder.parent)) == [f"{folder.name}.json/", "lock.sqlite"]


def test_a_lock_that_cannot_be_used_is_named(tmp_path: Path, cache: Path) -> None:
    (cache / "archives" / "lock.sqlite").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"cannot use .*lock\.sqlite: unable to open") as caught:
        unpacked(pack(tmp_path / "x.zip", PHOTOS))
    assert caught.value.fix == "Delete that file, or set KCLASS_CACHE to another folder."
    assert not [path for path in (cache / "archives").iterdir() if path.name.startswith(".part")]


@pytest.mark.parametrize("state", ["absent", "broken"])
def test_an_archive_is_unpacked_by_several_at_once(state: str, tmp_path: Path) -> None:
    contents = {f"{number % 9}/{number}.jpg": b"x" * number for number in range(200)}
    archive = pack(tmp_path / "x.zip", contents)
    if state == "broken":
        (unpacked(archive) / "1" / "1.jpg").unlink()
    start = threading.Barrier(6)

    def whole(_: int) -> bool:
        start.wait()
        folder = unpacked(archive)
        return all((folder / name).is_file() for name in contents)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(whole, range(6)))
    names = {path.name for path in (tmp_path / "cache" / "archives").iterdir()}
    assert len(names) == 3  # the folder, its note and the lock; no parts, broken or not
    assert "lock.sqlite" in names


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
    with pytest.raises(OutputError) as caught:
        unpacked(archive)
    assert caught.value.message.startswith(f"cannot unpack {archive} into kclass's cache: cannot write ")
    assert caught.value.fix == "Free some space, or set KCLASS_CACHE to a folder that you may write to."


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
