"""Whether training waits for its photos: epochs as they are, from memory, and the pipeline alone.

Usage: training_steps.py DATA [--epochs 4] [--ways NAME…]

Each way is a whole `kclass.fit` in a process of its own. Its first epoch, which traces and opens files for
the first time, does not count. "From memory" are the same epochs with the batches of the first kept in
memory, so nothing is decoded, augmented or embedded: what the steps alone need. "The pipeline alone" is gone
through without a network that learns. Two cores do both kinds of work, so the two times add up at best; what
counts is that the cores are busy, and that an epoch does not take longer than both parts.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results import report
from whole_processes import ran

EPOCHS_OF = "epochs of"
WAYS: Mapping[str, Mapping[str, Any]] = {
    "scratch, 64 px": {"backbone": "scratch", "size": 64, EPOCHS_OF: "epochs"},
    "scratch, 224 px": {"backbone": "scratch", "size": 224, EPOCHS_OF: "epochs"},
    "scratch-small, 128 px": {"backbone": "scratch-small", "size": 128, EPOCHS_OF: "epochs"},
    "fine-tuned": {EPOCHS_OF: "fine_tune"},
}
HEAD = ["", "photos a second", "from memory", "pipeline alone", "of both, one after the other", "cores busy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--one", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--from-memory", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(trained(given.data, given.one, given.epochs, from_memory=given.from_memory)))
        return
    found = {}
    for way in given.ways:
        command = [sys.executable, __file__, str(given.data), "--epochs", str(given.epochs), "--one", way]
        whole, alone = (json.loads(ran([*command, *more]).out) for more in ([], ["--from-memory"]))
        found[way] = {"whole": whole, "from memory": alone}
        print(way, f"{whole['rate']:.1f} photos a second", flush=True)
    report("training_steps", HEAD, [row(*each) for each in found.items()], {"ways": found})


def row(way: str, found: Mapping[str, Any]) -> list[str]:
    whole, steps, pipeline = found["whole"]["rate"], found["from memory"]["rate"], found["whole"]["pipeline"]
    both = 1 / (1 / steps + 1 / pipeline)
    rates = [f"{each:.1f}" for each in (whole, steps, pipeline)]
    return [way, *rates, f"{whole / both:.0%}", f"{found['whole']['busy']:.0%}"]


def trained(data: Path, way: str, epochs: int, *, from_memory: bool) -> dict[str, float]:
    """Photos a second of all epochs but the first, of the pipeline alone, and how busy the cores were."""
    import kclass
    from kclass.parallel import usable_cores
    from kclass.training import shown

    begun: list[tuple[float, float]] = []
    photos, pipelines, kept = 0, [], []
    real = shown.ShownPhotos.training

    def training(self: Any, epoch: int) -> Any:
        nonlocal photos
        photos = len(self.lesson.train)
        if from_memory:
            if not kept:
                kept.append(real(self, epoch).cache())
            batches = kept[0]
        else:
            batches = real(self, epoch)
            if epoch > 1:
                start = time.perf_counter()
                for _ in real(self, epoch):
                    pass
                pipelines.append(time.perf_counter() - start)
        begun.append((time.perf_counter(), time.process_time()))
        return batches

    ended: list[tuple[float, float]] = []
    judging = shown.ShownPhotos.judging

    def judged(self: Any) -> Any:
        ended.append((time.perf_counter(), time.process_time()))
        return judging(self)

    shown.ShownPhotos.training = training  # type: ignore[method-assign]
    shown.ShownPhotos.judging = judged  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        options = dict(WAYS[way])
        kclass.fit(data, out=Path(folder, "run"), **{options.pop(EPOCHS_OF): epochs}, **options)
    ended = ended[-len(begun) :]  # without the look at the start
    pairs = list(zip(begun, ended, strict=True))[1:]
    walls = [end[0] - start[0] for start, end in pairs]
    busy = [(end[1] - start[1]) / (end[0] - start[0]) / usable_cores() for start, end in pairs]
    rate = photos / statistics.median(walls)
    pipeline = photos / statistics.median(pipelines) if pipelines else 0.0
    return {"rate": rate, "pipeline": pipeline, "busy": statistics.median(busy)}


if __name__ == "__main__":
    main()
