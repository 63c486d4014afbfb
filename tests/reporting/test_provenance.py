import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from made_up_runs import three_trees
from small_fits import write_photos

import kclass
from kclass.reporting.provenance import alarm_words, chosen_by, rests_words, temperature_words, uses
from kclass.reporting.run_reading import RunResults, read_run

CLEAN = "None of these photos was learned from, and nothing was chosen by them: "
PATH = [{"c": 0.01, "log_loss": 0.5, "accuracy": 0.8, "chosen": 1}]


def run_of(folder: Path, options: Mapping[str, Any], **told: Any) -> RunResults:
    """A run with six training photos and more in its `config.json`."""
    history = told.pop("history", ())
    three_trees(folder, options=options, history=history)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **told}))
    return read_run(folder)


def training_of(run: RunResults) -> str:
    (found,) = (use.words for use in uses(run) if use.split == "train")
    return found


@pytest.mark.parametrize(
    "told", [{"history": PATH}, {"calibration": {"photos": 6}}], ids=["by its history", "by its record"]
)
def test_a_penalty_chosen_by_folds_is_called_so(tmp_path: Path, told: dict[str, Any]) -> None:
    run = run_of(tmp_path / "run", {"c": 0.01}, **told)
    assert chosen_by(run) == (
        f"{CLEAN}the head's penalty was chosen by cross-validation among the training photos."
    )
    assert training_of(run) == (
        "The head was solved on all of them; cross-validation among them chose its penalty."
    )


@pytest.mark.parametrize(
    "told", [{}, {"calibration": {"photos": 0}}], ids=["by its history", "by its record"]
)
def test_a_penalty_that_nothing_could_choose_is_called_fixed(tmp_path: Path, told: dict[str, Any]) -> None:
    run = run_of(tmp_path / "run", {"c": 0.01}, **told)
    assert chosen_by(run) == (
        f"{CLEAN}the head's penalty is a fixed one, for too few photos were there to choose it by."
    )
    assert training_of(run) == (
        "The head was solved on all of them, with a fixed penalty: they are too few to choose one by."
    )


def test_an_epoch_that_is_kept_was_chosen_by_photos_held_out(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", {"best_epoch": 3, "epochs_done": 4}, calibration={"photos": 2})
    assert chosen_by(run) == (
        f"{CLEAN}the epoch to keep was chosen by a tenth of the training photos, held out for that."
    )
    assert training_of(run).startswith("About nine tenths were learned from; the rest was held out")


def test_a_solved_head_that_epochs_did_not_better_learned_from_all_photos(tmp_path: Path) -> None:
    options = {"c": 0.1, "best_epoch": 0, "epochs_done": 2}
    run = run_of(tmp_path / "run", options, calibration={"photos": 6})
    assert chosen_by(run) == (
        f"{CLEAN}the head's penalty was chosen by cross-validation among the training photos, and that the "
        "solved head is kept was decided by a tenth of the training photos."
    )
    assert training_of(run) == (
        "The head was solved on all of them; cross-validation among them chose its penalty. A tenth, held "
        "out from the epochs, found none of these better than the solved head."
    )
    older = run_of(tmp_path / "older", options)
    assert "cross-validation" not in chosen_by(older) + training_of(older)


def test_a_run_that_says_nothing_is_not_spoken_for(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", {})
    assert chosen_by(run) == "None of these photos was learned from."
    assert training_of(run) == "Learned from."


def test_each_split_says_what_its_photos_were_used_for(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    three_trees(folder)
    with (folder / "split.csv").open("a") as file:
        file.write("loose/1.png,,test\nloose/2.png,,valid\nash/8.png,ash,\n")
    told = {use.split: use for use in uses(read_run(folder))}
    assert list(told) == ["train", "valid", "test", ""]
    assert told["valid"].words == (
        "For judging alone: nothing was learned from them, and nothing was chosen by them. 1 more has no "
        "label."
    )
    assert told["test"].words == "Without labels, so nothing can be judged by them."
    assert told[""].words.startswith("Used for nothing")
    assert [(use.photos, use.unreadable) for use in told.values()] == [(6, 0), (5, 0), (1, 0), (1, 0)]


def test_photos_that_could_not_be_read_are_not_counted_among_those_used(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    three_trees(folder, options={"c": 0.1, "photos": 4})
    with (folder / "split.csv").open("a") as file:
        file.write("ash/9.png,ash,valid\n")
    told = {use.split: (use.photos, use.unreadable) for use in uses(read_run(folder))}
    assert told == {"train": (4, 2), "valid": (5, 1)}


def test_it_is_said_what_rests_on_training_photos(tmp_path: Path) -> None:
    fitted, solved = {"temperature": 1.3, "photos": 20}, {"temperature": 1.0, "photos": 20}
    assert rests_words({}, {}) == rests_words({"temperature": 1.0, "photos": 0}, {}) == ""
    assert rests_words(solved, {}) == ""
    assert rests_words(solved, {"photos": 9}) == "The threshold of novelty rests on training photos too."
    assert rests_words(fitted, {}) == "The temperature of the probabilities rests on training photos too."
    assert rests_words(fitted, {"photos": 9}) == (
        "The temperature of the probabilities and the threshold of novelty rest on training photos too."
    )


def test_it_is_said_on_which_photos_temperature_and_threshold_rest() -> None:
    assert temperature_words({}) == alarm_words({}) == ""
    assert temperature_words({"temperature": 1.25, "fitted_on": "training photos held out"}) == (
        "Temperature 1.25, fitted on training photos held out."
    )
    assert temperature_words({"temperature": 1.0, "photos": 0, "fitted_on": "no photos: the penalty"}) == (
        "Temperature 1: too few training photos were there to fit one on."
    )
    assert alarm_words({"false_alarms": 0.05, "photos": 1200, "set_on": "training photos held out"}) == (
        "The threshold was set for 5 % false alarms, by 1,200 training photos held out."
    )


def test_a_fit_on_one_photo_a_class_claims_no_choice_and_names_what_it_could_not_read(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees" / "train", {"ash": 1, "birch": 1})
    write_photos(tmp_path / "trees" / "valid", {"ash": 2, "birch": 2}, seed=1)
    (data / "ash" / "1.png").write_bytes(b"no photo")
    kclass.fit(tmp_path / "trees", out=tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert "is a fixed one" in chosen_by(run)
    assert len(run.unreadable) == 1 and "1.png" in run.unreadable[0]
    told = {use.split: use for use in uses(run)}
    assert (told["train"].photos, told["train"].unreadable) == (2, 1)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "cross-validation" not in page and "rests on training" not in page
    assert "too few training photos were there to fit one on" in page
    assert "1 photo could not be read" in page
