"""Time and memory of solving the head: kclass's solver, and scikit-learn on the same folds and penalties.

Usage: head_solving.py [DATA…] [--backbone NAME] [--shapes 100x100 500x5] [--photos-a-second 320]

DATA are folders of photos, embedded in f32. Shapes are classes x photos of each, drawn: 1,280 features that
are never negative, of a spectrum as real ones have it, their classes overlapping clouds. Every solve is a
process of its own, so that its peak memory is its own: kclass chooses the penalty and solves the head;
the peer is scikit-learn's LogisticRegression on the same scaled features, folds and penalties, in float32.
For drawn shapes the peer solves one fold, at as many penalties as fit into its time, and what it takes for
all folds is told from that and marked. Takes about four minutes on two cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from numpy.typing import NDArray
from results import report

Features = NDArray[np.float32]
Labels = NDArray[np.int32]

SHAPES = ("100x100", "500x5")
NUMBER = 1280
LATENT = 256
SEPARATION = {"100x100": 0.45, "500x5": 0.8}
PEER_SECONDS = 45.0
MEMORY_GOAL = 2.5
MOST_COMPARED = 1000  # photos; of more, the peer solves one fold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="*", type=Path)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES))
    parser.add_argument("--photos-a-second", type=float, default=320.0, help="what embedding manages here")
    parser.add_argument("--skip-peer", action="store_true")
    parser.add_argument("--solve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.solve:
        print(json.dumps(WAYS[given.solve[0]](Path(given.solve[1]))))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in given.data:
            found[path.name] = measured(Path(folder), *embedded(path, given.backbone), given)
        for shape in given.shapes:
            classes, each = map(int, shape.split("x"))
            drawn_features = drawn(classes, each, separation=SEPARATION.get(shape, 0.5))
            found[f"{classes} classes x {each}"] = measured(Path(folder), *drawn_features, given)
    report("head_solving", HEAD, [row(name, each) for name, each in found.items()], {"data": found})


HEAD = [
    "data",
    "photos",
    "kclass: seconds",
    "CPU seconds",
    "memory / features",
    "accuracy, log loss",
    "scikit-learn: CPU seconds",
    "log loss",
    "embedding: seconds",
]


def row(name: str, each: dict[str, Any]) -> list[str]:
    """One line of the table."""
    ours, peer = each["kclass"], each.get("scikit-learn")
    cells = [name, str(each["photos"]), f"{ours['seconds']:.2f}", f"{ours['cpu']:.2f}"]
    cells += [f"{ours['memory']:.2f}", f"{ours['accuracy']:.4f}, {ours['log_loss']:.4f}"]
    if peer is None:
        return [*cells, "", "", f"{each['embedding']:.0f}"]
    taken = f"{peer['cpu']:.1f}" + ("" if peer["whole"] else f" (about: {peer['solved']} solves of one fold)")
    return [*cells, taken, f"{peer['log_loss']:.4f} for {peer['ours']:.4f}", f"{each['embedding']:.0f}"]


def measured(folder: Path, features: Features, labels: Labels, given: argparse.Namespace) -> dict[str, Any]:
    """What both find, each in a process of its own."""
    np.save(folder / "features.npy", features)
    np.save(folder / "labels.npy", labels)
    found: dict[str, Any] = {
        "photos": len(labels),
        "classes": int(labels.max()) + 1,
        "embedding": len(labels) / given.photos_a_second,
        "kclass": solved("kclass", folder),
    }
    if not given.skip_peer:
        (folder / "path.json").write_text(json.dumps(found["kclass"]["path"]))
        found["scikit-learn"] = solved("scikit-learn", folder)
    return found


def solved(way: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--solve", way, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{way} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def by_kclass(folder: Path) -> dict[str, Any]:
    """Time, peak memory in features' sizes, and what was chosen."""
    import scipy.optimize  # noqa: F401 - what other parts of a fit have loaded is no memory of the solver

    from kclass.parallel import one_thread
    from kclass.training.linear_head import solve_linear_head

    with one_thread():
        square = np.ones((600, 600), np.float32)
        np.linalg.eigh(square @ square)  # buffers of linear algebra
    labels = np.load(folder / "labels.npy")
    before = memory("VmRSS")
    features = np.load(folder / "features.npy")
    groups = np.arange(len(labels))
    start, cpu = time.perf_counter(), time.process_time()
    head = solve_linear_head(features, labels, classes=int(labels.max()) + 1, seed=0, groups=groups)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = memory("VmHWM")
    best = min(head.path, key=lambda each: each.log_loss)
    np.save(folder / "folds.npy", head.fold_of)
    return {
        "seconds": seconds,
        "cpu": cpu,
        "memory": (peak - before) / features.nbytes,
        "c": head.c,
        "accuracy": best.accuracy,
        "log_loss": best.log_loss,
        "path": [[each.c, each.log_loss] for each in head.path],
    }


