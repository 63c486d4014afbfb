"""What makes the fewest errors without a knob: sizes, stages, heads and views, by cross-validation.

Usage: default_head.py DATA… [--backbone NAME] [--weights SOURCE] [--repeats 20] [--sizes 224 …] [--at 320]

All photos of each data set, whatever their split, are embedded in f32 and dealt into five folds anew at
each repeat. Every candidate sees the same folds as scikit-learn's plain LogisticRegression on features
of 224 pixels, so that differences are paired. What is best on one data set is what counts on the others.
"""

import argparse
import contextlib
import functools
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from results import report
from scipy.stats import t as student
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

import kclass
from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.registry import DEFAULT, open_backbone
from kclass.backbones.stages import stages_of
from kclass.batches.cropping import Crop, cropped, decode_for_crops
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.keras_import import import_keras
from kclass.training.linear_head import solve_linear_head

PLAIN_SIZE = 224
FOLDS = 5
ROUNDS = 5
VIEWS = 4
CROP = Crop((0.5, 1.0))
SUSPECT = 0.2  # a label is doubted if a head that has not seen the photo gives it less
END, BLOCK, TWO, ALL = "the end", "the end and the last block", "the last two stages", "all stages"

Array = np.ndarray
Solved = tuple[Array, Array]
Solve = Callable[[Array, Array], Solved]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--backbone", default=DEFAULT)
    parser.add_argument("--weights", default="imagenet")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 256, 288, 320, 352, 384])
    parser.add_argument("--at", type=int, default=320, help="the size at which all else is tried")
    given = parser.parse_args()
    networks = Networks(given.backbone, given.weights)
    costs = embedding_costs(networks, given.sizes, given.data[0])
    found = {path.name: compared(networks, path, given) for path in given.data}
    names = list(next(iter(found.values())))
    rows = [[name, *(_cell(each[name]) for each in found.values())] for name in names]
    for size, cost in costs.items():
        rows.append([f"embedding at {size}", f"{cost:.2f} of the time at {PLAIN_SIZE}"])
    head = ["candidate", *(f"{name}: errors, change, 95 % interval" for name in found)]
    told = {"backbone": given.backbone, "repeats": given.repeats, "costs": costs, "data": found}
    report(
        f"default_head_{given.backbone}", head, [row + [""] * (len(head) - len(row)) for row in rows], told
    )


def _cell(each: Mapping[str, float]) -> str:
    return f"{each['errors']:.2%} {each['relative']:+.1%} {each['low']:+.2%} to {each['high']:+.2%}"


class Networks:
    """The backbone at several sizes, with the features of its end or of several stages."""

    def __init__(self, backbone: str, weights: str) -> None:
        self._open = functools.partial(open_backbone, backbone, weights=weights, seed=0)
        self._known: dict[tuple[int, str], Extractor] = {}

    def of(self, size: int, kind: str = END) -> Extractor:
        """Opened once."""
        if (size, kind) not in self._known:
            archive = self._open(size=size)
            archive = archive if kind == END else _with_more(archive, kind)
            self._known[size, kind] = Extractor(archive, "squash", "cpu", "f32")
        return self._known[size, kind]


def _with_more(archive: Archive, kind: str) -> Archive:
    """The network whose features are the averages of several layers' outputs, side by side."""
    keras = import_keras()
    model = keras_model(archive)
    if kind == BLOCK:
        last = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-1]
        tensors = [last.input]
    else:
        ends = [model.get_layer(layers[-1]).output for layers in list(stages_of(archive).values())[:-1]]
        tensors = ends[-1:] if kind == TWO else ends
    pooled = [keras.layers.GlobalAveragePooling2D()(tensor) for tensor in tensors]
    return archive_of(keras.Model(model.input, keras.layers.Concatenate()([*pooled, model.output])))


def embedding_costs(networks: Networks, sizes: Sequence[int], path: Path) -> dict[int, float]:
    """How much longer embedding takes than at 224 pixels: medians of ratios of one round each."""
    files = kclass.ImageFolder(path).samples.files
    seconds: dict[int, list[float]] = {size: [] for size in (PLAIN_SIZE, *sizes)}
    for size in seconds:
        networks.of(size).open()
    for _ in range(ROUNDS):
        for size, taken in seconds.items():
            with empty_cache():
                start = time.perf_counter()
                embed(files, extractor=networks.of(size))
                taken.append(time.perf_counter() - start)
    plain = seconds[PLAIN_SIZE]
    return {
        size: statistics.median(a / b for a, b in zip(each, plain, strict=True))
        for size, each in seconds.items()
    }


@contextlib.contextmanager
def empty_cache() -> Iterator[None]:
    """A cache of features of its own; converted networks are opened before."""
    before = os.environ.get("KCLASS_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KCLASS_CACHE"] = folder
        try:
            yield
        finally:
            os.environ.pop("KCLASS_CACHE")
            if before is not None:
                os.environ["KCLASS_CACHE"] = before


