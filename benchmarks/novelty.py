"""Which score tells photos unlike those of training, and how many false alarms its threshold raises.

Usage: novelty.py FIRST SECOND [--awkward FOLDER] [--repeats 10] [--far FOLDER]

FIRST and SECOND are data sets split into training and validation. The score is chosen on training photos
alone: against a class that is left out of FIRST (from all others, and from 40 photos), against patterns,
charts and the photos of --awkward, and against pages of text, screenshots, cars and noise. Among the scores
that tell every far picture with .98 it is the one that tells the class left out best. It is reported once,
on validation photos: each set against the other, and against far pictures drawn anew. Shown is the area
under the ROC curve.

False alarms: the threshold for 5 % is set on out-of-fold training photos, and photos that neither score
nor threshold have seen are judged: those of each set's own validation, and a fifth of all photos, dealt
out anew at each repeat.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from far_photos import draw_documents, draw_noise, draw_patterns, draw_screenshots
from novelty_scores import CHOSEN, PLAIN, Labels, chosen, known, scores
from numpy.typing import NDArray
from results import report
from sklearn.metrics import roc_auc_score

import kclass
from kclass.backbones.registry import DEFAULT, backbone, open_backbone
from kclass.evaluation.novelty import FALSE_ALARMS, doubted, threshold_of
from kclass.evaluation.spread import out_of_fold_distances
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.parallel import one_thread
from kclass.training.linear_head import solve_linear_head

FEW, DRAWN = 40, 30
Features = NDArray[np.float32]


@dataclass(frozen=True)
class Photos:
    """Features of a data set, its labels and which photos are for training."""

    features: Features
    labels: Labels
    train: NDArray[np.bool_]

    def part(self, *, train: bool) -> tuple[Features, Labels]:
        """Features and labels of the photos for training, or of the others."""
        rows = self.train if train else ~self.train
        return self.features[rows], self.labels[rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs=2, type=Path)
    parser.add_argument("--awkward", type=Path)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--far", type=Path, help="keeps what is drawn")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        far = given.far or Path(folder)
        sets = {path.name: photos(path) for path in given.data} | {"cars": photos(cars(far / "cars", 11))}
        with one_thread():
            choosing = table(choosing_tasks(sets, far, given.awkward))
            reporting = table(reporting_tasks(sets, far))
            alarms_raised, found = false_alarms(sets, given.repeats), caught(sets, far)
    print("chosen on:")
    shown("novelty_choice", choosing, {})
    print("reported, once:")
    shown("novelty", reporting, {"false_alarms": alarms_raised, "called_novel": found})
    print("called novel:", ", ".join(f"{name} {100 * share:.0f} %" for name, share in found.items()))
    for name, each in alarms_raised.items():
        rates = ", ".join(f"{100 * rate:.1f}" for rate in each["repeats"])
        print(f"{name}: own validation {100 * each['own']:.1f} %; mean {100 * each['mean']:.1f} % of {rates}")


def shown(name: str, found: Mapping[str, Mapping[str, list[float]]], more: Mapping[str, object]) -> None:
    tasks = list(next(iter(found.values())))
    rows = [
        [score, *(f"{np.mean(each[task]):.3f}" for task in tasks), f"{np.mean(all_of(each)):.3f}"]
        for score, each in sorted(found.items(), key=lambda item: -np.mean(all_of(item[1])))
    ]
    report(name, ["", *tasks, "mean"], rows, {"area_under_curve": found, **more})


def all_of(each: Mapping[str, list[float]]) -> list[float]:
    return [float(np.mean(values)) for values in each.values()]


def table(
    tasks: Iterator[tuple[str, Features, Labels, Features, list[Features]]],
) -> dict[str, dict[str, list[float]]]:
    """The areas under the curve by score and task."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, features, labels, alike, others in tasks:
        train = known(features, labels)
        for score, judge in scores():
            if train.head is None and score in (PLAIN, "energy"):
                continue
            judged = np.split(
                judge(train, np.concatenate([alike, *others])),
                np.cumsum([len(alike), *(len(each) for each in others)])[:-1],
            )
            areas = [area(judged[0], novel) for novel in judged[1:]]
            found.setdefault(score, {}).setdefault(name, []).extend(areas)
    return {score: each for score, each in found.items() if len(each) == len(found[CHOSEN])}


def area(alike: NDArray[np.float64], novel: NDArray[np.float64]) -> float:
    truth = np.repeat([0, 1], [len(alike), len(novel)])
    return float(roc_auc_score(truth, np.concatenate([alike, novel])))


