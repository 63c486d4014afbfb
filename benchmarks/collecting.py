"""1,000 small photos of one host on loopback: `kclass collect` against a loop over `requests.get`.

Usage: collecting.py [--photos 1000] [--delay 0.05] [--rounds 3]

The host answers at once, or after a delay as hosts elsewhere do. The loop only fetches and writes; kclass
decodes, compares and credits every photo besides, and again with nothing to fetch. Both run in turn; ratios
are taken within each round. Three rounds take about five minutes.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from results import report, spread
from whole_processes import Ran, ran

PEERS = Path(__file__).parent / "peers"
AT_ONCE = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rows, content = [], {}
    for delay in (0.0, given.delay):
        rounds = [measured(given.photos, delay) for _ in range(given.rounds)]
        rows += told(delay, given.photos, rounds)
        content[f"{delay}"] = [{name: vars_of(each) for name, each in one.items()} for one in rounds]
    head = [
        "a host that answers after",
        "program",
        "seconds",
        "photos a second",
        "of the loop",
        "MB",
        "most at once",
    ]
    report("collecting", head, rows, {"photos": given.photos, "rounds": content})


def measured(photos: int, delay: float) -> dict[str, tuple[Ran, int]]:
    """Each program's run, and the requests at once that the host saw; none are left by the one before."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        collect = [
            sys.executable,
            "-m",
            "kclass_cli",
            "collect",
            "--out",
            str(place / "out"),
            "--allow-private",
        ]
        env = {**os.environ, "KCLASS_CACHE": str(place / "cache")}
        with host(photos, delay) as address:
            table = listed(place / "list.csv", address, photos)
            command = [*collect, "--urls", str(table)]
            found["kclass collect"] = ran(command, env=env), most(address)
            check(place / "out", photos)
            found["again"] = ran(command, env=env), 0
            assert asked(address)["requests"] == photos
        with host(photos, delay) as address:
            table = listed(place / "list.csv", address, photos)
            loop = [sys.executable, str(PEERS / "one_after_the_other.py"), str(table), str(place / "loop")]
            found["a loop"] = ran(loop), most(address)
    return found


@contextlib.contextmanager
def host(photos: int, delay: float) -> Iterator[str]:
    """The address of a host that serves photos."""
    command = [sys.executable, str(PEERS / "photo_host.py"), str(photos), str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def asked(address: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{address}/asked", timeout=30) as answer:
        counts: dict[str, int] = json.load(answer)
        return counts


def most(address: str) -> int:
    return asked(address)["most"]


def listed(path: Path, address: str, photos: int) -> Path:
    rows = [f"{address}/{number}.jpg,{'ab'[number % 2]}" for number in range(photos)]
    path.write_text("\n".join(["url,class", *rows, ""]))
    return path


def check(out: Path, photos: int) -> None:
    """Every photo is there.

    Raises:
        SystemExit: some are missing.
    """
    found = len(list(out.glob("[ab]/*.jpg")))
    if found != photos:
        sys.exit(f"{found} of {photos} photos came")


def told(delay: float, photos: int, rounds: list[dict[str, tuple[Ran, int]]]) -> list[list[str]]:
    rows = []
    for name in ("kclass collect", "again", "a loop"):
        runs = [one[name] for one in rounds]
        seconds = [run.seconds for run, _ in runs]
        ratio = statistics.median(one["a loop"][0].seconds / one[name][0].seconds for one in rounds)
        at_once = max(number for _, number in runs)
        if name == "kclass collect" and at_once > AT_ONCE:
            sys.exit(f"{at_once} requests at once")
        rows.append(
            [
                f"{delay * 1000:.0f} ms",
                name,
                spread(seconds),
                f"{photos / statistics.median(seconds):.0f}",
                f"{ratio:.2f} times as fast",
                f"{max(run.megabytes for run, _ in runs):.0f}",
                str(at_once) if at_once else "-",
            ]
        )
    return rows


def vars_of(each: tuple[Ran, int]) -> dict[str, Any]:
    run, number = each
    return {"seconds": run.seconds, "processor": run.processor, "megabytes": run.megabytes, "most": number}


if __name__ == "__main__":
    main()
