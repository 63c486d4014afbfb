from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from kclass.errors import OptionError
from kclass.plots.learning_curve import plot_learning_curve


def drawn(**changes: Any) -> Figure:
    sizes, steps = np.array([10.0, 20.0, 40.0]), np.array([10.0, 40.0, 90.0])
    values: dict[str, Any] = {
        "sizes": sizes,
        "errors": np.array([0.3, 0.2, 0.1]),
        "lows": np.array([0.25, 0.15, 0.05]),
        "highs": np.array([0.4, 0.25, 0.2]),
        "fitted_sizes": steps,
        "fitted": np.array([0.3, 0.12, 0.08]),
        "fitted_lows": np.array([0.2, 0.1, 0.04]),
        "fitted_highs": np.array([0.4, 0.2, 0.3]),
        "measured_to": 40.0,
        "title": "costs $5",
    }
    return plot_learning_curve(**{**values, **changes})


def test_points_are_drawn_in_percent_with_their_intervals() -> None:
    axes = drawn().axes[0]
    (points,) = (line for line in axes.lines if line.get_marker() == "o")
    assert np.allclose(np.array(points.get_xydata()), [[10, 30], [20, 20], [40, 10]])
    bars = axes.collections[-1].get_segments()  # type: ignore[attr-defined]
    assert np.allclose([segment[:, 1] for segment in bars], [[25, 40], [15, 25], [5, 20]])


def test_the_curve_is_dashed_beyond_what_was_measured() -> None:
    lines = {str(line.get_label()): line for line in drawn().axes[0].lines}
    assert np.array(lines["fitted curve"].get_xdata()).tolist() == [10, 40]
    more = lines["what it says of more photos"]
    assert (np.array(more.get_xdata()).tolist(), more.get_linestyle()) == ([40, 90], "--")


def test_the_axes_show_all_of_it_and_name_the_sizes() -> None:
    axes = drawn().axes[0]
    left, right = axes.get_xlim()
    assert left < 10 < 90 < right
    assert axes.get_ylim() == pytest.approx((0, 42))
    assert sorted(int(label.get_text()) for label in axes.get_xticklabels()) == [10, 20, 40, 90]
    assert axes.get_title(loc="left") == "costs $5"


def test_numbers_below_the_axis_that_would_touch_are_left_out() -> None:
    axes = drawn(sizes=np.array([10.0, 36.0, 40.0])).axes[0]
    assert sorted(int(label.get_text()) for label in axes.get_xticklabels()) == [10, 40, 90]


def test_points_without_a_curve_are_drawn() -> None:
    nothing = dict.fromkeys(("fitted_sizes", "fitted", "fitted_lows", "fitted_highs"), np.empty(0))
    figure = drawn(**nothing)
    figure.canvas.draw()
    assert all(line.get_label() != "fitted curve" for line in figure.axes[0].lines)


def test_no_error_at_all_is_not_blown_up() -> None:
    nothing = dict.fromkeys(("fitted_sizes", "fitted", "fitted_lows", "fitted_highs"), np.empty(0))
    axes = drawn(errors=np.zeros(3), lows=np.zeros(3), highs=np.full(3, 0.001), **nothing).axes[0]
    assert axes.get_ylim() == (0, 2)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(OptionError, match="a learning curve of"):
        drawn(errors=np.array([0.1]))
    with pytest.raises(OptionError, match="do not rise from above 0"):
        drawn(sizes=np.array([0.0, 1.0, 2.0]))
