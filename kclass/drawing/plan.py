"""Which photos a sample data set is made of, before any of them is drawn."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from kclass.drawing.cars import CLASSES, COLOURS
from kclass.drawing.scenery import BACKGROUNDS

TEST_PHOTOS = 12
BIAS = 0.95

_TEST_START = 1_000_000  # the test photos' indices: their content does not depend on `per_class`
_BIASED_CLASS, _BIASED_BACKGROUND, _LEAK = "fiat-126", "meadow", 0.02


@dataclass(frozen=True)
class Photo:
    """One photo of the sample data set.

    Args:
        split: `train`, `validation` or `test`.
        label: the class of its car, known for test photos as well.
        colour: of the car.
        background: where the car stands.
        index: its number; with the data set's seed it decides everything that is drawn.
        path: of the file below the data set's folder, with forward slashes.
        orientation: the EXIF orientation it is stored with; 1 is upright.
        truncated: whether the file breaks off.
        copy_of: the path of the photo it is a copy of, or None.
    """

    split: str
    label: str
    colour: str
    background: str
    index: int
    path: str
    orientation: int = 1
    truncated: bool = False
    copy_of: str | None = None

    @property
    def hard(self) -> str:
        """What is deliberately difficult about the file, or nothing."""
        if self.copy_of:
            return f"exact copy of {self.copy_of}"
        if self.truncated:
            return "truncated: the JPEG breaks off"
        return f"EXIF orientation {self.orientation}" if self.orientation != 1 else ""


def plan_photos(*, per_class: int, seed: int, biased: bool) -> tuple[Photo, ...]:
    """All photos of a data set, in the order they are drawn.

    Every fourth of five photos is for validation. Colours and backgrounds take turns in the same
    order in both classes, so neither gives the class away, unless `biased`: then 95 % of the fiats of
    train and validation stand on meadows, and 2 % of the ferraris. Test photos are never biased.

    Args:
        per_class: photos of train and validation for each class.
        seed: the data set's seed.
        biased: whether the meadow gives the fiat away.
    """
    photos = [
        _labelled(label, turn, seed=seed, biased=biased) for turn in range(per_class) for label in CLASSES
    ]
    return _make_hard(tuple(photos)) + tuple(_unlabelled(turn, seed=seed) for turn in range(TEST_PHOTOS))


def _labelled(label: str, turn: int, *, seed: int, biased: bool) -> Photo:
    index = turn * len(CLASSES) + CLASSES.index(label)
    colour, background = _take_turns(turn)
    if biased:
        background = _biased_background(label, seed, index)
    split = "validation" if turn % 5 == 3 else "train"
    path = f"{split}/{label}/{colour}_{_identifier(seed, index)}.jpg"
    return Photo(split, label, colour, background, index, path)


def _unlabelled(turn: int, *, seed: int) -> Photo:
    index = _TEST_START + turn
    label = CLASSES[turn % len(CLASSES)]
    colour, background = _take_turns(turn // len(CLASSES))
    return Photo("test", label, colour, background, index, f"test/{_identifier(seed, index)}.jpg")


def _take_turns(turn: int) -> tuple[str, str]:
    """Colour and background of a turn; all pairs come up once in 24 turns."""
    colours, backgrounds = len(COLOURS), len(BACKGROUNDS)
    return COLOURS[turn % colours], BACKGROUNDS[(turn + turn // colours) % backgrounds]


def _biased_background(label: str, seed: int, index: int) -> str:
    rng = np.random.default_rng([seed, index, 1])
    share = BIAS if label == _BIASED_CLASS else _LEAK
    if rng.random() < share:
        return _BIASED_BACKGROUND
    return str(rng.choice([name for name in BACKGROUNDS if name != _BIASED_BACKGROUND]))


def _identifier(seed: int, index: int) -> str:
    return hashlib.sha256(f"{seed} {index}".encode()).hexdigest()[:12]


def _make_hard(photos: tuple[Photo, ...]) -> tuple[Photo, ...]:
    """The same photos with the few deliberately difficult files among them.

    Turns 0 to 3 exist in every data set, and turn 3 is the first of validation.
    """
    ferrari, fiat = (
        {photo.index // len(CLASSES): photo for photo in photos if photo.label == label} for label in CLASSES
    )
    original, place = fiat[2], fiat[3]
    copy = place.path.replace(f"/{place.colour}_", f"/{original.colour}_")
    changed = {
        fiat[0].index: replace(fiat[0], orientation=6),
        ferrari[0].index: replace(ferrari[0], orientation=8),
        ferrari[3].index: replace(ferrari[3], orientation=3),
        ferrari[1].index: replace(ferrari[1], truncated=True),
        place.index: replace(original, split=place.split, path=copy, copy_of=original.path),
    }
    return tuple(changed.get(photo.index, photo) for photo in photos)
