"""How many of the copies, crops and flips planted into a data set are found, and how much else.

Usage: planted_faults.py FIXED_ON SCORED_ON

The thresholds of matching were fixed on FIXED_ON, see match_thresholds.py; SCORED_ON had no part in it.
Three plantings each, with and without candidates from the features of the default backbone.

Goals: copies 100 %; resized and recompressed 95 %, leaks among them; crops and flips 80 %; at a
precision of 95 %.

A planted copy is found if it is matched with its source. A match is right if its two photos go back to one
photo. In the data sets as they came nothing is matched, and of the twelve pairs of each whose features are
nearest, looked at one by one, none is the same picture: the nearest, 8838347159_746d14e6c1_m.jpg and
8838975946_f54194894e_m.jpg among the tulips, are two shots of one flower.

Of the ten photos that were moved to other classes it is counted how many are among the first 15 labels to
look at of `kclass.check(…, features=True)`; half of them is the goal.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from planting import Fault, plant
from results import report

import kclass
from kclass.backbones.registry import DEFAULT, backbone, open_backbone
from kclass.engines.kept import converted
from kclass.features.embedding import embed
from kclass.features.extractor import Extractor
from kclass.inspection.inspecting import inspect
from kclass.inspection.matching import COPY, CROP, IDENTICAL, TURNED, Match, near_identical
from kclass.inspection.neighbours import feature_candidates

SEEDS = {"fixed on": (0, 1, 2), "scored on": (10, 11, 12)}
KIND = {"identical": IDENTICAL, "resized": COPY, "leak": COPY, "crop": CROP, "flip": TURNED}
GOALS = {"identical": 1.0, "resized": 0.95, "leak": 0.95, "crop": 0.8, "flip": 0.8}

FIRST_SUSPECTS = 15

Candidates = Callable[[Sequence[Path]], np.ndarray | None]


@dataclass(frozen=True)
class Score:
    """What was found of one kind of planted copy.

    Args:
        planted: how many.
        found: how many of them were matched with their source.
        matches: how many matches of the kind that these copies should give there are.
        right: how many of those are right.
    """

    planted: int
    found: int
    matches: int
    right: int


@dataclass(frozen=True)
class Planted:
    """A data set with planted faults, and what was found in it.

    Args:
        root: its folder; gone by now.
        paths: of its photos.
        faults: that were planted.
        matches: of the photos.
        seconds: that matching took.
        suspects: the photos whose labels are to be looked at, the first one first.
    """

    root: Path
    paths: Sequence[Path]
    faults: Sequence[Fault]
    matches: Sequence[Match]
    seconds: float
    suspects: Sequence[Path]

    @property
    def wrong_labels_found(self) -> int:
        """How many photos that were moved to another class are among the first suspects."""
        moved = {fault.path for fault in self.faults if fault.kind == "label"}
        return len(moved & set(self.suspects[:FIRST_SUSPECTS]))


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    finders: Mapping[str, Candidates] = {"alone": no_candidates, "with features": by_features()}
    rows: list[list[str]] = []
    found, unplanted = [], {}
    for (role, seeds), data in zip(SEEDS.items(), map(Path, sys.argv[1:]), strict=True):
        unplanted[data.name] = as_it_came(data, finders)
        results: dict[str, list[Planted]] = {name: [] for name in finders}
        for seed in seeds:
            for name, planted in planting(data, seed, finders).items():
                results[name].append(planted)
                found.append({"data": data.name, "role": role, "seed": seed, "by": name, **as_json(planted)})
        for name, plantings in results.items():
            rows += table(f"{data.name}, {name}", plantings)
        rows.append(suspects_row(f"{data.name}, with features", results["with features"]))
    head = ["data, matching", "planted", "number", "recall", "goal", "matches", "precision", "goal"]
    report("planted_faults", head, rows, {"plantings": found, "unplanted": unplanted})
    print(f"matches in the data as they came: {unplanted}")


def no_candidates(paths: Sequence[Path]) -> None:
    """Photos alone."""


def by_features() -> Candidates:
    """What pairs photos by the features of the default backbone."""
    archive = open_backbone(DEFAULT, weights="imagenet", size=backbone(DEFAULT).size, seed=0)
    extractor = Extractor(archive, "squash", "cpu", "f32", converted(archive))

    def candidates(paths: Sequence[Path]) -> np.ndarray:
        embedding = embed(paths, extractor=extractor)
        return embedding.readable[feature_candidates(embedding.features)]

    return candidates


def planting(data: Path, seed: int, finders: Mapping[str, Candidates]) -> dict[str, Planted]:
    """One planting, and what each finder finds in it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / data.name
        faults = plant(data, root, seed=seed)
        paths = [sample.path for sample in kclass.ImageFolder(root).samples]
        inspections = inspect(paths)
        suspects = suspects_of(root)
        found = {}
        for name, candidates in finders.items():
            pairs = candidates(paths)
            start = time.perf_counter()
            matches = near_identical(inspections, candidates=pairs)
            seconds = time.perf_counter() - start
            found[name] = Planted(root, paths, faults, matches, seconds, suspects)
    return found


