import os
from pathlib import Path

import pytest

from kclass.cache.files import file_state, read_file
from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.photos.hashing import content_hash


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"content")
    return path


def remember(*paths: Path) -> None:
    with ContentStore() as store:
        store.add("recipe", {}, [((read := read_file(path)).state, read.content) for path in paths])


def unchanged(*paths: Path) -> dict[int, str]:
    with ContentStore() as store:
        return store.unchanged(paths)


def test_a_file_is_read_with_its_state_and_content_hash(file: Path) -> None:
    read = read_file(file)
    assert (read.data, read.content) == (b"content", content_hash(b"content"))
    status = file.stat()
    assert read.state == (str(file), 7, status.st_mtime_ns, status.st_ino)
    assert file_state(file) == read.state


def test_the_state_of_a_file_does_not_depend_on_where_it_is_seen_from(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    assert file_state(Path("photo.jpg")) == file_state(file)
    assert file_state(Path("..", file.parent.name, ".", "photo.jpg")) == file_state(file)


def test_a_link_is_a_file_of_its_own(file: Path) -> None:
    link = file.with_name("link.jpg")
    link.symlink_to(file)
    state = file_state(link)
    assert state is not None
    assert state[0] == str(link)
    assert state[1:] == (file_state(file) or ())[1:]


@pytest.mark.parametrize("name", ["missing.jpg", "photo.jpg/below", "x" * 5000, "with\0null"])
def test_what_is_not_there_has_no_state_and_cannot_be_read(name: str, file: Path) -> None:
    assert file_state(file.parent / name) is None
    with pytest.raises(PhotoError, match="cannot read "):
        read_file(file.parent / name)


def test_files_that_were_added_are_unchanged_by_their_place(file: Path) -> None:
    other = file.with_name("other.jpg")
    other.write_bytes(b"another content")
    remember(file, other)
    missing = file.with_name("missing.jpg")
    expected = {1: content_hash(b"another content"), 2: content_hash(b"content"), 3: content_hash(b"content")}
    assert unchanged(missing, other, file, file) == expected


def test_a_file_that_is_written_again_is_not_unchanged(file: Path) -> None:
    remember(file)
    file.write_bytes(b"another content")
    assert unchanged(file) == {}


def test_a_file_of_the_same_size_that_takes_its_place_is_not_unchanged(file: Path) -> None:
    remember(file)
    other = file.with_name("other.jpg")
    other.write_bytes(b"CONTENT")
    other.replace(file)
    assert unchanged(file) == {}


def test_files_with_any_name_are_known_again(file: Path) -> None:
    """SQLite takes Unicode alone; a file system may take any bytes."""
    named = file.rename(os.fsdecode(os.fsencode(file.parent) + b"/caf\xe9 \xf0\x9f\x9a\x97.jpg"))
    remember(named)
    assert unchanged(named) == {0: content_hash(b"content")}
