import os
import signal
import subprocess
import threading
from pathlib import Path

from processes import KCLASS, interruptible
from small_fits import write_photos

LONG_ENOUGH = 120


def test_ctrl_c_during_a_fit_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    # One photo is a pipe, so the fit waits in the midst of embedding until somebody writes into it.
    data = write_photos(tmp_path / "trees", {"ash": 4, "birch": 4})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (data / "ash/waiting.jpg").symlink_to(pipe)
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
    process.send_signal(signal.SIGINT)
    os.close(writing[0])
    out, err = process.communicate(timeout=LONG_ENOUGH)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert list(runs.iterdir()) == []
