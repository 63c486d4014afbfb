"""Photos as tables name them, found where they lie: without suffix, in another spelling, absolute."""

import contextlib
import errno
import os
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from kclass.dataset.names import composed, listing
from kclass.errors import DataError
from kclass.files import is_folder
from kclass.photos.decoding import SUFFIXES

_NO_FOLDER: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})
"""What a system says of a folder that is not there, or that no system could have."""


def locate(names: Sequence[str], root: Path, *, where: Callable[[int], str]) -> list[str | None]:
    """Find the photos that names stand for, as `Samples.paths` has them.

    A name is a path from `root` on, or an absolute one, with suffix or without. Where nothing is
    called exactly so, the name may differ in Unicode's composition, in the capitals of its suffix,
    in spaces around it, and in backslashes for slashes. No photo is looked up by itself: each folder
    that names lead to is listed once.

    Args:
        names: what the table says.
        root: the folder that names start from.
        where: what errors call a row.

    Returns:
        For each name the path below `root`, or the absolute path of a photo elsewhere, with forward
        slashes; None if there is no such photo.

    Raises:
        DataError: a name stands for several photos, or a folder cannot be listed.
    """
    found = _located(names, root, where)
    rows = [row for row, path in enumerate(found) if path is None and _respelt(names[row]) != names[row]]
    if rows:
        again = _located([_respelt(names[row]) for row in rows], root, lambda place: where(rows[place]))
        for row, path in zip(rows, again, strict=True):
            found[row] = path
    return found


def from_root(paths: Iterable[str], root: Path) -> list[str]:
    """Paths with forward slashes, without detours, and from `root` on where they lie below it."""
    prefixes = {f"{each.as_posix().rstrip('/')}/" for each in (root.absolute(), root.resolve())}
    return [_from_root(path, prefixes) for path in paths]


def _from_root(path: str, prefixes: Iterable[str]) -> str:
    if path[:1] in "./" or "//" in path or "/." in path:
        path = posixpath.normpath(path)
    for prefix in prefixes:
        if path.startswith(prefix):
            return path[len(prefix) :]
    return path


def _respelt(name: str) -> str:
    return name.strip().replace("\\", "/")


def _located(names: Sequence[str], root: Path, where: Callable[[int], str]) -> list[str | None]:
    paths = from_root(names, root)
    rows_by_folder: dict[str, list[int]] = defaultdict(list)
    for row, path in enumerate(paths):
        rows_by_folder[posixpath.split(path)[0]].append(row)
    found: list[str | None] = [None] * len(paths)
    below = _FoldersBelow(root)
    for name, rows in rows_by_folder.items():
        folder = _Folder(root, name, below)
        for row in rows:
            found[row] = folder.photo(paths[row], lambda row=row: where(row))  # type: ignore[misc]
    return found


class _Folder:
    """The files of one folder that a table names."""

    def __init__(self, root: Path, name: str, below: "_FoldersBelow") -> None:
        self._name = name
        files = _files(root, name)
        if files is None and not name.isascii():
            self._name = below.composed_folder(name) or name
            files = _files(root, self._name)
        self._files = files or set()
        self._by_stem: dict[str, list[str]] | None = None

    def photo(self, path: str, place: Callable[[], str]) -> str | None:
        """The path of the photo that a path stands for, None if there is none."""
        head, wanted = posixpath.split(path)
        if wanted in self._files:
            return path if head == self._name else posixpath.join(self._name, wanted)
        photos = self._like(wanted) if self._files else []
        if len(photos) > 1:
            raise DataError(
                f"{place()} names {path}, which may be any of several photos: {listing(sorted(photos))}",
                fix="Write its whole name, with the suffix.",
            )
        return posixpath.join(self._name, photos[0]) if photos else None

    def _like(self, wanted: str) -> list[str]:
        """Files of the same name but for composition and the capitals of the suffix, or with a suffix."""
        if self._by_stem is None:
            self._by_stem = defaultdict(list)
            for file in self._files:
                self._by_stem[composed(posixpath.splitext(file)[0])].append(file)
        stem, suffix = posixpath.splitext(composed(wanted))
        same = [file for file in self._by_stem.get(stem, ()) if _suffix(file) == suffix.lower()]
        return same or [file for file in self._by_stem.get(composed(wanted), ()) if _suffix(file) in SUFFIXES]


def _suffix(file: str) -> str:
    return posixpath.splitext(file)[1].lower()


def _files(root: Path, folder: str) -> set[str] | None:
    """Names of the files in a folder, broken links among them; None if there is no such folder."""
    try:
        with os.scandir(root / folder) as entries:
            return {
                entry.name
                for entry in entries
                if (not is_folder(Path(entry.path)) if entry.is_symlink() else entry.is_file())
            }
    except ValueError:  # a name with a null character
        return None
    except OSError as error:
        if error.errno in _NO_FOLDER:
            return None
        raise DataError(
            f"cannot read the folder {root / folder}: {error.strerror or error}",
            fix="Make it readable, or move it elsewhere.",
        ) from error


class _FoldersBelow:
    """Folders known by their names in Unicode's composed form, each folder above listed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, dict[str, list[str]]] = {}

    def composed_folder(self, folder: str) -> str | None:
        """The folder whose name differs in Unicode's composition alone; None if there is none."""
        here = "/" if folder.startswith("/") else ""
        for part in filter(None, folder.split("/")):
            alike = self._in(here).get(composed(part), [])
            if len(alike) != 1:
                return None
            here = posixpath.join(here, alike[0])
        return here

    def _in(self, here: str) -> dict[str, list[str]]:
        if here not in self._known:
            self._known[here] = defaultdict(list)
            # Where the folder above is not there, neither is this one.
            with contextlib.suppress(OSError), os.scandir(self._root / here) as entries:
                for entry in entries:
                    if is_folder(Path(entry.path)):
                        self._known[here][composed(entry.name)].append(entry.name)
        return self._known[here]
