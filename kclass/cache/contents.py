"""What lies in kclass's cache, and how it is emptied of all that kclass can compute again."""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from kclass.cache.store import FILE_NAME, ContentStore
from kclass.files import cache_folder, is_there

_VALUES: Final = {
    "features": "what networks see in photos",
    "inspection": "what one look at photos tells",
    "matches": "which photos show the same picture",
}
"""What the store keeps, by the first word of its recipes."""

_STORE: Final = re.compile(rf"{re.escape(FILE_NAME)}(-\w+)?")
_OTHER_STORE: Final = re.compile(r"photos-v\d+\.sqlite(-\w+)?")
_PART: Final = r"\.part-[0-9a-f]+"
"""What a process leaves that is killed while it writes."""

_BUILT: Final = {
    "backbones": (
        "networks with their weights",
        re.compile(rf"backbones/([^/]+-\d+-[^/]+-v\d+|{_PART})\.keras"),
    ),
    "networks": (
        "networks as an engine runs them",
        re.compile(
            r"networks/[0-9a-f]+(-to-\d+)?-"
            rf"(v\d+/(network|{_PART})\.(xml|bin)|compiled-v\d+/(\w+-[0-9a-f]+|{_PART})\.blob)"
        ),
    ),
}
"""What kclass builds, and the names of those files: anything else beside them is not its own."""

_FETCHED: Final = {
    "archives": "photos unpacked from archives",
    "keras": "weights that Keras downloaded, and its settings",
    "matplotlib": "files of matplotlib",
}


@dataclass(frozen=True)
class CacheKind:
    """One kind of thing in the cache.

    Args:
        name: what it is called.
        meaning: what it is, in a few words.
        entries: how many there are: values for one photo or set of photos each, or files.
        bytes: what they take.
        computed: whether kclass can compute them again, so that `clear_cache` takes them out.
    """

    name: str
    meaning: str
    entries: int
    bytes: int
    computed: bool


@dataclass(frozen=True, repr=False)
class CacheContents:
    """What lies in kclass's cache, or what was taken out of it.

    Args:
        folder: where it is.
        kinds: each kind of thing, whether there is any of it or not.
        bytes: of all files. They are more than those of the kinds, since a store has an index and gaps.
    """

    folder: Path
    kinds: tuple[CacheKind, ...]
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        kinds = [asdict(kind) for kind in self.kinds]
        return {"folder": str(self.folder), "bytes": self.bytes, "kinds": kinds}

    def __repr__(self) -> str:
        kinds = ", ".join(f"{kind.entries} {kind.name}" for kind in self.kinds if kind.entries)
        return f"CacheContents {self.folder}: {self.bytes:,} bytes ({kinds or 'nothing'})"


def cache_contents() -> CacheContents:
    """Count what lies in kclass's cache. Nothing is changed.

    Raises:
        OutputError: the cache cannot be read.
    """
    folder = cache_folder()
    values = tuple(_values(folder))
    files = {_name(path, folder): _size(path) for path in _files(folder)}
    return CacheContents(folder, values + tuple(_kinds_of_files(folder, files)), sum(files.values()))


def clear_cache() -> CacheContents:
    """Take everything out of kclass's cache that kclass can compute again.

    Other processes may go on using it: they compute what they miss. What came from elsewhere (unpacked
    archives, downloads) stays, and so does what kclass has not put there.

    Returns:
        What was there and is there no more.

    Raises:
        OutputError: the cache cannot be used.
    """
    before = cache_contents()
    for path in _files(before.folder):
        name = _name(path, before.folder)
        if any(pattern.fullmatch(name) for _, pattern in _BUILT.values()):
            with contextlib.suppress(OSError):  # gone by now, or open where open files cannot be deleted
                path.unlink()
        elif _OTHER_STORE.fullmatch(name) and path.suffix == ".sqlite":
            _empty(path)
    after = cache_contents()
    gone = (_less(old, new) for old, new in zip(before.kinds, after.kinds, strict=True))
    return CacheContents(before.folder, tuple(gone), max(0, before.bytes - after.bytes))


def _less(old: CacheKind, new: CacheKind) -> CacheKind:
    return replace(old, entries=max(0, old.entries - new.entries), bytes=max(0, old.bytes - new.bytes))


def _empty(path: Path) -> None:
    """Empty a store; a file of another version may have other tables."""
    if path.name == FILE_NAME:
        with ContentStore(path) as store:
            store.clear()
        return
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as connection:
        with connection:
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                connection.execute(f'DELETE FROM "{table}"')
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _values(folder: Path) -> Iterator[CacheKind]:
    rows: list[tuple[str, int, int]] = []
    if is_there(folder / FILE_NAME):
        with ContentStore(folder / FILE_NAME) as store:
            rows = store.counted()
    for name, meaning in _VALUES.items():
        chosen = [row for row in rows if row[0].split(" ")[0] == name]
        yield CacheKind(name, meaning, sum(row[1] for row in chosen), sum(row[2] for row in chosen), True)


def _kinds_of_files(folder: Path, files: Mapping[str, int]) -> Iterator[CacheKind]:
    """The files by their names; each belongs to the first kind that takes it."""
    left = {name: size for name, size in files.items() if not _STORE.fullmatch(name)}

    def kind(name: str, meaning: str, pattern: re.Pattern[str], *, computed: bool) -> CacheKind:
        chosen = [left.pop(file) for file in list(left) if pattern.fullmatch(file)]
        return CacheKind(name, meaning, len(chosen), sum(chosen), computed)

    for name, (meaning, pattern) in _BUILT.items():
        yield kind(name, meaning, pattern, computed=True)
    yield kind("other versions", "what other versions of kclass computed", _OTHER_STORE, computed=True)
    for name, meaning in _FETCHED.items():
        yield kind(name, meaning, re.compile(f"{name}/.*", re.DOTALL), computed=False)
    yield kind("other files", "nothing that kclass knows", re.compile(".*", re.DOTALL), computed=False)


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # gone by now
        return 0
