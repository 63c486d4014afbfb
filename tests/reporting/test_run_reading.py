import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_runs import MadeUp, three_trees, write_run
from small_fits import SmallFit

from kclass.errors import DataError, ModelError, OptionError
from kclass.reporting.run_reading import read_run


def test_what_a_fit_left_is_read_back_as_the_fit_had_it(fitted: SmallFit) -> None:
    run = read_run(fitted.run)
    assert run.classes == fitted.classifier.classes
    assert run.root == fitted.data.resolve()
    assert run.model == fitted.model
    assert run.options["seed"] == 0 and run.versions["kclass"]
    assert run.data["fingerprint"] == fitted.classifier.record.data["fingerprint"]
    valid = run.splits["valid"]
    assert valid.metrics == json.loads((fitted.run / "metrics.json").read_text())["valid"]
    assert (valid.predicted == valid.probabilities.argmax(axis=1)).all()
    assert (valid.labels == valid.predicted).sum() == valid.metrics["correct"]
    assert [run.classes[label] for label in valid.labels] == [Path(path).parent.name for path in valid.paths]
    assert sum(run.counts["train"]) + sum(run.counts["valid"]) == 24
    assert any(row["chosen"] == "1" for row in run.history)


def test_probabilities_are_read_as_closely_as_they_were_computed(fitted: SmallFit) -> None:
    valid = read_run(fitted.run).splits["valid"]
    found = fitted.classifier.predict_all([fitted.data / path for path in valid.paths], top=3)
    for row, each in zip(valid.probabilities, found, strict=True):
        said = dict(zip(fitted.classifier.classes, row, strict=True))
        for guess in each.top:
            assert said[guess.label] == pytest.approx(
                guess.probability, rel=2e-3
            )  # of features in half precision


def test_photos_of_a_made_up_run_are_counted_by_class_and_split(tmp_path: Path) -> None:
    run = read_run(three_trees(tmp_path / "run"))
    assert run.counts == {"train": (2, 2, 2), "valid": (2, 2, 1)}
    assert run.unlabelled == {}
    assert run.splits["valid"].labels.tolist() == [0, 0, 1, 1, 2]
    assert run.splits["valid"].predicted.tolist() == [0, 0, 0, 1, 2]
    assert run.splits["valid"].novelty is None
    assert len(run.splits["valid"]) == 5


def test_photos_without_a_class_or_split_are_counted_too(tmp_path: Path) -> None:
    folder = three_trees(tmp_path / "run")
    with (folder / "split.csv").open("a") as file:
        file.write("loose/1.png,,test\nash/8.png,ash,\n")
    run = read_run(folder)
    assert run.counts["test"] == (0, 0, 0) and run.unlabelled == {"test": 1}
    assert run.counts[""] == (1, 0, 0)


def test_a_score_for_unlike_photos_is_read_if_there_is_one(tmp_path: Path) -> None:
    two = MadeUp(
        ("a", "b"), np.array([0, 1], np.int32), np.array([[0.9, 0.1], [0.3, 0.7]]), novelty=[0.5, 1.25]
    )
    run = read_run(write_run(tmp_path / "run", ("x", "y"), {"valid": two}))
    assert run.splits["valid"].novelty is not None
    assert run.splits["valid"].novelty.tolist() == [0.5, 1.25]
    assert run.classes == ("x", "y")


def test_class_names_may_hold_whatever_a_csv_file_parts_by(tmp_path: Path) -> None:
    names = ("a,b", "p(x)", 'say "so"', "line\nbreak", "back\rturn", " ;\t;")
    each = MadeUp(tuple("123456"), np.arange(6, dtype=np.int32), np.eye(6))
    run = read_run(write_run(tmp_path / "run", names, {"valid": each}))
    assert run.classes == names


def test_an_older_run_that_does_not_say_where_its_photos_lie_is_read(tmp_path: Path) -> None:
    folder = three_trees(tmp_path / "run")
    (folder / "findings.csv").unlink()
    (folder / "history.csv").unlink()
    run = read_run(folder)
    assert run.root is None
    assert run.findings == () and run.history == ()


