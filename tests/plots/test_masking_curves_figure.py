import numpy as np
import pytest

from kclass.errors import OptionError
from kclass.plots.masking import plot_masking_curves

SHARES = np.array([0, 0.5, 1])


def test_each_kind_of_map_has_its_mean_line_on_both_sides() -> None:
    deletion = {"Grad-CAM": np.array([[1, 0.2, 0], [0.8, 0.4, 0]]), "random": np.array([[1, 0.5, 0]])}
    insertion = {"Grad-CAM": np.array([[0, 1, 1]]), "random": np.array([[0, 0.5, 1]])}
    figure = plot_masking_curves(SHARES, deletion=deletion, insertion=insertion, title="costs $5 or $6")
    left, right = figure.axes
    first, second = left.get_lines()
    assert np.asarray(first.get_xdata()).tolist() == [0, 50, 100]
    assert np.asarray(first.get_ydata()) == pytest.approx([0.9, 0.3, 0])
    assert np.asarray(second.get_ydata()).tolist() == [1, 0.5, 0]
    assert first.get_color() != second.get_color()
    assert np.asarray(right.get_lines()[1].get_ydata()).tolist() == [0, 0.5, 1]
    legend = right.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Grad-CAM", "random"]
    assert (left.get_title("left"), right.get_title("left")) == (
        "deletion: low is good",
        "insertion: high is good",
    )
    figure.canvas.draw()


def test_curves_without_photos_or_of_other_steps_are_refused() -> None:
    good = {"map": np.array([[0, 0.5, 1]])}
    for wrong in (np.empty((0, 3)), np.array([[0, 1]])):
        with pytest.raises(OptionError, match="over 3 steps"):
            plot_masking_curves(SHARES, deletion={"map": wrong}, insertion=good, title="")
