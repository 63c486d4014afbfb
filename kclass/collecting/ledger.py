"""What has been asked for and what came of it: a collection that was cut off goes on from here."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
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
    CREATE TABLE answers (asked TEXT PRIMARY KEY, answer TEXT);
    CREATE TABLE outcomes (address TEXT PRIMARY KEY, outcome TEXT);
    CREATE TABLE wanted (source TEXT, key TEXT, photo TEXT, PRIMARY KEY (source, key));
    CREATE TABLE places (content TEXT, path TEXT, PRIMARY KEY (content, path));
    CREATE TABLE placed (
        content TEXT, label TEXT, path TEXT, before TEXT, PRIMARY KEY (content, label)
    );
    CREATE TABLE moved (content TEXT PRIMARY KEY, photo TEXT);
    CREATE TABLE looks (content TEXT PRIMARY KEY, look BLOB);
    PRAGMA user_version = 1;
"""
_VERSION: Final = 1


@dataclass(frozen=True)
class Outcome:
    """What came of fetching one address.

    Args:
        content: content hash of the photo; empty if there never was one.
        suffix: the usual one of its format.
        time: when it came, in UTC, as ISO 8601.
        refused: why there is no photo now; empty if there is one.
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
        try:
            self._begin()
        except BaseException:
            self._connection.close()
            raise

    def _begin(self) -> None:
        with self._errors():
            self._connection.executescript(_SETTINGS)
            self._connection.executescript("BEGIN EXCLUSIVE; COMMIT;")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise ValueError("another version of kclass has written it")
            if version == 0:
                self._connection.executescript(f"BEGIN; {_TABLES} COMMIT;")

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
        return [json.loads(photo) for (photo,) in self._all("SELECT photo FROM wanted ORDER BY rowid")]

    def note_wanted(self, source: str, photos: Iterable[tuple[str, Any]]) -> None:
        """Remember photos that are wanted, each by its key, all of them or none.

        Args:
            source: the table that lists them; empty if none does.
            photos: keys and photos.
        """
        rows = [(source, key, json.dumps(photo)) for key, photo in photos]
        self._note_all(
            "INSERT INTO wanted VALUES (?, ?, ?)"
            " ON CONFLICT (source, key) DO UPDATE SET photo = excluded.photo",
            rows,
        )

    def tell_wanted(self, source: str, photos: Iterable[tuple[str, Any]]) -> None:
        """Remember what is now said of photos, of those alone that are wanted."""
        self._note_all(
            "UPDATE wanted SET photo = ? WHERE source = ? AND key = ?",
            [(json.dumps(photo), source, key) for key, photo in photos],
        )

    def forget_wanted(self, source: str, *, but: Set[str]) -> None:
        """Want no more of a table what it does not list any more: all but these keys."""
        known = self._all("SELECT key FROM wanted WHERE source = ?", source)
        gone = [(source, key) for (key,) in known if key not in but]
        self._note_all("DELETE FROM wanted WHERE source = ? AND key = ?", gone)

    def places(self, content: str) -> list[str]:
        """Where a photo may have been put."""
        return [path for (path,) in self._all("SELECT path FROM places WHERE content = ?", content)]

    def note_move(self, content: str, *, old: str, new: str, label: str = "") -> None:
        """Remember where a photo is about to be put, and that it will no longer be where it was.

        Args:
            content: its content hash.
            old: where it is.
            new: where it is to be.
            label: the class that it is put there for; empty if it is put aside.
        """
        with self._lock, self._errors(), self._connection:
            self._connection.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (content, new))
            self._connection.execute("DELETE FROM placed WHERE content = ? AND path = ?", (content, old))
            if label:
                self._connection.execute(
                    "INSERT OR REPLACE INTO placed VALUES (?, ?, ?, ?)", (content, label, new, old)
                )

    def note_placed(self, content: str, label: str, path: str) -> None:
        """Remember where a photo has come to as one of a class."""
        self._note("INSERT OR REPLACE INTO placed VALUES (?, ?, ?, '')", content, label, path)

    def placed(self, content: str, label: str) -> tuple[str, str] | None:
        """Where a photo was put as one of a class, and where it was before if it may be there still.

        None if it was not put anywhere, or has been moved on.
        """
        query = "SELECT path, before FROM placed WHERE content = ? AND label = ?"
        return next(iter(self._all(query, content, label)), None)

    def all_places(self) -> list[tuple[str, str]]:
        """Contents of all photos, with where each may have been put."""
        return self._all("SELECT content, path FROM places")

    def all_placed(self) -> list[tuple[str, str, str, str]]:
        """Contents and classes of all photos that were put somewhere and not moved on, and as `placed`."""
        return self._all("SELECT content, label, path, before FROM placed")

    def moved(self) -> list[Any]:
        """All photos that somebody has moved to another class or split."""
        return [json.loads(photo) for (photo,) in self._all("SELECT photo FROM moved ORDER BY rowid")]

    def note_moved(self, content: str, label: str, path: str, photo: Any) -> None:
        """Remember that somebody has moved a photo: where to, and what is to be known of it there."""
        with self._lock, self._errors(), self._connection:
            self._connection.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (content, path))
            self._connection.execute(
                "INSERT OR REPLACE INTO placed VALUES (?, ?, ?, '')", (content, label, path)
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO moved VALUES (?, ?)", (content, json.dumps(photo))
            )

    def looks(self) -> dict[str, bytes]:
        """What was seen of each photo as it came, by its content."""
        return dict(self._all("SELECT content, look FROM looks"))

    def note_looks(self, looks: Mapping[str, bytes]) -> None:
        """Remember what was seen of photos, by their content, all of it or nothing."""
        self._note_all("INSERT OR REPLACE INTO looks VALUES (?, ?)", list(looks.items()))

    def _one(self, query: str, key: str) -> Any:
        with self._lock, self._errors():
            row = self._connection.execute(query, (key,)).fetchone()
            return None if row is None else json.loads(row[0])

    def _all(self, query: str, *values: str) -> list[Any]:
        with self._lock, self._errors():
            return self._connection.execute(query, values).fetchall()

    def _note(self, statement: str, *values: str) -> None:
        with self._lock, self._errors(), self._connection:
            self._connection.execute(statement, values)

    def _note_all(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._lock, self._errors(), self._connection:
            self._connection.executemany(statement, rows)

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
                fix="If there is room on the disk and it may be written, collect into another folder.",
            ) from error