@pytest.mark.parametrize("by_link", [True, False], ids=["a link", "a text file"])
def test_latest_names_a_run(tmp_path: Path, by_link: bool) -> None:
    three_trees(tmp_path / "runs" / "2026-one")
    latest = tmp_path / "runs" / "latest"
    if by_link:
        latest.symlink_to("2026-one", target_is_directory=True)
    else:
        latest.write_text("2026-one\n")
    assert read_run(latest).classes == ("ash", "birch", "cedar")


def test_what_is_no_run_is_refused_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no run .*nowhere\nGive the folder of a run"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"is not the folder of a run: it has no config.json\nGive"):
        read_run(tmp_path)
    (tmp_path / "x.unfinished").mkdir()
    with pytest.raises(ModelError, match=r"has not come to its end\nGo on with it by `kclass fit --resume"):
        read_run(tmp_path / "x.unfinished")
    with pytest.raises(OptionError, match="run is of the type int"):
        read_run(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("metrics.json", None, "metrics.json: it is not there"),
        ("config.json", "{", "config.json: Expecting property name"),
        ("config.json", "[]", "config.json: it is no table"),
        ("config.json", '{"options": 3}', "config.json: options is no table"),
        ("metrics.json", "{}", "metrics.json: it does not tell of valid"),
        ("predictions.csv", "", "predictions.csv: not enough values"),
        ("predictions.csv", "path,split\n", "predictions.csv: it has no column label"),
        (
            "predictions.csv",
            "path,split,label,prediction,probability,p(ash)\na,valid,ash\n",
            "predictions.csv: row 1 has 3 fields, and there are 6 columns",
        ),
        (
            "predictions.csv",
            "path,split,label,prediction,probability,p(ash)\na,valid,elm,ash,1,1\n",
            "predictions.csv: there is no column for the class 'elm'",
        ),
        (
            "predictions.csv",
            "path,split,label,prediction,probability,p(ash)\na,valid,ash,ash,1,much\n",
            "predictions.csv: could not convert",
        ),
        ("split.csv", "path,class\na,ash\n", "split.csv: the manifest"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str | None, told: str) -> None:
    folder = three_trees(tmp_path / "run")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(DataError) as caught:
        read_run(folder)
    assert f"the run {folder} is damaged: {told}" in caught.value.message
    assert caught.value.fix == "Copy its folder again if it was damaged on the way, or fit again."


def _without(table: dict[str, Any], *path: str) -> dict[str, Any]:
    found = {**table}
    if len(path) == 1:
        del found[path[0]]
    else:
        found[path[0]] = _without(found[path[0]], *path[1:])
    return found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda valid: {"photos": 5}, "correct of valid is no count"),
        (lambda valid: {**valid, "photos": None}, "photos of valid is no count"),
        (lambda valid: {**valid, "photos": True}, "photos of valid is no count"),
        (lambda valid: {**valid, "log_loss": None}, "log_loss of valid is no number"),
        (lambda valid: {**valid, "brier": float("nan")}, "brier of valid is no number"),
        (lambda valid: {**valid, "brier": 10**400}, "brier of valid is no number"),
        (lambda valid: {**valid, "macro": None}, "macro of valid is no table"),
        (lambda valid: {**valid, "macro": {"f1": "good"}}, "macro of valid holds what is no number"),
        (lambda valid: _without(valid, "interval"), "the interval of valid named interval has no two ends"),
        (lambda valid: _without(valid, "interval", "low"), "named interval has no two ends"),
        (lambda valid: {**valid, "interval": {"low": -1, "high": 1}}, "interval of valid is not from 0 to 1"),
        (lambda valid: {**valid, "intervals": {"brier": 3}}, "named brier has no two ends"),
        (lambda valid: {**valid, "unreadable": "none"}, "unreadable of valid is no list"),
        (lambda valid: _without(valid, "per_class"), "per_class of valid is no list of tables"),
        (lambda valid: {**valid, "per_class": valid["per_class"][1:]}, "is not of the classes"),
        (
            lambda valid: {**valid, "per_class": [{**each, "f1": None} for each in valid["per_class"]]},
            "f1 of the class ash in valid is no number",
        ),
        (
            lambda valid: {**valid, "per_class": [{**each, "support": 0.5} for each in valid["per_class"]]},
            "support of the class ash in valid is no count",
        ),
        (lambda valid: {**valid, "accuracy": 0.9}, "the accuracy of valid is 0.9, but 4 of 5 are right"),
    ],
)
def test_metrics_without_what_is_needed_are_named(
    tmp_path: Path, change: Callable[[Any], Any], told: str
) -> None:
    folder = three_trees(tmp_path / "run")
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps({"valid": change(metrics["valid"])}))
    with pytest.raises(DataError, match=r"is damaged: metrics\.json: ") as caught:
        read_run(folder)
    assert told in caught.value.message
    assert caught.value.fix.startswith("Copy its folder again")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[1:], "it has 4 valid photos, and metrics.json tells of 5"),
        (lambda rows: [rows[0], *rows], "the valid photo ash/0.png is there twice"),
        (lambda rows: [], "it has no valid photos, and metrics.json tells of some"),
        (lambda rows: [rows[0].replace("valid", "elsewhere"), *rows[1:]], "it has photos of no split"),
        (lambda rows: [rows[0].replace("0.06", "nan"), *rows[1:]], "photo ash/0.png has a probability that"),
        (
            lambda rows: [rows[0].replace("0.06", "5").replace("0.04", "-4.9"), *rows[1:]],
            "photo ash/0.png has a probability that is not from 0 to 1",
        ),
        (
            lambda rows: [rows[0].replace("0.06", "0.46"), *rows[1:]],
            "the valid photo ash/0.png has probabilities that do not sum to 1",
        ),
        (
            lambda rows: [rows[0].replace('"ash","0.9"', '"birch","0.9"'), *rows[1:]],
            "the valid photo ash/0.png is said to be of a class that is not the most probable one",
        ),
        (
            lambda rows: [rows[0].replace('valid","ash"', 'valid","birch"'), *rows[1:]],
            "3 valid photos are predicted right, and metrics.json tells of 4",
        ),
        (
            lambda rows: [*rows[:2], rows[2].replace('valid","birch"', 'valid","cedar"'), *rows[3:]],
            "it has 1 valid photos of the class birch, and metrics.json tells of 2",
        ),
    ],
)
def test_predictions_that_cannot_be_so_are_named(
    tmp_path: Path, change: Callable[[list[str]], list[str]], told: str
) -> None:
    folder = three_trees(tmp_path / "run")
    head, *rows = (folder / "predictions.csv").read_text().splitlines()
    assert change(rows) != rows
    (folder / "predictions.csv").write_text("\n".join([head, *change(rows)]) + "\n")
    with pytest.raises(DataError) as caught:
        read_run(folder)
    assert f"the run {folder} is damaged: predictions.csv: " in caught.value.message
    assert told in caught.value.message


