import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.plots.curves import HELD_OUT, MOST_MARKED, TRAINING, plot_history, plot_lr_curve


def course(number_of_epochs: int, /, *, start: bool = False, head: int = 0, **changed: Any) -> dict[str, Any]:
    """A history: `head` epochs of a first phase, the others of a second; all values fall."""
    numbers = list(range(0 if start else 1, number_of_epochs + 1))
    names = {True: "head", False: "fine-tuning"}
    usual: dict[str, Any] = {
        "phases": ["start" if number == 0 else names[number <= head] for number in numbers],
        "epochs": numbers,
        "learning_rates": [1e-3 / number if number else None for number in numbers],
        "train_losses": [1 / number if number else None for number in numbers],
        "held_out_losses": [0.5 + 1 / (number + 1) for number in numbers],
        "error_rates": [0.3 / (number + 1) for number in numbers],
        "best_epoch": number_of_epochs,
    }
    return usual | changed


def panels(figure: Figure) -> tuple[Axes, Axes, Axes]:
    """Losses, error rate and learning rate."""
    losses, errors, rates = figure.axes
    return losses, errors, rates


def line(axes: Axes, label: str) -> Line2D:
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return found


def points(of: Line2D) -> list[tuple[float, float]]:
    pairs = np.asarray(of.get_xydata()).tolist()
    return [(x, round(y, 9)) for x, y in pairs if not math.isnan(y)]


def star(axes: Axes) -> Line2D:
    (found,) = [each for each in axes.lines if each.get_marker() == "*"]
    return found


def legend(axes: Axes) -> list[str]:
    box = axes.get_legend()
    return [] if box is None else [text.get_text() for text in box.get_texts()]


def drawn(figure: Figure) -> Figure:
    figure.canvas.draw()
    return figure


def test_losses_are_drawn_over_the_epochs() -> None:
    losses, _, _ = panels(plot_history(**course(3)))
    assert points(line(losses, "training photos")) == [(1, 1), (2, 0.5), (3, 0.333333333)]
    assert points(line(losses, "held-out photos")) == [(1, 1), (2, 0.833333333), (3, 0.75)]
    assert losses.get_ylabel() == "loss (nats)"
    assert losses.get_ylim()[0] == 0


def test_error_rates_are_drawn_in_percent() -> None:
    _, errors, _ = panels(plot_history(**course(2)))
    assert errors.get_ylim()[1] == pytest.approx(16.5)  # room for the highest marker
    assert points(errors.lines[0]) == [(1, 15), (2, 10)]
    assert errors.get_ylabel() == "error rate of\nheld-out photos (%)"


def test_no_error_at_all_is_seen_above_the_edge_and_not_blown_up() -> None:
    _, errors, _ = panels(plot_history(**course(3, error_rates=[0.0, 0.0, 0.0])))
    low, high = errors.get_ylim()
    assert low < 0
    assert high == 1


def test_learning_rates_below_each_other_in_one_decade_have_an_even_axis_from_zero() -> None:
    _, _, rates = panels(plot_history(**course(3, learning_rates=[1e-3, 9e-4, 2e-4])))
    assert points(rates.lines[0]) == [(1, 1e-3), (2, 9e-4), (3, 2e-4)]
    assert rates.get_yscale() == "linear"
    assert rates.get_ylim()[0] == 0
    assert rates.get_xlabel() == "epoch"


def test_learning_rates_that_span_a_decade_have_an_axis_of_powers_of_ten() -> None:
    _, _, rates = panels(plot_history(**course(3, learning_rates=[1e-3, 5e-4, 1e-4])))
    assert rates.get_yscale() == "log"


def test_held_out_losses_that_span_two_decades_have_an_axis_of_powers_of_ten() -> None:
    for first, scale in ((49.0, "linear"), (51.0, "log")):
        losses, _, _ = panels(plot_history(**course(2, held_out_losses=[first, 0.5])))
        assert losses.get_yscale() == scale


def test_the_best_epoch_is_marked_in_losses_and_errors_and_told() -> None:
    losses, errors, rates = panels(plot_history(**course(4, best_epoch=3)))
    assert points(star(losses)) == [(3, 0.75)]
    assert points(star(errors)) == [(3, 7.5)]
    assert legend(losses) == ["training photos", "held-out photos", "best: epoch 3, 0.750"]
    assert legend(errors) == ["epoch 3: 7.5 %"]
    for axes in (losses, errors, rates):
        assert [list(np.asarray(each.get_xdata())) for each in axes.lines if each.get_linestyle() == ":"] == [
            [3, 3]
        ]


def test_lines_differ_in_dashes_and_markers_besides_colour() -> None:
    losses, _, _ = panels(plot_history(**course(3)))
    train, held_out = line(losses, "training photos"), line(losses, "held-out photos")
    assert (train.get_color(), train.get_linestyle(), train.get_marker()) == (TRAINING, "--", "s")
    assert (held_out.get_color(), held_out.get_linestyle(), held_out.get_marker()) == (HELD_OUT, "-", "o")


