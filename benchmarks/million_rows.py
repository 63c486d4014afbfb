"""Memory and time that a data set of a million photos takes, without a photo.

Usage: million_rows.py [--rows 1000000]

The names are made up. So that they can be found, a folder of a thousand empty files stands behind a
thousand links, each of which is a class. Photos are in groups of four. Goal: the process stays below
1 GB from its start to its end.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import kclass
from kclass.dataset.manifest import read_manifest, write_manifest
from kclass.dataset.splitting import assign_splits

FILES = 1000
GROUP = 4
GOAL = 1e9

Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    steps = measure(given.rows)

    from results import report  # after the measurement: it imports much

    rows = [[step["step"], f"{step['seconds']:.2f}", f"{step['peak'] / 1e6:.0f}"] for step in steps]
    content = {"rows": given.rows, "goal_bytes": GOAL, "steps": steps}
    report("million_rows", ["", "seconds", "peak until then (MB)"], rows, content)
    if steps[-1]["peak"] > GOAL:
        sys.exit("more than 1 GB")


def measure(rows: int) -> list[dict[str, Any]]:
    """What each step takes: its name, its seconds, and the process's peak memory in bytes until then."""
    notes: list[dict[str, Any]] = []

    def timed(step: str, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        result = work()
        notes.append({"step": step, "seconds": time.perf_counter() - start, "peak": peak()})
        return result

    with tempfile.TemporaryDirectory() as place:
        root = plant(Path(place), rows // FILES)
        table, manifest = Path(place) / "labels.csv", Path(place) / "split.csv"
        data = timed("from_lists, names made up", lambda: kclass.from_lists(*made_up(rows), root=root))
        data = timed("grouped, by a function", lambda: data.grouped(groups(rows)))
        splits = timed(
            "assign_splits, in groups",
            lambda: assign_splits(
                data.samples.labels, valid=0.1, test=0.1, seed=0, groups=data.samples.groups
            ),
        )
        data = kclass.Dataset(data.name, replace(data.samples, splits=splits))
        timed("repr", lambda: repr(data))
        timed("fingerprint", data.fingerprint)
        timed("select", lambda: data.train)
        timed("write_manifest", lambda: write_manifest(data, manifest))
        timed("read_manifest", lambda: read_manifest(manifest, root=root))
        timed("with_split", lambda: data.with_split(manifest))
        timed("a table without suffixes, written", lambda: write_table(table, data))
        again = timed("from_csv", lambda: kclass.from_csv(table, root=root))
        assert again.samples.paths == data.samples.paths
        timed("ImageFolder", lambda: kclass.ImageFolder(root))
    return notes


def peak() -> int:
    """The most memory that this process has had at once, in bytes.

    Linux hands the peak of whoever starts a process on to it in `getrusage`, and not in `/proc`.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def plant(place: Path, classes: int) -> Path:
    files, root = place / "files", place / "photos"
    files.mkdir()
    root.mkdir()
    for name in file_names():
        (files / name).touch()
    for number in range(classes):
        (root / class_name(number)).symlink_to(files, target_is_directory=True)
    return root


def file_names() -> list[str]:
    return [f"{number:06}_photo.jpg" for number in range(FILES)]


def class_name(number: int) -> str:
    return f"{number:04}.a_class_of_photos"


def made_up(rows: int) -> tuple[list[str], list[str]]:
    classes = [class_name(number) for number in range(rows // FILES)]
    names = [f"{folder}/{name}" for folder in classes for name in file_names()]
    return names, [folder for folder in classes for _ in range(FILES)]


def groups(rows: int) -> list[int]:
    return [row // GROUP for row in range(rows)]


def write_table(path: Path, data: kclass.Dataset) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("name;label;split;group\n")
        for row, name in enumerate(data.samples.paths):
            folder, _, _ = name.partition("/")
            file.write(f"{name.removesuffix('.jpg')};{folder};train;{row // GROUP}\n")


if __name__ == "__main__":
    main()
