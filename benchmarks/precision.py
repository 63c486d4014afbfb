"""bf16 against f32: features, labels and accuracy, each photo predicted by a head that never saw it.

Usage: precision.py DATA…

Bars: the median cosine of the features at least .999; at most 1 % of the labels changed, over at least
1,000 photos; accuracy within half a point.
"""

import sys
from pathlib import Path

import numpy as np
from results import report

import kclass
from kclass.backbones.registry import DEFAULT, backbone, open_backbone
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.training.linear_head import solve_linear_head

FOLDS = 5


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    found = [measure(Path(path)) for path in sys.argv[1:]]
    cosines = np.concatenate([each["cosines"] for each in found])
    changed = np.concatenate([each["bf16"] != each["f32"] for each in found])
    right = {
        name: np.concatenate([each[name] == each["labels"] for each in found]) for name in ("f32", "bf16")
    }
    content = {
        "photos": len(cosines),
        "cosine": {"median": float(np.median(cosines)), "least": float(cosines.min())},
        "labels_changed": float(changed.mean()),
        "accuracy": {name: float(hits.mean()) for name, hits in right.items()},
    }
    rows = [
        ["photos", str(len(cosines)), "1000"],
        ["median cosine", f"{np.median(cosines):.5f}", "0.999"],
        ["least cosine", f"{cosines.min():.5f}", ""],
        ["labels changed", f"{changed.mean():.2%} ({changed.sum()})", "1 %"],
        ["accuracy f32", f"{right['f32'].mean():.2%}", ""],
        ["accuracy bf16", f"{right['bf16'].mean():.2%}", "within 0.5 points"],
    ]
    report("precision", ["", "measured", "bar"], rows, content)


def measure(path: Path) -> dict[str, np.ndarray]:
    """Cosines, labels, and the labels predicted from the features of each precision."""
    data = kclass.ImageFolder(path)
    samples = data.samples.select(data.samples.labels >= 0)
    archive = open_backbone(DEFAULT, weights="imagenet", size=backbone(DEFAULT).size, seed=0)
    features, labels = {}, np.empty(0)
    for precision in ("f32", "bf16"):
        extractor = Extractor(archive, "squash", "cpu", precision)
        embedding = embed([each.path for each in samples], extractor=extractor)
        features[precision], labels = embedding.features, samples.labels[embedding.readable]
    f32, bf16 = features["f32"], features["bf16"]
    cosines = (f32 * bf16).sum(axis=1) / np.linalg.norm(f32, axis=1) / np.linalg.norm(bf16, axis=1)
    predicted = {name: predict_unseen(rows, labels) for name, rows in features.items()}
    return {"cosines": cosines, "labels": labels, **predicted}


def predict_unseen(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The label of each photo as heads solved on the other folds predict it."""
    fold = np.random.default_rng(0).permutation(np.arange(len(labels)) % FOLDS)
    predicted = np.empty(len(labels), np.int64)
    for held_out in (fold == number for number in range(FOLDS)):
        classes = int(labels.max()) + 1
        head = solve_linear_head(features[~held_out], labels[~held_out], classes=classes, seed=0)
        predicted[held_out] = (features[held_out] @ head.kernel + head.bias).argmax(axis=1)
    return predicted


if __name__ == "__main__":
    main()
