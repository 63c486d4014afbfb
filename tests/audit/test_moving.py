import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import processes
import pytest
from audits import files_in, folder_audit

import kclass
from kclass.audit.fixing import move_bad
from kclass.audit.moving import move_file, undo_moves

LOG_FIX = "Give the log that `kclass check --fix move` wrote into the folder it moved photos to."


def refuse_to_rename(self: Path, target: Path) -> Path:
    """What the system says to a rename from one file system to another."""
    raise OSError(errno.EXDEV, "Invalid cross-device link")


@pytest.fixture
def two_file_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "rename", refuse_to_rename)


def moved_log(tmp_path: Path, *rows: int) -> Path:
    log = move_bad(folder_audit(tmp_path / "photos", *rows)).log
    assert log is not None
    return log


def test_undo_brings_back_every_file_and_can_be_called_again(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 0, 2, 4)
    before = files_in(tmp_path / "photos")
    log = move_bad(audit).log
    assert log is not None
    assert files_in(tmp_path / "photos") != before
    assert undo_moves(str(log)) == 3
    assert files_in(tmp_path / "photos") == before
    assert list(files_in(log.parent)) == ["moved.csv"]
    assert undo_moves(log) == 0
    assert files_in(tmp_path / "photos") == before


def test_undo_makes_folders_that_are_gone(tmp_path: Path) -> None:
    log = moved_log(tmp_path, 0, 1, 2)
    (tmp_path / "photos/ash").rmdir()
    assert undo_moves(log) == 3
    assert len(files_in(tmp_path / "photos/ash")) == 3


def test_undo_overwrites_no_file_and_brings_back_the_others(tmp_path: Path) -> None:
    log = moved_log(tmp_path, 0, 1)
    (tmp_path / "photos/ash/0.png").write_bytes(b"another")
    with pytest.raises(kclass.OutputError) as caught:
        undo_moves(log)
    assert caught.value.message == (
        f"1 of 2 files are not back: {tmp_path}/photos/ash/0.png: another file has this name by now"
    )
    assert caught.value.fix == "The others are. Put right what stands in the way, and undo again."
    assert (tmp_path / "photos/ash/0.png").read_bytes() == b"another"
    assert sorted(files_in(log.parent)) == ["ash/0.png", "moved.csv"]
    (tmp_path / "photos/ash/0.png").unlink()
    assert undo_moves(log) == 1


def test_undo_tells_of_files_that_are_gone(tmp_path: Path) -> None:
    log = moved_log(tmp_path, *range(6))
    for name in ("ash/0.png", "ash/1.png", "ash/2.png", "birch/0.png"):
        (log.parent / name).unlink()
    with pytest.raises(kclass.OutputError) as caught:
        undo_moves(log)
    away, back = log.parent, tmp_path / "photos"
    # From the last row of the log to the first.
    assert caught.value.message == (
        f"4 of 6 files are not back: {back}/birch/0.png: gone from {away}/birch/0.png; "
        f"{back}/ash/2.png: gone from {away}/ash/2.png; {back}/ash/1.png: gone from {away}/ash/1.png; "
        "and 1 more"
    )
    assert sorted(files_in(back)) == ["birch/1.png", "birch/2.png"]


def test_progress_of_undoing_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    undo_moves(moved_log(tmp_path, 1), progress=lambda *step: told.append(step))
    assert told == [("moving back", 0, 1), ("moving back", 1, 1)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,class,split\na.jpg,ash,\n", "is no log of moved photos: its columns must be from,to,why, "),
        (b"from,to,why\nash/0.png,/far/0.png,why\n", "is no log of moved photos: "),
        (b"from,to,why\n/a,/b\n", "is no log of moved photos: "),
        (b"", "is no log of moved photos: "),
        (b"\xff\xfe", "is not a CSV file in UTF-8: "),
    ],
)
def test_a_file_that_is_no_log_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "moved.csv").write_bytes(content)
    with pytest.raises(kclass.DataError) as caught:
        undo_moves(tmp_path / "moved.csv")
    assert caught.value.message.startswith(f"{tmp_path / 'moved.csv'} {message}")
    assert caught.value.fix == LOG_FIX


def test_a_log_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(kclass.DataError) as caught:
        undo_moves(tmp_path / "moved.csv")
    assert str(caught.value) == f"cannot read {tmp_path}/moved.csv: No such file or directory\n{LOG_FIX}"


@pytest.mark.usefixtures("two_file_systems")
def test_files_go_to_another_file_system_and_back_with_their_times_and_permissions(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 0, 1)
    one, link = tmp_path / "photos/ash/0.png", tmp_path / "photos/ash/1.png"
    one.chmod(0o440)
    os.utime(one, ns=(10**18, 10**18))
    link.unlink()
    link.symlink_to("../birch/0.png")
    before = files_in(tmp_path / "photos")
    moved = move_bad(audit)
    assert moved.stayed == ()
    for place in (moved.folder / "ash/0.png", one):
        status = place.stat()
        assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o440, 10**18)
        assert sorted(path.name for path in place.parent.iterdir() if path.name[0] == ".") == []
        assert moved.log is not None
        undo_moves(moved.log)
    assert files_in(tmp_path / "photos") == before


