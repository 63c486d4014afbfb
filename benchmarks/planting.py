"""Plants known faults into a copy of a data set, so that what finds them can be scored.

Faults, each of photos that no other fault touches, all of them in the training folder:
    identical  a copy of the file
    resized    a copy of another size (0.3 to 0.9) and compression: JPEG of quality 30 to 90, WebP
               likewise, or PNG
    crop       a part: each side 0.75 to 0.95 of the photo's, anywhere, as JPEG of quality 80 to 95
    flip       mirrored left to right, one in three turned by 90 degrees too, as JPEG likewise
    leak       a resized copy in the validation folder
    label      the photo itself, moved into the folder of another class

Copies lie beside other photos of the same class. Their names tell nothing.
"""

import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from kclass.photos.decoding import decode, read_bytes

COUNTS: Mapping[str, int] = MappingProxyType(
    {"identical": 20, "resized": 20, "crop": 10, "flip": 10, "leak": 5, "label": 10}
)
COPIED = ("identical", "resized", "crop", "flip", "leak")
_FORMATS = {"JPEG": ".jpg", "WEBP": ".webp", "PNG": ".png"}

Saved = tuple[bytes, str]


@dataclass(frozen=True)
class Fault:
    """One planted fault.

    Args:
        kind: a key of `COUNTS`.
        path: the file that was added, or for "label" the file where it is now.
        source: the photo it was made of; for "label" the file where it was.
    """

    kind: str
    path: Path
    source: Path


def plant(data: Path, copy: Path, *, seed: int) -> tuple[Fault, ...]:
    """Copy a data set with a `train` and a `val` folder of class folders, and plant faults there.

    Args:
        data: the data set; it stays as it is.
        copy: where the copy goes; must not be there yet.
        seed: of everything that is left to chance.

    Returns:
        The faults, by kind and in the order in which they were planted.
    """
    shutil.copytree(data, copy)
    rng = np.random.default_rng(seed)
    photos = sorted(path for path in (copy / "train").rglob("*") if path.is_file())
    sources = rng.permutation(len(photos))[: sum(COUNTS.values())]
    kinds = [kind for kind, count in COUNTS.items() for _ in range(count)]
    taken = {path.stem for path in copy.rglob("*")}
    return tuple(
        _fault(kind, photos[place], _name(rng, taken), rng)
        for kind, place in zip(kinds, sources, strict=True)
    )


def resized(image: Image.Image, rng: np.random.Generator) -> Saved:
    """A copy of another size and compression."""
    scale = rng.uniform(0.3, 0.9)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    how = rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
    kind = str(rng.choice(list(_FORMATS), p=[0.6, 0.2, 0.2]))
    return saved(image.resize(size, how), kind, int(rng.integers(30, 91)))


def cropped(image: Image.Image, rng: np.random.Generator) -> Saved:
    """A part of the photo."""
    width, height = (round(side * rng.uniform(0.75, 0.95)) for side in image.size)
    left, top = rng.integers(image.width - width + 1), rng.integers(image.height - height + 1)
    part = image.crop((int(left), int(top), int(left) + width, int(top) + height))
    return saved(part, "JPEG", int(rng.integers(80, 96)))


def flipped(image: Image.Image, rng: np.random.Generator) -> Saved:
    """The photo mirrored; one in three turned too."""
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 1 / 3:
        mirrored = mirrored.transpose(Image.Transpose.ROTATE_90)
    return saved(mirrored, "JPEG", int(rng.integers(80, 96)))


def saved(image: Image.Image, kind: str, quality: int) -> Saved:
    """The bytes of a file of this format, and its suffix."""
    stream = io.BytesIO()
    image.save(stream, kind, quality=quality)  # PNG takes no notice of it
    return stream.getvalue(), _FORMATS[kind]


_MAKERS: Mapping[str, Callable[[Image.Image, np.random.Generator], Saved]] = MappingProxyType(
    {"resized": resized, "crop": cropped, "flip": flipped, "leak": resized}
)


def _fault(kind: str, source: Path, name: str, rng: np.random.Generator) -> Fault:
    if kind == "label":
        path = _other_class(source, rng) / f"{name}{source.suffix}"
        source.rename(path)
    elif kind == "identical":
        path = source.parent / f"{name}{source.suffix}"
        shutil.copyfile(source, path)
    else:
        content, suffix = _MAKERS[kind](decode(read_bytes(source), name=str(source)), rng)
        split = "val" if kind == "leak" else "train"
        path = source.parents[2] / split / source.parent.name / f"{name}{suffix}"
        path.write_bytes(content)
    return Fault(kind, path, source)


def _other_class(photo: Path, rng: np.random.Generator) -> Path:
    classes = sorted(path for path in photo.parents[1].iterdir() if path.is_dir())
    others = [path for path in classes if path != photo.parent]
    return others[int(rng.integers(len(others)))]


def _name(rng: np.random.Generator, taken: set[str]) -> str:
    while (name := f"{rng.integers(10**9):09d}") in taken:
        pass
    taken.add(name)
    return name
