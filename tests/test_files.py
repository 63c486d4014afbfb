import os
import stat
from pathlib import Path

import processes
import pytest

from kclass.errors import OutputError
from kclass.files import (
    cache_folder,
    is_folder,
    is_there,
    make_folder,
    output_errors,
    whole_file,
    write_bytes,
    write_text,
)

FIX = "Free some space, or choose a place you may write to."

needs_posix = pytest.mark.skipif(os.name != "posix", reason="rights and limits are those of POSIX systems")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "out" / "file.csv"
    with whole_file(path) as part:
        part.write_text("new")
        assert not path.exists()
        assert (part.parent, part.suffix) == (path.parent, ".csv")
    assert path.read_text() == "new"
    assert names(path.parent) == ["file.csv"]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with whole_file(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_if_the_block_raises_nothing_is_left_and_the_old_file_stays(
    error: type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises((error, OutputError)), whole_file(path) as part:
        part.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_errors_of_the_block_that_are_not_of_the_disk_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole_file(tmp_path / "file.txt"):
        raise KeyError("a mistake")


def test_two_writers_of_one_file_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with whole_file(path) as first, whole_file(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"
    assert names(tmp_path) == ["file.txt"]


def test_text_is_written_in_utf_8_with_line_feeds(tmp_path: Path) -> None:
    write_text(tmp_path / "file.txt", "Café\n🚗\r\n")
    assert (tmp_path / "file.txt").read_bytes() == "Café\n🚗\r\n".encode()


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", bytes(range(256)))
    assert (tmp_path / "file").read_bytes() == bytes(range(256))


@needs_posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_has_the_permissions_that_every_new_file_has(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "file", "new")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_folder_in_the_way_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file.txt").mkdir()
    with pytest.raises(OutputError) as caught:
        write_text(tmp_path / "file.txt", "new")
    assert caught.value.message.startswith(f"cannot write {tmp_path / 'file.txt'}: ")
    assert caught.value.fix == FIX
    assert names(tmp_path) == ["file.txt"]


def test_a_file_where_a_folder_should_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file\.txt: (Not a directory|File exists)"):
        write_text(tmp_path / "out" / "file.txt", "new")
    with pytest.raises(OutputError, match=r"cannot write .*in: Not a directory"):
        make_folder(tmp_path / "out" / "in")
    with pytest.raises(OutputError, match=r"cannot write .*out: File exists") as caught:
        make_folder(tmp_path / "out")
    assert caught.value.fix == FIX


# As a user who may not write there, whoever runs the tests.
NOT_PERMITTED = """
import os, sys
from pathlib import Path
from kclass.errors import OutputError
from kclass.files import make_folder, write_text
if os.geteuid() == 0:
    os.seteuid(65534)
for write in (lambda path: write_text(path / "file.txt", "new"), lambda path: make_folder(path / "folder")):
    try:
        write(Path(sys.argv[1]))
    except OutputError as error:
        print(error)
"""


@needs_posix
def test_a_place_one_may_not_write_to_is_an_output_error(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    done = processes.run(*processes.python(NOT_PERMITTED, str(closed)), cwd=tmp_path)
    assert done.stdout.splitlines() == [
        f"cannot write {closed / 'file.txt'}: Permission denied",
        FIX,
        f"cannot write {closed / 'folder'}: Permission denied",
        FIX,
    ], done.stderr


FULL_DISK = """
import sys
from pathlib import Path
from kclass.errors import OutputError
from kclass.files import write_bytes
try:
    write_bytes(Path(sys.argv[1]), bytes(100_000))
except OutputError as error:
    print(error)
"""


@needs_posix
def test_a_full_disk_is_an_output_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    command = processes.limited(processes.python(FULL_DISK, str(tmp_path / "file")), file_bytes=50_000)
    done = processes.run(*command, cwd=tmp_path)
    assert done.stdout.splitlines() == [f"cannot write {tmp_path / 'file'}: File too large", FIX], done.stderr
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_folders_are_made_with_those_above_them_and_may_be_there(tmp_path: Path) -> None:
    for _ in range(2):
        assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
        assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {"KCLASS_CACHE": "/disk/cache"}, "/disk/cache"),
        ("win32", {"KCLASS_CACHE": "/disk/cache"}, "/disk/cache"),
        ("linux", {"KCLASS_CACHE": "~/cache"}, "/home/ada/cache"),
        ("linux", {}, "/home/ada/.cache/kclass"),
        ("linux", {"KCLASS_CACHE": "", "XDG_CACHE_HOME": ""}, "/home/ada/.cache/kclass"),
        ("linux", {"XDG_CACHE_HOME": "/home/ada/xdg"}, "/home/ada/xdg/kclass"),
        ("darwin", {}, "/home/ada/Library/Caches/kclass"),
        ("win32", {}, "/home/ada/AppData/Local/kclass"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/kclass"),
    ],
)
@needs_posix
def test_the_cache_lies_where_the_system_keeps_caches(
    system: str, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KCLASS_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr("sys.platform", system)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


@pytest.mark.parametrize("name", ["a" * 300, "gone", "file/below", "null\0"])
def test_what_no_system_can_find_is_not_there_and_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not is_there(tmp_path / name)
    assert not is_folder(tmp_path / name)


def test_a_folder_is_there_and_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (is_there(tmp_path), is_folder(tmp_path)) == (True, True)
    assert (is_there(tmp_path / "file"), is_folder(tmp_path / "file")) == (True, False)


def test_errors_of_the_system_name_the_file_that_cannot_be_written() -> None:
    with pytest.raises(OutputError) as raised, output_errors(Path("out.csv")):
        raise OSError(28, "No space left on device")
    assert (raised.value.message, raised.value.fix) == (
        "cannot write out.csv: No space left on device",
        FIX,
    )


@needs_posix
def test_a_user_without_a_home_folder_is_told_where_else_the_cache_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KCLASS_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(OutputError) as raised:
        cache_folder()
    assert raised.value.message == "there is no home folder for kclass's cache"
    assert raised.value.fix == "Set KCLASS_CACHE to a folder that you may write to."
