"""What has been asked for and what came of it: a collection that was cut off goes on from here."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from kclass.errors import OutputError
from kclass.files import output_errors

_SETTINGS: Final = """
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
"""
"""One process has the file until it ends. What is noted survives the end of the process at once, and that of
the machine soon after; to wait for the disk each time would take longer than fetching."""

_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS answers (asked TEXT PRIMARY KEY, answer TEXT);
    CREATE TABLE IF NOT EXISTS outcomes (address TEXT PRIMARY KEY, outcome TEXT);
    CREATE TABLE IF NOT EXISTS wanted (key TEXT PRIMARY KEY, photo TEXT);
    CREATE TABLE IF NOT EXISTS places (content TEXT, path TEXT, PRIMARY KEY (content, path));
    CREATE TABLE IF NOT EXISTS placed (content TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS copies (content TEXT PRIMARY KEY, original TEXT);
"""


@dataclass(frozen=True)
class Outcome:
    """What came of fetching one address.

    Args:
        content: content hash of the photo; empty if there is none.
        suffix: the usual one of its format.
        time: when it came, in UTC, as ISO 8601.
        refused: why there is no photo; empty if there is one.
        rules: by which it was refused.
    """

    content: str = ""
    suffix: str = ""
    time: str = ""
    refused: str = ""
    rules: str = ""


class Ledger:
    """A file that remembers answers of services and outcomes of addresses, each as soon as it is there.

    One process at a time has it.

    Args:
        path: of the file, which is made if it is not there.

    Raises:
        OutputError: it cannot be used, which every method may raise; or another process has it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self._connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
            self._connection.executescript(_SETTINGS)
            self._connection.executescript(f"BEGIN EXCLUSIVE; {_TABLES} COMMIT;")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def answer(self, asked: str) -> Any:
        """What was answered to a question; None if nothing was."""
        return self._one("SELECT answer FROM answers WHERE asked = ?", asked)

    def note_answer(self, asked: str, answer: Any) -> None:
        """Remember what was answered to a question."""
        self._note("INSERT OR REPLACE INTO answers VALUES (?, ?)", asked, json.dumps(answer))

    def outcome(self, address: str) -> Outcome | None:
        """What came of an address; None if it has not been asked for, or might answer better now."""
        found = self._one("SELECT outcome FROM outcomes WHERE address = ?", address)
        with self._errors():
            return None if found is None else Outcome(**found)

    def note_outcome(self, address: str, outcome: Outcome) -> None:
        """Remember what came of an address."""
        self._note("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", address, json.dumps(vars(outcome)))

    def wanted(self) -> list[Any]:
        """All photos that were ever wanted, in the order in which they were first."""
        with self._lock, self._errors():
            rows = self._connection.execute("SELECT photo FROM wanted ORDER BY rowid")
            return [json.loads(photo) for (photo,) in rows]

    def note_wanted(self, photos: Iterable[tuple[str, Any]]) -> None:
        """Remember photos that are wanted, each by its key, all of them or none."""
        rows = [(key, json.dumps(photo)) for key, photo in photos]
        with self._lock, self._errors(), self._connection:
            self._connection.executemany(
                "INSERT INTO wanted VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET photo = excluded.photo",
                rows,
            )

    def places(self, content: str) -> list[str]:
        """Where a photo may have been put."""
        with self._lock, self._errors():
            rows = self._connection.execute("SELECT path FROM places WHERE content = ?", (content,))
            return [path for (path,) in rows]

    def note_place(self, content: str, path: str) -> None:
        """Remember where a photo is about to be put."""
        self._note("INSERT OR IGNORE INTO places VALUES (?, ?)", content, path)

    def was_placed(self, content: str) -> bool:
        """Whether a photo has come to one of its places."""
        with self._lock, self._errors():
            rows = self._connection.execute("SELECT 1 FROM placed WHERE content = ?", (content,))
            return rows.fetchone() is not None

    def note_placed(self, content: str) -> None:
        """Remember that a photo has come to one of its places."""
        self._note("INSERT OR IGNORE INTO placed VALUES (?)", content)

    def original(self, content: str) -> str:
        """The content of the photo that another was last found to be a copy of; empty if of none."""
        with self._lock, self._errors():
            rows = self._connection.execute("SELECT original FROM copies WHERE content = ?", (content,))
            return next((original for (original,) in rows), "")

    def note_copy(self, content: str, original: str) -> None:
        """Remember that a photo is a copy of another."""
        self._note("INSERT OR REPLACE INTO copies VALUES (?, ?)", content, original)

    def forget_copy(self, content: str) -> None:
        """Take note that a photo is no other's copy any more."""
        self._note("DELETE FROM copies WHERE content = ?", content)

    def _one(self, query: str, key: str) -> Any:
        with self._lock, self._errors():
            row = self._connection.execute(query, (key,)).fetchone()
            return None if row is None else json.loads(row[0])

    def _note(self, statement: str, *values: str) -> None:
        with self._lock, self._errors(), self._connection:
            self._connection.execute(statement, values)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise OutputError(
                    f"another kclass collect is at work in {self._path.parents[1]}",
                    fix="Wait until it has ended, or choose another folder.",
                ) from error
            raise OutputError(
                f"cannot use {self._path}: {error}",
                fix="Delete it, and what has been fetched is fetched again.",
            ) from error
