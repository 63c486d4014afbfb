import contextlib
import sqlite3
from pathlib import Path

import pytest

from kclass.collecting.ledger import Ledger, Outcome
from kclass.errors import OutputError


def test_what_is_noted_is_known_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.sqlite"
    outcome = Outcome("0a", ".jpg", "2026-01-01T00:00:00+00:00")
    with Ledger(path) as ledger:
        ledger.note_answer("a?q=1", {"results": []})
        ledger.note_outcome("http://a/é", outcome)
        ledger.note_outcome("http://b", Outcome(refused="HTTP 404", rules="all"))
        ledger.note_move("0a", old="hidden/0a", new="ant/0a.jpg", label="ant")
        ledger.note_placed("0a", "ant", "ant/0a.jpg")
        ledger.note_move("0a", old="ant/0a.jpg", new="bee/0a.jpg", label="bee")
        ledger.note_looks({"0a": b"\x00\xff"})
    with Ledger(path) as ledger:
        assert ledger.answer("a?q=1") == {"results": []}
        assert ledger.answer("a?q=2") is None
        assert ledger.outcome("http://a/é") == outcome
        assert ledger.outcome("http://b") == Outcome(refused="HTTP 404", rules="all")
        assert ledger.outcome("http://c") is None
        assert sorted(ledger.places("0a")) == ["ant/0a.jpg", "bee/0a.jpg"]
        assert ledger.placed("0a", "ant") is None
        assert ledger.placed("0a", "bee") == ("bee/0a.jpg", "ant/0a.jpg")
        ledger.note_placed("0a", "bee", "bee/0a.jpg")
        assert ledger.all_placed() == [("0a", "bee", "bee/0a.jpg", "")]
        assert sorted(ledger.all_places()) == [("0a", "ant/0a.jpg"), ("0a", "bee/0a.jpg")]
        assert ledger.looks() == {"0a": b"\x00\xff"}


def test_what_is_wanted_is_known_in_the_order_in_which_it_was_first(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.note_wanted("", [("a", 1), ("b", 2)])
        ledger.note_wanted("list.csv", [("c", 3), ("d", 4)])
        ledger.note_wanted("", [("e", 5), ("a", 6)])
        assert ledger.wanted() == [6, 2, 3, 4, 5]
        ledger.forget_wanted("list.csv", but={"d", "a"})
        assert ledger.wanted() == [6, 2, 4, 5]
        ledger.tell_wanted("list.csv", [("d", 7), ("f", 8)])
        assert ledger.wanted() == [6, 2, 7, 5]


def test_one_collection_at_a_time_has_it(tmp_path: Path) -> None:
    path = tmp_path / "out" / "hidden" / "ledger.sqlite"
    with Ledger(path):
        with pytest.raises(OutputError) as caught:
            Ledger(path)
        assert caught.value.message == f"another kclass collect is at work in {tmp_path / 'out'}"
    with Ledger(path) as ledger:
        assert ledger.places("0a") == []


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(OutputError) as caught:
        Ledger(path)
    assert caught.value.message == f"cannot use {path}: file is not a database"
    assert caught.value.fix == (
        "If there is room on the disk and it may be written, collect into another folder."
    )


def test_what_a_later_version_wrote_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(OutputError, match="another version of kclass has written it"):
        Ledger(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_what_another_version_noted_is_refused_and_not_believed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger._note("INSERT INTO outcomes VALUES (?, ?)", "http://a", '{"colour": "red"}')
        with pytest.raises(OutputError, match="cannot use"):
            ledger.outcome("http://a")
