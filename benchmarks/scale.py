"""Time and memory of embedding 1,000, 10,000 and 100,000 photos, nothing of which is in the cache.

Usage: scale.py FOLDER [--photos 1000 10000 100000] [--size 32] [--backbone efficientnet_lite0]

The photos are small JPEG files, each with bytes of its own, in a new folder below FOLDER that is deleted in
the end; 100,000 take 0.3 GB, and as much again for the cache. Each number is embedded by a fresh process,
and then once more, from the cache. What counts is the peak memory without the matrix that is returned.
Takes about five minutes on a quiet machine. Goals: the most photos take at most 1.1 times the peak memory
of the fewest, and as many seconds a photo (1.2 times, for the sake of other processes).
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from million_rows import peak
from PIL import Image

NUMBERS = [1000, 10_000, 100_000]
SIDE = 64
CLASSES = 10
MEMORY_GOAL, TIME_GOAL = 1.1, 1.2
LONGEST = 1800


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, nargs="+", default=NUMBERS)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--embed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.embed:
        print(json.dumps(embedded(given.folder, given.backbone, given.size)))
        return
    found = {number: measure(given, number) for number in sorted(given.photos)}
    tell(given, found)


def measure(given: argparse.Namespace, number: int) -> dict[str, dict[str, float]]:
    """What embedding so many photos takes: at first, and once more from the cache."""
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        env = {**os.environ, "KCLASS_CACHE": f"{folder}/cache"}
        photos = Path(folder, "photos")
        # The network is built and converted before, on photos of their own.
        for name, many in (("ready", 2 * CLASSES), ("photos", number)):
            write_photos(Path(folder, name), many)
        command = [sys.executable, __file__, "--embed", "--size", str(given.size)]
        command += ["--backbone", given.backbone]
        found = {}
        for kind, place in (("ready", Path(folder, "ready")), ("first", photos), ("again", photos)):
            done = subprocess.run(
                [*command, str(place)], capture_output=True, text=True, env=env, check=True, timeout=LONGEST
            )
            found[kind] = json.loads(done.stdout.splitlines()[-1])
    return {kind: found[kind] for kind in ("first", "again")}


def write_photos(root: Path, number: int) -> None:
    """Photos of four plain quarters; a comment makes each file another."""
    random = np.random.default_rng(number)
    for label in range(CLASSES):
        folder = root / f"class {label}"
        folder.mkdir(parents=True)
        for place in range(label, number, CLASSES):
            quarters = random.integers(0, 256, (2, 2, 3), dtype=np.uint8)
            image = Image.fromarray(np.kron(quarters, np.ones((SIDE // 2, SIDE // 2, 1), np.uint8)))
            data = io.BytesIO()
            image.save(data, "JPEG", comment=str(place).encode())
            (folder / f"{place:06}.jpg").write_bytes(data.getvalue())


def embedded(root: Path, name: str, size: int) -> dict[str, float]:
    """Seconds of embedding all photos below a folder, and the peak memory of this process in bytes."""
    import kclass
    from kclass.backbones.registry import open_backbone
    from kclass.engines.kept import converted
    from kclass.features.embedding import embed
    from kclass.features.extractor import Extractor

    data = kclass.ImageFolder(root)
    backbone = open_backbone(name, weights="imagenet", size=size, seed=0)
    extractor = Extractor(backbone, "squash", "cpu", "f32", converted(backbone))
    start, cpu = time.perf_counter(), time.process_time()
    found = embed(data.samples.files, extractor=extractor)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert len(found.features) == len(data)
    matrix = found.features.nbytes
    return {"seconds": seconds, "cpu": cpu, "peak": peak(), "matrix": matrix, "computed": found.computed}


def tell(given: argparse.Namespace, found: dict[int, dict[str, dict[str, float]]]) -> None:
    from results import report  # after the measurement: it imports much

    fewest, most = min(found), max(found)
    rows = []
    for kind in ("first", "again"):
        for number, each in found.items():
            one, base = each[kind], found[fewest][kind]
            beside, before = one["peak"] - one["matrix"], base["peak"] - base["matrix"]
            times = [f"{1000 * one[key] / number:.3f}" for key in ("seconds", "cpu")]
            memory = [f"{one['peak'] / 1e6:.0f}", f"{one['matrix'] / 1e6:.0f}", f"{beside / before:.2f}"]
            goal = f"{MEMORY_GOAL}" if number == most else ""
            rows.append([kind, f"{number:,}", *times, *memory, goal])
    head = ["", "photos", "ms a photo", "of a core", "peak MB", "matrix MB", "peak without it, ratio", "goal"]
    content = {"backbone": given.backbone, "size": given.size, "memory_goal": MEMORY_GOAL}
    report("scale", head, rows, {**content, "time_goal": TIME_GOAL, "photos": found})


if __name__ == "__main__":
    main()