def compared(networks: Networks, path: Path, given: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Each candidate's errors beside those of the plain head, by its name."""
    samples = kclass.ImageFolder(path).samples
    labels = samples.labels

    def features(size: int, kind: str = END) -> Array:
        found = embed(samples.files, extractor=networks.of(size, kind))
        assert len(found.features) == len(samples)
        return found.features

    plain = errors(features(PLAIN_SIZE), labels, logistic_regression, given.repeats)
    found = {"plain logistic regression at 224": _told(plain, plain)}

    def tried(name: str, data: Array, solve: Solve) -> None:
        found[name] = _told(errors(data, labels, solve, given.repeats), plain)
        print(path.name, name, _cell(found[name]), flush=True)

    for size in given.sizes:
        tried(f"kclass's head at {size}", features(size), kclass_head)
    for kind in (BLOCK, TWO, ALL):
        tried(f"{kind} at {given.at}", features(given.at, kind), kclass_head)
    at = features(given.at)
    for name, solve in HEADS.items():
        tried(f"{name} at {given.at}", at, solve)
    for number in (1, 1 + VIEWS):
        seen = views(networks.of(given.at), samples.files, number)
        tried(f"{number} views more of each at {given.at}", at, head_with_views(seen))
    return found


def _told(errors_by_repeat: Array, plain: Array) -> dict[str, float]:
    """Mean errors, the change against the plain head, and Student's 95 % interval of the difference.

    Repeats share photos, so the interval tells of the dealing into folds alone.
    """
    difference = errors_by_repeat - plain
    mean, repeats = float(difference.mean()), len(difference)
    margin = float(student.ppf(0.975, repeats - 1) * difference.std(ddof=1) / np.sqrt(repeats))
    return {
        "errors": float(errors_by_repeat.mean()),
        "relative": float(mean / plain.mean()),
        "difference": mean,
        "low": mean - margin,
        "high": mean + margin,
    }


def errors(features: Array, labels: Array, solve: Any, repeats: int) -> Array:
    """Share of errors at each repeat: float64 (repeats,)."""
    wrong = np.zeros(repeats)
    with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for repeat in range(repeats):
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=repeat)
            for train, test in folds.split(features, labels):
                more = {"rows": train} if hasattr(solve, "views") else {}
                kernel, bias = solve(features[train], labels[train], **more)
                wrong[repeat] += ((features[test] @ kernel + bias).argmax(axis=1) != labels[test]).sum()
    return wrong / len(labels)


def logistic_regression(features: Array, labels: Array) -> Solved:
    return _solved(LogisticRegression(max_iter=2000).fit(features, labels))


def shrinkage_lda(features: Array, labels: Array) -> Solved:
    """Linear discriminant analysis, its covariance shrunk after Ledoit and Wolf."""
    return _solved(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(features, labels))


def half_shrunk_lda(features: Array, labels: Array) -> Solved:
    return _solved(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5).fit(features, labels))


def _solved(found: Any) -> Solved:
    if len(found.classes_) > 2:
        return found.coef_.T, found.intercept_
    zero = np.zeros((found.coef_.shape[1], 1))
    return np.hstack([zero, found.coef_.T]), np.append(0, found.intercept_)


def kclass_head(features: Array, labels: Array, **options: Any) -> Solved:
    head = solve_linear_head(features, labels, classes=int(labels.max()) + 1, seed=0, **options)
    return head.kernel, head.bias


def standardised(features: Array, labels: Array) -> Solved:
    """Features of equal deviation, which the head's own scaling leaves alone."""
    scale = features.std(axis=0)
    scale[scale == 0] = 1
    kernel, bias = kclass_head(features / scale, labels)
    return kernel / scale[:, None], bias


def unscaled(features: Array, labels: Array) -> Solved:
    """Features times their deviation, which the head's own scaling takes back."""
    scale = features.std(axis=0)
    kernel, bias = kclass_head(features * scale, labels)
    return kernel * scale[:, None], bias


def with_doubted_labels_smoothed(features: Array, labels: Array) -> Solved:
    """Suspects count for each class as much as a head says that had not seen them."""
    classes = int(labels.max()) + 1
    unseen = np.exp(solve_linear_head(features, labels, classes=classes, seed=0).out_of_fold)
    doubted = np.flatnonzero(unseen[np.arange(len(labels)), labels] < SUSPECT)
    weights = np.ones(len(labels))
    weights[doubted] = 0
    rows = np.concatenate([np.arange(len(labels)), np.repeat(doubted, classes)])
    weights = np.append(weights, unseen[doubted].ravel())
    every = np.append(labels, np.tile(np.arange(classes), len(doubted))).astype(np.int32)
    return kclass_head(features[rows], every, groups=rows, weights=weights)


HEADS: Mapping[str, Solve] = {
    "plain logistic regression": logistic_regression,
    "shrinkage LDA, Ledoit and Wolf": shrinkage_lda,
    "shrinkage LDA, one half": half_shrunk_lda,
    "standardised": standardised,
    "unscaled": unscaled,
    "doubted labels smoothed": with_doubted_labels_smoothed,
}


def head_with_views(seen: Array) -> Any:
    """A head that learns from the views of its photos too; seen: float32 (photos, views, features)."""

    def solve(features: Array, labels: Array, rows: Array) -> Solved:
        number = seen.shape[1]
        every = np.concatenate([features, seen[rows].reshape(-1, seen.shape[2])])
        groups = np.append(np.arange(len(rows)), np.repeat(np.arange(len(rows)), number))
        return kclass_head(every, np.append(labels, np.repeat(labels, number)), groups=groups)

    solve.views = seen  # type: ignore[attr-defined]
    return solve


def views(extractor: Extractor, files: Sequence[Path], number: int) -> Array:
    """Features of each photo mirrored, and of random crops, every other mirrored."""
    engine, size = extractor.open(), extractor.archive.size

    def one(place: int) -> Array:
        image = decode_for_crops(files[place], CROP, size=size)
        random = np.random.default_rng(place)
        whole = np.array([1.0, 1.0, 0.0, 0.0])
        drawn = [whole, *CROP.draw(random, number - 1)]
        pixels = [cropped(image, each, size=size, how="squash") for each in drawn]
        mirrored = [each[:, ::-1] if row % 2 == 0 else each for row, each in enumerate(pixels)]
        return np.stack([engine.run(np.ascontiguousarray(each[None]))[0] for each in mirrored])

    with ThreadPoolExecutor(engine.workers) as pool:
        return np.stack(list(pool.map(one, range(len(files)))))


if __name__ == "__main__":
    main()