def test_phases_have_names_grounds_and_an_edge_between_them() -> None:
    losses, errors, rates = panels(plot_history(**course(6, start=True, head=2)))
    assert [text.get_text() for text in losses.texts] == ["head", "fine-tuning"]
    head, fine_tuning = (text.get_position()[0] for text in losses.texts)
    assert head == pytest.approx(1.5)
    assert fine_tuning == pytest.approx(4.5)
    for axes in (losses, errors, rates):
        (ground,) = axes.patches
        assert ground.get_window_extent().transformed(axes.transData.inverted()).intervalx == pytest.approx(
            [2.5, 6.5]
        )
        assert [2.5, 2.5] in [list(np.asarray(each.get_xdata())) for each in axes.lines]


def test_the_learning_rate_is_not_joined_from_phase_to_phase() -> None:
    _, _, rates = panels(plot_history(**course(5, head=2)))
    assert [len(points(each)) for each in rates.lines[:2]] == [2, 3]
    _, _, rates = panels(plot_history(**course(5)))
    assert len(points(rates.lines[0])) == 5


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_the_start_has_no_training_loss_and_belongs_to_no_phase(nothing: float | None) -> None:
    history = course(3, start=True, best_epoch=0)
    history["train_losses"][0] = history["learning_rates"][0] = nothing
    losses, _, rates = panels(plot_history(**history))
    assert [x for x, _ in points(line(losses, "training photos"))] == [1, 2, 3]
    assert [x for x, _ in points(line(losses, "held-out photos"))] == [0, 1, 2, 3]
    assert [text.get_text() for text in losses.texts] == ["fine-tuning"]
    assert points(star(losses)) == [(0, 1.5)]
    assert rates.get_xlabel() == "epoch (0: before training)"


def test_a_start_alone_is_drawn() -> None:
    figure = drawn(plot_history(**course(0, start=True)))
    assert points(star(figure.axes[0])) == [(0, 1.5)]


def test_one_epoch_shows_its_points_and_only_its_number() -> None:
    figure = drawn(plot_history(**course(1)))
    losses, _, rates = panels(figure)
    for label in ("training photos", "held-out photos"):
        assert list(np.asarray(line(losses, label).get_markevery())) == [True]
    low, high = rates.get_xlim()
    assert [tick for tick in rates.get_xticks() if low <= tick <= high] == [1]


def test_epochs_are_numbered_by_whole_numbers() -> None:
    for epochs in (2, 3, 7, 200):
        _, _, rates = panels(drawn(plot_history(**course(epochs))))
        assert all(float(tick).is_integer() for tick in rates.get_xticks())


def test_in_a_long_training_only_points_that_no_line_reaches_have_a_marker() -> None:
    def marked(epochs: int) -> list[int]:
        values = [0.5] * epochs
        values[2] = values[4] = math.inf
        losses, _, _ = panels(plot_history(**course(epochs, held_out_losses=values)))
        return np.flatnonzero(np.asarray(line(losses, "held-out photos").get_markevery())).tolist()

    assert marked(MOST_MARKED) == [row for row in range(MOST_MARKED) if row not in (2, 4)]
    assert marked(MOST_MARKED + 1) == [3]


def test_a_loss_that_is_not_finite_leaves_a_gap() -> None:
    for wrong in (None, math.nan, math.inf):
        losses, _, _ = panels(drawn(plot_history(**course(3, held_out_losses=[1.0, wrong, 0.5]))))
        assert points(line(losses, "held-out photos")) == [(1, 1), (3, 0.5)]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("epochs", [4, 60, 200])
def test_names_of_phases_stay_apart_and_above_the_axes(epochs: int, first: bool) -> None:
    history = course(epochs)
    where = slice(0, 3) if first else slice(epochs - 3, epochs)
    history["phases"][where] = ["head", "last stage", "network"]
    figure = drawn(plot_history(**history))
    assert isinstance(figure.canvas, FigureCanvasAgg)
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    room = figure.axes[0].get_window_extent(renderer)
    assert len(boxes) == 4
    for before, after in itertools.pairwise(boxes):
        assert before.x1 < after.x0
    assert boxes[0].x0 >= room.x0
    assert boxes[-1].x1 <= room.x1
    assert min(box.y0 for box in boxes) >= room.y1
    assert max(box.y1 for box in boxes) <= figure.bbox.height


