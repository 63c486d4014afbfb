"""Time to look up a million cached rows of features, and what they take on the disk.

Usage: cache_rows.py FOLDER [--rows 1000000] [--features 1280]

The rows are made up and written 256 at a time, as an embedding writes them, into a new folder below FOLDER
that is deleted in the end; a million need 3 GB of disk and 9 GB of memory with what the system keeps of the
file. They are read into one float32 matrix by the function that embeddings use, in a fresh process each:
once so that the system has the file in memory, then in the order in which they were written, and in
another. The first touch of the matrix's memory is the system's work and counts by itself. Takes about two
minutes on a quiet machine. Goal: a million rows of float16 in the order of writing in less than 10 s.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from million_rows import peak

from kclass.cache.store import ContentStore
from kclass.features.embedding import READ_AT_ONCE, WRITTEN_AT_ONCE, look_up
from kclass.features.filling import FeatureRows
from kclass.features.stored import to_bytes

RECIPE = "features of a network that never was"
ORDERS = ("first reading", "order of writing", "another order")
GOAL = 10.0
LONGEST = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=1280)
    parser.add_argument("--read", choices=ORDERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        print(json.dumps(read(given.folder, given.rows, given.read)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / "rows.sqlite"
        written = write(path, given.rows, given.features)
        found = {order: in_fresh_process(path, given.rows, order) for order in ORDERS}
    tell(given.rows, given.features, written, found)


def write(path: Path, rows: int, features: int) -> dict[str, float]:
    """Seconds that writing takes, and the size of the file in bytes."""
    random = np.random.default_rng(0)
    values = [to_bytes(random.random(features, np.float32)) for _ in range(64)]
    start, cpu = time.perf_counter(), time.process_time()
    with ContentStore(path, size_limit=2**40) as store:
        for first in range(0, rows, WRITTEN_AT_ONCE):
            part = range(first, min(first + WRITTEN_AT_ONCE, rows))
            store.add(RECIPE, {content(row): values[row % len(values)] for row in part})
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {"seconds": seconds, "cpu": cpu, "bytes": path.stat().st_size}


def in_fresh_process(path: Path, rows: int, order: str) -> dict[str, float]:
    command = [sys.executable, __file__, str(path), "--rows", str(rows), "--read", order]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONGEST)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def read(path: Path, rows: int, order: str) -> dict[str, float]:
    """Seconds of the look-up and of touching the matrix first, and the peak memory in bytes."""
    places = np.arange(rows)
    if order == ORDERS[2]:
        places = np.random.default_rng(1).permutation(rows)
    contents = [content(row) for row in places.tolist()]
    with ContentStore(path, size_limit=2**40) as store:
        start = time.perf_counter()
        matrix = FeatureRows(rows)
        (_, row), *_ = look_up(store, RECIPE, parts(contents[:1]))
        for place in range(rows):
            matrix.put(place, row)
        touched, before = time.perf_counter() - start, peak()
        start, cpu, found = time.perf_counter(), time.process_time(), 0
        for place, row in look_up(store, RECIPE, parts(contents)):
            matrix.put(place, row)
            found += 1
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert found == rows
    more = peak() - before
    return {"seconds": seconds, "cpu": cpu, "first_touch": touched, "more_memory": more, "peak": peak()}


def parts(contents: list[str]) -> Iterator[dict[int, str]]:
    """Content hashes by place, as an embedding asks for them."""
    for start in range(0, len(contents), READ_AT_ONCE):
        yield dict(enumerate(contents[start : start + READ_AT_ONCE], start=start))


def content(row: int) -> str:
    """The content hash of a photo that never was."""
    return hashlib.blake2b(str(row).encode(), digest_size=16).hexdigest()


def tell(rows: int, features: int, written: dict[str, float], found: dict[str, dict[str, float]]) -> None:
    from results import report  # after the measurement: it imports much

    taken = f"{written['bytes'] / rows:.0f} bytes a row"
    table = [["writing", f"{written['seconds']:.1f}", f"{written['cpu']:.1f}", "", taken, ""]]
    for order, each in found.items():
        times = [f"{each[key]:.1f}" for key in ("seconds", "cpu", "first_touch")]
        goal = f"{GOAL * rows / 1e6:g} s" if order == ORDERS[1] else ""
        table.append([order, *times, f"{each['more_memory'] / 1e6:.0f} MB more", goal])
    head = ["", "seconds", "of a core", "touching the matrix first", "", "goal"]
    report(
        "cache_rows", head, table, {"rows": rows, "features": features, "writing": written, "reading": found}
    )


if __name__ == "__main__":
    main()
