"""Photos that a classifier has seen, in a grid that a person looks at."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.errors import DataError, OptionError, PhotoError
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.loading import load
from kclass.photos.resizing import resize
from kclass.plots.photo_grid import SIDE, photo_grid
from kclass.plots.saving import DPI

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PHOTOS: Final = 500

GONE: Final = "cannot be read any more"
"""What stands above an empty square in the place of the last line of a caption."""

_MOST_COLUMNS: Final = 8
_WIDE: Final = 8.0
_LARGEST_SIDE: Final = 2.6
"""Inches: how wide a grid is that has room, and the largest photos."""

_EMPTY: Final = 225
"""The light grey of a square without a photo."""


def check_number(number: Any) -> None:
    """Check how many photos are asked for.

    Raises:
        OptionError: no whole number, or not from 1 to `MOST_PHOTOS`.
    """
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        raise OptionError(f"number is {number!r}; it must be a whole number")
    if not 1 <= number <= MOST_PHOTOS:
        raise OptionError(f"number is {number}; it must be from 1 to {MOST_PHOTOS}")


def captioned_grid(
    paths: Sequence[Path], captions: Sequence[tuple[str, str]], *, heading: Sequence[str] = ()
) -> "Figure":
    """Draw photos row by row, each whole and in shape, with grey bars where it is no square.

    A photo that cannot be read any more is an empty square whose caption says so.

    Args:
        paths: the photos' files.
        captions: two lines above each of them, of signs that figures can show.
        heading: lines above all.

    Raises:
        DataError: there are no photos.
    """
    if not paths:
        raise _no_photos()
    columns = min(_MOST_COLUMNS, math.ceil(math.sqrt(len(paths))))
    side = min(max(_WIDE / columns, SIDE), _LARGEST_SIDE)
    size = round(side * DPI)
    squares = _squares(paths, size=size)
    return photo_grid(
        _filled(squares, size),
        [
            f"{first}\n{GONE if square is None else second}"
            for (first, second), square in zip(captions, squares, strict=True)
        ],
        columns=columns,
        heading=heading,
        side=side,
    )


def captioned_pairs(
    paths: Sequence[Path],
    captions: Sequence[tuple[str, str]],
    beside: Sequence[tuple[Image.Image | None, str]],
    *,
    heading: Sequence[str] = (),
) -> "Figure":
    """Draw photos as `captioned_grid` does, each with another picture and its caption at its right.

    Args:
        paths: the photos' files.
        captions: two lines above each of them, of signs that figures can show.
        beside: for each a picture, RGB, and what stands above it; None leaves an empty square.
        heading: lines above all.

    Raises:
        DataError: there are no photos.
    """
    if not paths:
        raise _no_photos()
    columns = min(_MOST_COLUMNS // 2, math.ceil(math.sqrt(len(paths))))
    side = min(max(_WIDE / (2 * columns), SIDE), _LARGEST_SIDE)
    size = round(side * DPI)
    pictures = [None if each is None else resize(each, size=size, how="pad") for each, _ in beside]
    squares = [square for pair in zip(_squares(paths, size=size), pictures, strict=True) for square in pair]
    written = [
        text
        for (first, second), square, (_, other) in zip(captions, squares[::2], beside, strict=True)
        for text in (f"{first}\n{GONE if square is None else second}", other)
    ]
    return photo_grid(_filled(squares, size), written, columns=2 * columns, heading=heading, side=side)


def _no_photos() -> DataError:
    return DataError("there are no photos to draw", fix="Give photos that can be read.")


def _filled(squares: Sequence[NDArray[np.uint8] | None], size: int) -> NDArray[np.uint8]:
    """The squares one by one, with empty ones where there is none: uint8 (squares, size, size, 3)."""
    empty = np.full((size, size, 3), _EMPTY, np.uint8)
    return np.stack([empty if square is None else square for square in squares])


def _squares(paths: Sequence[Path], *, size: int) -> list[NDArray[np.uint8] | None]:
    """uint8 (size, size, 3) for each photo, RGB, 0 to 255; None for those that cannot be read."""

    def square(path: Path) -> NDArray[np.uint8] | None:
        try:
            return load(path, size=size, how="pad")
        except PhotoError:
            return None  # the grid says so in its place

    with in_parallel(square, paths, threads=usable_cores()) as squares:
        return [*squares]