def suspects_of(root: Path) -> list[Path]:
    """The photos whose labels the audit wants to be looked at, in its order."""
    audit = kclass.check(root, features=True)
    return [audit.data.samples.path(finding.rows[0]) for finding in audit.of("label-suspect")]


def suspects_row(name: str, plantings: Sequence[Planted]) -> list[str]:
    """How many wrong labels of each planting are among the first suspects."""
    numbers = ", ".join(str(each.wrong_labels_found) for each in plantings)
    return [name, f"wrong label, first {FIRST_SUSPECTS}", "10 each", numbers, "5", "", "", ""]


def as_it_came(data: Path, finders: Mapping[str, Candidates]) -> dict[str, int]:
    """How many matches each finder leads to before anything is planted."""
    paths = [sample.path for sample in kclass.ImageFolder(data).samples]
    inspections = inspect(paths)
    return {
        name: len(near_identical(inspections, candidates=candidates(paths)))
        for name, candidates in finders.items()
    }


def score(planted: Planted, kind: str) -> Score:
    """What was found of one kind of planted copy."""
    pairs = {frozenset((planted.paths[each.first], planted.paths[each.second])) for each in planted.matches}
    copies = [fault for fault in planted.faults if fault.kind == kind]
    found = sum(frozenset((fault.path, fault.source)) in pairs for fault in copies)
    matches = [each for each in planted.matches if each.kind == KIND[kind]]
    return Score(len(copies), found, len(matches), len(matches) - len(wrong(planted, matches)))


def wrong(planted: Planted, matches: Sequence[Match]) -> list[Match]:
    """The matches of photos that do not go back to the same picture."""
    sources = {fault.path: fault.source for fault in planted.faults}
    found = []
    for match in matches:
        photos = (planted.paths[match.first], planted.paths[match.second])
        if len({sources.get(photo, photo) for photo in photos}) > 1:
            found.append(match)
    return found


def table(name: str, plantings: Sequence[Planted]) -> list[list[str]]:
    rows = []
    for kind, goal in GOALS.items():
        scores = [score(each, kind) for each in plantings]
        number, found, matches, right = (
            sum(getattr(each, field.name) for each in scores) for field in fields(Score)
        )
        recall, precision = found / number, right / matches if matches else 1.0
        rows.append(
            [name, kind, str(number), f"{recall:.1%}", f"{goal:.0%}", str(matches), f"{precision:.1%}", "95%"]
        )
    return rows


def as_json(planted: Planted) -> dict[str, Any]:
    def name(photo: Path) -> str:
        return str(photo.relative_to(planted.root))

    pairs = {frozenset((planted.paths[each.first], planted.paths[each.second])) for each in planted.matches}
    missed = [each for each in planted.faults if each.kind in KIND and {each.path, each.source} not in pairs]
    return {
        "photos": len(planted.paths),
        "seconds": round(planted.seconds, 2),
        "wrong_labels_found": planted.wrong_labels_found,
        "labels_to_look_at": len(planted.suspects),
        "scores": {kind: asdict(score(planted, kind)) for kind in KIND},
        "missed": [[each.kind, name(each.path), name(each.source)] for each in missed],
        "wrong": [
            [each.kind, name(planted.paths[each.first]), name(planted.paths[each.second]), each.similarity]
            for each in wrong(planted, planted.matches)
        ],
    }


if __name__ == "__main__":
    main()
