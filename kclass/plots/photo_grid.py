"""Photos in a grid, each with its caption."""

import itertools
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.figures import new_figure
from kclass.plots.lettering import families
from kclass.plots.line_fitting import cut, width_in_ems

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE: Final = 1.6
"""Inches: the width of a photo, unless another is asked for."""

_GAP: Final = 0.08
_APART: Final = 0.3
_CAPTION: Final = 0.2
_LINE: Final = 0.2
_MARGIN: Final = 0.15
_NARROWEST: Final = 3.2
"""Inches: what lies between two photos, what sets columns apart, the room of a caption, of a
line of the heading, around all, and the least width of the heading."""

_LINE_HEIGHT: Final = 1.25
"""From one line of a caption to the next, in the size of its letters."""

_SLACK: Final = 0.92
"""How much of a photo's width a line may take by its measure: letters begin on whole pixels, which makes
small ones up to a tenth wider at 100 dots an inch."""

_POINTS: Final = 72
_HEADING: Final = 10.0
_LARGEST: Final = 9.0
_SMALLEST: Final = 5.0
"""Points: an inch, and the letters of heading and captions."""

_SIGN_WIDTH: Final = 0.62
"""Width of a letter in its font size: .6 on average, .636 for a digit in DejaVu Sans."""


def photo_grid(
    photos: NDArray[np.uint8],
    captions: Sequence[str],
    *,
    columns: int,
    heading: Sequence[str] = (),
    apart: int = 0,
    side: float = SIDE,
    group: int = 0,
    room: float = 0.0,
) -> "Figure":
    """Draw photos row by row.

    A row of which no photo has a caption leaves no room for one. The letters of all captions have one
    size. A line of a caption of several that is wider than its photo even in the smallest size loses
    the middle of its parts (`kclass.plots.line_fitting.cut`); a caption of one line stays whole.

    Args:
        photos: uint8 (photos, height, width, 3), RGB, 0 to 255.
        captions: what stands above each of them, its lines parted by line feeds; may be empty.
        columns: photos in a row, 1 or more.
        heading: lines above all; those that are too long are broken.
        apart: so many columns in front are set apart from the others; 0 for none.
        side: the width of a photo, in inches.
        group: so many columns at a time are set apart from the next; 0 for none.
        room: what is left free above all, in inches.

    Raises:
        OptionError: there is no photo, another number of captions, or no column.
    """
    if not len(photos) or len(captions) != len(photos) or columns < 1:
        raise OptionError(f"a grid of {len(photos)} photos, {len(captions)} captions and {columns} columns")
    written = _fitted(captions, side=side)
    grid = _laid_out(photos, written, columns=columns, apart=apart, group=group, side=side)
    inner = max(grid.width, _NARROWEST if heading else 0)
    lines = [part for line in heading for part in broken(line, width=inner, points=_HEADING)]
    above = room + _MARGIN + _LINE * len(lines) + (_GAP if lines else 0)
    width, height = inner + 2 * _MARGIN, above + grid.height + _MARGIN
    figure = new_figure(width, height, layout="none")
    box = (_MARGIN / width, _MARGIN / height, grid.width / width, grid.height / height)
    axes = figure.add_axes(box)
    _show(_canvas(photos, grid, side=side), grid, axes)
    style: dict[str, Any] = {"fontfamily": families(), "parse_math": False}
    for (left, top), stack in zip(grid.corners, written.stacks, strict=True):
        for row, line in enumerate(reversed(stack)):
            axes.text(left, top - 0.3 * _CAPTION - written.step * row, line, fontsize=written.size, **style)
    for row, line in enumerate(lines):
        top = 1 - (room + _MARGIN + _LINE * row) / height
        figure.text(_MARGIN / width, top, line, fontsize=_HEADING, va="top", **style)
    return figure