@pytest.mark.skipif(
    not Path("/dev/shm").is_dir() or Path("/dev/shm").stat().st_dev == Path("/tmp").stat().st_dev,
    reason="there is one file system only",
)
def test_files_go_to_a_file_system_that_is_really_another(tmp_path: Path) -> None:
    audit = folder_audit(tmp_path / "photos", 0, 3)
    before = files_in(tmp_path / "photos")
    quarantine = Path(f"/dev/shm/kclass-{os.getpid()}")
    try:
        moved = move_bad(audit, quarantine)
        assert (len(moved.moves), len(files_in(tmp_path / "photos"))) == (2, 4)
        assert moved.log is not None
        assert undo_moves(moved.log) == 2
    finally:
        shutil.rmtree(quarantine, ignore_errors=True)
    assert files_in(tmp_path / "photos") == before


@pytest.mark.usefixtures("two_file_systems")
def test_a_copy_that_differs_from_its_file_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:-1])

    monkeypatch.setattr(shutil, "copyfile", short)
    audit = folder_audit(tmp_path / "photos", 0)
    before = files_in(tmp_path / "photos")
    moved = move_bad(audit)
    assert [error.message for error in moved.stayed] == [
        f"cannot move {tmp_path}/photos/ash/0.png: cannot write {moved.folder}/ash/0.png: "
        "the copy differs from the file"
    ]
    assert files_in(tmp_path / "photos") == before
    assert list(files_in(moved.folder)) == ["moved.csv"]


@pytest.mark.usefixtures("two_file_systems")
def test_a_copy_whose_file_may_not_be_removed_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = Path.unlink

    def closed(path: Path, missing_ok: bool = False) -> None:
        if path.parent == tmp_path / "photos/ash":
            raise PermissionError(errno.EACCES, "Permission denied")
        remove(path, missing_ok)

    audit = folder_audit(tmp_path / "photos", 0)
    before = files_in(tmp_path / "photos")
    monkeypatch.setattr(Path, "unlink", closed)
    moved = move_bad(audit)
    assert [error.message for error in moved.stayed] == [
        f"cannot move {tmp_path}/photos/ash/0.png: Permission denied"
    ]
    assert files_in(tmp_path / "photos") == before
    assert list(files_in(moved.folder)) == ["moved.csv"]


def test_a_pipe_is_not_read_when_it_must_be_copied(two_file_systems: None, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is not a regular file, and cannot be moved to another file system"):
        move_file(tmp_path / "pipe", tmp_path / "elsewhere")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_name_that_is_taken_by_a_broken_link_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("file")
    (tmp_path / "taken").symlink_to("nowhere")
    with pytest.raises(OSError, match=f"there is a file of that name in {tmp_path}"):
        move_file(tmp_path / "file", tmp_path / "taken")
    assert (tmp_path / "file").read_text() == "file"


# As a user who may not write there, whoever runs the tests.
NOT_PERMITTED = """
import os, sys
from pathlib import Path
from audits import folder_audit
from kclass.audit.fixing import move_bad
from kclass.errors import KClassError
if os.geteuid() == 0:
    os.seteuid(65534)
audit = folder_audit(Path("photos"), 0, 3)
Path("photos/ash").chmod(0o555)
moved = move_bad(audit)
print(len(moved.moves), *(error.message for error in moved.stayed), sep="\\n")
Path("closed").mkdir(0o555)
try:
    move_bad(audit, "closed/elsewhere")
except KClassError as error:
    print(error)
"""


def test_a_folder_one_may_not_change_keeps_its_photos(tmp_path: Path) -> None:
    place = Path(f"/tmp/kclass-{os.getpid()}-closed")  # pytest's folders are closed to other users
    place.mkdir()
    place.chmod(0o777)
    try:
        done = processes.run(
            *processes.python(NOT_PERMITTED),
            cwd=place,
            variables={"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert (place / "photos/ash/0.png").is_file()
    finally:
        shutil.rmtree(place)
    assert done.stdout.splitlines() == [
        "1",
        f"cannot move {place}/photos/ash/0.png: Permission denied",
        f"cannot write {place}/closed/elsewhere: Permission denied",
        "Free some space, or choose a place you may write to.",
    ], done.stderr


# Dies without a word while it reports that so many files are moved.
KILLED = """
import os, signal, sys
from pathlib import Path
from audits import audit_of, bad
from kclass.audit.fixing import move_bad
from kclass.dataset.folder import ImageFolder
def die(stage, done, total):
    if done == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
move_bad(audit_of(ImageFolder(sys.argv[1]), *bad(0, 1, 4, 5)), progress=die)
"""


@pytest.mark.parametrize("done", [0, 1, 3, 4])
def test_what_was_moved_before_a_kill_can_be_undone(done: int, tmp_path: Path) -> None:
    folder_audit(tmp_path / "photos")
    before = files_in(tmp_path / "photos")
    killed = subprocess.run(
        processes.python(KILLED, str(tmp_path / "photos"), str(done)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(files_in(tmp_path / "photos")) == 6 - done
    log = tmp_path / "photos-quarantine/moved.csv"
    assert undo_moves(log) == done
    assert files_in(tmp_path / "photos") == before
    assert list(files_in(log.parent)) == ["moved.csv"]


def test_a_move_that_was_killed_between_copy_and_removal_counts_as_undone(tmp_path: Path) -> None:
    log = moved_log(tmp_path, 0, 1)
    for number in (0, 1):
        shutil.copy2(log.parent / f"ash/{number}.png", tmp_path / f"photos/ash/{number}.png")
    assert undo_moves(log) == 0
    assert len(files_in(tmp_path / "photos")) == 6