def test_six_digits_of_a_probability_are_enough(tmp_path: Path) -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(7), size=40)
    each = MadeUp([f"{row}" for row in range(40)], (np.arange(40) % 7).astype(np.int32), shares)
    read_run(write_run(tmp_path / "run", tuple("abcdefg"), {"valid": each}))


def test_a_run_tells_what_its_model_rests_on(tmp_path: Path) -> None:
    folder = three_trees(tmp_path / "run")
    plain = read_run(folder)
    assert (plain.unreadable, plain.calibration, plain.novelty) == ((), {}, {})
    config = json.loads((folder / "config.json").read_text())
    more = {"unreadable": ["x.jpg is no photo"], "calibration": {"photos": 3}, "novelty": {"photos": 9}}
    (folder / "config.json").write_text(json.dumps({**config, **more}))
    told = read_run(folder)
    assert told.unreadable == ("x.jpg is no photo",)
    assert (told.calibration, told.novelty) == ({"photos": 3}, {"photos": 9})
    (folder / "config.json").write_text(json.dumps({**config, "unreadable": [3]}))
    with pytest.raises(DataError, match=r"config.json: unreadable is no list of texts"):
        read_run(folder)


def test_a_fit_keeps_what_its_model_rests_on(fitted: SmallFit) -> None:
    run, record = read_run(fitted.run), fitted.classifier.record
    assert run.calibration == record.calibration and run.calibration["photos"] == 18
    assert run.novelty == record.novelty and run.novelty["photos"] == 18
    assert run.unreadable == ()
