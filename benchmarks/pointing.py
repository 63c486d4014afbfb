"""Do explanations point at the car? Each method beside a random map and one that is hot in the middle.

Usage: pointing.py FOLDER [SEED ...]

For each scene seed (200, 201 and 202 unless others are named) the sample data set is drawn with masks into
FOLDER, 500 photos a class, the default model is trained on its training photos, and the class predicted of
its validation photos, 200 a seed, is explained. Nothing was chosen on these seeds: how the peak of a map is
found and all else was settled on seeds 0 to 4.

Pointing, energy and overlap are of all validation photos, deletion and insertion of the first 15 of each
seed in an order drawn from it; the methods in SLOW, which take a second and more a photo, are measured on the
first 5 of the first seed alone, too few to compare them by. Differences are of the same photos, each method
against random maps of its own grid. With random weights, of one draw a seed, maps are made of the first 15 of
each seed, by methods that are not slow.

What is done is kept in FOLDER, so that the benchmark can be interrupted.

Goals: Grad-CAM points at the car in 90 %, the map that is hot in the middle in 50 % at most.
"""

import functools
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from results import report

import kclass
from kclass.classifier.explaining import Explainer
from kclass.classifier.subject_masks import find_masks, square_masks
from kclass.explanation.baselines import centre_maps, random_maps
from kclass.explanation.deletion import masking_curves
from kclass.explanation.explaining import explain_photos
from kclass.explanation.localisation import energies_inside, overlaps, pointing_hits, showing
from kclass.explanation.measures import CENTRE, OWN, RANDOM, Measure
from kclass.explanation.methods import GRAD_CAM, METHODS, Method
from kclass.explanation.randomisation import STAGES, randomised, rank_correlations
from kclass.photos.decoding import read_bytes
from kclass.photos.loading import load_with_photo

SEEDS = (200, 201, 202)
PER_CLASS = 500
WITH_CURVES = 15
SLOW = ("score-cam", "integrated-gradients", "occlusion")
OF_SLOW = 5
AT_ONCE = 16

Maps = NDArray[np.float32]
Values = dict[str, list[float]]


@dataclass(frozen=True, eq=False)
class Scenes:
    """A model and the photos that it is explained on.

    Args:
        seed: of the scenes.
        classifier: trained on the others.
        photos: uint8 (n, size, size, 3), as the network sees them.
        masks: bool (n, size, size).
        targets: int64 (n,), the classes predicted.
        right: how many of them are the true ones.
    """

    seed: int
    classifier: kclass.Classifier
    photos: NDArray[np.uint8] = field(repr=False)
    masks: NDArray[np.bool_] = field(repr=False)
    targets: NDArray[np.int64] = field(repr=False)
    right: int

    def explainer(self, archive: Any = None) -> Explainer:
        """What explains the model, or another of its form."""
        classifier = self.classifier
        return Explainer(
            archive or classifier.archive,
            lambda: classifier.keras_model,
            resize=classifier.record.resize,
            classes=classifier.classes,
        )


@dataclass(frozen=True, eq=False)
class Measured:
    """All values of one method.

    Args:
        values: of each photo, by measure and by whose map it was.
        correlations: with the maps of random weights, by stage.
        pointless: maps that show no place.
    """

    values: dict[str, Values]
    correlations: dict[str, list[float]]
    pointless: int

    def measure(self, name: str) -> Measure:
        """One measure of all photos it was taken on."""
        values = {whose: np.array(each) for whose, each in self.values[name].items()}
        return Measure(name, values, low_is_good=name == "deletion", hits=name == "pointing")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, seeds = Path(sys.argv[1]), [int(word) for word in sys.argv[2:]] or SEEDS
    scenes = [prepared(folder, seed) for seed in seeds]
    found: dict[str, list[Measured]] = {}
    for key in sorted(METHODS, key=SLOW.__contains__):
        for each in scenes[: 1 if key in SLOW else None]:
            found.setdefault(key, []).append(measured_once(each, METHODS[key], folder))
            pointing = found[key][-1].measure("pointing").mean(OWN)
            print(each.seed, key, f"{pointing:.3f}", file=sys.stderr, flush=True)
    joined = {key: together(parts) for key, parts in found.items()}
    rows = [row(METHODS[key].name, measured) for key, measured in joined.items()]
    rows += [rival_row(whose, joined[GRAD_CAM.key]) for whose in (RANDOM, CENTRE)]
    head = ["", "photos", "pointing", "energy", "IoU", "photos", "deletion", "insertion"]
    head += ["less deletion than random", "more insertion than random", "head", "all"]
    content = {
        "seeds": list(seeds),
        "per_class": PER_CLASS,
        "predicted_right": {each.seed: [each.right, len(each.photos)] for each in scenes},
        "methods": {key: as_json(joined[key], parts) for key, parts in found.items()},
    }
    report("pointing", head, rows, content)


