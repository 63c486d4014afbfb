import itertools
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kclass.errors import OptionError
from kclass.plots.class_bars import plot_classes

NAMES = ["Château_de_Chambord_au_bord_de_l'eau", "Žižkov", "09.Golden_Gate", "Санкт-Петербург_в_белую_ночь"]


def drawn(classes: list[str], recalls: list[float], supports: list[int], **changes: Any) -> Figure:
    values = np.array(recalls)
    columns: dict[str, Any] = {
        "recalls": values,
        "lows": values - 0.1,
        "highs": values + 0.1,
        "precisions": values / 2,
        "f1": values / 4,
        "supports": np.array(supports),
    }
    return plot_classes(classes, **{**columns, **changes})


def named(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_the_lowest_recall_is_on_top_with_its_photos_beside_it() -> None:
    figure = drawn(["a", "b", "c"], [0.9, 0.5, 0.7], [20, 1, 7])
    assert named(figure) == ["b", "c", "a"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [50, 70, 90]
    (beside,) = figure.axes[0].child_axes
    assert [label.get_text() for label in beside.get_yticklabels()] == ["1 photo", "7 photos", "20 photos"]
    top, bottom = figure.axes[0].get_ylim()
    assert top > bottom  # the first row is on top


def test_interval_precision_and_f1_are_those_of_the_class() -> None:
    axes = drawn(["a", "b"], [0.8, 0.4], [9, 9]).axes[0]
    (bars,) = axes.collections
    ends = [segment[:, 0].tolist() for segment in bars.get_segments()]
    assert np.allclose(ends, [[30, 50], [70, 90]])
    marks = {str(line.get_label()): np.array(line.get_xdata()).tolist() for line in axes.lines}
    assert np.allclose(marks["precision"], [20, 40])
    assert np.allclose(marks["F1"], [10, 20])


def test_a_class_without_photos_comes_last_and_has_no_bar() -> None:
    figure = drawn(["a", "b"], [0.0, 0.5], [0, 4])
    assert named(figure) == ["b", "a"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [50]


def test_of_very_many_classes_those_with_the_lowest_recall_are_drawn() -> None:
    recalls = np.linspace(0.9, 0.2, 250)
    figure = drawn([f"c{place}" for place in range(250)], recalls.tolist(), [5] * 250)
    assert named(figure) == [f"c{place}" for place in range(249, 149, -1)]
    assert figure.axes[0].get_title(loc="left") == "the 100 of 250 classes with the lowest recall"
    assert figure.get_size_inches()[1] < 20


@pytest.mark.parametrize("number", [2, 10, 100])
def test_class_names_do_not_collide_and_stay_inside_the_picture(number: int) -> None:
    names = [f"{NAMES[place % len(NAMES)]}_{place}" for place in range(number)]
    figure = drawn(names, np.linspace(0.3, 0.9, number).tolist(), [12345] * number)
    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width, height = figure.get_size_inches() * figure.dpi
    for axes in (figure.axes[0], *figure.axes[0].child_axes):
        boxes = [label.get_window_extent(renderer).extents for label in axes.get_yticklabels()]
        assert len(boxes) == number
        for (_, low, _, _), (_, _, _, high) in itertools.pairwise(boxes):
            assert high <= low + 0.5  # half a pixel of rounding
        assert all(
            left >= 0 and low >= 0 and right <= width and top <= height for left, low, right, top in boxes
        )


def test_money_is_not_mathematics() -> None:
    figure = drawn(["$\\frac$ 1", "b$^$"], [0.2, 0.4], [3, 3])
    figure.canvas.draw()
    assert named(figure) == ["$\\frac$ 1", "b$^$"]


def test_rows_that_do_not_fit_the_classes_are_refused() -> None:
    with pytest.raises(OptionError, match=r"bars of \[2, 2, 2, 2, 2, 1\] rows for 2 classes"):
        drawn(["a", "b"], [0.1, 0.2], [4])
    with pytest.raises(OptionError, match="for 0 classes"):
        drawn([], [], [])
