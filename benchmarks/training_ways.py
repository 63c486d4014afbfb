"""Scratch, frozen and fine-tuned networks on the same splits: errors with intervals, and times.

Usage: training_ways.py DATA… [--splits 10] [--ways NAME…] [--weights NAME=FILE…]

All photos of each data set, whatever their split, are dealt anew into training and a fifth for
validation for each seed. Every way is a whole `kclass.fit` with that seed, in the same process one after
the other, with an empty cache for the first alone; times are medians. Differences to the frozen backbone
are paired by split. What was fitted before is read from the results file, so it can be gone on with.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from results import RESULTS, report
from scipy.stats import t as student

import kclass
from kclass.evaluation.intervals import wilson

FROZEN, FINE_TUNED = "frozen", "fine-tuned"
WAYS: Mapping[str, Mapping[str, Any]] = {
    "scratch": {"backbone": "scratch"},
    "scratch-small": {"backbone": "scratch-small"},
    FROZEN: {},
    FINE_TUNED: {"fine_tune": 5},
    "mobilenet_v2 frozen": {"backbone": "mobilenet_v2"},
    "mobilenet_v2 fine-tuned": {"backbone": "mobilenet_v2", "fine_tune": 5},
}
VALID = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--weights", nargs="*", default=[], help="weight files by backbone: NAME=FILE")
    given = parser.parse_args()
    weights = dict(each.split("=", 1) for each in given.weights)
    notes = RESULTS / "training_ways_fits.jsonl"
    known = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    done = {(each["data"], each["way"], each["seed"]) for each in known}
    for seed in range(given.splits):
        for path in given.data:
            for way in given.ways:
                if (path.name, way, seed) not in done:
                    known.append(fitted(path, way, seed, weights))
                    with notes.open("a") as file:
                        file.write(json.dumps(known[-1]) + "\n")
    rows = [row for path in given.data for row in table(path.name, known, given.ways, given.splits)]
    report("training_ways", HEAD, rows, {"splits": given.splits, "fits": known})


HEAD = (
    "data",
    "way",
    "splits",
    "errors",
    "95 % (Wilson)",
    "less the frozen one",
    "95 % (corrected t)",
    "time",
)


def fitted(path: Path, way: str, seed: int, weights: Mapping[str, str]) -> dict[str, Any]:
    """One fit: its errors on the photos that validate it."""
    samples = kclass.ImageFolder(path).samples
    files, labels = samples.files, [samples.classes[label] for label in samples.labels.tolist()]
    options = dict(WAYS[way])
    if options.get("backbone") in weights:
        options["weights"] = weights[options["backbone"]]
    with tempfile.TemporaryDirectory() as folder:
        data = kclass.from_lists(files, labels)
        chosen = kclass.FitOptions(valid=VALID, seed=seed, **options)
        found = kclass.run_fit(data, chosen, out=Path(folder) / "run")
    metrics = found.evaluations["valid"].metrics
    return {
        "data": path.name,
        "way": way,
        "seed": seed,
        "photos": metrics.photos,
        "errors": round(metrics.photos * (1 - metrics.accuracy)),
        "log_loss": metrics.log_loss,
        "best_epoch": found.network.best_epoch if found.network else None,
        "seconds": found.seconds,
    }


def table(data: str, fits: Sequence[Mapping[str, Any]], ways: Sequence[str], splits: int) -> list[list[str]]:
    """A row for each way."""
    rows = []
    for way in ways:
        own = _by_seed(fits, data, way, splits)
        errors, photos = sum(each["errors"] for each in own), sum(each["photos"] for each in own)
        interval = wilson(errors, photos)
        row = [
            data,
            way,
            str(len(own)),
            f"{errors / photos:.2%}",
            f"{interval.low:.1%} to {interval.high:.1%}",
        ]
        frozen = _by_seed(fits, data, f"{way.split()[0]} {FROZEN}" if " " in way else FROZEN, splits)
        row += _difference(own, frozen) if frozen and own != frozen else ["", ""]
        rows.append([*row, f"{statistics.median(each['seconds'] for each in own):.1f} s"])
    return rows


def _by_seed(fits: Sequence[Mapping[str, Any]], data: str, way: str, splits: int) -> list[Mapping[str, Any]]:
    found = [each for each in fits if (each["data"], each["way"]) == (data, way) and each["seed"] < splits]
    return sorted(found, key=lambda each: each["seed"])


def _difference(own: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> list[str]:
    """The mean difference of error rates, with an interval that knows that splits overlap.

    Source: Nadeau and Bengio 2003, "Inference for the generalization error": the variance of the mean is
    that of the differences times 1/n + share validated / share learned from.
    """
    differences = np.array(
        [a["errors"] / a["photos"] - b["errors"] / b["photos"] for a, b in zip(own, other, strict=True)]
    )
    number = len(differences)
    spread = differences.std(ddof=1) * np.sqrt(1 / number + VALID / (1 - VALID))
    reach = student.ppf(0.975, number - 1) * spread
    mean = differences.mean()
    return [f"{mean:+.2%}", f"{mean - reach:+.2%} to {mean + reach:+.2%}"]


if __name__ == "__main__":
    main()
