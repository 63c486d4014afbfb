"""Which score ranks wrong labels first, and where to cut: 10 labels planted wrong, 20 times over.

Usage: label_suspects.py FOLDER…

Photos of each data set are embedded by the default backbone; ten of them, drawn at random, are given
another label, and every photo's probabilities come from a linear head that has not seen it. Shown are how
many of the ten are among the first 15 by each score, and by each cut how many photos are listed and how
many of the ten.

Scores, of p the probability of the photo's own label: p itself (self-confidence); p less the largest other
(normalised margin); -log p over the entropy (confidence-weighted entropy); and the first two with the
classes' mean self-confidence taken off. Cuts: all whose label is not the most probable class; off the
diagonal of the confident joint; as many of each class as the calibrated joint says, the least
self-confident (prune by class); and as many in all, likewise, which is what kclass does. Joint, scores and
pruning are those of C. Northcutt, L. Jiang, I. Chuang, JAIR 70 (2021), and A. Kuan, J. Mueller,
Model-agnostic label quality scoring, ICML DataPerf workshop (2022).
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from results import report

from kclass.backbones.registry import DEFAULT, IMAGENET, backbone, open_backbone
from kclass.dataset.folder import ImageFolder
from kclass.evaluation.label_suspects import confident_joint, label_suspects
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.training.linear_head import solve_linear_head

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

PLANTED, PLANTINGS, FIRST = 10, 20, 15


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    found = {Path(path).name: measured(Path(path)) for path in sys.argv[1:]}
    rows = [
        [name, kind, what, figure]
        for name, kinds in found.items()
        for kind, figures in kinds.items()
        for what, figure in figures.items()
    ]
    report("label_suspects", ["data", "", "", f"of {PLANTED} planted"], rows, {"found": found})


def measured(path: Path) -> dict[str, dict[str, str]]:
    """What each score and cut finds, as means over the plantings."""
    data = ImageFolder(path)
    samples = data.samples.select(data.samples.labels >= 0)
    archive = open_backbone(DEFAULT, weights=IMAGENET, size=backbone(DEFAULT).size, seed=0)
    embedding = embed(samples.files, extractor=Extractor(archive, "squash", "cpu", "f32"))
    truth = samples.labels[embedding.readable]
    among_first: dict[str, list[int]] = {}
    listed: dict[str, list[tuple[int, int]]] = {}
    for seed in range(PLANTINGS):
        labels, wrong = planted(truth, len(data.classes), seed)
        head = solve_linear_head(embedding.features, labels, classes=len(data.classes), seed=seed)
        for name, score in scores(head.out_of_fold, labels).items():
            first = np.argsort(score, kind="stable")[:FIRST]
            among_first.setdefault(name, []).append(int(np.isin(first, wrong).sum()))
        for name, rows in cuts(head.out_of_fold, labels).items():
            listed.setdefault(name, []).append((len(rows), int(np.isin(rows, wrong).sum())))
    return {
        f"among the first {FIRST}": {
            name: f"{np.mean(hits):.2f} (least {min(hits)})" for name, hits in among_first.items()
        },
        "listed": {
            name: f"{np.mean([hits for _, hits in each]):.2f} of {np.mean([n for n, _ in each]):.1f}"
            for name, each in listed.items()
        },
    }


def planted(truth: Labels, classes: int, seed: int) -> tuple[Labels, NDArray[np.int64]]:
    """The labels with some of them wrong, and which."""
    random = np.random.default_rng(seed)
    wrong = random.permutation(len(truth))[:PLANTED]
    labels = truth.copy()
    labels[wrong] = (labels[wrong] + random.integers(1, classes, PLANTED)) % classes
    return labels, wrong


def scores(logs: Floats, labels: Labels) -> dict[str, Floats]:
    """Each score of each photo; the lower, the more suspect."""
    probabilities = np.exp(logs)
    means = np.array([probabilities[labels == label, label].mean() for label in range(logs.shape[1])])
    adjusted = probabilities - means + means.max()
    adjusted /= adjusted.sum(axis=1, keepdims=True)
    own, margin = own_and_margin(probabilities, labels)
    adjusted_own, adjusted_margin = own_and_margin(adjusted, labels)
    entropy = -(probabilities * logs).sum(axis=1)
    return {
        "self-confidence": own,
        "normalised margin": margin,
        "confidence-weighted entropy": logs[np.arange(len(labels)), labels] / entropy,
        "self-confidence, adjusted": adjusted_own,
        "normalised margin, adjusted": adjusted_margin,
    }


def own_and_margin(probabilities: Floats, labels: Labels) -> tuple[Floats, Floats]:
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    return own, own - others.max(axis=1)


def cuts(logs: Floats, labels: Labels) -> dict[str, NDArray[np.int64]]:
    """The photos that each cut lists."""
    probabilities = np.exp(logs)
    counts, joint = confident_joint(probabilities, labels)
    own = probabilities[np.arange(len(labels)), labels]
    thresholds = np.array([own[labels == label].mean() for label in range(len(counts))])
    confident = np.where(probabilities >= thresholds, probabilities, -1)
    off_diagonal = (confident.max(axis=1) >= 0) & (confident.argmax(axis=1) != labels)
    wrong = (joint.sum(axis=1) - joint.diagonal()) * counts / np.maximum(joint.sum(axis=1), 1)
    by_class = [
        rows[np.argsort(own[rows], kind="stable")[: round(wrong[label])]]
        for label in range(len(counts))
        for rows in [np.flatnonzero(labels == label)]
    ]
    return {
        "not the most probable": np.flatnonzero(probabilities.argmax(axis=1) != labels),
        "off the diagonal": np.flatnonzero(off_diagonal),
        "prune by class": np.concatenate(by_class),
        "as many in all": np.array([each.row for each in label_suspects(logs, labels)], dtype=np.int64),
    }


if __name__ == "__main__":
    main()
