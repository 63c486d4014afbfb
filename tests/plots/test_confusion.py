import itertools

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.confusion import COLOURS, confusion_matrix, normalised_confusion_matrix

NAMES = ["Château_de_Chambord_au_bord_de_l'eau", "Žižkov", "09.Golden_Gate", "Санкт-Петербург", "富士山"]


def matrix_of(*rows: list[int]) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64)


def names_of(number: int) -> list[str]:
    return [f"{NAMES[place % len(NAMES)]}_{place}" for place in range(number)]


def counts_in(axes: Axes) -> dict[tuple[int, int], str]:
    """What is written in the cells, by row and column."""
    return {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts
    }


def boxes_of(figure: Figure, texts: list[Text]) -> list[tuple[float, float, float, float]]:
    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer).extents for text in texts if text.get_text()]


def test_rows_are_the_true_classes_and_columns_the_predicted_ones() -> None:
    axes = confusion_matrix(matrix_of([3, 1], [0, 7]), ["a", "b"]).axes[0]
    assert counts_in(axes) == {(0, 0): "3", (0, 1): "1", (1, 0): "0", (1, 1): "7"}
    assert axes.get_ylabel() == "true class"
    assert axes.get_xlabel() == "predicted class"
    assert axes.yaxis.get_inverted()  # the first class is on top


def test_the_title_gives_the_accuracy() -> None:
    axes = confusion_matrix(matrix_of([3, 1], [0, 7]), ["a", "b"]).axes[0]
    assert axes.get_title(loc="left") == "90.9 % right (10/11)"


def test_the_colour_is_the_share_of_the_true_class() -> None:
    axes = confusion_matrix(matrix_of([3, 1], [0, 700]), ["a", "b"]).axes[0]
    image = axes.images[0]
    assert np.asarray(image.get_array()).tolist() == [[0.75, 0.25], [0, 1]]
    assert image.get_clim() == (0, 1)


