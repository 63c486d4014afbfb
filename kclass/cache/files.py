"""Files as the cache knows them: by their place and by what tells that they have changed."""

import os
from dataclasses import dataclass
from pathlib import Path

from kclass.errors import PhotoError
from kclass.photos.decoding import read_bytes
from kclass.photos.hashing import content_hash

FileState = tuple[str, int, int, int]
"""A file's place, size in bytes, time of change in ns, and inode."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read.

    Args:
        state: what tells later whether the file has changed.
        content: the content hash.
        data: the whole file.
    """

    state: FileState
    content: str
    data: bytes


def file_state(path: Path) -> FileState | None:
    """What tells whether a file has changed; None if it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):  # ValueError: a path with a null character
        return None
    return _key(path), status.st_size, status.st_mtime_ns, status.st_ino


def read_file(path: Path) -> ReadFile:
    """Read a file, and note its state from before: whoever changes it meanwhile is noticed later.

    Raises:
        PhotoError: it cannot be read.
    """
    state, data = file_state(path), read_bytes(path)
    if state is None:
        raise PhotoError(f"{path} appeared while it was read", fix="Try again.")
    return ReadFile(state, content_hash(data), data)


def _key(path: Path) -> str:
    """The file's place, links not followed: two links to one photo are two files."""
    # SQLite takes Unicode alone, and a name in an old encoding is none.
    return os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")  # noqa: PTH100
