"""Files moved elsewhere by a log that is written first, and moved back by it."""

import csv
import errno
import filecmp
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.errors import DataError, OutputError
from kclass.files import make_folder, output_errors, whole_file
from kclass.progress import Progress, silent, track

COLUMNS: Final = ("from", "to", "why")
LOG_NAME: Final = "moved.csv"
SHOWN: Final = 3
"""Files that an error names one by one."""


@dataclass(frozen=True, slots=True)
class Move:
    """One file that is to be moved, or has been.

    Args:
        source: where it was, absolute.
        target: where it goes, absolute.
        why: the findings about it, in one line.
    """

    source: Path
    target: Path
    why: str


def new_log(folder: Path, moves: Sequence[Move]) -> Path:
    """Write a log into a folder under a name that is free: `moved.csv`, or `moved-2.csv` and so on.

    It is on the disk when this returns.

    Raises:
        OutputError: it cannot be written.
    """
    make_folder(folder)
    log, number = folder / LOG_NAME, 1
    while not _is_made(log):
        number += 1
        log = folder / f"{Path(LOG_NAME).stem}-{number}.csv"
    write_log(log, moves)
    return log


def write_log(log: Path, moves: Iterable[Move]) -> None:
    """Write the moves as CSV in UTF-8 with the columns `from`, `to` and `why`, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with (
        whole_file(log) as part,
        part.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file,
    ):
        # Names may hold any sign but a slash, line feeds among them.
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        writer.writerows((str(move.source), str(move.target), move.why) for move in moves)
        file.flush()
        os.fsync(file.fileno())


def read_log(log: Path) -> tuple[Move, ...]:
    """Read the moves of a log.

    Raises:
        DataError: there is no such file, or it is no log of moves.
    """
    fix = "Give the log that `kclass check --fix move` wrote into the folder it moved photos to."
    try:
        with log.open(encoding="utf-8", errors="surrogatepass", newline="") as file:
            head, *rows = list(csv.reader(file)) or [[]]
    except OSError as error:
        raise DataError(f"cannot read {log}: {error.strerror or error}", fix=fix) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{log} is not a CSV file in UTF-8: {error}", fix=fix) from error
    if tuple(head) != COLUMNS or not all(_is_move(row) for row in rows):
        raise DataError(
            f"{log} is no log of moved photos: its columns must be {','.join(COLUMNS)}, its paths absolute",
            fix=fix,
        )
    return tuple(Move(Path(source), Path(target), why) for source, target, why in rows)


def move_file(source: Path, target: Path) -> None:
    """Move a file, or a link itself, to a name that must be free, on whatever file system.

    To another file system it is copied, compared byte for byte, and only then removed. The copy
    has the times and permissions of the file.

    Raises:
        OSError: it cannot be moved, or the name is taken; the file is where it was.
        OutputError: the target cannot be written; likewise.
    """
    if source.is_dir() and not source.is_symlink():
        raise OSError(errno.EISDIR, "it is a folder")
    if os.path.lexists(target):
        raise OSError(errno.EEXIST, f"there is a file of that name in {target.parent}")
    make_folder(target.parent)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_across(source, target)


def undo_moves(log: str | Path, *, progress: Progress = silent) -> int:
    """Move the files of a log back to where they were, the last one first.

    Files that are back already, or were never moved because the moving was interrupted, are left
    alone, so it can be called again. No file is overwritten. The log and the emptied folders stay.

    Args:
        log: the CSV file that `move_bad` wrote.
        progress: told of each file.

    Returns:
        How many files were moved back.

    Raises:
        DataError: there is no such file, or it is no log of moves.
        OutputError: some files could not be moved back, because another file has their name by now,
            they are gone from where they had been moved to, or the system forbids it. All others are back.
    """
    moves = read_log(Path(log))
    moved = 0
    problems: list[str] = []
    for move in track(reversed(moves), "moving back", len(moves), progress):
        try:
            moved += _move_back(move)
        except OutputError as error:
            problems.append(error.message)
        except OSError as error:
            problems.append(f"{move.source}: {error.strerror or error}")
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise OutputError(
            f"{len(problems)} of {len(moves)} files are not back: {'; '.join(problems[:SHOWN])}{more}",
            fix="The others are. Put right what stands in the way, and undo again.",
        )
    return moved


def _is_made(path: Path) -> bool:
    """Whether the file was made now; False if it was there."""
    with output_errors(path):
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
    return True


def _is_move(row: Sequence[str]) -> bool:
    return len(row) == len(COLUMNS) and all(Path(name).is_absolute() for name in row[:2])


def _move_across(source: Path, target: Path) -> None:
    """Move a file to another file system."""
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_file():
        with whole_file(target) as part:
            shutil.copyfile(source, part)
            _flush_to_disk(part)
            shutil.copystat(source, part)
            if not filecmp.cmp(source, part, shallow=False):
                raise OSError(errno.EIO, "the copy differs from the file")
    else:
        raise OSError(errno.EINVAL, "it is not a regular file, and cannot be moved to another file system")
    _remove(source, copy=target)


def _remove(source: Path, *, copy: Path) -> None:
    """Remove a file that has been copied; if that is not permitted, remove the copy."""
    try:
        source.unlink()
    except OSError:
        if os.path.lexists(source):
            copy.unlink()
        raise


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _move_back(move: Move) -> bool:
    """Move one file back; False if it is there already."""
    is_back, is_away = os.path.lexists(move.source), os.path.lexists(move.target)
    if not is_back and not is_away:
        raise OSError(errno.ENOENT, f"gone from {move.target}")
    if is_back and is_away and not _same(move.source, move.target):
        raise OSError(errno.EEXIST, "another file has this name by now")
    if not is_back:
        move_file(move.target, move.source)
    return not is_back


def _same(one: Path, other: Path) -> bool:
    """Whether two files are the same: a move across file systems was interrupted at its last step."""
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
