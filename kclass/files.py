"""Files that are written whole or not at all, and the folder of kclass's own cache."""

import contextlib
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from kclass.errors import OutputError

CACHE_VARIABLE = "KCLASS_CACHE"


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; False where that cannot be found out.

    Unlike `Path.is_dir`, which until Python 3.13 raises for names that are too long and for folders
    that may not be entered.
    """
    return os.path.isdir(path)  # noqa: PTH112


def is_there(path: Path) -> bool:
    """Whether there is a file or folder of that name; False where that cannot be found out."""
    return os.path.exists(path)  # noqa: PTH110


def cache_folder() -> Path:
    """The folder of kclass's own cache: `KCLASS_CACHE`, or the system's usual place.

    Raises:
        OutputError: it lies in a home folder that the system does not know.
    """
    try:
        return _cache_folder()
    except RuntimeError as error:
        raise OutputError(
            "there is no home folder for kclass's cache",
            fix=f"Set {CACHE_VARIABLE} to a folder that you may write to.",
        ) from error


def _cache_folder() -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "kclass"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "kclass"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kclass"


def make_folder(path: Path) -> Path:
    """Make a folder and those above it, if they are not there.

    Raises:
        OutputError: it cannot be made.
    """
    with output_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Hand out a temporary path beside `path`; at the end of the block it becomes `path`.

    The file appears in one step (`os.replace`), so whoever looks sees the old one, the new one or
    none. If the block raises, nothing is left.

    Raises:
        OutputError: the file cannot be written (no permission, disk full, a folder in the way).
    """
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.parent / f".part-{uuid.uuid4().hex}{path.suffix}"
        part.touch(exist_ok=False)  # with the permissions of every new file; `tempfile` makes private ones
    try:
        with output_errors(path):
            yield part
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, in UTF-8 with line feeds.

    Raises:
        OutputError: the file cannot be written.
    """
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    with whole_file(path) as part:
        part.write_bytes(data)


@contextlib.contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors within the block into one that names `path`.

    Raises:
        OutputError: an `OSError` was raised.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {path}: {reason}",
            fix="Free some space, or choose a place you may write to.",
        ) from error
