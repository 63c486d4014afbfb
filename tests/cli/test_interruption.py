import contextlib
import csv
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from processes import KCLASS, interruptible
from small_fits import write_photos

LONG_ENOUGH = 120
HOW_TO_GO_ON = "  The epochs so far are kept. Go on with: kclass fit --resume run.unfinished\n"
ENDS = {
    signal.SIGINT: (130, "interrupted\n"),
    signal.SIGTERM: (143, "terminated\n"),
    signal.SIGHUP: (129, "the terminal was closed\n"),
}


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
def test_a_signal_during_a_fit_ends_it_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    # The first photo is a pipe: that somebody opens it tells that the fit has begun to embed, and
    # the hundreds of others keep it busy for seconds.
    data = write_photos(tmp_path / "trees", {"ash": 200, "birch": 200}, seed=number)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (data / "ash/00.jpg").symlink_to(pipe)
    process = subprocess.Popen(
        interruptible((*KCLASS, "fit", str(data), "--valid", "0.25")),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    writing: list[int] = []
    opening = threading.Thread(target=lambda: writing.append(os.open(pipe, os.O_WRONLY)), daemon=True)
    opening.start()
    opening.join(LONG_ENOUGH)
    assert writing, "the fit never came to the photo"
    runs = tmp_path / "runs"
    assert [path.name[:6] for path in runs.iterdir()] == [".part-"]
    process.send_signal(number)
    os.close(writing[0])
    out, err = process.communicate(timeout=LONG_ENOUGH)
    assert (process.returncode, out, err) == (ENDS[number][0], "", ENDS[number][1])
    assert list(runs.iterdir()) == []


def test_a_fit_that_is_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    ignoring = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "from kclass_cli.command import Signalled, _signals_raised\n"
        "with _signals_raised(): signal.raise_signal(signal.SIGHUP)\n"
        "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN"
    )
    assert subprocess.run([sys.executable, "-c", ignoring], cwd=tmp_path, check=False).returncode == 0


# Trainings with epochs


class Training:
    """`kclass fit` with more epochs than it will ever come to."""

    def __init__(self, folder: Path, data: Path) -> None:
        options = ("--backbone", "scratch", "--size", "8", "--batch-size", "4", "--epochs", "100000")
        self.part = folder / "run.unfinished"
        self.process = subprocess.Popen(
            interruptible((*KCLASS, "fit", str(data), "--out", "run", *options)),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for_an_epoch(self) -> None:
        tick, end = threading.Event(), time.monotonic() + LONG_ENOUGH
        while not (self.part / "checkpoint.npz").exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "there never was an epoch"
            tick.wait(0.01)

    def ended(self) -> tuple[int, str, str]:
        try:
            out, err = self.process.communicate(timeout=LONG_ENOUGH)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"it goes on: {self.process.communicate()}")
        return self.process.returncode, out, err


def test_ctrl_c_ends_the_epochs_and_the_run_is_whole(tmp_path: Path) -> None:
    training = Training(tmp_path, write_photos(tmp_path / "trees", {"ash": 10, "birch": 10}))
    training.wait_for_an_epoch()
    training.process.send_signal(signal.SIGINT)
    code, out, err = training.ended()
    assert code == 0, err
    assert err.startswith("Stopped by Ctrl-C. Kept: epoch ")
    assert "Accuracy on validation" in out
    assert [path.name for path in tmp_path.glob("run*")] == ["run"]
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        losses = {row["epoch"]: float(row["held_out_loss"]) for row in csv.DictReader(file)}
    kept = err.split()[5].rstrip(",")
    assert losses[kept] == min(losses.values())
    assert {"model.keras", "metrics.json", "curves.png"} <= {
        path.name for path in (tmp_path / "run").iterdir()
    }


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)],
    ids=lambda number: number.name,
)
def test_a_signal_to_end_during_epochs_leaves_them_to_be_gone_on_with(
    number: signal.Signals, tmp_path: Path
) -> None:
    training = Training(tmp_path, write_photos(tmp_path / "trees", {"ash": 10, "birch": 10}))
    training.wait_for_an_epoch()
    training.process.send_signal(number)
    code, message = ENDS[number]
    assert training.ended() == (code, "", f"{message}{HOW_TO_GO_ON}")
    assert {path.name for path in training.part.iterdir()} == {"begun.json", "checkpoint.npz", "log.txt"}
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_second_ctrl_c_ends_the_command_and_leaves_the_epochs(tmp_path: Path) -> None:
    # A photo that validates is a pipe. It is fed as often as it is read before the epochs are over;
    # whoever reads it then is the evaluation.
    data = tmp_path / "trees"
    for seed, split in enumerate(("train", "valid")):
        write_photos(data / split, {"ash": 10, "birch": 10}, seed=seed)
    photo = data / "valid" / "ash" / "0.png"
    content = photo.read_bytes()
    photo.unlink()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    photo.symlink_to(pipe)
    training = Training(tmp_path, data)
    feeding = threading.Thread(target=_feed, args=(pipe, content, training), daemon=True)
    feeding.start()
    training.wait_for_an_epoch()
    training.process.send_signal(signal.SIGINT)
    feeding.join(LONG_ENOUGH)
    assert not feeding.is_alive(), "the photos were never evaluated"
    assert training.ended() == (130, "", f"interrupted\n{HOW_TO_GO_ON}")
    assert "checkpoint.npz" in {path.name for path in training.part.iterdir()}


def _feed(pipe: Path, content: bytes, training: Training) -> None:
    """Let the pipe be read until the epochs are over, and interrupt who reads it then."""
    while True:
        # Whoever opens it may close it again before all has been read.
        with contextlib.suppress(BrokenPipeError), pipe.open("wb") as file:
            if " INFO trained: " in (training.part / "log.txt").read_text():
                training.process.send_signal(signal.SIGINT)
                return
            file.write(content)
