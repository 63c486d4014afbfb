import csv
import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from command_line import Command
from kclass_cli.fit import _keep_noise
from kclass_cli.terminal import Terminal
from small_fits import CLASSES, SmallFit, write_photos

import kclass

# Keras writes models with an array protocol from before NumPy 2.
keras_writes = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

BROKEN = b"\xff\xd8\xff\xe0 and no more"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_fit_says_what_it_learned_from_how_good_it_is_and_where_it_lies(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    ended = command("fit", fitted.data, "--out", "run")
    assert ended.code == 0
    assert ended.out.startswith("Dataset trees: 24 photos, 3 classes\n")
    metrics = json.loads((here / "run/metrics.json").read_text())["valid"]
    assert f"Accuracy on validation: {metrics['accuracy']:.1%}".replace("%", " %") in ended.out
    assert f"({metrics['correct']}/6), 95 % interval" in ended.out
    last = f" s. Model, predictions and figures: run\nReport: {Path('run/report.html')}\n"
    assert ended.out.endswith(last)
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
        "report",
        "data",
        "options",
        "metrics",
        "unreadable",
        "left_out_copies",
        "findings",
        "epochs",
        "interrupted",
        "seconds",
    }
    assert (content["epochs"], content["interrupted"]) == ([], False)
    assert (content["run"], content["model"]) == ("run", str(Path("run/model.keras")))
    assert content["options"]["seed"] == 3
    assert content["metrics"] == {
        split: {**metrics, "unreadable": []}
        for split, metrics in json.loads((here / "run/metrics.json").read_text()).items()
    }
    assert set(content["metrics"]) == {"valid", "test"}


