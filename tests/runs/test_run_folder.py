import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

import kclass
from kclass.runs.run_folder import LATEST, MODEL, Run, new_run, refuse_among, write_json, write_table

NOON = "2026-11-22-120000"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that runs are made from, at one moment that does not pass."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(time, "strftime", lambda _: NOON)
    return folder


def make(name: str = "trees", out: Path | None = None, model: str = "a model") -> Path:
    """A run with nothing in it but a model."""
    with new_run(name, out) as (part, place):
        (part / MODEL).write_text(model)
    return place


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_is_named_after_the_moment_and_the_data() -> None:
    assert make() == Path("runs") / f"{NOON}-trees"
    assert (Path("runs") / f"{NOON}-trees" / MODEL).read_text() == "a model"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("my photos/2", "my_photos_2"),
        ("árbol-1.0_b", "árbol-1.0_b"),
        ("", "data"),
        ("x" * 300, "x" * 50),
        ("a:b*c", "a_b_c"),
    ],
)
def test_a_name_of_data_becomes_one_of_a_folder_on_any_system(name: str, plain: str) -> None:
    assert make(name).name == f"{NOON}-{plain}"


def test_runs_of_one_moment_are_counted() -> None:
    places = [make(model=str(number)) for number in range(3)]
    assert [place.name for place in places] == [f"{NOON}-trees", f"{NOON}-trees-2", f"{NOON}-trees-3"]
    assert [(place / MODEL).read_text() for place in places] == ["0", "1", "2"]


def test_runs_that_go_on_at_once_get_places_of_their_own() -> None:
    with new_run("trees", None) as (part, place), new_run("trees", None) as (other_part, other):
        assert part != other_part
        assert place != other
        for folder, model in ((part, "one"), (other_part, "other")):
            (folder / MODEL).write_text(model)
    assert [(each / MODEL).read_text() for each in (place, other)] == ["one", "other"]
    assert listed(Path("runs")) == {place.name, other.name, LATEST}


def test_while_it_is_made_a_run_is_hidden_and_latest_names_the_one_before() -> None:
    before = make()
    with new_run("trees", None) as (part, place):
        (part / MODEL).write_text("another")
        assert part.name.startswith(".part-")
        assert part.parent == place.parent  # so that moving it is one step
        assert not place.exists()
        assert kclass.latest_model().resolve() == (before / MODEL).resolve()
    assert kclass.latest_model().resolve() == (place / MODEL).resolve()


def test_latest_is_a_link_that_stays_right_when_the_runs_are_moved(here: Path) -> None:
    place = make()
    link = Path("runs") / LATEST
    assert link.is_symlink()
    assert link.readlink() == Path(place.name)
    (here / "runs").rename(here / "moved")
    assert kclass.latest_model(here / "moved").read_text() == "a model"


def test_where_links_cannot_be_made_latest_is_a_text_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(os, "symlink", refuse)
    first = make(model="first")
    assert (Path("runs") / LATEST).read_text() == f"{first.name}\n"
    assert kclass.latest_model().read_text() == "first"
    second = make(model="second")
    assert kclass.latest_model().read_text() == "second"
    assert listed(Path("runs")) == {first.name, second.name, LATEST}


def test_a_link_takes_the_place_of_the_text_file_once_links_can_be_made() -> None:
    first = make(model="first")
    link = Path("runs") / LATEST
    link.unlink()
    link.write_text(f"{first.name}\n")
    make(model="second")
    assert link.is_symlink()
    assert kclass.latest_model().read_text() == "second"


def test_the_folder_of_the_runs_can_be_named_by_text() -> None:
    place = make()
    assert kclass.latest_model("runs") == Path("runs") / LATEST / MODEL
    assert kclass.latest_model("runs").resolve() == (place / MODEL).resolve()


