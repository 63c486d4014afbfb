"""Where the network looked in each predicted photo, as pictures in a folder."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Classifier, KClassError, Predictions


@dataclass(frozen=True)
class Overlays:
    """What came of explaining: files by photo, and what went wrong with the others."""

    files: dict[str, str]
    errors: list["KClassError"]


def explain_into(
    classifier: "Classifier", predictions: "Predictions", folder: Path, terminal: Terminal
) -> Overlays:
    """Write an overlay of each photo that can be explained into a folder."""
    from kclass import KClassError

    overlays = Overlays({}, [])
    with terminal.progress() as progress:
        progress("explaining", 0, len(predictions))  # TensorFlow, where it is needed, takes seconds
        places = _free_places(folder, predictions)
        for done, (each, place) in enumerate(zip(predictions, places, strict=True), start=1):
            try:
                classifier.explain(each.path, target=each.label).save(place)
                overlays.files[str(each.path)] = str(place)
            except KClassError as error:
                overlays.errors.append(error)
            progress("explaining", done, len(predictions))
    return overlays


def _free_places(folder: Path, predictions: "Predictions") -> Iterator[Path]:
    """A file for each photo: its own name and the class, with a count if that is taken already."""
    taken = {_alike(path.name) for path in folder.iterdir()} if folder.is_dir() else set()
    counts: Counter[str] = Counter()
    for each in predictions:
        stem = f"{each.path.stem}-{each.label}"
        name = f"{stem}.png"
        while _alike(name) in taken:
            counts[_alike(stem)] += 1
            name = f"{stem}-{counts[_alike(stem)] + 1}.png"
        taken.add(_alike(name))
        yield folder / name


def _alike(name: str) -> str:
    """What is equal for names that are one to some file system."""
    return unicodedata.normalize("NFC", name.casefold())