def test_classes_are_named_as_people_read_them_on_both_sides() -> None:
    axes = confusion_matrix(matrix_of([1, 0], [0, 1]), ["09.Golden_Gate", "b"]).axes[0]
    for axis in (axes.xaxis, axes.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == ["Golden Gate", "b"]


def test_money_is_not_mathematics() -> None:
    figure = confusion_matrix(matrix_of([1, 0], [0, 1]), ["$\\frac$ 1", "b$^$"])
    figure.canvas.draw()
    assert figure.axes[0].get_yticklabels()[0].get_text() == "$\\frac$ 1"


def test_a_class_without_photos_and_no_photos_at_all_are_drawn() -> None:
    axes = confusion_matrix(matrix_of([3, 0], [0, 0]), ["a", "b"]).axes[0]
    assert np.asarray(axes.images[0].get_array()).tolist() == [[1, 0], [0, 0]]
    nothing = confusion_matrix(np.zeros((2, 2), dtype=np.int64), ["a", "b"])
    nothing.canvas.draw()
    assert nothing.axes[0].get_title(loc="left") == "no photos"


def test_zeros_are_left_blank_in_more_than_ten_classes() -> None:
    assert len(counts_in(confusion_matrix(np.eye(10, dtype=np.int64), names_of(10)).axes[0])) == 100
    assert len(counts_in(confusion_matrix(np.eye(11, dtype=np.int64), names_of(11)).axes[0])) == 11


def test_counts_are_left_out_where_they_could_not_be_read() -> None:
    assert len(counts_in(confusion_matrix(np.eye(50, dtype=np.int64), names_of(50)).axes[0])) == 50
    assert not counts_in(confusion_matrix(np.eye(51, dtype=np.int64), names_of(51)).axes[0])


@pytest.mark.parametrize("number", [2, 5, 30, pytest.param(100, marks=pytest.mark.slow)])
def test_names_do_not_collide_and_stay_inside_the_picture(number: int) -> None:
    figure = confusion_matrix(np.eye(number, dtype=np.int64) * 1234, names_of(number))
    axes = figure.axes[0]
    rows = boxes_of(figure, axes.get_yticklabels())
    assert len(rows) == number
    for (_, low, _, _), (_, _, _, high) in itertools.pairwise(rows):
        assert high <= low + 0.5  # half a pixel of rounding
    if number > 12:  # upright, so that their boxes are their letters
        columns = boxes_of(figure, axes.get_xticklabels())
        assert len(columns) == number
        for (_, _, right, _), (left, _, _, _) in itertools.pairwise(columns):
            assert right <= left + 0.5
    width, height = figure.get_size_inches() * figure.dpi
    for left, low, right, high in boxes_of(figure, [*axes.get_yticklabels(), *axes.get_xticklabels()]):
        assert left >= 0
        assert low >= 0
        assert right <= width
        assert high <= height


@pytest.mark.parametrize(("number", "count"), [(2, 7), (5, 123456), (30, 1234), (50, 123)])
def test_counts_stay_inside_their_cells(number: int, count: int) -> None:
    figure = confusion_matrix(np.eye(number, dtype=np.int64) * count, names_of(number))
    cell = figure.axes[0].get_window_extent().width / number
    for left, low, right, high in boxes_of(figure, list(figure.axes[0].texts)):
        assert right - left <= cell
        assert high - low <= cell


def test_of_very_many_classes_some_are_named_and_the_picture_stays_small() -> None:
    figure = confusion_matrix(np.eye(250, dtype=np.int64), names_of(250))
    axes = figure.axes[0]
    rows = boxes_of(figure, axes.get_yticklabels())
    assert len(rows) == 125
    for (_, low, _, _), (_, _, _, high) in itertools.pairwise(rows):
        assert high <= low + 0.5
    assert max(figure.get_size_inches()) < 25


def luminance(colour: NDArray[np.float64]) -> float:
    """Relative luminance, WCAG 2.2."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def test_counts_can_be_read_on_every_shade() -> None:
    for rest in (60, 40, 31, 29, 28, 20):
        matrix = np.eye(10, dtype=np.int64) * (100 - rest) + np.roll(np.eye(10, dtype=np.int64), 1, 1) * rest
        axes = confusion_matrix(matrix, names_of(10)).axes[0]
        shares = np.asarray(axes.images[0].get_array())
        for text in axes.texts:
            column, row = map(round, text.get_position())
            ground = luminance(np.array(colormaps[COLOURS](shares[row, column])[:3]))
            letters = 1.0 if text.get_color() == "white" else 0.0
            dark, light = sorted([ground, letters])
            assert (light + 0.05) / (dark + 0.05) >= 4.45


@pytest.mark.parametrize("shape", [(2, 3), (3, 3)])
def test_a_matrix_that_does_not_fit_the_classes_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(OptionError, match=r"confusion matrix of shape \(\d, 3\) for 2 classes"):
        confusion_matrix(np.zeros(shape, dtype=np.int64), ["a", "b"])


def test_shares_are_those_of_the_row_in_whole_percent() -> None:
    axes = normalised_confusion_matrix(matrix_of([2, 1, 0], [1, 998, 1], [0, 0, 0]), ["a", "b", "c"]).axes[0]
    assert counts_in(axes) == {
        (0, 0): "67",
        (0, 1): "33",
        (0, 2): "0",
        (1, 0): "<1",
        (1, 1): ">99",
        (1, 2): "<1",
    }
    assert np.asarray(axes.images[0].get_array())[1, 1] == 0.998
    assert axes.get_title(loc="left") == "99.7 % right (1000/1003)"


def test_shares_of_many_classes_are_written_where_there_are_photos() -> None:
    matrix = np.eye(11, dtype=np.int64) * 3
    matrix[0, 1] = 1
    shares = counts_in(normalised_confusion_matrix(matrix, names_of(11)).axes[0])
    assert len(shares) == 12
    assert (shares[0, 0], shares[0, 1], shares[10, 10]) == ("75", "25", "100")
    assert not counts_in(normalised_confusion_matrix(np.eye(51, dtype=np.int64), names_of(51)).axes[0])


def test_shares_of_a_matrix_that_does_not_fit_are_refused() -> None:
    with pytest.raises(OptionError, match=r"confusion matrix of shape \(3, 3\) for 2 classes"):
        normalised_confusion_matrix(np.zeros((3, 3), dtype=np.int64), ["a", "b"])
