"""What was computed from photos, by their content: one SQLite file, shared by all runs of a user."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from kclass.cache.files import FileState, file_state
from kclass.errors import OutputError
from kclass.files import cache_folder, make_folder

SIZE_LIMIT = 4 * 2**30
SCHEMA_VERSION = 4
VARIABLES_A_QUERY = 500
WAIT_SECONDS = 60
RETRY_SECONDS = 0.01
DENSE = 3  # features and inspections are written in turn, so that every second row may be another's
FILE_NAME = f"photos-v{SCHEMA_VERSION}.sqlite"
# On pages of 4 kB a row of 1280 features in float16 takes one alone, on pages of 16 kB a sixth of one.
# Reading through a map of the file is faster by a third, but counts the file as the memory of the process.
SCHEMA = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = OFF;
CREATE TABLE IF NOT EXISTS recipe (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS computed (
    recipe INTEGER NOT NULL, content TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (recipe, content)
);
CREATE TABLE IF NOT EXISTS file (
    path TEXT PRIMARY KEY, state TEXT NOT NULL, content TEXT NOT NULL
) WITHOUT ROWID;
"""

RECIPE_ID = "SELECT id FROM recipe WHERE name = ?"

Item = TypeVar("Item")


class ContentStore:
    """Values by recipe and content hash, and content hashes by the state of a file.

    A value is whatever was computed from a photo, as bytes: its features, its inspection. A recipe is
    a text that names the kind of value and all that it depends on besides the photo. Any number of
    threads and processes may use the store at once.

    Args:
        path: the SQLite file; None for the one in kclass's cache folder.
        size_limit: bytes; when the file grows beyond, the values written first make room.
    """

    def __init__(self, path: Path | None = None, *, size_limit: int = SIZE_LIMIT) -> None:
        self.path = path or make_folder(cache_folder()) / FILE_NAME
        self._size_limit = size_limit
        self._lock = threading.Lock()
        with self._store_errors():
            self._connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS, check_same_thread=False)
            with contextlib.ExitStack() as undo:
                undo.callback(self._connection.close)
                _make_tables(self._connection)
                undo.pop_all()

    def __enter__(self) -> "ContentStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def content_hashes(self, states: Sequence[FileState]) -> dict[str, str]:
        """The content hashes of files as they are now, by path, for those that were seen so before.

        Args:
            states: for each file its path, size in bytes, time of change in ns, and inode.
        """
        found: dict[str, str] = {}
        for part in _parts(states):
            wanted = {path: _text(state) for path, *state in part}
            marks = ",".join("?" * len(wanted))
            for path, state, content in self._rows(f"SELECT * FROM file WHERE path IN ({marks})", wanted):
                if state == wanted[path]:
                    found[path] = content
        return found

    def unchanged(self, paths: Sequence[Path]) -> dict[int, str]:
        """The content hashes of files that have not changed since they were added, by their place here.

        Each file's state is looked at once, and no file is opened.
        """
        places = {place: state for place, path in enumerate(paths) if (state := file_state(path)) is not None}
        contents = self.content_hashes(list(places.values()))
        return {place: contents[path] for place, (path, *_) in places.items() if path in contents}

    def values(self, recipe: str, contents: Sequence[str]) -> dict[str, bytes]:
        """Values by content hash, for those that are there; all are in memory at once."""
        found: dict[str, bytes] = {}
        for part in _parts(contents):
            marks = ",".join("?" * len(part))
            query = (
                f"SELECT content, value FROM computed WHERE recipe = ({RECIPE_ID}) AND content IN ({marks})"
            )
            found.update(self._rows(query, [recipe, *part]))
        return found

    def stream(self, recipe: str, contents: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Values with their content hashes, for those that are there, in the order of writing.

        So each page of the file is read once, and a few hundred values are in memory at a time.

        Args:
            recipe: of the values.
            contents: 32,766 at most, each once.
        """
        marks = ",".join("?" * len(contents))
        query = f"SELECT rowid FROM computed WHERE recipe = ({RECIPE_ID}) AND content IN ({marks})"
        rows = sorted(row for (row,) in self._rows(query, [recipe, *contents]))
        wanted = set(contents)
        for part in _parts(rows):
            # Whoever clears the store meanwhile sets numbers free, and others may take them. With the
            # sign before it, the recipe is no reason to go through its index.
            which, numbers = _rows_among(part)
            query = (
                f"SELECT content, value FROM computed WHERE rowid {which}"
                f" AND +recipe = ({RECIPE_ID}) ORDER BY rowid"
            )
            for found in self._rows(query, [*numbers, recipe]):
                if found[0] in wanted:
                    yield found

    def add(
        self, recipe: str, values: Mapping[str, bytes], files: Sequence[tuple[FileState, str]] = ()
    ) -> None:
        """Remember values by content hash, and the content hashes of files."""
        seen = [(path, _text(state), content) for (path, *state), content in files]
        with self._lock, self._store_errors(), self._connection:
            # The first statement writes, so that nobody else does before this is done.
            self._connection.execute("INSERT OR IGNORE INTO recipe (name) VALUES (?)", [recipe])
            ((number,),) = self._connection.execute(RECIPE_ID, [recipe])
            computed = ((number, content, value) for content, value in values.items())
            self._connection.executemany("INSERT OR REPLACE INTO computed VALUES (?, ?, ?)", computed)
            self._connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", seen)
            self._make_room()

    def counted(self) -> list[tuple[str, int, int]]:
        """For each recipe its name, how many values there are, and the bytes of them all."""
        return self._rows(
            "SELECT name, count(*), sum(length(value)) FROM computed JOIN recipe ON id = recipe"
            " GROUP BY recipe ORDER BY name",
            (),
        )

    def clear(self) -> None:
        """Forget everything, and give the space back; others may go on using the store meanwhile."""
        with self._lock, self._store_errors():
            with self._connection:
                for table in ("computed", "file", "recipe"):
                    self._connection.execute(f"DELETE FROM {table}")
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _rows(self, query: str, values: Sequence[object] | Mapping[str, object]) -> list[tuple[Any, ...]]:
        with self._lock, self._store_errors():
            return self._connection.execute(query, list(values)).fetchall()

    def _make_room(self) -> None:
        if self._bytes_used() > self._size_limit:
            self._connection.execute(
                "DELETE FROM computed WHERE rowid <="
                " (SELECT min(rowid) + (max(rowid) - min(rowid)) / 4 FROM computed)"
            )

    def _bytes_used(self) -> int:
        pragmas = ("page_count", "freelist_count", "page_size")
        pages, free, page = (self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas)
        return int((pages - free) * page)

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(
                f"cannot use the cache {self.path}: {error}",
                fix="Free some space, delete that file, or set KCLASS_CACHE to another folder.",
            ) from error


def _make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables if they are not there; SQLite itself does not wait while others do the same."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.executescript(SCHEMA)
            return
        except sqlite3.OperationalError as error:
            # The low byte says what is wrong, the others when.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


def _rows_among(rows: Sequence[int]) -> tuple[str, Sequence[int]]:
    """A condition for rowids in ascending order, and its values: others may meet it where these are dense.

    To go through all from the first to the last takes less than half of the time a row.
    """
    if rows[-1] - rows[0] < DENSE * len(rows):
        return "BETWEEN ? AND ?", (rows[0], rows[-1])
    return f"IN ({','.join('?' * len(rows))})", rows


def _text(state: Sequence[int]) -> str:
    """A file's state as text: SQLite's integers end below some inodes and times."""
    return " ".join(map(str, state))


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), VARIABLES_A_QUERY):
        yield items[start : start + VARIABLES_A_QUERY]
