"""The folder of a run with epochs while it is at work, and what it was begun with."""

import json
from pathlib import Path
from typing import Any

import pytest

import kclass
from kclass.runs.options import FitOptions
from kclass.runs.run_folder import LATEST, MODEL
from kclass.runs.unfinished import (
    BEGUN,
    CHECKPOINT,
    Begun,
    read_begun,
    resumed_run,
    unfinished_folder,
    unfinished_run,
)

ORIGIN = {"place": "/photos", "group": "p[0-9]"}
DATA = {"name": "trees", "fingerprint": "5eed", "origin": ORIGIN}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def begun(*, named: bool = True, **options: Any) -> Begun:
    return Begun(FitOptions(**{"backbone": "scratch", **options}), DATA, {"kclass": "1"}, named)


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class Stopped(KeyboardInterrupt):
    """What ends a run, as a signal does."""


def stopped(out: Path | None = Path("run"), *, epochs: bool = True, **options: Any) -> Path:
    """A run that was stopped, after an epoch or before."""
    with (
        pytest.raises(Stopped),
        unfinished_run("trees", out, begun(named=out is not None, **options)) as (part, _),
    ):
        if epochs:
            (part / CHECKPOINT).write_text("weights")
        raise Stopped
    return part


# Beginning and ending


def test_a_run_is_made_beside_its_place_and_put_there_at_its_end() -> None:
    with unfinished_run("trees", Path("deep/run"), begun()) as (part, place):
        assert (part, place) == (Path("deep/run.unfinished"), Path("deep/run"))
        assert not place.exists()
        assert listed(part) == {BEGUN}
        (part / CHECKPOINT).write_text("weights")
        (part / MODEL).write_text("a model")
    assert listed(Path("deep")) == {"run"}
    assert listed(place) == {MODEL}
    assert not Path("runs").exists()


def test_a_run_without_a_name_is_called_by_its_moment_and_latest_names_it() -> None:
    with unfinished_run("trees", None, begun(named=False)) as (part, place):
        assert part.name == f"{place.name}.unfinished"
        assert listed(Path("runs")) == {part.name}
        (part / MODEL).write_text("a model")
    assert place.name.endswith("-trees")
    assert listed(Path("runs")) == {place.name, LATEST}
    assert kclass.latest_model().resolve() == (place / MODEL).resolve()


def test_runs_that_begin_in_one_moment_get_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda _: "2026-11-22-120000")
    first = stopped(None)
    second = stopped(None)
    assert (first.name, second.name) == (
        "2026-11-22-120000-trees.unfinished",
        "2026-11-22-120000-trees-2.unfinished",
    )


def test_a_run_that_was_stopped_before_its_first_epoch_leaves_nothing() -> None:
    stopped(epochs=False)
    assert listed(Path()) == set()


def test_a_run_that_was_stopped_after_an_epoch_stays_and_says_how_to_go_on() -> None:
    with (
        pytest.raises(Stopped) as raised,
        unfinished_run("trees", Path("run"), begun()) as (part, _),
    ):
        (part / CHECKPOINT).write_text("weights")
        raise Stopped
    assert raised.value.__notes__ == [
        "The epochs so far are kept. Go on with: kclass fit --resume run.unfinished"
    ]
    assert listed(Path()) == {"run.unfinished"}
    assert listed(Path("run.unfinished")) == {BEGUN, CHECKPOINT}


def test_an_unfinished_run_is_in_the_way_of_another_of_its_name() -> None:
    stopped()
    with pytest.raises(kclass.OutputError) as raised, unfinished_run("trees", Path("run"), begun()):
        raise AssertionError
    assert raised.value.message == "run.unfinished is there already: a run that has not come to its end"
    assert raised.value.fix == "Go on with it by `kclass fit --resume run.unfinished`, or delete it."
    assert listed(Path("run.unfinished")) == {BEGUN, CHECKPOINT}


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (".", ". is the folder you are in, which a run cannot replace"),
        ("/", "/ is there already"),
        ("taken", "taken is there already"),
    ],
)
def test_a_place_that_cannot_be_taken_is_refused_before_anything_is_done(out: str, message: str) -> None:
    if out == "taken":
        Path("taken").mkdir()
        Path("taken/mine.txt").write_text("mine")
    before = listed(Path())
    with pytest.raises(kclass.OutputError) as raised, unfinished_run("trees", Path(out), begun()):
        raise AssertionError
    assert raised.value.message == message
    assert listed(Path()) == before


