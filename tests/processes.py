"""kclass in processes of its own, where what it imports, prints and leaves behind can be seen."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

KCLASS = (str(Path(sys.executable).with_name("kclass")),)

# What is set in a process stays as it is when the process becomes the command.
_LIMITED = (
    "import os, resource, sys;"
    "limit = int(sys.argv[1]);"
    # Python would leave half of a module's bytecode, for all processes after it.
    "os.environ['PYTHONDONTWRITEBYTECODE'] = '1';"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit));"
    "os.execv(sys.argv[2], sys.argv[2:])"
)
_INTERRUPTIBLE = (
    "import os, signal, sys;"
    "[signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)];"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def limited(command: Sequence[str], *, file_bytes: int) -> tuple[str, ...]:
    """The command, for which every file ends at so many bytes, as on a disk that is full."""
    return (sys.executable, "-c", _LIMITED, str(file_bytes), *command)


def interruptible(command: Sequence[str]) -> tuple[str, ...]:
    """The command, which Ctrl-C and SIGHUP reach even where the tests run in the background."""
    return (sys.executable, "-c", _INTERRUPTIBLE, *command)


def python(code: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs some Python with warnings as errors."""
    return (sys.executable, "-W", "error", "-c", code, *arguments)


def run(
    *command: str,
    cwd: Path,
    variables: Mapping[str, str | None] | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end.

    Args:
        command: the program and its arguments.
        cwd: the folder that it is run in.
        variables: of the environment, beside those of the tests; None takes one away.
        stdin: what it can read.
    """
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(
        command,
        cwd=cwd,
        env={name: value for name, value in environment.items() if value is not None},
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
