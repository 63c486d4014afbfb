"""Time to predict one photo, and to show the help, each in a fresh process.

Usage: start_times.py MODEL PHOTO [--rounds 7]

`kclass predict` is held against `python -c "import tensorflow"` (goal: at most a quarter of it), and
`kclass --help` against `python -c "import numpy"` (goal: at most five times it), in turn.
"""

import argparse
import statistics
import sys
from pathlib import Path

from results import report, spread
from whole_processes import ran

PAIRS = (("predict one photo", "import tensorflow", 0.25), ("--help", "import numpy", 5.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    kclass = [str(Path(sys.executable).with_name("kclass"))]
    commands = ([*kclass, "predict", str(given.photo), "--model", given.model], [*kclass, "--help"])
    rows, content = [], {}
    for (name, rival, goal), command in zip(PAIRS, commands, strict=True):
        ours, theirs = alternate(command, [sys.executable, "-c", rival], given.rounds)
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        rows.append([f"kclass {name}", spread(ours), rival, spread(theirs), f"{ratio:.2f}", f"{goal}"])
        content[name] = {"kclass": ours, rival: theirs, "ratio": ratio, "goal": goal}
    report("start_times", ["", "seconds", "against", "seconds", "ratio", "goal"], rows, content)


def alternate(ours: list[str], theirs: list[str], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of both commands in turn, after one run of each that does not count."""
    ran(ours)
    ran(theirs)
    pairs = [(ran(ours).seconds, ran(theirs).seconds) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


if __name__ == "__main__":
    main()
