"""Archives of photos, each unpacked once into kclass's cache."""

import contextlib
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kclass.dataset.archives import unpack
from kclass.errors import DataError, OutputError
from kclass.files import CACHE_VARIABLE, cache_folder, is_folder, is_there, output_errors, write_text
from kclass.photos.hashing import file_content_hash

_VERSION: Final = 1
"""Raise it when the same archive would be unpacked differently."""

_WAIT_SECONDS: Final = 600
"""A folder of millions of files is looked through while others wait."""

_SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def unpacked(archive: Path) -> Path:
    """The folder that holds what is in an archive: in the cache, from before if it is there and whole.

    If all lies in a single folder, it is that one.

    Raises:
        DataError: as `unpack`.
        OutputError: the cache cannot be written.
    """
    folder = cache_folder() / "archives" / _content_hash(archive)
    if not _is_whole(folder):
        staging = folder.with_name(f".part-{uuid.uuid4().hex}")
        try:
            _unpack(archive, staging)
            # Noted first: whoever finds the folder finds it whole, also if all ends here.
            write_text(_note(folder), json.dumps(_content(staging)))
            _put(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return innermost(folder)


def archive_name(archive: Path) -> str:
    """What an archive is called without its suffixes."""
    lower = archive.name.lower()
    longest = max((suffix for suffix in _SUFFIXES if lower.endswith(suffix)), key=len, default="")
    return archive.name[: len(lower) - len(longest)] or archive.name


def _unpack(archive: Path, folder: Path) -> None:
    try:
        unpack(archive, folder)
    except OutputError as error:
        raise OutputError(
            f"cannot unpack {archive} into kclass's cache: {error.message}",
            fix=f"Free some space, or set {CACHE_VARIABLE} to a folder that you may write to.",
        ) from error


def _put(staging: Path, folder: Path) -> None:
    """Put a folder in its place, unless another process has put the same one there meanwhile."""
    broken = staging.with_name(f"{staging.name}-broken")
    with output_errors(folder):
        with _alone(folder.with_name("lock.sqlite")):
            if _is_whole(folder):
                return
            if is_there(folder):
                folder.rename(broken)
            staging.rename(folder)
        shutil.rmtree(broken, ignore_errors=True)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let other processes and threads wait; SQLite's lock, unlike a file, ends with who holds it."""
    with contextlib.ExitStack() as stack:
        try:
            connection = sqlite3.connect(lock, timeout=_WAIT_SECONDS, isolation_level=None)
            stack.callback(connection.close)
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise OutputError(
                f"cannot use {lock}: {error}",
                fix=f"Delete that file, or set {CACHE_VARIABLE} to another folder.",
            ) from error
        yield


def _content_hash(path: Path) -> str:
    try:
        return file_content_hash(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}", fix="Check the path and who may read it.") from error


def _note(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _is_whole(folder: Path) -> bool:
    """Whether a folder holds what was unpacked into it: caches are cleaned by those who need space."""
    try:
        noted = json.loads(_note(folder).read_text(encoding="utf-8"))
        return bool(noted == _content(folder))
    except (OSError, ValueError):  # never unpacked to the end, or cleaned at this moment
        return False


def _content(folder: Path) -> dict[str, int]:
    sizes = [(Path(place) / name).stat().st_size for place, _, names in os.walk(folder) for name in names]
    return {"version": _VERSION, "files": len(sizes), "bytes": sum(sizes)}


def innermost(folder: Path) -> Path:
    """The folder that holds what is in an archive: archives often have all in a single folder."""
    entries = list(folder.iterdir())
    while len(entries) == 1 and is_folder(entries[0]):
        (folder,) = entries
        entries = list(folder.iterdir())
    return folder
