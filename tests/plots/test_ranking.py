import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.ranking import MOST_NAMED, plot_precision_recall, plot_roc

LINE = np.linspace(0, 1, 5)


def roc(number: int, areas: list[float] | None = None) -> Figure:
    areas = np.linspace(0.6, 0.9, number).tolist() if areas is None else areas
    names = [f"Санкт-Петербург_{place}" for place in range(number)]
    return plot_roc([LINE] * number, [LINE**0.5] * number, classes=names, areas=areas)


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def points(figure: Figure, line: int) -> NDArray[np.float64]:
    return np.array(figure.axes[0].lines[line].get_xydata())


def test_each_class_has_its_curve_name_and_area() -> None:
    figure = roc(2)
    assert legend(figure) == ["Санкт-Петербург 0  0.600", "Санкт-Петербург 1  0.900"]
    assert points(figure, 0).tolist() == np.column_stack([LINE, LINE**0.5]).tolist()
    colours = {line.get_color() for line in figure.axes[0].lines}
    dashes = {str(line.get_linestyle()) for line in figure.axes[0].lines[:2]}
    assert (len(colours), len(dashes)) == (3, 2)  # and the diagonal of guessing


def test_of_many_classes_those_with_the_smallest_areas_are_named_and_the_others_grey() -> None:
    figure = roc(100)
    names = [f"Санкт-Петербург {place}" for place in range(MOST_NAMED)]
    shown = legend(figure)
    assert [line.rpartition("  ")[0] for line in shown[:-1]] == names
    assert shown[-1] == "93 more, 0.621 or above"  # 0.6 + 0.3 * 7 / 99
    assert figure.legends[0].get_title().get_text() == "the smallest areas"


def test_a_class_that_has_no_curve_is_left_out() -> None:
    assert legend(roc(2, [float("nan"), 0.7])) == ["Санкт-Петербург 1  0.700"]
    with pytest.raises(OptionError, match="there is no curve to draw"):
        roc(1, [float("nan")])


@pytest.mark.parametrize("turn", [1, -1])
def test_precision_counts_for_the_step_that_leads_to_its_recall(turn: int) -> None:
    recalls, precisions = np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.75, 0.5])
    figure = plot_precision_recall([recalls[::turn]], [precisions[::turn]], classes=["a"], areas=[0.625])
    assert points(figure, 0).tolist() == [[0, 1], [0.5, 0.75], [1, 0.5]]
    # Average precision is 0.5 * 0.75 + 0.5 * 0.5: the area below steps whose height is that of their end.
    assert figure.axes[0].lines[0].get_drawstyle() == "steps-pre"
    assert legend(figure) == ["a  0.625"]


def test_curves_that_do_not_fit_the_classes_are_refused() -> None:
    with pytest.raises(OptionError, match="2 classes, 1 and 1 rows of rates and 1 areas"):
        plot_roc([LINE], [LINE], classes=["a", "b"], areas=[0.5])
    with pytest.raises(OptionError, match="each class has one curve of as many points on both axes"):
        plot_precision_recall([LINE], [LINE[:3]], classes=["a"], areas=[0.5])
