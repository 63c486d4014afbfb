"""Who is compared in `run.py`: each contender is a command in a fresh process, with what it needs before."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cropped_photos import cropped_photos
from whole_processes import ran

from kclass.backbones.efficientnet_lite import lite0_archive

PEERS = Path(__file__).with_name("peers")
EPOCHS = 10
ADDED = 10
CROPS = 10
TUTORIAL, ONCE, TORCH = "Keras, tutorial", "Keras, features once", "PyTorch loop"
FIRST, CONVERTED, AGAIN, MORE = "first use", "network converted", "nothing changed", f"{ADDED} photos added"


@dataclass(frozen=True)
class Outcome:
    """What one run of a contender came to.

    Args:
        seconds: of the whole process.
        accuracy: on the validation photos, 0 to 1.
        megabytes: the most resident memory.
        passes: how many times a photo was decoded and went through the network.
    """

    seconds: float
    accuracy: float
    megabytes: float
    passes: int


Contender = Callable[[Path], Outcome]
"""Runs in a folder that is empty at the start of each round, and is kept through that round."""


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
        done = ran([*words, "--epochs", str(epochs)])
        photos = sum(split.counts()) * passes
        accuracy = json.loads(done.out.splitlines()[-1])["accuracy"]
        return Outcome(done.seconds, accuracy, done.megabytes, photos)

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

    def fit(photos: Path, round_folder: Path, out: str, *, cache: str = "cache") -> Outcome:
        env = {**os.environ, "KCLASS_CACHE": str(round_folder / cache)}
        command = [sys.executable, "-m", "kclass_cli", "fit", str(photos), "--precision", precision]
        before = photos_computed(env)
        done = ran([*command, "--out", str(round_folder / out), "--json"], env=env)
        accuracy = json.loads(done.out)["metrics"]["valid"]["accuracy"]
        return Outcome(done.seconds, accuracy, done.megabytes, photos_computed(env) - before)

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
        away = {path: folder / f"{number}" for number, path in enumerate(photos_to_add(grown))}
        for path, place in away.items():
            path.rename(place)
        # In a cache of its own, that has never seen the photos that come.
        fit(grown, folder, "before", cache="cache of fewer")
        for path, place in away.items():
            place.rename(path)
        return fit(grown, folder, "after", cache="cache of fewer")

    return {FIRST: first, CONVERTED: converted, AGAIN: again, MORE: more}


def photos_to_add(data: Path) -> list[Path]:
    """Some of the training photos, of all classes alike."""
    classes = [sorted(each.iterdir()) for each in sorted(Split.of(data).train.iterdir()) if each.is_dir()]
    return [photos[place] for place in range(ADDED) for photos in classes][:ADDED]


def photos_computed(env: Mapping[str, str]) -> int:
    """How many photos' features the cache holds."""
    told = json.loads(ran([sys.executable, "-m", "kclass_cli", "cache", "--json"], env=env).out)
    return sum(kind["entries"] for kind in told["kinds"] if kind["name"] == "features")


def many_crops(source: Path, place: Path) -> Path:
    """Ten crops of each photo of a data set, each another part, encoded anew; made once."""
    if place.exists():
        return place
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    for folder in sorted({path.parent for path in source.rglob("*.jpg")}):
        photos = len(list(folder.glob("*.jpg")))
        cropped_photos([folder], part / folder.relative_to(source), CROPS * photos)
    part.rename(place)
    return place