def measured_once(scenes: Scenes, method: Method, folder: Path) -> Measured:
    """What a method's maps of one seed are worth, unless that was measured before."""
    path = folder / f"measured{scenes.seed}-{method.key}.json"
    if not path.exists():
        path.write_text(json.dumps(asdict(measure(scenes, method))), encoding="utf-8")
    return Measured(**json.loads(path.read_text(encoding="utf-8")))


def together(parts: Sequence[Measured]) -> Measured:
    """What was measured of all seeds."""
    values: dict[str, Values] = {}
    correlations: dict[str, list[float]] = {}
    for part in parts:
        for name, by_map in part.values.items():
            for whose, each in by_map.items():
                values.setdefault(name, {}).setdefault(whose, []).extend(each)
        for stage, each in part.correlations.items():
            correlations.setdefault(stage, []).extend(each)
    return Measured(values, correlations, sum(part.pointless for part in parts))


def prepared(folder: Path, seed: int) -> Scenes:
    """Scenes drawn, and the default model trained on them, unless that was done before."""
    data, run = folder / f"scenes{seed}", folder / f"run{seed}"
    if not data.exists():
        kclass.draw_sample(data, per_class=PER_CLASS, seed=seed, masks=True)
    if not run.exists():
        kclass.fit(data, out=run)
    classifier = kclass.load(run)
    paths = sorted((data / "validation").rglob("*.jpg"))
    rows = np.random.default_rng(seed).permutation(len(paths))
    files = find_masks(paths, folder / f"scenes{seed}-masks")
    photos, masks, labels = [], [], []
    for path in (paths[each] for each in rows):
        try:
            image, photo = load_with_photo(read_bytes(path), name=path.name, size=classifier.size)
        except kclass.PhotoError:
            continue  # a few files are broken on purpose
        shapes = {path: (photo.height, photo.width)}
        square = square_masks(files, shapes, size=classifier.size, how="squash").get(path)
        if square is not None:
            photos.append(np.array(image))
            masks.append(square)
            labels.append(classifier.classes.index(path.parent.name))
    network = Explainer(
        classifier.archive, lambda: None, resize="squash", classes=classifier.classes
    ).network(None, GRAD_CAM)
    targets = network.scores(np.stack(photos)).argmax(axis=1)
    right = int((targets == np.array(labels)).sum())
    return Scenes(seed, classifier, np.stack(photos), np.stack(masks), targets, right)


def measure(scenes: Scenes, method: Method) -> Measured:
    """Measure a method on the photos of one seed."""
    slow = method.key in SLOW
    number = OF_SLOW if slow else len(scenes.photos)
    network = scenes.explainer().network(None, method)
    maps = made(network, method, scenes, number)
    own = values_of(scenes, maps, seed=0)
    rivals = rivals_of(scenes, maps.shape)
    values = {name: {OWN: own[name], **{whose: each[name] for whose, each in rivals.items()}} for name in own}
    correlations: dict[str, list[float]] = {}
    for stage in () if slow else STAGES:
        untrained = scenes.explainer(randomised(scenes.classifier.archive, stage=stage, seed=scenes.seed))
        again = made(untrained.network(None, method), method, scenes, WITH_CURVES)
        correlations[stage] = rank_correlations(maps[:WITH_CURVES], again).tolist()
    return Measured(values, correlations, int((~showing(maps)).sum()))


