"""Photos a second through each frozen backbone, at its own size, in f32 and, where there is it, in bf16.

Usage: backbone_speeds.py [NAME…] [--anew]

Without names all of them; what has been measured is left as it is unless --anew is given, so a run that
was interrupted goes on. Each network is built once, with random weights, in a process of its own, and
runs in kclass's own engine with its threads; nothing is decoded. The figures also go into the package
(`kclass/backbones/speeds.json`, for `kclass backbones`) and into docs/backbones.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from results import RESULTS, machine, report, spread

from kclass.backbones.registry import BACKBONES, NO_WEIGHTS, open_backbone
from kclass.engines.engine import Engine
from kclass.engines.network import convert
from kclass.engines.runtime import resolve_precision
from kclass.features.extractor import Extractor
from kclass.features.throughput import Decoded, through_engine

NAME = "backbone_speeds"
RUNS = 5
LEAST_SECONDS = 0.5
SIGNIFICANT = 3
ROOT = Path(__file__).parents[1]
PACKAGED = ROOT / "kclass" / "backbones" / "speeds.json"
HEAD = ["photos a second", "px", "f32", "bf16", "s to convert", "s in all"]

Found = dict[str, dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--anew", action="store_true", help="measure again what has been measured")
    parser.add_argument("--one", help="measure this one in this process, and print JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one)))
        return
    names = given.names or [name for name, each in BACKBONES.items() if each.frozen]
    found = measured_before(names if given.anew else ())
    missing = [name for name in names if name not in found]
    for number, name in enumerate(missing, 1):
        print(f"{number}/{len(missing)}", name, end="  ", flush=True)
        measured = in_a_process(name)
        if measured:
            found[name] = measured
            write(found)
            print(*row(name, measured)[1:], sep="  ", flush=True)
    finish(found)
    failed = [name for name in names if name not in found]
    if failed:
        sys.exit(f"failed, and tried again by the same command without --anew: {', '.join(failed)}")


def measured_before(unwanted: Sequence[str]) -> Found:
    """What an earlier run on this machine, with these versions, has measured, but for the unwanted.

    Raises:
        SystemExit: it was another machine or other versions, and not all of it is unwanted.
    """
    path = RESULTS / f"{NAME}.json"
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    found = {name: each for name, each in content["backbones"].items() if name not in unwanted}
    if found and content["machine"] != machine():
        sys.exit(f"{path} is of another machine or of other versions; give --anew without names")
    write(found)
    return found


def in_a_process(name: str) -> dict[str, Any] | None:
    """What `measure` gives, or None if it fails, as it may for want of memory; its words are shown."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--one", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"failed with {done.returncode}:\n{done.stderr[-2000:]}", flush=True)
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "seconds": time.perf_counter() - start}


def measure(name: str) -> dict[str, Any]:
    """Photos a second, run by run, of each precision."""
    size = BACKBONES[name].size
    archive = open_backbone(name, weights=NO_WEIGHTS, size=size, seed=0)
    start = time.perf_counter()
    network = convert(archive)
    seconds = time.perf_counter() - start
    rates = {}
    for precision in dict.fromkeys(("f32", resolve_precision("auto", device="cpu"))):
        engine = Extractor(archive, "squash", "cpu", precision, network).open()
        rates[precision] = runs(engine, size)
    return {"size": size, "photos_per_second": rates, "seconds_to_convert": seconds}


def runs(engine: Engine, size: int) -> list[float]:
    """Short runs, after longer and longer ones that warm up and tell how many photos make a run."""
    photos = np.random.default_rng(0).integers(0, 256, (8, size, size, 3), np.uint8)
    number = engine.batch * engine.workers
    while number / rate(engine, photos, number) < LEAST_SECONDS:
        number *= 2
    return [rate(engine, photos, number) for _ in range(RUNS)]


def rate(engine: Engine, photos: np.ndarray, number: int) -> float:
    """Photos a second over so many, each of some, prepared already, as often as it takes."""

    def prepare(place: int) -> Decoded[None]:
        return Decoded(photos[place % len(photos)], None)

    start = time.perf_counter()
    for _ in through_engine(range(number), engine=engine, prepare=prepare):
        pass
    return number / (time.perf_counter() - start)


def row(name: str, each: Mapping[str, Any]) -> list[str]:
    rates = each["photos_per_second"]
    both = [spread(rates[precision]) if precision in rates else "-" for precision in ("f32", "bf16")]
    return [name, str(each["size"]), *both, f"{each['seconds_to_convert']:.1f}", f"{each['seconds']:.0f}"]


def in_order(found: Found) -> Found:
    return {name: found[name] for name in BACKBONES if name in found}


def write(found: Found) -> None:
    """The figures beside the benchmarks, and their medians in the package."""
    here = machine()
    RESULTS.mkdir(exist_ok=True)
    content = {"machine": here, "backbones": in_order(found)}
    path = RESULTS / f"{NAME}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    medians = {name: _medians(each["photos_per_second"]) for name, each in in_order(found).items()}
    words = f"{here['cores']} cores of {here['processor']}"
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in medians.items())
    text = f'{{"machine": {json.dumps(words)}, "photos_per_second": {{\n{lines}\n}}}}\n'
    PACKAGED.write_text(text, encoding="utf-8")


def _medians(rates: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Three digits, as runs differ in the third."""
    return {
        precision: float(f"{statistics.median(each):.{SIGNIFICANT}g}") for precision, each in rates.items()
    }


def finish(found: Found) -> None:
    rows = [row(name, each) for name, each in in_order(found).items()]
    report(NAME, HEAD, rows, {"backbones": in_order(found)})
    subprocess.run([sys.executable, ROOT / "docs" / "backbones_table.py"], check=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
