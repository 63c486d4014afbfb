"""Files that are written whole or not at all, and the folder of kclass's own cache."""

import contextlib
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from kclass.errors import OutputError

CACHE_VARIABLE = "KCLASS_CACHE"


def cache_folder() -> Path:
    """The folder of kclass's own cache: `KCLASS_CACHE`, or the system's usual place."""
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
    with _output_errors(path):
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
    with _output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.parent / f".part-{uuid.uuid4().hex}{path.suffix}"
        part.touch(exist_ok=False)  # with the permissions of every new file; `tempfile` makes private ones
    try:
        with _output_errors(path):
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
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {path}: {reason}",
            fix="Free some space, or choose a place you may write to.",
        ) from error
