"""The linear head against scikit-learn's LogisticRegressionCV, on the same features.

Usage: cross_validation.py DATA… [--repeats 10] [--folds 5]

All photos of each data set, whatever their split, are embedded once in f32 and dealt into folds anew
at each repeat; both heads see the same folds. Then the data set's own split is evaluated, once.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import threadpoolctl
from results import report
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold

import kclass
from kclass.backbones.registry import DEFAULT, backbone, open_backbone
from kclass.evaluation.intervals import wilson
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.training.linear_head import solve_linear_head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--folds", type=int, default=5)
    given = parser.parse_args()
    found = {str(path.name): measure(path, given.repeats, given.folds) for path in given.data}
    rows = [
        [
            name,
            f"{each['kclass']:.4f}",
            f"{each['scikit_learn']:.4f}",
            f"{each['difference']:+.4f} ± {each['standard_error']:.4f}",
            f"{each['split_correct']}/{each['split_photos']}",
            "{:.3f} to {:.3f}".format(*each["split_interval"]),
        ]
        for name, each in found.items()
    ]
    head = ["data", "kclass", "LogisticRegressionCV", "difference ± s.e.", "given split", "95 % interval"]
    report("cross_validation", head, rows, {"repeats": given.repeats, "folds": given.folds, "data": found})


def measure(path: Path, repeats: int, folds: int) -> dict[str, object]:
    data = kclass.ImageFolder(path)
    archive = open_backbone(DEFAULT, weights="imagenet", size=backbone(DEFAULT).size, seed=0)
    embedding = embed(
        [each.path for each in data.samples], extractor=Extractor(archive, "squash", "cpu", "f32")
    )
    features, labels = embedding.features, data.samples.labels[embedding.readable]
    ours, theirs = zip(*(compare(features, labels, repeat, folds) for repeat in range(repeats)), strict=True)
    differences = np.subtract(ours, theirs)
    train = data.samples.splits[embedding.readable] == 0
    correct, photos = int(hits(features, labels, train).sum()), int((~train).sum())
    interval = wilson(correct, photos)
    return {
        "photos": len(labels),
        "kclass": float(np.mean(ours)),
        "scikit_learn": float(np.mean(theirs)),
        "difference": float(differences.mean()),
        "standard_error": float(differences.std(ddof=1) / np.sqrt(repeats)),
        "kclass_by_repeat": list(ours),
        "scikit_learn_by_repeat": list(theirs),
        "split_correct": correct,
        "split_photos": photos,
        "split_interval": [interval.low, interval.high],
    }


def compare(features: np.ndarray, labels: np.ndarray, repeat: int, folds: int) -> tuple[float, float]:
    """Mean accuracy of both heads over the folds of one repeat."""
    ours, theirs = [], []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=repeat).split(features, labels):
        mask = np.zeros(len(labels), bool)
        mask[train] = True
        ours.append(hits(features, labels, mask).mean())
        # One thread: on matrices this small scikit-learn's own threads mostly wait for each other.
        with warnings.catch_warnings(), threadpoolctl.threadpool_limits(1):
            warnings.simplefilter("ignore")
            reference = LogisticRegressionCV(max_iter=2000).fit(features[train], labels[train])
        theirs.append(reference.score(features[test], labels[test]))
    return float(np.mean(ours)), float(np.mean(theirs))


def hits(features: np.ndarray, labels: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Which of the photos outside `train` a head solved on `train` classifies rightly."""
    head = solve_linear_head(features[train], labels[train], classes=int(labels.max()) + 1, seed=0)
    return (features[~train] @ head.kernel + head.bias).argmax(axis=1) == labels[~train]


if __name__ == "__main__":
    main()
