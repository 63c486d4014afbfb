"""Commands as whole processes: their seconds, their processor seconds, and the most memory they took."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KILO = 1024  # `ru_maxrss` is in KiB on Linux, and in bytes on macOS
MEGABYTE = 1e6


@dataclass(frozen=True)
class Ran:
    """What a process took.

    Args:
        seconds: from its start to its end.
        processor: of all its threads, user and system.
        megabytes: the most resident memory; a caller that is larger itself would be measured instead.
        out: what it wrote to stdout.
    """

    seconds: float
    processor: float
    megabytes: float
    out: str


def ran(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Ran:
    """Run a command to its end.

    Args:
        command: its words.
        env: its environment; None for that of the caller.

    Raises:
        SystemExit: it failed; its words are shown.
    """
    quiet = {**(os.environ if env is None else env), "TF_CPP_MIN_LOG_LEVEL": "3"}
    quiet.pop("PYTHONDONTWRITEBYTECODE", None)  # packages that are installed have their bytecode
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words:
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, text=True, env=quiet) as process:
            assert process.stdout is not None
            out = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            taken = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            words.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{out}\n{words.read()}")
    unit = 1 if sys.platform == "darwin" else KILO
    return Ran(taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / MEGABYTE, out)