def test_an_empty_folder_may_be_there_for_the_run() -> None:
    Path("run").mkdir()
    with unfinished_run("trees", Path("run"), begun()) as (part, _):
        (part / MODEL).write_text("a model")
    assert listed(Path("run")) == {MODEL}


def test_a_run_whose_place_was_taken_while_it_was_at_work_is_kept() -> None:
    with (
        pytest.raises(kclass.OutputError, match="cannot write run") as raised,
        unfinished_run("trees", Path("run"), begun()) as (part, place),
    ):
        (part / CHECKPOINT).write_text("weights")
        (part / MODEL).write_text("hours of work")
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    assert raised.value.__notes__
    assert (part / MODEL).read_text() == "hours of work"
    assert listed(place) == {"mine.txt"}
    place.rename("elsewhere")
    with resumed_run(part, read_begun(part)):
        pass
    assert listed(place) == {MODEL}


# Going on


@pytest.mark.parametrize("named", ["run", "run.unfinished"])
def test_an_unfinished_run_is_found_by_its_folder_or_its_place(named: str) -> None:
    part = stopped()
    assert unfinished_folder(Path(named)) == part.absolute()


def test_what_is_no_unfinished_run_is_told_from_one_that_is_over(here: Path) -> None:
    with pytest.raises(kclass.ModelError) as raised:
        unfinished_folder(Path("run"))
    assert raised.value.message == f"there is no unfinished run {here / 'run'}"
    assert raised.value.fix == "Give the folder of one; its name ends with .unfinished."
    with unfinished_run("trees", Path("run"), begun()) as (part, _):
        (part / MODEL).write_text("a model")
    with pytest.raises(kclass.ModelError) as raised:
        unfinished_folder(Path("run"))
    assert (raised.value.message, raised.value.fix) == (f"{here / 'run'} has come to its end", "")


@pytest.mark.parametrize("out", [Path("run"), None])
def test_a_run_that_goes_on_ends_in_its_place_as_if_it_had_never_been_stopped(out: Path | None) -> None:
    part = stopped(out)
    with resumed_run(part, read_begun(part)) as (again, place):
        assert again == part
        assert place == part.with_name(part.name.removesuffix(".unfinished"))
        assert listed(part) == {BEGUN, CHECKPOINT}
        (part / MODEL).write_text("a model")
    assert listed(place) == {MODEL}
    assert not part.exists()
    assert (place.parent / LATEST).exists() == (out is None)


def test_a_run_that_is_stopped_again_stays_for_another_time() -> None:
    part = stopped()
    with pytest.raises(Stopped) as raised, resumed_run(part, read_begun(part)):
        raise Stopped
    assert "--resume run.unfinished" in raised.value.__notes__[0]
    assert listed(part) == {BEGUN, CHECKPOINT}


def test_a_place_that_has_been_taken_since_is_refused() -> None:
    part = stopped()
    Path("run").mkdir()
    with pytest.raises(kclass.OutputError) as raised, resumed_run(part, read_begun(part)):
        raise AssertionError
    assert raised.value.message == "run is there already"
    assert raised.value.fix == "Move it away, and go on then."
    assert listed(part) == {BEGUN, CHECKPOINT}


def test_what_a_process_that_was_killed_left_half_written_is_no_part_of_the_run() -> None:
    part = stopped()
    (part / ".part-0123456789abcdef.npz").write_text("half of the weights")
    with resumed_run(part, read_begun(part)) as (_, place):
        (part / MODEL).write_text("a model")
    assert listed(place) == {MODEL}


