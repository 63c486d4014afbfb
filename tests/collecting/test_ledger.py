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
        ledger.note_place("0a", "ant/0a.jpg")
        ledger.note_place("0a", "bee/0a.jpg")
        ledger.note_place("0a", "bee/0a.jpg")
        ledger.note_copy("0b", "0a")
    with Ledger(path) as ledger:
        assert ledger.answer("a?q=1") == {"results": []}
        assert ledger.answer("a?q=2") is None
        assert ledger.outcome("http://a/é") == outcome
        assert ledger.outcome("http://b") == Outcome(refused="HTTP 404", rules="all")
        assert ledger.outcome("http://c") is None
        assert sorted(ledger.places("0a")) == ["ant/0a.jpg", "bee/0a.jpg"]
        assert (ledger.original("0b"), ledger.original("0a")) == ("0a", "")


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
    assert caught.value.fix == "Delete it, and what has been fetched is fetched again."


def test_what_another_version_noted_is_refused_and_not_believed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger._note("INSERT INTO outcomes VALUES (?, ?)", "http://a", '{"colour": "red"}')
        with pytest.raises(OutputError, match="cannot use"):
            ledger.outcome("http://a")
