"""Very few photos of a class, and very many classes: a fit ends well and says how little it knows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_fits import write_photos

import kclass

CLASSES = ("ash", "birch", "cedar")


def test_of_two_photos_a_class_one_is_learned_and_one_judged(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", dict.fromkeys(CLASSES, 2))
    fit = kclass.run_fit(data, kclass.FitOptions(), out=tmp_path / "run")
    found = fit.evaluations["valid"].metrics
    assert found.photos == 3
    assert found.interval.high - found.interval.low > 0.4
    assert np.allclose(found.confusion.sum(axis=1), 1)
    assert sum(each.probability for each in fit.classifier.predict(data / "ash" / "0.png").top) > 0.999


def test_five_photos_a_class_tell_colours_apart(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "trees", dict.fromkeys(CLASSES, 5))
    classifier = kclass.fit(data, out=tmp_path / "run")
    others = write_photos(tmp_path / "others", dict.fromkeys(CLASSES, 10), seed=1)
    photos = sorted(others.rglob("*.png"))
    hits = [classifier.predict(photo).label == photo.parent.name for photo in photos]
    assert np.mean(hits) > 0.8


@pytest.mark.slow
def test_five_hundred_classes_of_five_photos_are_fitted(tmp_path: Path) -> None:
    """Each class has a colour of its own; by guessing one photo in 500 would be right."""
    random = np.random.default_rng(0)
    for number in range(500):
        folder = tmp_path / "colours" / f"{number:03}"
        folder.mkdir(parents=True)
        colour = np.array([30 + 28 * (number // step % 8) for step in (64, 8, 1)])
        for index in range(5):
            pixels = colour + random.normal(0, 6, (24, 24, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{index}.png")
    fit = kclass.run_fit(tmp_path / "colours", kclass.FitOptions(size=64), out=tmp_path / "run")
    assert fit.evaluations["valid"].metrics.photos == 500
    assert fit.evaluations["valid"].metrics.accuracy > 0.05
