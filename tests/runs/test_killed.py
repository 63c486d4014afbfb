"""`kill -9` at random moments of a training, and going on: nothing is lost, to the last digit."""

import csv
import itertools
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import KCLASS
from small_fits import CLASSES, write_photos

import kclass

TOO_LONG = 200
KILLS = 3
SCRATCH = ("--backbone", "scratch", "--size", "16", "--batch-size", "2", "--epochs", "16", "--ema", "0.9")
FINE_TUNED = ("--fine-tune", "10", "--size", "64", "--batch-size", "4", "--fine-tune-lr", "0.001")
BOTH = (
    *("--hidden", "16", "--epochs", "5", "--fine-tune", "5", "--size", "64", "--batch-size", "4"),
    *("--unfreeze", "last-6", "--mixup", "0.2", "--optimizer", "sgd", "--balance", "sample"),
)


def begin(log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """`kclass fit` in a process group of its own, with what it says in a file."""
    with log.open("wb") as said:
        return subprocess.Popen(
            (*KCLASS, "fit", *arguments), cwd=log.parent, stdout=said, stderr=said, start_new_session=True
        )


def ended(process: subprocess.Popen[bytes], log: Path) -> None:
    assert process.wait(TOO_LONG) == 0, log.read_text()


def epochs(part: Path) -> dict[int, float]:
    """The epochs that an unfinished run has behind it, with the seconds that each took."""
    try:
        with np.load(part / "checkpoint.npz") as found:
            story = json.loads(found["story"].tobytes())
    except FileNotFoundError:
        return {}
    history = [*story["earlier"], *story["history"]]
    # A later phase begins with another look at the epoch before; the first entry is that epoch's own.
    return {each["epoch"]: each["seconds"] for each in reversed(history)}


def kill(
    process: subprocess.Popen[bytes], part: Path, log: Path, *, epoch: int, share: float
) -> dict[int, float]:
    """Kill a process in the middle of the epoch after a given one; what it had behind it then."""
    tick, end = threading.Event(), time.monotonic() + TOO_LONG
    while epoch not in (found := epochs(part)):
        assert process.poll() is None, f"it ended before epoch {epoch}: {log.read_text()}"
        assert time.monotonic() < end, f"it never came to epoch {epoch}: {log.read_text()}"
        tick.wait(0.005)
    tick.wait(share * min(found.values()))  # the first is long: in its time all others could go by
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return epochs(part)


def results(run: Path) -> dict[str, Any]:
    """All that a run comes to, without the times of its epochs."""
    with (run / "history.csv").open(newline="") as file:
        history = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    files = ("metrics.json", "predictions.csv", "split.csv", "findings.csv", "config.json", "summary.txt")
    weights = kclass.load(run / "model.keras").archive.layer_weights
    return {
        "history": history,
        **{name: (run / name).read_text() for name in files},
        **{name: [each.tobytes() for each in arrays] for name, arrays in weights.items()},
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(SCRATCH, id="scratch"),
        pytest.param(FINE_TUNED, id="fine-tuned"),
        pytest.param(BOTH, id="head and fine-tuned"),
    ],
)
def test_a_training_that_is_killed_three_times_ends_as_one_that_never_was(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    data = str(write_photos(tmp_path / "trees", dict.fromkeys(CLASSES, 8)))
    asked = [int(value) for name, value in itertools.pairwise(options) if name in ("--epochs", "--fine-tune")]
    random = np.random.default_rng(len(options))
    # Ascending, with two epochs to go: what is killed must not have come to its end.
    moments = np.sort(random.choice(np.arange(1, sum(asked) - 2), size=KILLS, replace=False)).tolist()
    part, log = tmp_path / "run.unfinished", tmp_path / "said.txt"
    whole = begin(tmp_path / "whole.txt", data, "--out", "whole", *options)
    behind = {0: 0.0}
    process = begin(log, data, "--out", "run", *options)
    for moment in moments:
        epoch = max(moment, max(behind) + 1)  # the process has then learned something itself
        behind = kill(process, part, log, epoch=epoch, share=random.random())
        assert not (tmp_path / "run").exists()
        process = begin(log, "--resume", part.name)
    ended(process, log)
    ended(whole, tmp_path / "whole.txt")
    assert not part.exists()
    assert results(tmp_path / "run") == results(tmp_path / "whole")
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        took = {int(row["epoch"]): float(row["seconds"]) for row in csv.DictReader(file)}
    assert took.items() >= behind.items()  # no epoch was gone through again
    told = (tmp_path / "run" / "log.txt").read_text()
    assert told.count(" INFO data trees: 24 photos, 3 classes\n") == 1 + KILLS
