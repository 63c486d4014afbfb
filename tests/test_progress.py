from collections.abc import Iterator

import pytest

from kclass.progress import silent, track


def test_each_item_is_reported_once_it_has_been_dealt_with() -> None:
    events: list[object] = []
    for item in track("ab", "drawing", 2, lambda *report: events.append(report)):
        events.append(item)
    assert events == [("drawing", 0, 2), "a", ("drawing", 1, 2), "b", ("drawing", 2, 2)]


def test_nothing_to_do_is_reported_as_a_stage_of_no_steps() -> None:
    reports: list[object] = []
    assert list(track([], "drawing", 0, lambda *report: reports.append(report))) == []
    assert reports == [("drawing", 0, 0)]


def test_items_are_reported_without_a_note() -> None:
    notes: list[str] = []

    def report(stage: str, done: int, total: int, note: str = "nothing said") -> None:
        notes.append(note)

    assert list(track("ab", "drawing", 2, report)) == ["a", "b"]
    assert notes == ["nothing said"] * 3


def test_items_are_taken_one_at_a_time() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(3):
            taken.append(item)
            yield item

    tracked = track(items(), "drawing", 3, silent)
    assert taken == []
    next(tracked)
    assert taken == [0]


def test_an_interruption_from_the_report_reaches_the_loop() -> None:
    def interrupt(stage: str, done: int, total: int, note: str = "") -> None:
        if done == 1:
            raise KeyboardInterrupt

    dealt_with = []
    with pytest.raises(KeyboardInterrupt):
        for item in track("abc", "drawing", 3, interrupt):
            dealt_with.append(item)
    assert dealt_with == ["a"]


def test_silence_takes_every_report(capsys: pytest.CaptureFixture[str]) -> None:
    silent("drawing", 1, 2)
    silent("training", 3, 8, "epoch 1/2, loss 0.693")
    assert capsys.readouterr() == ("", "")