def broken(text: str, *, width: float, points: float) -> list[str]:
    """A text in lines of a width, broken between words.

    Args:
        text: one line.
        width: inches.
        points: size of the letters.
    """
    room = width * _POINTS / points
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _ems(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return [line for line in lines if line]


def caption_size(captions: Sequence[str], *, side: float = SIDE) -> float:
    """The size of letters, in points, at which the longest line is as wide as a photo, or nearly so.

    Args:
        captions: of all photos.
        side: the width of a photo, in inches.
    """
    longest = max((_ems(line) for caption in captions for line in caption.split("\n")), default=0)
    fitting = side * _POINTS / longest if longest else _LARGEST
    return min(max(fitting, _SMALLEST), _LARGEST)


@dataclass(frozen=True)
class _Written:
    """Captions as they are written.

    Args:
        stacks: the lines of each, from above.
        size: of the letters, in points.
    """

    stacks: list[list[str]]
    size: float

    @property
    def step(self) -> float:
        """Inches from one line of a caption to the next."""
        return _LINE_HEIGHT * self.size / _POINTS

    def room(self, photos: slice) -> float:
        """Inches that stand above the photos of a row."""
        stacks = self.stacks[photos]
        return _CAPTION + self.step * (max(map(len, stacks)) - 1) if any(map(any, stacks)) else 0


def _fitted(captions: Sequence[str], *, side: float) -> _Written:
    stacks = [caption.split("\n") for caption in captions]
    room = _SLACK * side * _POINTS
    widest = max((width_in_ems(line) for stack in stacks if stack[1:] for line in stack), default=0)
    size = caption_size(captions, side=side)
    if widest:  # in tenths of a point, so that no line is cut for the last bit of a fraction
        size = max(min(size, math.floor(10 * room / widest) / 10), _SMALLEST)
    fitted = [[cut(line, ems=room / size) for line in stack] if stack[1:] else stack for stack in stacks]
    return _Written(fitted, size)


def _ems(text: str) -> float:
    """About how wide a text is, in the size of its letters; those of East Asia are as wide as high."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return wide + _SIGN_WIDTH * (len(text) - wide)


@dataclass(frozen=True)
class _Grid:
    """Where photos lie, in inches from the upper left corner.

    Args:
        corners: left and top of each photo.
        width: of all.
        height: of all.
    """

    corners: list[tuple[float, float]]
    width: float
    height: float


def _laid_out(
    photos: NDArray[np.uint8], written: _Written, *, columns: int, apart: int, group: int, side: float
) -> _Grid:
    columns = min(columns, len(photos))
    high = side * photos.shape[1] / photos.shape[2]
    lefts = [
        column * (side + _GAP) + _APART * ((column >= apart > 0) + (column // group if group else 0))
        for column in range(columns)
    ]
    corners, bottom = [], -_GAP
    for start in range(0, len(photos), columns):
        top = bottom + _GAP + written.room(slice(start, start + columns))
        corners += [(left, top) for left in lefts[: len(photos) - start]]
        bottom = top + high
    return _Grid(corners, lefts[-1] + side, bottom)


def _show(canvas: NDArray[np.uint8], grid: _Grid, axes: "Axes") -> None:
    """Show the canvas row by row: drawing it takes a hundred bytes for each of its pixels."""
    inches = grid.height / len(canvas)
    tops = sorted({top for _, top in grid.corners})
    # Between the photos of two rows, where it is white.
    parted = [0, *(round((top - _GAP / 2) / inches) for top in tops[1:]), len(canvas)]
    for above, below in itertools.pairwise(parted):
        axes.imshow(
            canvas[above:below], aspect="auto", extent=(0, grid.width, inches * below, inches * above)
        )
    axes.set_xlim(0, grid.width)
    axes.set_ylim(grid.height, 0)
    axes.set_axis_off()


def _canvas(photos: NDArray[np.uint8], grid: _Grid, *, side: float) -> NDArray[np.uint8]:
    """The photos in their places on white: one picture is drawn much faster than many.

    Its fourth channel, opaque, matplotlib would add in twice as long and twice the memory.
    """
    height, width = photos.shape[1:3]
    scale = width / side
    places = [(round(scale * left), round(scale * top)) for left, top in grid.corners]
    size = max(top for _, top in places) + height, max(left for left, _ in places) + width
    canvas = np.full((*size, 4), 255, np.uint8)
    for photo, (left, top) in zip(photos, places, strict=True):
        canvas[top : top + height, left : left + width, :3] = photo
    return canvas
