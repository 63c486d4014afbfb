"""Which stream says what where only a process of its own can show it."""

import errno
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from processes import KCLASS, run
from small_fits import SmallFit


def on_a_terminal(*command: str, cwd: Path) -> tuple[str, str]:
    """What a command writes to stdout, which leads into a file, and to stderr, which is a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with (cwd / "stdout").open("wb") as out:
        process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.wait() == 0
    return (cwd / "stdout").read_text(), shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError as error:  # Linux says so when nobody has the other end any more
        assert error.errno == errno.EIO
        return b""


def test_a_bar_on_a_terminal_shows_how_far_it_is_and_stdout_has_the_result_alone(
    fitted: SmallFit, tmp_path: Path
) -> None:
    command = (*KCLASS, "predict", str(fitted.data), "--model", str(fitted.model))
    out, shown = on_a_terminal(*command, "--json", cwd=tmp_path)
    assert "predicting" in shown
    assert "24/24" in shown
    assert len(json.loads(out)["predictions"]) == 24
    out, shown = on_a_terminal(*command, "--quiet", cwd=tmp_path)
    assert shown == ""
    assert len(out.splitlines()) == 24


@pytest.mark.slow
def test_a_bar_of_a_training_shows_its_epoch_its_losses_and_the_time_left(
    fitted: SmallFit, tmp_path: Path
) -> None:
    options = ("--backbone", "scratch", "--size", "8", "--epochs", "30", "--batch-size", "3")
    out, shown = on_a_terminal(*KCLASS, "fit", str(fitted.data), "--out", "run", *options, cwd=tmp_path)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    # Fifteen photos are five steps an epoch.
    assert re.search(r"training .* \d+/150 +\d:\d\d:\d\d +scratch \d+/30, loss \d\.\d{3}", plain)
    assert re.search(r"scratch \d+/30, loss \d\.\d{3}, held out \d\.\d{3} \(\d+\.\d % wrong\)", plain)
    assert "Kept: epoch " in plain
    assert out.count("\nscratch  ") == 30


def test_without_a_terminal_there_is_no_bar(fitted: SmallFit, tmp_path: Path) -> None:
    ended = run(*KCLASS, "predict", str(fitted.data), "--model", str(fitted.model), cwd=tmp_path)
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert len(ended.stdout.splitlines()) == 24


def test_whoever_reads_stdout_may_stop_without_an_error(fitted: SmallFit, tmp_path: Path) -> None:
    # As `kclass predict … | head -1` does.
    ours, theirs = os.pipe()
    os.close(ours)
    command = (*KCLASS, "predict", str(fitted.data), "--model", str(fitted.model))
    ended = subprocess.run(command, cwd=tmp_path, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    assert ended.stderr == b""
    assert ended.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_where_stdout_leads_is_an_error(fitted: SmallFit, tmp_path: Path) -> None:
    command = (*KCLASS, "predict", str(fitted.photo), "--model", str(fitted.model))
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.stderr == b"Error: cannot write to stdout: No space left on device\n  Free some space.\n"
    assert ended.returncode == 1


def test_paths_come_through_a_pipe(fitted: SmallFit, tmp_path: Path) -> None:
    command = (*KCLASS, "predict", "-", "--model", str(fitted.model), "--json")
    ended = run(*command, cwd=tmp_path, stdin=f"{fitted.photo}\n{fitted.data / 'birch' / '1.png'}\n")
    assert [Path(row["path"]).name for row in json.loads(ended.stdout)["predictions"]] == ["0.png", "1.png"]


def test_json_is_the_same_whatever_the_encoding_of_stdout(fitted: SmallFit, tmp_path: Path) -> None:
    photo = tmp_path / "树.png"
    photo.write_bytes(fitted.photo.read_bytes())
    command = (*KCLASS, "predict", str(photo), "--model", str(fitted.model))
    variables = {"PYTHONIOENCODING": "latin-1"}
    ended = run(*command, "--json", cwd=tmp_path, variables=variables)
    assert json.loads(ended.stdout)["predictions"][0]["path"] == str(photo)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed: str, fitted: SmallFit, tmp_path: Path) -> None:
    # By a shell, as nothing else starts a process without its standard streams.
    arguments = ("predict", str(fitted.photo), "--model", str(fitted.model), "--csv", "out.csv")
    ended = run("sh", "-c", f'exec "$0" "$@" {closed}', *KCLASS, *arguments, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (ended.stdout == "") == (">&-" in closed.split())
    assert (tmp_path / "out.csv").read_text().startswith("path,prediction")


def test_a_closed_stdin_holds_no_paths(tmp_path: Path) -> None:
    ended = run("sh", "-c", 'exec "$0" "$@" <&-', *KCLASS, "predict", "-", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: there are no paths on stdin\n")
