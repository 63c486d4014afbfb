"""Folders of runs written by hand, so that nothing need be fitted to read them."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.evaluation.metrics import evaluate


@dataclass(frozen=True)
class MadeUp:
    """The labelled photos of one split, and what a model said of them."""

    paths: Sequence[str]
    labels: NDArray[np.int32]
    probabilities: NDArray[np.float64]
    novelty: Sequence[float] | None = None


def write_run(
    folder: Path,
    classes: Sequence[str],
    splits: Mapping[str, MadeUp],
    *,
    root: Path | None = None,
    train: Sequence[tuple[str, str]] = (),
    options: Mapping[str, Any] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
    findings: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write what a fit leaves, but for the model and the pictures; without `root` as older ones did."""
    folder.mkdir(parents=True)
    data = {"name": "made up", "fingerprint": "f00d" * 16, "photos": 0}
    if root is not None:
        data |= {"root": str(root), "origin": {"place": str(root)}}
    config = {"options": dict(options or {"seed": 3}), "data": data, "versions": {"kclass": "0.1.0"}}
    (folder / "config.json").write_bytes(json.dumps(config).encode())
    metrics = {name: evaluate(each.probabilities, each.labels, classes) for name, each in splits.items()}
    dump = {name: {**each.to_dict(), "unreadable": []} for name, each in metrics.items()}
    (folder / "metrics.json").write_bytes(json.dumps(dump).encode())
    _write_predictions(folder / "predictions.csv", classes, splits)
    rows = [(path, name, "train") for path, name in train]
    for split, each in splits.items():
        names = (classes[label] for label in each.labels.tolist())
        rows += [(path, name, split) for path, name in zip(each.paths, names, strict=True)]
    _write(folder / "split.csv", [("path", "class", "split"), *rows])
    _write_dicts(folder / "history.csv", history)
    _write_dicts(folder / "findings.csv", findings)
    return folder


def three_trees(folder: Path, **more: Any) -> Path:
    """A run of three classes whose five validation photos hold one mistake: a birch is called an ash."""
    probabilities = np.array(
        [[0.9, 0.06, 0.04], [0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]]
    )
    paths = ("ash/0.png", "ash/1.png", "birch/0.png", "birch/1.png", "cedar/0.png")
    valid = MadeUp(paths, np.array([0, 0, 1, 1, 2], np.int32), probabilities)
    train = [(f"{name}/{place}.png", name) for name in ("ash", "birch", "cedar") for place in (5, 6)]
    classes = ("ash", "birch", "cedar")
    return write_run(folder, classes, {"valid": valid}, **{"train": train, **more})


def _write_predictions(path: Path, classes: Sequence[str], splits: Mapping[str, MadeUp]) -> None:
    scored = any(each.novelty is not None for each in splits.values())
    novelty = ["novelty"] if scored else []
    header = ["path", "split", "label", "prediction", "probability", *novelty, *(f"p({c})" for c in classes)]
    rows: list[Sequence[str]] = [header]
    for split, each in splits.items():
        for row, (name, label) in enumerate(zip(each.paths, each.labels.tolist(), strict=True)):
            shares = each.probabilities[row]
            best = int(shares.argmax())
            score = [] if not scored else ["" if each.novelty is None else f"{each.novelty[row]:.4f}"]
            told = [f"{share:.6g}" for share in (shares[best], *shares)]
            rows.append([name, split, classes[label], classes[best], told[0], *score, *told[1:]])
    _write(path, rows)


def _write_dicts(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = list(rows[0]) if rows else ["nothing"]
    _write(path, [columns, *([str(row[name]) for name in columns] for row in rows)])


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
