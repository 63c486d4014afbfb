"""The confusion matrix as a picture."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.figures import new_figure
from kclass.plots.lettering import families, lettered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = "Blues"
"""White to dark blue: an order of lightness that every kind of colour vision sees, and print keeps."""

MOST_NUMBERED: Final = 50
"""Classes up to which cells bear their counts; beyond, they would be too small to read."""

_FEW: Final = 10
"""Classes up to which zeros are written too."""

_Place = tuple[int, int]

_WIDEST: Final = 20.0
_LARGEST_CELL: Final = 0.9
_SMALLEST_CELL: Final = 0.16
_USUAL_WIDTH: Final = 8.0
"""Inches: the matrix is 8 wide, but cells stay between .16 and .9 until it would be 20 wide."""

_DARK: Final = 0.71
"""The share from which white letters are easier to read than black ones; at it both have the
contrast of 4.5 to 1 that the Web Content Accessibility Guidelines 2.2 ask for (1.4.3)."""

_BAR_GAP: Final = 0.15
_BAR_WIDTH: Final = 0.18
_PADDING: Final = 0.12
_POINTS: Final = 72
_SIGN_WIDTH: Final = 0.62
"""Width of a digit in its font size: .636 in DejaVu Sans; letters are .6 on average."""


def confusion_matrix(matrix: NDArray[np.int64], classes: Sequence[str]) -> "Figure":
    """Draw which classes were taken for which.

    Rows are the true classes and columns the predicted ones. Cells bear counts, up to
    `MOST_NUMBERED` classes; in more than ten classes a zero is left blank. The colour is the
    share of the row's photos, so that small classes show as clearly as large ones; a class
    without photos is white. The title gives the accuracy.

    Args:
        matrix: int64 (classes, classes): photos of the row's class predicted as the column's.
        classes: the names of the classes, as folders carry them.

    Raises:
        OptionError: the matrix is not square, or has another number of classes.
    """
    return _drawn(matrix, classes, _counts(matrix))


def normalised_confusion_matrix(matrix: NDArray[np.int64], classes: Sequence[str]) -> "Figure":
    """Draw what share of each class was taken for which.

    As `confusion_matrix`, but cells bear the share of the row's photos in whole percent: the diagonal
    is the recall of each class. A class without photos has blank cells, and in more than ten classes
    so has what no photo was taken for. A share above 0 that rounds to 0 is "<1", one below 100 that
    rounds to that is ">99".

    Args:
        matrix: int64 (classes, classes): photos of the row's class predicted as the column's.
        classes: the names of the classes, as folders carry them.

    Raises:
        OptionError: the matrix is not square, or has another number of classes.
    """
    return _drawn(matrix, classes, _percentages(matrix))


def _drawn(matrix: NDArray[np.int64], classes: Sequence[str], written: Mapping[_Place, str]) -> "Figure":
    """The matrix in colours, with a text in some of its cells."""
    if matrix.shape != (len(classes), len(classes)):
        raise OptionError(f"a confusion matrix of shape {matrix.shape} for {len(classes)} classes")
    names = lettered(classes)
    cell = _cell_size(len(names))
    side = cell * len(names)
    figure = new_figure(side, side, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    shares = _shares(matrix)
    image = axes.imshow(shares, cmap=COLOURS, vmin=0, vmax=1, interpolation="nearest")
    _name_axes(axes, names, cell)
    _write_cells(axes, written, shares, cell)
    axes.set_title(_title(matrix), loc="left", fontsize=12, pad=9)
    bar = figure.add_axes((1 + _BAR_GAP / side, 0, _BAR_WIDTH / side, 1))
    figure.colorbar(image, cax=bar, label="share of the true class")
    _grow_to_contents(figure)
    return figure


def _grow_to_contents(figure: "Figure") -> None:
    """Make room for what hangs over the edges, and leave the axes as large as they are."""
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox().padded(_PADDING)
    places = [axes.get_position() for axes in figure.axes]
    figure.set_size_inches(box.width, box.height)
    for axes, place in zip(figure.axes, places, strict=True):
        left, bottom = place.x0 * width - box.x0, place.y0 * height - box.y0
        axes.set_position(
            (
                left / box.width,
                bottom / box.height,
                place.width * width / box.width,
                place.height * height / box.height,
            )
        )


def _cell_size(number: int) -> float:
    cell = min(max(_USUAL_WIDTH / number, _SMALLEST_CELL), _LARGEST_CELL)
    return min(cell, _WIDEST / number)


def _label_size(cell: float) -> float:
    return min(max(0.62 * cell * _POINTS, 6.0), 11.0)


def _shares(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    sums = matrix.sum(axis=1, keepdims=True)
    shares = np.zeros(matrix.shape)
    np.divide(matrix, sums, out=shares, where=sums > 0)
    return shares


def _title(matrix: NDArray[np.int64]) -> str:
    photos, correct = int(matrix.sum()), int(matrix.trace())
    return f"{100 * correct / photos:.1f} % right ({correct}/{photos})" if photos else "no photos"


def _name_axes(axes: "Axes", names: Sequence[str], cell: float) -> None:
    size = _label_size(cell)
    # Where a line of text is higher than a cell, only some of the classes can be named.
    step = math.ceil(size / (cell * _POINTS))
    places = range(0, len(names), step)
    shown = [names[place] for place in places]
    slanted: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    upright: dict[str, Any] = {"rotation": 90}
    style: dict[str, Any] = {"fontsize": size, "fontfamily": families(), "parse_math": False}
    axes.set_xticks(places, shown, **style, **(slanted if len(names) <= 12 else upright))
    axes.set_yticks(places, shown, **style)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.4)
    axes.tick_params(which="minor", length=0)


def _counts(matrix: NDArray[np.int64]) -> dict[_Place, str]:
    """The counts, by row and column; in more than ten classes without zeros."""
    shown = matrix > 0 if len(matrix) > _FEW else np.ones(matrix.shape, dtype=np.bool_)
    return {(row, column): str(matrix[row, column]) for row, column in np.argwhere(shown).tolist()}


def _percentages(matrix: NDArray[np.int64]) -> dict[_Place, str]:
    """The shares of the rows in whole percent, by row and column; a row without photos has none."""
    there = matrix.sum(axis=1, keepdims=True) > 0
    shown = matrix > 0 if len(matrix) > _FEW else np.broadcast_to(there, matrix.shape)
    shares = 100 * _shares(matrix)
    return {(row, column): _rounded(shares[row, column]) for row, column in np.argwhere(shown).tolist()}


def _rounded(percent: float) -> str:
    if 0 < percent < 0.5:
        return "<1"
    return ">99" if 99.5 <= percent < 100 else f"{percent:.0f}"


def _write_cells(
    axes: "Axes", written: Mapping[_Place, str], shares: NDArray[np.float64], cell: float
) -> None:
    if len(shares) > MOST_NUMBERED or not written:
        return
    digits = max(map(len, written.values()))
    size = min(0.8 * cell * _POINTS / (_SIGN_WIDTH * digits), 0.6 * cell * _POINTS, 11.0)
    for (row, column), text in written.items():
        colour = "white" if shares[row, column] > _DARK else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
