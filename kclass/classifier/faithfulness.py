"""The function `kclass.faithfulness`: what a classifier's explanations are worth."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kclass.classifier.arguments import check_count, check_layer, check_seed, many_paths, one_path
from kclass.classifier.classifier import Classifier
from kclass.classifier.faithful import Faithfulness
from kclass.classifier.map_measuring import (
    MapMeter,
    Part,
    Shot,
    joined_checks,
    joined_curves,
    joined_localisation,
    joined_verdicts,
)
from kclass.classifier.subject_masks import find_masks, square_masks
from kclass.errors import DataError, PhotoError
from kclass.explanation.flips import check_flips
from kclass.explanation.methods import DEFAULT_METHOD, method_named
from kclass.explanation.network import BATCH
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.decoding import read_bytes
from kclass.photos.loading import load_with_photo
from kclass.progress import Progress, silent

PHOTOS: Final = 32
"""Photos that are measured unless more are asked for: about a second each."""


def faithfulness(
    classifier: Classifier,
    photos: Iterable[str | Path],
    *,
    method: str = DEFAULT_METHOD,
    layer: str | None = None,
    flips: bool = False,
    masks: str | Path | None = None,
    number: int = PHOTOS,
    seed: int = 0,
    progress: Progress = silent,
) -> Faithfulness:
    """Measure whether maps of the class predicted show what the network goes by.

    Deletion and insertion (`masking_curves`) are measured beside a random map and one that is hot in the
    middle of every photo; the maps are made again with the network's weights random, from the head
    downwards (`randomised`); and where masks are given, it is measured whether maps point at the subject
    (`pointing_hits`, `energies_inside`, `overlaps`).

    Args:
        classifier: whose explanations are measured.
        photos: their files; unreadable ones are left out and named.
        method: how maps are made, one of `METHODS`.
        layer: a layer of the network with a spatial output; None for the last one.
        flips: whether each map is the mean with the mirrored photo's map turned back.
        masks: a folder of PNG files, white where the subject is, each as large as its photo held upright,
            with the photo's name and in the same folders or none; None to measure without.
        number: how many of the photos are measured at most; of more, they are drawn.
        seed: of what is drawn: photos, random maps, random weights, the order of equal pixels.
        progress: is told how many photos have been measured.

    Raises:
        DataError: there are no photos, none can be read, no mask belongs to any, or a mask is of another
            shape than its photo.
        PhotoError: a mask cannot be read.
        ModelError: the network's numbers for a photo are not finite.
        OptionError: no such layer or method, `number` below 1, `flips` neither True nor False, or `seed`
            out of range.
    """
    check_layer(layer)
    chosen = method_named(method, layer=layer)
    check_flips(flips)
    check_count("number", number)
    check_seed(seed)
    paths = _drawn(many_paths(photos), number=int(number), seed=int(seed))
    files = {} if masks is None else find_masks(paths, one_path(masks, name="masks"))
    meter = MapMeter(classifier, chosen, layer, flips=flips, seed=int(seed))
    parts, unreadable = _measured(meter, classifier, paths, files, progress)
    if not parts:
        raise DataError(
            "none of the photos to measure can be read", fix=f"The first: {unreadable[0].message}"
        )
    return _result(classifier, parts, unreadable, with_masks=masks is not None)


def _measured(
    meter: MapMeter,
    classifier: Classifier,
    paths: Sequence[Path],
    masks: Mapping[Path, Path],
    progress: Progress,
) -> tuple[list[Part], list[PhotoError]]:
    """What was measured of photos, some at a time, and what is wrong with those that cannot be read."""
    progress("measuring", 0, len(paths))
    parts: list[Part] = []
    unreadable: list[PhotoError] = []
    for start in range(0, len(paths), BATCH):
        shots = _shots(classifier, paths[start : start + BATCH])
        readable = [shot for shot in shots if isinstance(shot, Shot)]
        unreadable += [shot for shot in shots if isinstance(shot, PhotoError)]
        if readable:
            shapes = {shot.path: shot.shape for shot in readable}
            squares = square_masks(masks, shapes, size=classifier.size, how=classifier.record.resize)
            parts.append(meter.measure(readable, squares))
        progress("measuring", min(start + BATCH, len(paths)), len(paths))
    return parts, unreadable


def _result(
    classifier: Classifier, parts: Sequence[Part], unreadable: Sequence[PhotoError], *, with_masks: bool
) -> Faithfulness:
    photos = tuple(path for part in parts for path in part.paths)
    masked = tuple(path for part in parts for path in part.masked)
    targets = [index for part in parts for index in part.explained.targets.tolist()]
    return Faithfulness(
        method=parts[0].explained.method,
        layer=parts[0].explained.layer,
        photos=photos,
        labels=tuple(classifier.classes[index] for index in targets),
        curves=joined_curves(parts),
        localisation=joined_localisation(parts),
        masked=masked,
        unmasked=tuple(path for path in photos if with_masks and path not in set(masked)),
        pointless=joined_verdicts(parts),
        checks=joined_checks(parts),
        unreadable=tuple(unreadable),
    )


def _drawn(paths: Sequence[Path], *, number: int, seed: int) -> list[Path]:
    """So many of the photos at most, in their order."""
    if not paths:
        raise DataError("there are no photos to measure explanations on", fix="Give some.")
    if len(paths) <= number:
        return [*paths]
    rows = np.random.default_rng(seed).choice(len(paths), number, replace=False)
    return [paths[row] for row in sorted(rows.tolist())]


def _shots(classifier: Classifier, paths: Sequence[Path]) -> list[Shot | PhotoError]:
    def shot(path: Path) -> Shot | PhotoError:
        try:
            image, photo = load_with_photo(
                read_bytes(path), name=str(path), size=classifier.size, how=classifier.record.resize
            )
        except PhotoError as error:
            return error
        return Shot(path, np.array(image), (photo.height, photo.width))

    with in_parallel(shot, paths, threads=usable_cores()) as shots:
        return [*shots]
