"""Who is compared in `run.py`: each contender is a command in a fresh process, with what it needs before."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from kclass.backbones.efficientnet_lite import lite0_archive

PEERS = Path(__file__).with_name("peers")
EPOCHS = 10
ADDED = 10
CROPS = 10
CROP_SHARE = 0.8
QUALITIES = (85, 90, 95)
TUTORIAL, ONCE, TORCH = "Keras, tutorial", "Keras, features once", "PyTorch loop"
FIRST, CONVERTED, AGAIN, MORE = "first use", "network converted", "nothing changed", f"{ADDED} photos added"


@dataclass(frozen=True)
class Outcome:
    """What one run of a contender came to.

    Args:
        seconds: of the whole process.
        accuracy: on the validation photos, 0 to 1.
        facts: anything else that it tells, such as how many photos went through its network.
    """

    seconds: float
    accuracy: float
    facts: Mapping[str, Any] = field(default_factory=dict)


Contender = Callable[[Path], Outcome]
"""Runs in a folder that is empty at the start of each round, and is kept through that round."""


def timed(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Seconds of a whole process, and what it printed.

    Raises:
        SystemExit: it failed; its words are shown.
    """
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return taken, done.stdout


@dataclass(frozen=True)
class Split:
    """Class folders to train on and to validate with.

    Args:
        train: the folder of the training photos.
        validation: that of the others.
    """

    train: Path
    validation: Path

    @classmethod
    def of(cls, data: Path) -> "Split":
        """The two folders in a data set that is split by folders."""
        (validation,) = (data / name for name in ("val", "valid", "validation") if (data / name).is_dir())
        return cls(data / "train", validation)

    def counts(self) -> tuple[int, int]:
        """How many files each has."""
        found = [sum(path.is_file() for path in each.rglob("*")) for each in (self.train, self.validation)]
        return found[0], found[1]


def peer(script: str, *arguments: str, split: Split, epochs: int, passes: int, python: str) -> Contender:
    """A peer that learns from the same photos, and prints its accuracy as JSON in its last line."""

    def run(_: Path) -> Outcome:
        words = [python, str(PEERS / script), *arguments, str(split.train), str(split.validation)]
        seconds, said = timed([*words, "--epochs", str(epochs)])
        photos = sum(split.counts()) * passes
        accuracy = json.loads(said.splitlines()[-1])["accuracy"]
        return Outcome(seconds, accuracy, {"decodes": photos, "forward passes": photos})

    return run


def keras_peers(split: Split, *, work: Path, bf16: bool) -> dict[str, Contender]:
    """Stock Keras, twice, with the weights of the embedded backbone in a file of Keras's own."""
    backbone = work / "backbone.keras"
    if not backbone.exists():
        lite0_archive(224).write(backbone)
    flags = ["--bf16"] if bf16 else []

    def keras(*more: str, passes: int) -> Contender:
        given = (str(backbone), *more, *flags)
        return peer("keras_fit.py", *given, split=split, epochs=EPOCHS, passes=passes, python=sys.executable)

    return {TUTORIAL: keras(passes=EPOCHS), ONCE: keras("--features-once", passes=1)}


def torch_peer(split: Split, *, python: str) -> dict[str, Contender]:
    """The loop in PyTorch, in an environment that has it."""
    return {TORCH: peer("torch_fit.py", split=split, epochs=EPOCHS, passes=EPOCHS, python=python)}


def kclass_fits(data: Path, *, precision: str) -> dict[str, Contender]:
    """`kclass fit` as it ships, in the order in which a round has to take them."""

    def fit(photos: Path, round_folder: Path, out: str) -> Outcome:
        env = {**os.environ, "KCLASS_CACHE": str(round_folder / "cache")}
        command = [sys.executable, "-m", "kclass_cli", "fit", str(photos), "--precision", precision]
        seconds, said = timed([*command, "--out", str(round_folder / out), "--json"], env=env)
        told = json.loads(said)
        return Outcome(seconds, told["metrics"]["valid"]["accuracy"])

    def first(folder: Path) -> Outcome:
        return fit(data, folder, "first")

    def converted(folder: Path) -> Outcome:
        for file in (folder / "cache").glob("photos*"):
            file.unlink()
        return fit(data, folder, "converted")

    def again(folder: Path) -> Outcome:
        return fit(data, folder, "again")

    def more(folder: Path) -> Outcome:
        grown = folder / "grown"
        shutil.copytree(data, grown)
        away = photos_to_add(grown)
        for path in away:
            path.rename(folder / path.name)
        fit(grown, folder, "before")
        for path in away:
            (folder / path.name).rename(path)
        return fit(grown, folder, "after")

    return {FIRST: first, CONVERTED: converted, AGAIN: again, MORE: more}


def photos_to_add(data: Path) -> list[Path]:
    """Some of the training photos, of all classes alike."""
    classes = [sorted(each.iterdir()) for each in sorted(Split.of(data).train.iterdir()) if each.is_dir()]
    return [photos[place] for place in range(ADDED) for photos in classes][:ADDED]


def many_crops(source: Path, place: Path) -> Path:
    """Ten crops of each photo of a data set, each another part at another JPEG quality; made once."""
    if place.exists():
        return place
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    for path in sorted(path for path in source.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg"}):
        folder = part / path.parent.relative_to(source)
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            photo = image.convert("RGB")
        width, height = (round(CROP_SHARE * side) for side in photo.size)
        for number in range(CROPS):
            left = (photo.width - width) * number // (CROPS - 1)
            top = (photo.height - height) * (number * 7 % CROPS) // (CROPS - 1)
            crop = photo.crop((left, top, left + width, top + height))
            crop.save(folder / f"{path.stem}-{number}.jpg", quality=QUALITIES[number % len(QUALITIES)])
    part.rename(place)
    return place