def made(network: Any, method: Method, scenes: Scenes, number: int) -> Maps:
    """The maps of the first photos."""
    parts = [slice(start, min(start + AT_ONCE, number)) for start in range(0, number, AT_ONCE)]
    photos, targets = scenes.photos, scenes.targets
    return np.concatenate(
        [explain_photos(network, photos[part], method=method, targets=targets[part]).maps for part in parts]
    )


@functools.cache
def rivals_of(scenes: Scenes, shape: tuple[int, int, int]) -> dict[str, dict[str, list[float]]]:
    """The values of a random map and of one that is hot in the middle, on a grid."""
    drawn = random_maps(shape, rng=np.random.default_rng([scenes.seed, 0]))
    return {
        RANDOM: values_of(scenes, drawn, seed=1),
        CENTRE: values_of(scenes, centre_maps(shape), seed=2),
    }


def values_of(scenes: Scenes, maps: Maps, *, seed: int) -> dict[str, list[float]]:
    """All measures of maps of the first photos."""
    rng = np.random.default_rng([scenes.seed, 1, seed])
    masks, part = scenes.masks[: len(maps)], slice(min(len(maps), WITH_CURVES))
    network = scenes.explainer().network(None, GRAD_CAM)
    curves = masking_curves(network, scenes.photos[part], maps[part], scenes.targets[part], rng=rng)
    return {
        "pointing": pointing_hits(maps, masks, rng=rng).astype(float).tolist(),
        "energy": energies_inside(maps, masks).tolist(),
        "IoU": overlaps(maps, masks).tolist(),
        "deletion": curves.deletion_areas.tolist(),
        "insertion": curves.insertion_areas.tolist(),
    }


def row(name: str, measured: Measured) -> list[str]:
    pointing = measured.measure("pointing")
    interval = pointing.interval(OWN)
    deletion, insertion = measured.measure("deletion"), measured.measure("insertion")
    kept = [
        f"{np.nanmean(measured.correlations[stage]):.2f}" if measured.correlations else ""
        for stage in ("head", "all")
    ]
    return [
        name,
        str(len(pointing.values[OWN])),
        f"{pointing.mean(OWN):.3f} ({interval.low:.3f} to {interval.high:.3f})",
        *(f"{measured.measure(each).mean(OWN):.3f}" for each in ("energy", "IoU")),
        str(len(deletion.values[OWN])),
        *(f"{each.mean(OWN):.3f}" for each in (deletion, insertion)),
        *(str(each.gain_over(RANDOM)) for each in (deletion, insertion)),
        *kept,
    ]


def rival_row(whose: str, measured: Measured) -> list[str]:
    """The row of a map that knows nothing, on Grad-CAM's photos and grid."""
    pointing = measured.measure("pointing")
    interval = pointing.interval(whose)
    return [
        f"{whose} map",
        str(len(pointing.values[whose])),
        f"{pointing.mean(whose):.3f} ({interval.low:.3f} to {interval.high:.3f})",
        *(f"{measured.measure(each).mean(whose):.3f}" for each in ("energy", "IoU")),
        str(len(measured.values["deletion"][whose])),
        *(f"{measured.measure(each).mean(whose):.3f}" for each in ("deletion", "insertion")),
        *[""] * 4,
    ]


def as_json(measured: Measured, parts: Sequence[Measured]) -> Mapping[str, Any]:
    return {
        "measures": {name: measured.measure(name).to_dict() for name in measured.values},
        "pointing_by_seed": [part.measure("pointing").mean(OWN) for part in parts],
        "centre_pointing_by_seed": [part.measure("pointing").mean(CENTRE) for part in parts],
        "rank_correlation_with_random_weights": {
            stage: float(np.nanmean(values)) for stage, values in measured.correlations.items()
        },
        "maps_that_show_no_place": measured.pointless,
    }


if __name__ == "__main__":
    main()
