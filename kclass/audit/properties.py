"""Properties of photos that have nothing to do with what they show, as columns to predict from."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from kclass.audit.colour_names import colour_names
from kclass.inspection.inspection import COLOUR_SIDE, Inspection

MOST_WORDS: Final = 20
"""Words with a column of their own; rarer ones share one."""

PARTS: Final = 10
"""Into how many equally full parts the range of a number is cut."""

_EDGE: Final = COLOUR_SIDE // 4

Columns = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Told:
    """What photos have in common against the others.

    Args:
        words: that follow a class's name.
        difference: how much more of these photos have it than of the others, 0 to 1; 0 if that cannot
            be said.
    """

    words: str
    difference: float = 0.0


class Property(Protocol):
    """One property of every photo."""

    @property
    def name(self) -> str:
        """What it is called."""

    def columns(self) -> Columns:
        """What a linear head predicts from: float32 (photos, columns), none if all photos are alike."""

    def told(self, inside: Mask) -> Told:
        """What photos have in common against the others.

        Args:
            inside: bool (photos,), at least one True and one False.
        """


@dataclass(frozen=True, eq=False)
class Number:
    """A property that is a number.

    Args:
        name: what it is called.
        values: float64 (photos,).
        written: a value as people read it.
    """

    name: str
    values: NDArray[np.float64]
    written: Callable[[float], str]

    def columns(self) -> Columns:
        """The value, its square, and which tenth of all photos it falls into."""
        edges = np.unique(np.quantile(self.values, np.arange(1, PARTS) / PARTS))
        part = np.searchsorted(edges, self.values, side="right")
        return _varying(_standard(self.values), _standard(self.values) ** 2, np.eye(len(edges) + 1)[part])

    def told(self, inside: Mask) -> Told:
        """The medians on both sides."""
        own, others = (self.written(float(np.median(self.values[side]))) for side in (inside, ~inside))
        return Told(f"{own} in the median, others {others}")


@dataclass(frozen=True, eq=False)
class Word:
    """A property that is a word.

    Args:
        name: what it is called.
        words: one a photo.
    """

    name: str
    words: tuple[str, ...]

    def columns(self) -> Columns:
        """Which word it is."""
        places = {word: place for place, (word, _) in enumerate(Counter(self.words).most_common(MOST_WORDS))}
        place = [places.get(word, MOST_WORDS) for word in self.words]
        return _varying(np.eye(MOST_WORDS + 1)[place])

    def told(self, inside: Mask) -> Told:
        """The word that is more frequent by most."""
        return _commonest(self.words, inside, "{}")


@dataclass(frozen=True, eq=False)
class Colour:
    """A property that is the colour of some part of the photo.

    Args:
        name: what it is called.
        cells: float64 (photos, cells, 3), mean sRGB of the cells of that part.
        phrase: what is said of a class, with the colour's name for `{}`.
    """

    name: str
    cells: NDArray[np.float64]
    phrase: str

    def columns(self) -> Columns:
        """Mean and spread of red, green and blue, their squares, and the means' products."""
        means = [_standard(self.cells[..., part].mean(axis=1)) for part in range(3)]
        spreads = [_standard(self.cells[..., part].std(axis=1)) for part in range(3)]
        red, green, blue = means
        squares = [each**2 for each in means + spreads]
        return _varying(*means, *spreads, *squares, red * green, green * blue, blue * red)

    def told(self, inside: Mask) -> Told:
        """The colour that is more frequent by most."""
        return _commonest(colour_names(self.cells.mean(axis=1)).tolist(), inside, self.phrase)


def properties(inspections: Sequence[Inspection]) -> tuple[Property, ...]:
    """All properties of photos, in the order they are shown."""
    width, height, size, brightness, contrast = np.array(
        [[each.width, each.height, each.file_bytes, each.brightness, each.contrast] for each in inspections],
        dtype=np.float64,
    ).T
    colours = np.array([each.colours for each in inspections], dtype=np.float64)
    return (
        Colour("background colour", colours[:, _outside(_EDGE)], "on {}"),
        Colour("border colour", colours[:, _outside(1)], "with a {} border"),
        Number("brightness", brightness, "brightness {:.0f}".format),
        Number("contrast", contrast, "contrast {:.0f}".format),
        Number("size", np.log(width * height), _megapixels),
        Number("aspect ratio", np.log(width / height), _ratio),
        Number("compression", np.log(size / (width * height)), _bits),
        Word("file format", tuple(each.format for each in inspections)),
        Word("camera", tuple(each.camera or "no camera" for each in inspections)),
    )


def _outside(edge: int) -> Mask:
    """The cells that lie less than `edge` cells from the border: bool (COLOUR_SIDE, COLOUR_SIDE)."""
    cells = np.ones((COLOUR_SIDE, COLOUR_SIDE), dtype=np.bool_)
    cells[edge:-edge, edge:-edge] = False
    return cells


def _varying(*parts: NDArray[np.float64]) -> Columns:
    """Parts side by side, without columns in which all photos are alike."""
    table = np.column_stack(parts)
    return table[:, np.ptp(table, axis=0) > 0].astype(np.float32)


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values with mean 0 and standard deviation 1, if they differ."""
    standard: NDArray[np.float64] = (values - values.mean()) / (values.std() or 1.0)
    return standard


def _commonest(words: Sequence[str], inside: Mask, phrase: str) -> Told:
    """The word whose share inside exceeds that outside by most, with both shares."""
    table = np.array(words)
    own, others = (_shares(table[side].tolist()) for side in (inside, ~inside))
    word = max(sorted(own), key=lambda each: own[each] - others.get(each, 0.0))
    here, elsewhere = own[word], others.get(word, 0.0)
    words_told = f"{phrase.format(word)} ({100 * here:.0f} %, others {100 * elsewhere:.0f} %)"
    return Told(words_told, here - elsewhere)


def _shares(words: Sequence[str]) -> dict[str, float]:
    return {word: number / len(words) for word, number in Counter(words).items()}


def _megapixels(log_pixels: float) -> str:
    return f"{np.exp(log_pixels) / 1e6:.3g} megapixels"


def _ratio(log_ratio: float) -> str:
    return f"{np.exp(log_ratio):.2f} to 1"


def _bits(log_bytes: float) -> str:
    return f"{8 * np.exp(log_bytes):.2g} bits a pixel"