def test_the_seconds_told_are_those_of_the_whole_command(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    ended = command("fit", fitted.data, "--out", "run", "--json")
    data_opened = (here / "run/log.txt").read_text()[:23]  # to a thousandth, rounded down
    begun = datetime.strptime(data_opened, "%Y-%m-%d %H:%M:%S,%f").timestamp()
    page_written = (here / "run/report.html").stat().st_mtime
    assert json.loads(ended.out)["seconds"] > page_written - begun - 0.002


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


# Trainings with epochs


SCRATCH = ("--backbone", "scratch", "--size", "8", "--batch-size", "6", "--epochs", "2")


@keras_writes
def test_a_fit_with_epochs_says_what_was_trained_and_how_each_epoch_went(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    ended = command("fit", fitted.data, "--out", "run", *SCRATCH)
    assert ended.code == 0, ended.err
    trained, heads, first, second = ended.out.splitlines()[7:11]
    assert trained == "scratch: 616,483 weights, 616,483 of them learned, on cpu in float32"
    assert heads.split("  ")[0] == "phase"
    history = rows(here / "run/history.csv")
    for line, row in zip((first, second), history, strict=True):
        assert line.split()[:2] == ["scratch", row["epoch"]]
        assert line.split()[4] == f"{float(row['held_out_loss']):.4f}"
    best = min(history, key=lambda row: float(row["held_out_loss"]))
    kept, following = ended.err.splitlines()
    assert kept == (
        f"Kept: epoch {best['epoch']}, with the lowest loss ({float(best['held_out_loss']):.4f}) on a tenth "
        "of the training photos, which were held out."
    )
    assert following == f"Next: kclass predict PHOTO --model {Path('run/model.keras')}"


@pytest.mark.slow
@keras_writes
def test_the_json_of_a_fit_with_epochs_has_each_of_them(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    ended = command("fit", fitted.data, "--out", "run", *SCRATCH, "--json")
    assert (ended.code, ended.err) == (0, "")
    content = json.loads(ended.out)
    columns = ("phase", "epoch", "learning_rate", "train_loss", "held_out_loss", "error_rate", "seconds")
    assert [tuple(each) for each in content["epochs"]] == [columns, columns]
    assert [[str(value) for value in each.values()] for each in content["epochs"]] == [
        list(row.values()) for row in rows(here / "run/history.csv")
    ]
    assert content["interrupted"] is False


@keras_writes
def test_the_json_of_a_fit_that_diverges_is_json(command: Command, fitted: SmallFit) -> None:
    # At this rate the first epoch, of one step, ends with a loss, and one of those after it without.
    wild = ("--batch-size", "32", "--epochs", "12", "--optimizer", "sgd", "--momentum", "0.99", "--lr", "9.5")
    ended = command("fit", fitted.data, "--out", "run", *SCRATCH[:4], *wild, "--json")
    assert ended.code == 0, ended.err

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no number of JSON")

    losses = [each["held_out_loss"] for each in json.loads(ended.out, parse_constant=refuse)["epochs"]]
    assert None in losses


OPTIONS: dict[str, tuple[str, Any]] = {
    "head": ("dense", "dense"),
    "hidden": ("16,8", [16, 8]),
    "dropout": ("0.1", 0.1),
    "activation": ("tanh", "tanh"),
    "epochs": ("1", 1),
    "lr": ("0.01", 0.01),
    "fine_tune": ("1", 1),
    "unfreeze": ("last-1", "last-1"),
    "fine_tune_lr": ("0.0002", 0.0002),
    "stage_lr": ("0.3", 0.3),
    "batch_size": ("9", 9),
    "optimizer": ("sgd", "sgd"),
    "momentum": ("0.8", 0.8),
    "weight_decay": ("0.05", 0.05),
    "schedule": ("plateau", "plateau"),
    "plateau_patience": ("3", 3),
    "patience": ("4", 4),
    "label_smoothing": ("0.1", 0.1),
    "clip_norm": ("1.5", 1.5),
    "ema": ("0.9", 0.9),
    "augment": ("flip", "flip"),
    "mixup": ("0.2", 0.2),
    "cutmix": ("1", 1.0),
    "balance": ("sample", "sample"),
    "cache": ("memory", "memory"),
    "precision": ("f32", "f32"),
    "seed": ("3", 3),
    "size": ("64", 64),
}


@pytest.mark.slow
@keras_writes
def test_every_option_of_training_comes_from_the_command_line_to_the_fit(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    given = [word for name, (text, _) in OPTIONS.items() for word in (f"--{name.replace('_', '-')}", text)]
    ended = command("fit", fitted.data, "--out", "run", *given, "--tensorboard")
    assert ended.code == 0, ended.err
    chosen = json.loads((here / "run/config.json").read_text())["options"]
    assert {name: chosen[name] for name in OPTIONS} == {name: value for name, (_, value) in OPTIONS.items()}
    assert chosen["tensorboard"] is True
    assert list((here / "run/tensorboard").iterdir())


def test_warmup_comes_from_the_command_line_too(command: Command, fitted: SmallFit) -> None:
    ended = command("fit", fitted.data, *SCRATCH, "--schedule", "cosine", "--warmup", "1")
    assert ended.err.startswith("Error: warmup is 1.0; it must be a share of the steps, from 0 to below 1\n")


@pytest.mark.parametrize("text", ["many", "16,", "16;8", "1.5", ""])
def test_hidden_units_that_are_no_numbers_are_wrong_usage(
    text: str, command: Command, fitted: SmallFit
) -> None:
    ended = command("fit", fitted.data, "--hidden", text)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(
        f"Error: Invalid value for '--hidden': {text!r} is not one or more whole numbers,"
        " such as 500 or 1024,512\n"
    )


# Going on


def stopped(data: Path | str, out: Path | None = None, **options: Any) -> Path:
    """A run that was stopped in its second epoch."""

    def stop(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "training" and done > total / 2:
            raise RuntimeError

    chosen: dict[str, Any] = {"backbone": "scratch", "size": 8, "batch_size": 6, "epochs": 2, **options}
    with pytest.raises(RuntimeError):
        kclass.fit(data, out=out, progress=stop, **chosen)
    folder = Path("runs") if out is None else out.parent
    (part,) = folder.glob("*.unfinished")
    return part


@keras_writes
def test_a_stopped_run_is_gone_on_with(command: Command, fitted: SmallFit, here: Path) -> None:
    part = stopped(fitted.data, here / "run")
    ended = command("fit", "--resume", "run.unfinished")
    assert ended.code == 0, ended.err
    assert not part.exists()
    assert [row["epoch"] for row in rows(here / "run/history.csv")] == ["1", "2"]
    assert f" s. Model, predictions and figures: {here / 'run'}\n" in ended.out
    assert ended.err.endswith(f"Next: kclass predict PHOTO --model {here / 'run/model.keras'}\n")
    assert command("predict", fitted.photo, "--model", "run").code == 0


@keras_writes
def test_a_run_without_a_name_is_the_latest_when_it_has_come_to_its_end(
    command: Command, fitted: SmallFit
) -> None:
    ended = command("fit", "--resume", stopped(fitted.data))
    assert ended.code == 0, ended.err
    assert ended.err.endswith("Next: kclass predict PHOTO\n")
    assert command("predict", fitted.photo).code == 0


@pytest.mark.slow
@keras_writes
@pytest.mark.parametrize("by", ["valid", "manifest"])
def test_a_run_is_gone_on_with_from_another_folder(
    by: str, command: Command, fitted: SmallFit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(fitted.data, here / "trees")
    shutil.copy(fitted.run / "split.csv", here / "split.csv")
    write_photos(here / "others", dict.fromkeys(CLASSES, 2), seed=5)
    stopped("trees", Path("run"), **({"valid": "others"} if by == "valid" else {"manifest": "split.csv"}))
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    ended = command("fit", "--resume", "../run", "--json", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    content = json.loads(ended.out)
    assert Path(content["run"]).resolve() == here / "run"
    assert content["metrics"]["valid"]["photos"] == 6
    assert list((here / "elsewhere").iterdir()) == []


@pytest.mark.slow
@keras_writes
def test_what_to_do_next_with_a_run_elsewhere_names_its_model(
    command: Command, fitted: SmallFit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = stopped(fitted.data)
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    ended = command("fit", "--resume", Path("..") / part)
    assert ended.code == 0, ended.err
    model = Path(ended.err.split()[-1])
    assert ended.err.endswith(f"Next: kclass predict PHOTO --model {model}\n")
    assert model.resolve() == here / part.with_name(part.name.removesuffix(".unfinished")) / "model.keras"
