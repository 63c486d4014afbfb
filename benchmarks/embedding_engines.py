"""Photos a second that each engine embeds, by precision and batch, and how well the engines agree.

Usage: embedding_engines.py PHOTOS [--weights NAME=FILE…] [--number 64] [--rounds 3]

PHOTOS is a folder of real ones, decoded beforehand: nothing but the network is measured. EfficientNet-Lite0
has its own weights; those of the others come from a file, or are random. TensorFlow, in batches of 32, is
what others are held against: cosine of the features, and the class of a head of 100 random classes. All
engines of a network run in turn within each round. Takes about ten minutes on two cores without AVX-512.
Bars: f32 cosine at least .9999 and every class equal; bf16 .999 in the median.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from results import report, spread

from kclass.backbones.archive import Archive
from kclass.backbones.registry import DEFAULT, NO_WEIGHTS, open_backbone
from kclass.engines.network import Network, convert
from kclass.engines.runtime import core
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.parallel import usable_cores
from kclass.photos.loading import load

NETWORKS = (DEFAULT, "mobilenet_v2", "resnet50")
SIZE = 224
BATCHES = (1, 8, 32)
CLASSES = 100

Photos = NDArray[np.uint8]
Features = NDArray[np.float32]
Way = Callable[[Photos], Features]
HEAD = ["", "engine", "photos a second", "of TensorFlow", "cosine: median, least", "classes equal"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--weights", nargs="*", default=[], metavar="NAME=FILE")
    parser.add_argument("--number", type=int, default=64, help="how many photos; a multiple of 32")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    files = dict(each.split("=", 1) for each in given.weights)
    paths = sorted(given.photos.rglob("*.jpg"))
    paths = paths[:: max(1, len(paths) // given.number)][: given.number]
    photos = np.stack([load(path, size=SIZE) for path in paths])
    rows, content = [], {}
    for name in NETWORKS:
        weights = files.get(name, "imagenet" if name == DEFAULT else NO_WEIGHTS)
        archive = open_backbone(name, weights=weights, size=SIZE, seed=0)
        found = measured(archive, photos, given.rounds)
        rows += table(f"{name}, random weights" if weights == NO_WEIGHTS else name, found)
        content[name] = {"random": weights == NO_WEIGHTS, "ways": found}
    report("embedding_engines", HEAD, rows, {"photos": len(photos), "size": SIZE, "networks": content})


def measured(archive: Archive, photos: Photos, rounds: int) -> dict[str, Any]:
    """Photos a second of every way in each round, and how its features agree with TensorFlow's."""
    ways = {"TensorFlow f32, batches of 32": by_tensorflow(archive), **by_openvino(convert(archive))}
    features: dict[str, Features] = {}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(photos[: max(BATCHES)])
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            features[name] = way(photos)
            rates[name].append(len(photos) / (time.perf_counter() - start))
    reference = features[next(iter(ways))]
    return {name: {"rates": rates[name], **agreement(reference, features[name])} for name in ways}


def by_tensorflow(archive: Archive) -> Way:
    engine = TensorFlowEngine(archive, precision="f32")
    return lambda photos: np.concatenate(
        [engine.run(photos[start : start + engine.batch]) for start in range(0, len(photos), engine.batch)]
    )


def by_openvino(network: Network) -> dict[str, Way]:
    """One photo a stream as kclass has it, and batches in one stream of all cores."""
    able = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    found = {}
    for precision in ("f32", "bf16"):
        if precision == "f32" or "BF16" in able:
            for batch in BATCHES:
                streams = usable_cores() if batch == 1 else 1
                shape = f"one photo in each of {streams} streams" if batch == 1 else f"batches of {batch}"
                found[f"OpenVINO {precision}, {shape}"] = openvino_way(network, precision, streams, batch)
    return found


def openvino_way(network: Network, precision: str, streams: int, batch: int) -> Way:
    model = network.read()
    model.reshape([batch, SIZE, SIZE, 3])
    options = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": str(streams)}
    compiled = core().compile_model(model, "CPU", options)
    requests = [compiled.create_infer_request() for _ in range(streams)]

    def part(number: int, photos: Photos) -> list[Features]:
        starts = range(number * batch, len(photos), streams * batch)
        return [requests[number].infer([photos[at : at + batch]])[0].copy() for at in starts]

    def run(photos: Photos) -> Features:
        with ThreadPoolExecutor(streams) as pool:
            parts = list(pool.map(part, range(streams), [photos] * streams))
        found = np.empty((len(photos), parts[0][0].shape[1]), np.float32)
        for number, blocks in enumerate(parts):
            for place, block in enumerate(blocks):
                at = (place * streams + number) * batch
                found[at : at + batch] = block
        return found

    return run


def agreement(reference: Features, found: Features) -> dict[str, Any]:
    lengths = np.linalg.norm(reference, axis=1) * np.linalg.norm(found, axis=1)
    cosines = (reference * found).sum(axis=1) / lengths
    head = np.random.default_rng(0).normal(size=(reference.shape[1], CLASSES))
    centred = reference.mean(axis=0)
    equal = ((reference - centred) @ head).argmax(axis=1) == ((found - centred) @ head).argmax(axis=1)
    return {"cosine": [float(np.median(cosines)), float(cosines.min())], "equal": float(equal.mean())}


def table(name: str, found: dict[str, Any]) -> list[list[str]]:
    reference = next(iter(found.values()))["rates"]
    rows = []
    for way, each in found.items():
        ratio = statistics.median(a / b for a, b in zip(each["rates"], reference, strict=True))
        median, least = each["cosine"]
        cells = [f"{ratio:.2f}", f"{median:.6f}, {least:.6f}", f"{each['equal']:.1%}"]
        rows.append([name, way, spread(each["rates"]), *cells])
    return rows


if __name__ == "__main__":
    main()
