"""Accuracy against photos a class: how far a few photos go.

Usage: few_photos.py DATA [--counts 2 5 10 20 50] [--seeds 5] [--plot docs/images/few-photos.png]

At each seed so many photos of each class are drawn for training, and all others are predicted. The same
photos go to kclass's head and to scikit-learn's plain LogisticRegression on features of 224 pixels.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from results import report
from sklearn.linear_model import LogisticRegression

import kclass
from kclass.backbones.registry import DEFAULT, backbone, open_backbone
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.plots.saving import save_png
from kclass.training.linear_head import solve_linear_head

PLAIN_SIZE = 224


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[2, 5, 10, 20, 50])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    samples = kclass.ImageFolder(given.data).samples
    ours, plain = features(samples.files, backbone(DEFAULT).size), features(samples.files, PLAIN_SIZE)
    found = {
        count: [accuracies(ours, plain, samples.labels, count, seed) for seed in range(given.seeds)]
        for count in given.counts
    }
    rows = [
        [str(count), *(_cell([each[method] for each in by_seed]) for method in (0, 1))]
        for count, by_seed in found.items()
    ]
    report(
        "few_photos",
        ["photos a class", f"kclass at {backbone(DEFAULT).size}", f"plain at {PLAIN_SIZE}"],
        rows,
        {
            "data": given.data.name,
            "seeds": given.seeds,
            "accuracy": {str(key): each for key, each in found.items()},
        },
    )
    if given.plot:
        save_png(drawn(found, len(samples.classes), given.data.name), given.plot)


def features(files, size: int) -> np.ndarray:
    archive = open_backbone(DEFAULT, weights="imagenet", size=size, seed=0)
    return embed(files, extractor=Extractor(archive, "squash", "cpu", "f32")).features


def accuracies(
    ours: np.ndarray, plain: np.ndarray, labels: np.ndarray, count: int, seed: int
) -> tuple[float, float]:
    """Share of the photos not trained on that are predicted rightly: by kclass's head, by the plain one."""
    random = np.random.default_rng(seed)
    classes = int(labels.max()) + 1
    train = np.zeros(len(labels), bool)
    for label in range(classes):
        train[random.choice(np.flatnonzero(labels == label), count, replace=False)] = True
    head = solve_linear_head(ours[train], labels[train], classes=classes, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = LogisticRegression(max_iter=2000).fit(plain[train], labels[train])
    hits = (ours[~train] @ head.kernel + head.bias).argmax(axis=1) == labels[~train]
    return float(hits.mean()), float(reference.score(plain[~train], labels[~train]))


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.1%} ({min(values):.1%} to {max(values):.1%})"


def drawn(found: dict[int, list[tuple[float, float]]], classes: int, name: str):
    """Mean and range over the seeds, by photos a class."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    counts = list(found)
    for method, (label, colour, marker) in enumerate(
        (
            (f"kclass, {backbone(DEFAULT).size} px", "#0072b2", "o"),
            (f"plain logistic regression, {PLAIN_SIZE} px", "#d55e00", "s"),
        )
    ):
        values = np.array([[each[method] for each in found[count]] for count in counts]) * 100
        axes.fill_between(
            counts, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.15, linewidth=0
        )
        axes.plot(counts, values.mean(axis=1), color=colour, marker=marker, label=label)
    axes.axhline(100 / classes, color="#666666", linestyle=":", label="guessing")
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set_ylim(0, 100)
    axes.set_xlabel("training photos a class")
    axes.set_ylabel("accuracy on the other photos, %")
    axes.set_title(f"{name}, {classes} classes: mean and range of {len(found[counts[0]])} draws")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.24), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    main()