def test_a_run_is_whole_though_latest_cannot_name_it(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    (here / "runs" / LATEST / "mine").mkdir(parents=True)
    place = make()
    assert (place / MODEL).read_text() == "a model"
    assert listed(Path("runs")) == {place.name, LATEST}
    assert listed(Path("runs") / LATEST) == {"mine"}
    (said,) = caplog.messages
    assert said.startswith(f"the run is whole, but {Path('runs/latest')} does not name it: cannot write ")


@pytest.mark.parametrize("state", ["nothing", "empty", "dangling", "text", "no model", "binary", "long"])
def test_without_a_run_there_is_no_latest_model(state: str, here: Path) -> None:
    runs = here / "runs"
    if state != "nothing":
        runs.mkdir()
    if state == "dangling":
        (runs / LATEST).symlink_to("gone")
    if state == "text":
        (runs / LATEST).write_text("gone\n")
    if state == "no model":
        (runs / LATEST).mkdir()
    if state == "binary":
        (runs / LATEST).write_bytes(b"\xff\xfe\x00")
    if state == "long":
        (runs / LATEST).write_text("x" * 5000)
    with pytest.raises(kclass.ModelError) as raised:
        kclass.latest_model()
    assert raised.value.message == f"there is no run in {runs} to take a model from"
    assert raised.value.fix == "Run `kclass fit DATA` here first, or give a model file with --model."


def test_a_failure_leaves_nothing_of_the_run_and_is_handed_on() -> None:
    before = make()

    class OddError(Exception):
        """One that nobody catches on the way."""

    with pytest.raises(OddError), new_run("trees", None) as (part, _):
        (part / "below").mkdir()
        (part / "below" / "half.txt").write_text("half")
        raise OddError
    assert listed(Path("runs")) == {before.name, LATEST}
    assert kclass.latest_model().read_text() == "a model"


def test_ctrl_c_leaves_nothing_of_the_run() -> None:
    with pytest.raises(KeyboardInterrupt), new_run("trees", Path("deep/run")):
        raise KeyboardInterrupt
    assert listed(Path("deep")) == set()


def test_out_is_the_folder_of_the_run_and_latest_stays_what_it_was(here: Path) -> None:
    before = make()
    assert make(out=Path("deep/run"), model="another") == Path("deep/run")
    assert (here / "deep/run" / MODEL).read_text() == "another"
    assert listed(here / "deep") == {"run"}
    assert kclass.latest_model().resolve() == (before / MODEL).resolve()


def test_an_empty_folder_may_be_there_for_the_run(here: Path) -> None:
    (here / "run").mkdir()
    make(out=Path("run"))
    assert (here / "run" / MODEL).is_file()


@pytest.mark.parametrize("state", ["full", "file", "link", "dangling"])
def test_what_is_there_already_is_left_alone(state: str, here: Path) -> None:
    out = here / "run"
    if state == "full":
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    elif state == "file":
        out.write_text("mine")
    else:
        (here / "elsewhere").mkdir()
        out.symlink_to("elsewhere" if state == "link" else "gone")
    before = sorted(here.rglob("*"))
    with pytest.raises(kclass.OutputError) as raised:
        make(out=out)
    assert raised.value.message == f"{out} is there already"
    assert raised.value.fix == "Choose another --out, or move it away."
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o755), (0o077, 0o700), (0o002, 0o775)])
def test_a_run_has_the_permissions_of_any_folder(umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        places = [make(out=out) for out in (None, Path("run"))]
    finally:
        os.umask(before)
    assert [place.stat().st_mode & 0o777 for place in places] == [mode, mode]


@pytest.mark.parametrize(
    ("photos", "out", "among"),
    [
        ("photos", "photos", True),
        ("photos", "photos/deep/run", True),
        (".", None, True),
        ("photos", "photos/../photos/run", True),
        ("photos", "photos-run", False),
        ("photos", None, False),
        ("runs", None, True),
    ],
)
def test_a_run_among_the_photos_is_refused(photos: str, out: str | None, among: bool, here: Path) -> None:
    place = None if out is None else Path(out)
    if not among:
        refuse_among(Path(photos), place)
        return
    with pytest.raises(kclass.OutputError) as raised:
        refuse_among(Path(photos), place)
    wanted = here / ("runs" if out is None else out)
    assert raised.value.message == f"the run would lie among the photos: {wanted.resolve()}"


def test_a_finished_run_knows_its_model() -> None:
    assert Run(Path("runs/one")).model == Path("runs/one/model.keras")


def test_json_is_readable_and_ends_with_a_line_feed(here: Path) -> None:
    write_json(here / "a.json", {"name": "树", "odd": "caf\udce9", "numbers": [1, 0.5]})
    text = (here / "a.json").read_bytes().decode()
    assert text.endswith("}\n")
    assert '"树"' in text
    assert json.loads(text) == {"name": "树", "odd": "caf\udce9", "numbers": [1, 0.5]}


def test_a_table_has_a_header_whether_it_has_rows_or_not(here: Path) -> None:
    rows = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]
    write_table(here / "a.csv", rows, columns=("epoch", "loss"))
    assert (here / "a.csv").read_bytes() == b"epoch,loss\n1,0.5\n2,0.25\n"
    write_table(here / "empty.csv", [], columns=("epoch", "loss"))
    assert (here / "empty.csv").read_bytes() == b"epoch,loss\n"


def test_a_table_keeps_what_has_a_carriage_return_in_it(tmp_path: Path) -> None:
    write_table(tmp_path / "one.csv", [{"a\rb": "c\rd", "e": "f"}], columns=("a\rb", "e"))
    with (tmp_path / "one.csv").open(newline="") as file:
        assert [*csv.reader(file)] == [["a\rb", "e"], ["c\rd", "f"]]
