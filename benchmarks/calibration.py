"""Are probabilities better for a temperature? Cross-validated, for solved heads and for what epochs made.

Usage: calibration.py DATA… [--repeats 1] [--folds 5]

Solved heads: all photos of each data set are dealt into folds anew at each repeat; a head is solved on all
but one fold, or on 40 of those photos, and judged on that fold. Its temperature comes of its out-of-fold
predictions. Epochs: half of the photos to learn from, a tenth of which is held out, as in a fit, and gives
the temperature; the other half judges. "Guo" is the temperature with the lowest log loss (C. Guo et al.,
ICML 2017), from .05 to 20; "kclass" has a prior about 1, whose deviation was chosen among .25, .5 and 1 on
the seeds 0 to 2 of these trainings. Here are other seeds.

Shown are log loss, Brier score, and the expected calibration error as a run tells it.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from results import report
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedKFold

import kclass
from kclass.backbones.archive import LOGITS
from kclass.backbones.registry import DEFAULT, backbone, open_backbone
from kclass.evaluation.calibration import COLDEST, HOTTEST, fit_temperature, reliability
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.progress import silent
from kclass.runs.epoch_training import train_by_epochs, training_of
from kclass.runs.options import FitOptions
from kclass.runs.preparing import prepare
from kclass.training.linear_head import solve_linear_head
from kclass.training.softmax_regression import log_softmax

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

FEW = 40
DENSE: dict[str, Any] = {"hidden": 256}
SMALL: dict[str, Any] = {"backbone": "scratch-small", "epochs": 15}
TRAININGS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "dense head": (DENSE, (10, 11)),
    "dense head, labels smoothed": ({**DENSE, "label_smoothing": 0.1}, (10, 11)),
    "scratch-small": (SMALL, (10,)),
    "scratch-small, labels smoothed": ({**SMALL, "label_smoothing": 0.1}, (10,)),
    "scratch-small, MixUp": ({**SMALL, "mixup": 0.2}, (10,)),
}


def guo(logits: Floats, labels: Labels) -> float:
    """The temperature with the lowest log loss."""
    own = np.arange(len(labels)), labels
    found = minimize_scalar(
        lambda t: -log_softmax(logits / np.exp(t))[own].mean(),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
    )
    return float(np.exp(found.x))


FITTED: Mapping[str, Callable[[Floats, Labels], float]] = {
    "none": lambda *_: 1.0,
    "Guo": guo,
    "kclass": fit_temperature,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    given = parser.parse_args()
    found = {path.name: measured(path, given.repeats, given.folds) for path in given.data}
    rows = [
        [name, what, how, *(f"{each[key]:.3f}" for key in ("log_loss", "brier", "ece")), spread(each)]
        for name, kinds in found.items()
        for what, ways in kinds.items()
        for how, each in ways.items()
    ]
    head = ["data", "", "temperature", "log loss", "Brier", "ECE", "T, mean and range"]
    report("calibration", head, rows, {"repeats": given.repeats, "folds": given.folds, "found": found})


def spread(each: Mapping[str, Any]) -> str:
    values = each["temperatures"]
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def measured(path: Path, repeats: int, folds: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Scores by what was trained and by the way its temperature was fitted."""
    features, labels = embedded(path)
    found = {
        "solved head": judged(solved(features, labels, None, repeats, folds)),
        f"solved head, {FEW} photos": judged(solved(features, labels, FEW, repeats, folds)),
    }
    for name, (options, seeds) in TRAININGS.items():
        trained = [each for seed in seeds if (each := stepped(path, options, seed))]
        if trained:
            found[name] = judged(iter(trained))
    return found


Judged = tuple[Floats, Labels, Floats, Labels, int]
"""Logits and labels that a temperature is fitted on, those that judge it, and which are judged together."""


def judged(trained: Iterator[Judged]) -> dict[str, dict[str, Any]]:
    """Means of the scores of photos that were judged together."""
    predicted: dict[str, dict[int, list[tuple[Floats, Labels]]]] = {name: {} for name in FITTED}
    temperatures: dict[str, list[float]] = {name: [] for name in FITTED}
    for known, truth, logits, labels, group in trained:
        for name, fitted in FITTED.items():
            temperatures[name].append(fitted(known, truth))
            probabilities = np.exp(log_softmax(logits / temperatures[name][-1]))
            predicted[name].setdefault(group, []).append((probabilities, labels))
    found = {}
    for name, groups in predicted.items():
        every = [
            scores(np.concatenate([p for p, _ in parts]), np.concatenate([y for _, y in parts]))
            for parts in groups.values()
        ]
        means = {key: float(np.mean([each[key] for each in every])) for key in every[0]}
        found[name] = {**means, "temperatures": temperatures[name]}
    return found


def scores(probabilities: Floats, labels: Labels) -> dict[str, float]:
    truths = probabilities[np.arange(len(labels)), labels]
    off = probabilities - np.eye(probabilities.shape[1])[labels]
    return {
        "log_loss": float(-np.log(np.maximum(truths, 2.2e-16)).mean()),
        "brier": float((off**2).sum(axis=1).mean()),
        "ece": reliability(probabilities, labels).ece,
    }


def solved(
    features: NDArray[np.float32], labels: Labels, photos: int | None, repeats: int, folds: int
) -> Iterator[Judged]:
    classes = int(labels.max()) + 1
    for repeat in range(repeats):
        parts = StratifiedKFold(folds, shuffle=True, random_state=repeat).split(features, labels)
        for train, test in parts:
            chosen = np.random.default_rng(repeat).permutation(train)[:photos]
            head = solve_linear_head(features[chosen], labels[chosen], classes=classes, seed=repeat)
            seen = ~np.isnan(head.out_of_fold).any(axis=1)
            logits = (features[test] @ head.kernel + head.bias).astype(np.float64)
            yield head.out_of_fold[seen], labels[chosen][seen], logits, labels[test], repeat


def stepped(path: Path, options: Mapping[str, Any], seed: int) -> Judged | None:
    """The logits of a training's network, before any temperature; None if the solved head was better."""
    chosen = FitOptions(valid=0.5, seed=seed, **options)
    prepared = prepare(unsplit(path), chosen, silent)
    training = training_of(prepared, chosen, silent)
    classifier = train_by_epochs(prepared, chosen, silent, checkpoint=None).classifier
    if classifier.record.trained["best_epoch"] == 0:
        return None
    samples = prepared.data.samples
    kernel, bias = classifier.archive.layer_weights[LOGITS]
    temperature = classifier.record.calibration["temperature"]

    def logits(rows: NDArray[np.int64]) -> Floats:
        _, features = classifier.features_of(samples.select(rows).files)
        return (features.astype(np.float64) @ kernel + bias) * temperature

    held_out, test = training.rows[training.lesson.held_out], np.flatnonzero(samples.splits == 1)
    return logits(held_out), samples.labels[held_out], logits(test), samples.labels[test], seed


def unsplit(path: Path) -> kclass.Dataset:
    """All photos of a data set, in no split."""
    samples = kclass.ImageFolder(path).samples
    return kclass.from_lists(samples.files, [samples.classes[label] for label in samples.labels.tolist()])


def embedded(path: Path) -> tuple[NDArray[np.float32], Labels]:
    samples = kclass.ImageFolder(path).samples
    archive = open_backbone(DEFAULT, weights="imagenet", size=backbone(DEFAULT).size, seed=0)
    seen = embed(samples.files, extractor=Extractor(archive, "squash", "cpu", "f32"))
    return seen.features, samples.labels[seen.readable]


if __name__ == "__main__":
    main()
