import json
import os
import shutil
from pathlib import Path

import pytest
from command_line import Command
from kclass_cli.fit import _keep_noise
from kclass_cli.terminal import Terminal
from small_fits import CLASSES, SmallFit, write_photos

import kclass

BROKEN = b"\xff\xd8\xff\xe0 and no more"


def test_a_fit_says_what_it_learned_from_how_good_it_is_and_where_it_lies(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    ended = command("fit", fitted.data, "--out", "run")
    assert ended.code == 0
    assert ended.out.startswith("Dataset trees: 24 photos, 3 classes\n")
    metrics = json.loads((here / "run/metrics.json").read_text())["valid"]
    assert f"Accuracy on validation: {metrics['accuracy']:.1%}".replace("%", " %") in ended.out
    assert f"({metrics['correct']}/6), 95 % interval" in ended.out
    assert ended.out.endswith(" s. Model, predictions and figures: run\n")
    assert ended.err == f"Next: kclass predict PHOTO --model {Path('run/model.keras')}\n"


def test_what_is_worth_a_look_is_said_and_where_it_is_listed(
    command: Command, fitted: SmallFit, tmp_path: Path
) -> None:
    shutil.copytree(fitted.data, tmp_path / "trees")
    for name in ("copy", "another"):
        shutil.copy(fitted.photo, tmp_path / "trees" / "birch" / f"{name}.png")
    ended = command("fit", tmp_path / "trees", "--out", "run")
    assert ended.err.splitlines()[0] == (
        "worth a look: one photo under two labels (1), labels to look at (2);"
        f" listed in {Path('run/findings.csv')}"
    )


def test_quiet_leaves_the_results_alone(command: Command, fitted: SmallFit) -> None:
    ended = command("fit", fitted.data, "--out", "run", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert "Accuracy on validation" in ended.out


def test_json_is_one_document_on_stdout_and_nothing_else(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    ended = command("fit", fitted.data, "--out", "run", "--json", "--test", "0.25", "--seed", "3")
    assert (ended.code, ended.err) == (0, "")
    content = json.loads(ended.out)
    assert set(content) == {
        "run",
        "model",
        "data",
        "options",
        "metrics",
        "unreadable",
        "left_out_copies",
        "findings",
        "seconds",
    }
    assert (content["run"], content["model"]) == ("run", str(Path("run/model.keras")))
    assert content["options"]["seed"] == 3
    assert content["metrics"] == {
        split: {**metrics, "unreadable": []}
        for split, metrics in json.loads((here / "run/metrics.json").read_text()).items()
    }
    assert set(content["metrics"]) == {"valid", "test"}


def test_a_broken_photo_is_left_out_and_named(command: Command, here: Path) -> None:
    data = write_photos(here.parent / "trees", dict.fromkeys(CLASSES, 4))
    for index in range(12):
        (data / "ash" / f"broken-{index}.jpg").write_bytes(BROKEN + bytes([index]))
    ended = command("fit", data, "--out", "run")
    assert ended.code == 0
    left_out = [line for line in ended.err.splitlines() if line.startswith("left out: ")]
    assert len(left_out) == 11
    assert left_out[-1] == f"left out: 2 more, listed in {Path('run/log.txt')}"
    assert all("is truncated or broken" in line for line in left_out[:-1])
    assert (here / "run/log.txt").read_text().count("WARNING left out: ") == 12
    assert len(json.loads(command("fit", data, "--out", "other", "--json").out)["unreadable"]) == 12


def test_strict_refuses_a_broken_photo_and_leaves_no_run(command: Command, here: Path) -> None:
    data = write_photos(here.parent / "trees", dict.fromkeys(CLASSES, 4))
    (data / "ash/broken.jpg").write_bytes(BROKEN)
    ended = command("fit", data, "--strict")
    assert (ended.code, ended.out) == (1, "")
    first, fix = ended.err.splitlines()
    assert first.startswith(
        f"Error: 1 of the photos cannot be read. The first: {data / 'ash/broken.jpg'} is trunc"
    )
    assert fix == "  Mend or remove them, or leave out --strict."
    assert list((here / "runs").iterdir()) == []


def test_the_command_line_and_python_give_the_same(command: Command, fitted: SmallFit, here: Path) -> None:
    command(
        "fit",
        fitted.data,
        "--out",
        "here",
        "--size",
        "96",
        "--resize",
        "pad",
        "--seed",
        "2",
        "--valid",
        "0.25",
    )
    kclass.fit(fitted.data, out="there", size=96, resize="pad", seed=2, valid=0.25)
    for name in ("metrics.json", "predictions.csv", "split.csv"):
        assert (here / "here" / name).read_bytes() == (here / "there" / name).read_bytes()


def test_quiet_or_not_what_was_left_out_is_named(command: Command, here: Path) -> None:
    data = here.parent / "trees"
    for place, split in enumerate(("train", "valid")):
        write_photos(data / split, {"ash": 4, "birch": 4}, seed=place)
    (data / "train/ash/0.png").write_bytes((data / "valid/ash/0.png").read_bytes())
    (data / "train/ash/broken.jpg").write_bytes(BROKEN)
    for place, option in enumerate((("--quiet",), ("--quiet", "--json"))):
        copies, broken = command("fit", data, "--out", f"run-{place}", *option).err.splitlines()
        assert copies == "1 training photo left out: the same picture is in validation (train/ash/0.png)"
        assert broken.startswith(f"left out: {data / 'train/ash/broken.jpg'} is truncated")


def test_a_finished_run_that_latest_cannot_name_is_a_success_with_a_warning(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    (here / "runs/latest/mine").mkdir(parents=True)
    ended = command("fit", fitted.data)
    assert ended.code == 0
    (run,) = (path for path in (here / "runs").iterdir() if path.name != "latest")
    model = Path("runs") / run.name / "model.keras"
    assert ended.err.splitlines() == [
        f"{Path('runs/latest')} does not name this run; move it away",
        f"Next: kclass predict PHOTO --model {model}",
    ]
    assert (here / model).is_file()


def test_a_log_that_cannot_be_added_to_is_no_failure(capfd: pytest.CaptureFixture[str], here: Path) -> None:
    with Terminal(quiet=True) as terminal:
        os.write(2, b"words of a library\n")
        _keep_noise(terminal, here)
    assert capfd.readouterr().err == f"what libraries wrote is not in {here}: Is a directory\n"


@pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_a_network_is_trained_from_scratch(command: Command, fitted: SmallFit, here: Path) -> None:
    options = ("--backbone", "scratch", "--size", "8", "--epochs", "1", "--batch-size", "9", "--lr", "0.01")
    ended = command("fit", fitted.data, "--out", "run", *options)
    assert ended.code == 0, ended.err
    chosen = json.loads((here / "run/config.json").read_text())["options"]
    assert {name: chosen[name] for name in ("backbone", "size", "epochs", "batch_size", "lr")} == {
        "backbone": "scratch",
        "size": 8,
        "epochs": 1,
        "batch_size": 9,
        "lr": 0.01,
    }
