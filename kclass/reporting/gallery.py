"""Where the network looked, as pictures for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from kclass.classifier.classifier import Classifier
from kclass.classifier.explained import Explained
from kclass.errors import PhotoError
from kclass.explanation.heat import bar_colours
from kclass.photos.thumbnails import jpeg_text
from kclass.progress import Progress
from kclass.reporting.run_reading import SplitResults

MOST: Final = 9
WRONG: Final = 5
"""Photos of a gallery, and how many of them are wrong ones at most."""

LONGER_SIDE: Final = 220

COLOURS: Final = 9
"""Steps of the bar of colours, between which style sheets blend."""


@dataclass(frozen=True, slots=True)
class Hung:
    """A photo in the gallery.

    Args:
        row: of the photo in its split.
        label: the class that the map speaks for.
        probability: of that class.
        photo: as the network saw it, in its own shape: a JPEG in base64; empty if it cannot be read.
        heat: likewise, under the map; empty if that shows no place.
        peak: what the brightest colour stands for: the strongest evidence, in the unit of the gallery.
        verdict: why the map shows no place.
    """

    row: int
    label: str
    probability: float
    photo: str
    heat: str
    peak: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """Photos with what spoke for the class that was predicted, each on a scale of its own.

    Args:
        photos: the wrong ones first.
        method: how maps were made, and at which layer.
        unit: what the maps' numbers are.
        colours: from none to the strongest evidence, as style sheets have them.
    """

    photos: tuple[Hung, ...]
    method: str
    unit: str
    colours: tuple[str, ...]


def chosen_rows(results: SplitResults) -> list[int]:
    """The photos for a gallery: the surest of the wrong, then the surest right one of each class in turn."""
    sure = results.probabilities.max(axis=1)
    wrong = results.labels != results.predicted
    order = np.argsort(-sure, kind="stable")
    right: list[int] = []
    for row in order[~wrong[order]].tolist():
        if results.labels[row] not in results.labels[right]:
            right.append(row)
    others = [row for row in order[~wrong[order]].tolist() if row not in set(right)]
    return [*order[wrong[order]][:WRONG].tolist(), *right, *others][:MOST]


def hang(
    classifier: Classifier,
    results: SplitResults,
    files: Sequence[Path],
    classes: Sequence[str],
    *,
    progress: Progress,
) -> Gallery:
    """Explain photos of a split for the classes that were predicted.

    Args:
        classifier: of the run.
        results: of the split.
        files: of its photos.
        classes: of the run, in the order of the probabilities.
        progress: is told how many photos have been dealt with.
    """
    rows = chosen_rows(results)
    targets = [classes[results.predicted[row]] for row in rows]
    found = [*classifier.explain_all([files[row] for row in rows], targets=targets, progress=progress)]
    hung = tuple(_hung(row, *each) for row, *each in zip(rows, targets, found, strict=True))
    made = [(each.made, each.unit) for each in found if isinstance(each, Explained)]
    method, unit = made[0] if made else ("", "")
    colours = tuple(f"#{bytes(colour).hex()}" for colour in bar_colours(COLOURS))
    return Gallery(hung, method, unit, colours)


def _hung(row: int, label: str, found: Explained | PhotoError) -> Hung:
    if isinstance(found, PhotoError):
        return Hung(row, label, 0.0, "", "", 0.0, "")
    heat = "" if found.verdict else _small(found.picture())
    return Hung(row, label, found.probability, _small(found.plain()), heat, found.scale, found.verdict)


def _small(picture: Image.Image) -> str:
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.BILINEAR)
    return jpeg_text(picture)
