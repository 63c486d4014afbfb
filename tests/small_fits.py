"""Photo folders that take milliseconds to write, and one fit on them for all tests of a session."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kclass

CLASSES = ("ash", "birch", "cedar")
_COLOURS = ((150, 90, 70), (90, 140, 90), (80, 90, 150))
_SIZE = (30, 48)
_runs: dict[Path, "SmallFit"] = {}


@dataclass(frozen=True)
class SmallFit:
    """A fit that is there already: what it was made from, and what came of it."""

    data: Path
    run: Path
    classifier: kclass.Classifier

    @property
    def model(self) -> Path:
        return self.run / "model.keras"

    @property
    def photo(self) -> Path:
        return self.data / "ash" / "0.png"


def write_photos(root: Path, counts: Mapping[str, int], *, seed: int = 0) -> Path:
    """Noise in a colour for each class, brighter to the right, so that cutting and squashing matter."""
    for place, (name, number) in enumerate(counts.items()):
        random = np.random.default_rng([seed, place])
        (root / name).mkdir(parents=True)
        for index in range(number):
            write_photo(root / name / f"{index}.png", _COLOURS[place % len(_COLOURS)], random)
    return root


def write_photo(path: Path, colour: tuple[int, int, int], random: np.random.Generator) -> Path:
    slope = np.linspace(-60, 60, _SIZE[1])[None, :, None]
    pixels = np.array(colour) + slope + random.normal(0, 50, (*_SIZE, 3))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


def small_fit(factory: pytest.TempPathFactory) -> SmallFit:
    """A fit on three classes of eight photos, made once a session. Nothing may be written into it."""
    base = factory.getbasetemp()
    if base not in _runs:
        folder = factory.mktemp("small-fit")
        data = write_photos(folder / "trees", dict.fromkeys(CLASSES, 8))
        classifier = kclass.fit(data, out=folder / "run")
        _runs[base] = SmallFit(data, folder / "run", classifier)
    return _runs[base]