# What it was begun with


def test_a_run_remembers_what_it_was_begun_with(here: Path) -> None:
    for folder in ("others", "more"):
        (here / folder).mkdir()
    chosen: dict[str, Any] = {
        "backbone": "efficientnet_lite0",
        "hidden": (64, 32),
        "fine_tune": 3,
        "unfreeze": "last-4",
        "valid": Path("others"),
        "test": 0.25,
        "weight_decay": 0,
        "ema": 0.99,
        "tensorboard": True,
        "balance": "sample",
    }
    found = read_begun(stopped(**chosen))
    assert found.options == FitOptions(**{**chosen, "valid": here / "others"})
    assert (found.data, found.versions, found.named) == (DATA, {"kclass": "1"}, True)
    assert not read_begun(stopped(None)).named


@pytest.mark.parametrize("name", ["valid", "test", "manifest", "weights"])
def test_places_mean_the_same_in_any_working_folder(name: str, here: Path) -> None:
    (here / "place").mkdir()
    options = {"backbone": "efficientnet_lite0", "fine_tune": 1, name: "place"}
    found = getattr(read_begun(stopped(**options)).options, name)
    assert Path(found) == here / "place"


@pytest.mark.parametrize("word", ["imagenet", "none"])
def test_words_for_weights_stay_words_whatever_is_called_so_here(word: str, here: Path) -> None:
    (here / word).mkdir()
    options = {"backbone": "efficientnet_lite0", "fine_tune": 1, "weights": word}
    assert read_begun(stopped(**options)).options.weights == word


def test_names_that_are_no_unicode_are_remembered(here: Path) -> None:
    origin = {"place": "/caf\udce9"}
    with (
        pytest.raises(Stopped),
        unfinished_run("x", Path("run"), Begun(FitOptions(), {**DATA, "origin": origin}, {}, True)) as (
            part,
            _,
        ),
    ):
        (part / CHECKPOINT).write_text("weights")
        raise Stopped
    assert read_begun(part).data["origin"] == origin


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        {"options": {"backbone": "scratch", "surprise": 1}},
        {"options": None},
    ],
    ids=str,
)
def test_a_damaged_beginning_is_a_model_error(damage: Any) -> None:
    part = stopped()
    path = part / BEGUN
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    else:
        path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    with pytest.raises(kclass.ModelError) as raised:
        read_begun(part)
    assert raised.value.message.startswith(f"{path} cannot be used (")
    assert raised.value.fix == "Start again with `kclass fit DATA`."


def test_an_option_that_cannot_be_used_here_says_so_itself() -> None:
    # As where a package is missing that was there when the run began.
    part = stopped()
    begun = json.loads((part / BEGUN).read_text())
    options = {**begun["options"], "precision": "f64"}
    (part / BEGUN).write_text(json.dumps({**begun, "options": options}))
    with pytest.raises(kclass.OptionError, match="precision is 'f64'"):
        read_begun(part)


@pytest.mark.parametrize("data", [None, [], {}, {"fingerprint": "5eed"}])
def test_a_beginning_that_says_nothing_of_the_data_is_damaged(data: Any) -> None:
    part = stopped()
    path = part / BEGUN
    path.write_text(json.dumps({**json.loads(path.read_text()), "data": data}))
    with pytest.raises(kclass.ModelError, match="cannot be used"):
        read_begun(part)


def test_two_processes_do_not_go_on_with_one_run() -> None:
    part = stopped()
    begun = read_begun(part)
    with pytest.raises(KeyboardInterrupt), resumed_run(part, begun):
        with pytest.raises(kclass.OutputError) as raised, resumed_run(part, begun):
            raise AssertionError("the block is not for a second process")
        assert raised.value.message == f"another process is at work on {part}"
        assert raised.value.fix == "Wait until it has come to its end."
        raise KeyboardInterrupt
    with resumed_run(part, begun) as (again, _):  # the lock is gone with its process
        assert again == part