def memory(name: str) -> int:
    """Resident memory now (VmRSS) or its peak (VmHWM), in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) * 1024


def by_scikit_learn(folder: Path) -> dict[str, Any]:
    """Each fold at each penalty that kclass tried, each started from the one before, with one thread."""
    from sklearn.linear_model import LogisticRegression

    features, labels = np.load(folder / "features.npy"), np.load(folder / "labels.npy")
    fold_of = np.load(folder / "folds.npy")
    path = json.loads((folder / "path.json").read_text(encoding="utf-8"))
    classes = int(labels.max()) + 1
    deviation = features.std(axis=0)
    scale = np.sqrt(deviation * np.sqrt((deviation**2).mean()))
    scaled = (features - features.mean(axis=0)) / np.where(scale > 0, scale, 1)
    folds = range(int(fold_of.max()) + 1)
    judged = folds if len(labels) <= MOST_COMPARED else folds[:1]
    losses, photos, cpus = np.zeros(len(path)), 0, []
    with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for fold in judged:
            seen = fold_of != fold
            model = LogisticRegression(warm_start=True, max_iter=2000)
            photos += int((~seen).sum())
            for place, (c, _) in enumerate(path):
                start = time.process_time()
                model.set_params(C=2 * c if classes == 2 else c).fit(scaled[seen], labels[seen])
                logs = model.predict_log_proba(scaled[~seen])
                losses[place] -= logs[np.arange(len(logs)), labels[~seen]].sum()
                cpus.append(time.process_time() - start)
                if len(labels) > MOST_COMPARED and sum(cpus) > PEER_SECONDS:
                    break
    tried = len(cpus) // len(judged)
    best = int(np.argmin([loss for _, loss in path[:tried]]))
    return {
        "cpu": sum(cpus) * len(folds) / len(judged),
        "whole": len(judged) == len(folds),
        "solved": tried,
        "log_loss": losses[best] / photos,
        "ours": path[best][1],
    }


WAYS = {"kclass": by_kclass, "scikit-learn": by_scikit_learn}


def embedded(path: Path, backbone: str) -> tuple[Features, Labels]:
    """Features and labels of all photos of a folder, whatever their split."""
    import kclass
    from kclass.backbones.registry import open_backbone
    from kclass.features.embedding import embed
    from kclass.features.extractor import Extractor

    samples = kclass.ImageFolder(path).samples
    extractor = Extractor(
        open_backbone(backbone, weights="imagenet", seed=0, size=320), "squash", "cpu", "f32"
    )
    found = embed(samples.files, extractor=extractor)
    return found.features, samples.labels[found.readable]


def drawn(classes: int, each: int, *, separation: float) -> tuple[Features, Labels]:
    """Clouds in 256 dimensions of log-normal lengths, mixed into features, whose negative part is cut off."""
    random = np.random.default_rng(0)
    labels = random.permutation(np.arange(classes * each) % classes).astype(np.int32)
    lengths = np.sort(np.exp(random.normal(size=LATENT)))[::-1]
    centres = separation * lengths * random.normal(size=(classes, LATENT))
    places = centres[labels] + lengths * random.normal(size=(len(labels), LATENT))
    mixing = random.normal(size=(LATENT, NUMBER)) / np.sqrt((lengths**2).sum())
    features = places @ mixing * np.exp(random.normal(0, 0.5, NUMBER)) + random.normal(0, 0.3, NUMBER)
    features += 0.15 * random.normal(size=features.shape)
    return np.maximum(features, 0).astype(np.float32), labels


if __name__ == "__main__":
    main()
