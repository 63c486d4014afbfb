"""What lies in a folder: photos and the folders above them, found without reading any file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.errors import DataError
from kclass.photos.decoding import SUFFIXES

FOLDERS_OF_SYSTEMS: Final = frozenset(
    {"__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"}
)
"""Folders that macOS archives and Synology drives fill with shadows of the photos, and those that Linux
and Windows put on each drive, often so that nobody may read them."""

_CLASS_DEPTH: Final = 2
"""The deepest level on which class folders lie: `train/cat` is two below the root."""

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tree:
    """What a folder holds, hidden things left out.

    Args:
        photos: photos on every level, relative, with forward slashes, in the order of their
            characters' code points, whatever order the file system has.
        folders: folders one and two levels down, likewise.
    """

    photos: tuple[str, ...]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Visit:
    """A folder still to be looked at, and the real folders not to be entered from there."""

    path: str
    prefix: str
    depth: int
    seen: set[_Identity]


def scan(root: Path) -> Tree:
    """Find the photos in a folder and in all folders below it, links to folders included.

    A file is a photo if its suffix is one of those that can be decoded, in capitals or not. Links
    that lead back to a folder above are not followed, and below a class folder each real folder
    is entered once, so that loops end.

    Raises:
        DataError: a folder cannot be read.
    """
    photos: list[str] = []
    folders: list[str] = []
    waiting = [_Visit(str(root), "", 0, set())]
    while waiting:
        visit = waiting.pop()
        try:
            waiting += reversed(_look_at(visit, photos, folders))
        except OSError as error:
            raise DataError(
                f"cannot read the folder {visit.path}: {error.strerror or error}",
                fix="Make it readable, or move it elsewhere.",
            ) from error
    return Tree(tuple(sorted(photos)), tuple(sorted(folders)))


def _look_at(visit: _Visit, photos: list[str], folders: list[str]) -> list[_Visit]:
    """Note one folder and its photos, and give back the folders in it, sorted by name."""
    status = Path(visit.path).stat()
    identity = (status.st_dev, status.st_ino)
    if identity in visit.seen:
        return []
    if 0 < visit.depth <= _CLASS_DEPTH:
        folders.append(visit.prefix.rstrip("/"))
    if visit.depth <= _CLASS_DEPTH:
        seen = visit.seen | {identity}
    else:
        seen = visit.seen
        seen.add(identity)
    below = []
    with os.scandir(visit.path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                if entry.name not in FOLDERS_OF_SYSTEMS:
                    below.append(_Visit(entry.path, f"{visit.prefix}{entry.name}/", visit.depth + 1, seen))
            elif _is_photo(entry):
                photos.append(visit.prefix + entry.name)
    return sorted(below, key=lambda child: child.prefix)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_photo(entry: os.DirEntry[str]) -> bool:
    """Whether the name is a photo's; a broken link counts, so that the decoder names it."""
    _, dot, suffix = entry.name.rpartition(".")
    return dot + suffix.lower() in SUFFIXES and (entry.is_symlink() or entry.is_file())