def choosing_tasks(
    sets: Mapping[str, Photos], far: Path, awkward: Path | None
) -> Iterator[tuple[str, Features, Labels, Features, list[Features]]]:
    """Training photos alone: a part to learn from, another that is alike, and what is not."""
    pictures = far_pictures(far / "chosen-by", seed=1)
    pictures["odd"] = features(draw_patterns(far / "patterns", number=DRAWN, seed=1))
    if awkward is not None:
        more = features([path for path in sorted(awkward.rglob("*")) if path.is_file()])
        pictures["odd"] = np.concatenate([pictures["odd"], more])
    first = next(iter(sets.values()))
    every, labels = first.part(train=True)
    for label in range(int(labels.max()) + 1):
        order = np.random.default_rng(label).permutation(np.flatnonzero(labels != label))
        alike, rest = order[: len(order) // 4], order[len(order) // 4 :]
        left_out = every[labels == label]
        yield "class left out", every[rest], labels[rest], every[alike], [left_out]
        few = rest[:FEW]
        yield f"the same, {FEW} photos", every[few], labels[few], every[alike], [left_out]
    for name, each in list(sets.items())[:2]:
        every, labels = each.part(train=True)
        for seed in range(2):
            order = np.random.default_rng(seed).permutation(len(labels))
            alike, rest = order[: len(order) // 4], order[len(order) // 4 :]
            for kind, novel in pictures.items():
                yield f"{name}: {kind}", every[rest], labels[rest], every[alike], [novel]


def reporting_tasks(
    sets: Mapping[str, Photos], far: Path
) -> Iterator[tuple[str, Features, Labels, Features, list[Features]]]:
    """Validation photos: of the set itself, of the other set, and far ones."""
    drawn = far_pictures(far / "reported", seed=2)
    first, second = list(sets)[:2]
    for own, other in ((first, second), (second, first)):
        alike = sets[own].part(train=False)[0]
        yield f"{own}: {other}", *sets[own].part(train=True), alike, [sets[other].part(train=False)[0]]
        for name, novel in drawn.items():
            yield f"{own}: {name}", *sets[own].part(train=True), alike, [novel]


def far_pictures(folder: Path, *, seed: int) -> dict[str, Features]:
    """Features of far pictures by kind; no screenshots where there is no browser."""
    drawn = {
        "documents": draw_documents(folder / "documents", number=DRAWN, seed=seed),
        "screenshots": draw_screenshots(folder / "screenshots", number=DRAWN, seed=seed),
        "cars": list(cars(folder / "cars", seed).rglob("*.jpg")),
        "noise": draw_noise(folder / "noise", number=DRAWN, seed=seed),
    }
    return {name: features(paths) for name, paths in drawn.items() if paths}


def caught(sets: Mapping[str, Photos], far: Path) -> dict[str, float]:
    """The share of each kind of novel photos that is above the threshold."""
    found = {}
    for name, train, labels, _, (novel,) in reporting_tasks(sets, far):
        found[name] = alarms(train, labels, novel, seed=0)
    return found


def false_alarms(sets: Mapping[str, Photos], repeats: int) -> dict[str, dict[str, object]]:
    found = {}
    for name, each in sets.items():
        rates = []
        for repeat in range(repeats):
            order = np.random.default_rng(repeat).permutation(len(each.labels))
            fresh, train = order[: len(order) // 5], order[len(order) // 5 :]
            rates.append(alarms(each.features[train], each.labels[train], each.features[fresh], seed=repeat))
        own = alarms(*each.part(train=True), each.part(train=False)[0], seed=0)
        found[name] = {"own": own, "mean": float(np.mean(rates)), "repeats": rates}
    return found


def alarms(train: Features, labels: Labels, fresh: Features, *, seed: int) -> float:
    """The share of fresh photos above the threshold for 5 %."""
    classes = int(labels.max()) + 1
    head = solve_linear_head(train, labels, classes=classes, seed=seed)
    distances = out_of_fold_distances(train, labels, head.fold_of, classes=classes)
    found = threshold_of(doubted(distances, np.exp(head.out_of_fold)))
    assert found is not None
    assert found[1] == FALSE_ALARMS
    return float(np.mean(chosen(known(train, labels), fresh) > found[0]))


def photos(path: Path) -> Photos:
    data = kclass.ImageFolder(path)
    samples = data.samples.select(data.samples.labels >= 0)
    seen = embed(samples.files, extractor=extractor())
    return Photos(seen.features, samples.labels[seen.readable], samples.splits[seen.readable] == 0)


def features(files: list[Path]) -> Features:
    return embed(files, extractor=extractor()).features if files else np.empty((0, 0), np.float32)


def extractor() -> Extractor:
    archive = open_backbone(DEFAULT, weights="imagenet", size=backbone(DEFAULT).size, seed=0)
    return Extractor(archive, "squash", "cpu", "f32")


def cars(folder: Path, seed: int) -> Path:
    if not folder.exists():
        kclass.draw_sample(folder, per_class=60, seed=seed)
    return folder


if __name__ == "__main__":
    main()
