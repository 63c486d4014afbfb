import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from processes import KCLASS, interruptible
from small_fits import write_photos

LONG_ENOUGH = 120
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
