"""Time of `kclass fit`: with empty caches, with the network converted, and again unchanged.

Usage: fit_times.py DATA --baseline "COMMAND" [--rounds 3]

Each round runs the baseline and the three fits one after the other, each in a fresh process, and the
ratios are taken within the round. The baseline is any command that trains the same network on the same
photos; if it prints JSON with `total_seconds` in its last line, that counts, else its whole time.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from results import report, seconds, spread

KINDS = ("empty caches", "network converted", "unchanged")
GOALS = (1 / 4, 1 / 6, 1 / 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--baseline", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rounds = [one_round(given.data, given.baseline) for _ in range(given.rounds)]
    rows = [["baseline", spread([each["baseline"] for each in rounds]), "", ""]]
    for kind, goal in zip(KINDS, GOALS, strict=True):
        ratios = [each[kind] / each["baseline"] for each in rounds]
        ratio = statistics.median(ratios)
        rows.append(
            [
                f"kclass fit, {kind}",
                spread([each[kind] for each in rounds]),
                f"1/{1 / ratio:.1f}",
                f"1/{1 / goal:.0f}",
            ]
        )
    content = {
        "data": given.data.name,
        "baseline": [Path(word).name for word in shlex.split(given.baseline)],
        "rounds": rounds,
    }
    report("fit_times", ["", "seconds: median (least to most)", "of the baseline", "goal"], rows, content)


def one_round(data: Path, baseline: str) -> dict[str, float]:
    """Seconds of each kind, one after the other."""
    taken = {"baseline": baseline_seconds(baseline)}
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "KCLASS_CACHE": f"{folder}/cache"}
        for count, kind in enumerate(KINDS):
            if kind == "network converted":
                for file in Path(folder, "cache").glob("photos*"):
                    file.unlink()
            out = f"{folder}/run-{count}"
            taken[kind] = seconds(
                [sys.executable, "-m", "kclass_cli", "fit", str(data), "--out", out], env=env
            )
    return taken


def baseline_seconds(command: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True)
    whole = time.perf_counter() - start
    try:
        return float(json.loads(done.stdout.splitlines()[-1])["total_seconds"])
    except (ValueError, KeyError, IndexError):
        return whole


if __name__ == "__main__":
    main()
