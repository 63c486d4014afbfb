"""Where the network looked, as pictures in a folder."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Classifier, KClassError, Predictions

_UNUSABLE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
"""Signs that are no part of a file's name on some system; those of classes may hold them."""


@dataclass(frozen=True)
class Overlays:
    """What came of explaining: files by photo, and what went wrong with the others."""

    files: dict[str, str]
    errors: list["KClassError"]


class FreePlaces:
    """Names for overlays in a folder that no file has yet, there or among those given out.

    Args:
        folder: need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken = {_alike(path.name) for path in folder.iterdir()} if folder.is_dir() else set()
        self._counts: Counter[str] = Counter()

    def take(self, photo: Path, label: str) -> Path:
        """A file for a photo: its own name and the label, with a count if that is taken already."""
        stem = f"{photo.stem}-{_UNUSABLE.sub('_', label)}"
        name = f"{stem}.png"
        while _alike(name) in self._taken:
            self._counts[_alike(stem)] += 1
            name = f"{stem}-{self._counts[_alike(stem)] + 1}.png"
        self._taken.add(_alike(name))
        return self._folder / name


def explain_into(
    classifier: "Classifier", predictions: "Predictions", folder: Path, terminal: Terminal
) -> Overlays:
    """Write an overlay of each photo that can be explained into a folder."""
    from kclass import KClassError

    overlays = Overlays({}, [])
    places = FreePlaces(folder)
    photos, labels = [each.path for each in predictions], [each.label for each in predictions]
    with terminal.progress() as progress:
        explained = classifier.explain_all(photos, targets=labels, progress=progress)
        for photo, label, each in zip(photos, labels, explained, strict=True):
            place = places.take(photo, label)
            try:
                if isinstance(each, KClassError):
                    raise each
                each.save(place)
                overlays.files[str(photo)] = str(place)
            except KClassError as error:
                overlays.errors.append(error)
    return overlays


def _alike(name: str) -> str:
    """What is equal for names that are one to some file system."""
    return unicodedata.normalize("NFC", name.casefold())
