"""How many of the nearest training photos codes name that are shorter than the features.

Usage: nearest_codes.py DATA...

For each data set, and all of them together, the features of the default network are divided five times:
four fifths are kept as codes of some length, and for each photo of the last fifth the three nearest by
codes are compared with the three nearest by the cosine of the features themselves. Then 40,000 made-up
photos are kept, to see what that takes. The length that kclass uses was chosen by these very figures.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from results import report

import kclass
from kclass.classifier import training_photos as codes
from kclass.classifier.training_photos_file import read_training_photos, write_training_photos
from kclass.dataset.samples import Samples
from kclass.progress import silent
from kclass.runs.frozen import frozen_features

LENGTHS = (32, 64, 128, 192, 256)
TIMES, NEAREST = 5, 3
MANY, FEATURES = 40_000, 1280


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sets = {
        Path(place).name if Path(place).name != "train" else Path(place).parent.name: features_of(place)
        for place in sys.argv[1:]
    }
    if len(sets) > 1:
        sets["all together"] = np.concatenate(list(sets.values()))
    kept: dict[str, dict[str, float]] = {name: {} for name in sets}
    for length in LENGTHS:
        codes.DIMENSIONS = length  # type: ignore[misc]
        for name, features in sets.items():
            kept[name][str(length)] = float(np.mean([share(features, seed) for seed in range(TIMES)]))
    codes.DIMENSIONS = 256  # type: ignore[misc]
    many = of_many()
    rows = [
        [name, str(len(sets[name])), *(f"{100 * value:.1f} %" for value in found.values())]
        for name, found in kept.items()
    ]
    report(
        "nearest_codes",
        ["data", "photos", *(str(length) for length in LENGTHS)],
        rows,
        {"photos": {name: len(each) for name, each in sets.items()}, "kept": kept, "many": many},
    )
    print(many)


def features_of(place: str) -> NDArray[np.float32]:
    samples = kclass.open_data(place).samples
    return frozen_features(samples, np.arange(len(samples)), kclass.FitOptions(), silent).features


def numbered(number: int) -> Samples:
    paths = tuple(f"class {row % 50:02}/photo of something {row}.jpg" for row in range(number))
    classes = tuple(f"class {place:02}" for place in range(50))
    return Samples(paths, np.arange(number, dtype=np.int32) % 50, classes, Path("/photos"))


def share(features: NDArray[np.float32], seed: int) -> float:
    """Of the nearest by features, the share that codes name too."""
    order = np.random.default_rng(seed).permutation(len(features))
    fifth = len(features) // 5
    asked, kept = features[order[:fifth]], features[order[fifth:]]
    photos = codes.training_photos(kept, numbered(len(kept)), network="")
    cosines = (asked @ kept.T) / np.linalg.norm(kept, axis=1)
    found = []
    for row, each in zip(asked, cosines, strict=True):
        nearest = {photos.paths[place] for place in np.argsort(-each)[:NEAREST]}
        named = {str(near.path.relative_to(photos.root)) for near in photos.nearest(row, number=NEAREST)}
        found.append(len(nearest & named) / NEAREST)
    return float(np.mean(found))


def of_many() -> dict[str, Any]:
    """What keeping many photos takes: seconds, and bytes on disk."""
    features = np.abs(np.random.default_rng(0).standard_normal((MANY, FEATURES), dtype=np.float32))
    start = time.perf_counter()
    photos = codes.training_photos(features, numbered(MANY), network="")
    made = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codes.npz"
        write_training_photos(path, photos)
        written = time.perf_counter()
        size = path.stat().st_size
        read_training_photos(path)
        read = time.perf_counter()
    for row in features[:50]:
        photos.nearest(row)
    return {
        "photos": MANY,
        "bytes": size,
        "seconds to make": round(made - start, 2),
        "seconds to write": round(written - made, 3),
        "seconds to read": round(read - written, 3),
        "milliseconds a photo looked up": round((time.perf_counter() - read) / 50 * 1000, 2),
    }


if __name__ == "__main__":
    main()