def test_names_of_phases_are_no_mathematics() -> None:
    figure = drawn(plot_history(**course(2, phases=["$\\frac$", "$\\frac$"])))
    assert figure.axes[0].texts[0].get_text() == "$\\frac$"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"error_rates": [0.1]}, r"columns of \[1, 2\] rows"),
        ({"phases": ["a"]}, r"columns of \[1, 2\] rows"),
        ({"epochs": [2, 1]}, "numbers of the epochs do not rise"),
        ({"best_epoch": 3}, "the best epoch is 3, which is not among those drawn"),
        ({"held_out_losses": [0.1, math.nan]}, "the best epoch is 2, which has no held-out loss"),
        ({"error_rates": [0.1, None]}, "the best epoch is 2, which has no held-out loss or error rate"),
    ],
)
def test_a_history_that_does_not_fit_together_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        plot_history(**course(2, **changed))


def test_a_history_without_epochs_is_refused() -> None:
    empty: dict[str, Any] = {name: [] for name in course(1)}
    with pytest.raises(OptionError, match="there is no epoch to draw"):
        plot_history(**(empty | {"best_epoch": 0}))


def range_test(steps: int = 60) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rates, losses that fall from 1.6 to 0.4 and run away, and the same without their noise."""
    rates = np.geomspace(1e-6, 1, steps)
    place = np.linspace(0, 1, steps)
    smoothed = 1.6 - 1.2 / (1 + np.exp(-20 * (place - 0.5))) + np.exp(30 * (place - 0.9))
    return rates, smoothed + 0.05 * np.sin(np.arange(steps) * 2.3), smoothed


def test_a_range_test_shows_the_losses_faint_and_the_smoothed_ones_strong() -> None:
    rates, losses, smoothed = range_test()
    axes = plot_lr_curve(rates, losses, smoothed, 1e-3).axes[0]
    raw, strong = line(axes, "loss of the batch"), line(axes, "smoothed")
    np.testing.assert_array_equal(np.asarray(raw.get_xydata()), np.stack([rates, losses], 1))
    np.testing.assert_array_equal(np.asarray(strong.get_xydata()), np.stack([rates, smoothed], 1))
    assert strong.get_linewidth() > 2 * raw.get_linewidth()
    assert axes.get_xscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning rate", "training loss (nats)")


def test_the_suggestion_is_marked_on_the_smoothed_curve_and_named() -> None:
    rates, losses, smoothed = range_test()
    axes = plot_lr_curve(rates, losses, smoothed, float(rates[30])).axes[0]
    (marker,) = [each for each in axes.lines if each.get_marker() == "o"]
    ((rate, height),) = points(marker)
    assert rate == rates[30]
    assert height == pytest.approx(smoothed[30])
    (label,) = axes.texts
    assert label.get_text() == "suggested: 0.0011"
    assert axes.get_title(loc="left") == ""


@pytest.mark.parametrize(("place", "side"), [(2, "left"), (57, "right")])
def test_the_name_of_the_suggestion_stays_inside_the_axes(place: int, side: str) -> None:
    rates, losses, smoothed = range_test()
    figure = drawn(plot_lr_curve(rates, losses, smoothed, float(rates[place])))
    (label,) = figure.axes[0].texts
    assert label.get_horizontalalignment() == side
    box, room = label.get_window_extent(), figure.axes[0].get_window_extent()
    assert room.x0 < box.x0 < box.x1 < room.x1


def test_without_a_suggestion_the_figure_says_so() -> None:
    axes = plot_lr_curve(*range_test(), None).axes[0]
    assert axes.get_title(loc="left") == "no learning rate to suggest: the loss never falls clearly"
    assert not axes.texts


def test_losses_that_run_away_leave_the_picture_and_the_fall_fills_it() -> None:
    rates, losses, smoothed = range_test()
    losses[-1], smoothed[-1] = 1e9, 1e9
    low, high = plot_lr_curve(rates, losses, smoothed, 1e-3).axes[0].get_ylim()
    assert 0 < low < 0.4
    assert 1.6 < high < 2.3


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_losses_that_are_not_finite_are_left_out(wrong: float) -> None:
    rates, losses, smoothed = range_test()
    losses[50:], smoothed[50:] = wrong, math.nan
    axes = drawn(plot_lr_curve(rates, losses, smoothed, 1e-3)).axes[0]
    assert len(points(line(axes, "loss of the batch"))) == 50
    nothing = np.full(60, wrong)
    drawn(plot_lr_curve(rates, nothing, np.full(60, math.nan), None))


@given(losses=st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_any_losses_have_limits_to_be_drawn_in(losses: list[float]) -> None:
    values = np.array(losses)
    axes = plot_lr_curve(np.geomspace(1e-6, 1, len(values)), values, values, None).axes[0]
    low, high = axes.get_ylim()
    assert low < values.min() <= high


def test_curves_that_do_not_fit_together_are_refused() -> None:
    rates, losses, smoothed = range_test()
    with pytest.raises(OptionError, match="a curve of 60 rates, 59 losses and 60 smoothed"):
        plot_lr_curve(rates, losses[:-1], smoothed, None)
    with pytest.raises(OptionError, match="a curve of 0 rates"):
        plot_lr_curve(rates[:0], losses[:0], smoothed[:0], None)
