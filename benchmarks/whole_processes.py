"""Commands as whole processes: their seconds, their processor seconds, and the most memory they took."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
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


def ran(command: Sequence[str]) -> Ran:
    """Run a command to its end.

    Raises:
        SystemExit: it failed; its words are shown.
    """
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=quiet
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        taken = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{out}")
    unit = 1 if sys.platform == "darwin" else KILO
    return Ran(taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / MEGABYTE, out)
