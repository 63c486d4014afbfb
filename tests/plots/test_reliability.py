from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from kclass.errors import OptionError
from kclass.plots.reliability import plot_reliability


def drawn(**changes: Any) -> Figure:
    """Two bins with photos and an empty one between them."""
    bins: dict[str, Any] = {
        "confidences": np.array([0.3, 0.0, 0.9]),
        "accuracies": np.array([0.25, 0.0, 1.0]),
        "lows": np.array([0.05, 0.0, 0.8]),
        "highs": np.array([0.7, 1.0, 1.0]),
        "counts": np.array([4, 0, 16]),
        "histogram": np.array([0, 4, 0, 16]),
        "error": 0.0912,
        "binning": "3 bins",
    }
    return plot_reliability(**{**bins, **changes})


def test_points_are_confidence_and_accuracy_and_an_empty_bin_has_none() -> None:
    diagonal, points, *_ = drawn().axes[0].lines
    assert np.array(diagonal.get_xydata()).tolist() == [[0, 0], [1, 1]]
    assert np.array(points.get_xydata()).tolist() == [[0.3, 0.25], [0.9, 1.0]]


def test_bars_reach_to_the_ends_of_the_intervals() -> None:
    (bars,) = drawn().axes[0].collections
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert np.allclose(ends, [[0.05, 0.7], [0.8, 1.0]])


def test_the_counts_stand_below_on_the_same_axis() -> None:
    upper, lower = drawn().axes
    assert [(bar.get_x(), bar.get_height()) for bar in lower.patches] == [
        (0.0, 0),
        (0.25, 4),
        (0.5, 0),
        (0.75, 16),
    ]
    assert upper.get_xlim() == lower.get_xlim()


def test_the_title_gives_the_error_and_its_binning() -> None:
    assert drawn().axes[0].get_title(loc="left") == "expected calibration error 9.1 %\n3 bins"


def test_a_long_word_on_the_bins_is_broken_so_that_it_stays_in_the_picture() -> None:
    words = "bins of equally many photos, the most that keep accuracy rising, 15 at most"
    figure = drawn(binning=words)
    title = figure.axes[0].get_title(loc="left")
    assert title.partition("\n")[2].replace("\n", " ") == words
    assert max(map(len, title.split("\n"))) < 65


def test_an_interval_that_misses_its_point_by_a_rounding_is_drawn() -> None:
    drawn(highs=np.array([0.7, 1.0, 1 - 1e-16])).canvas.draw()


def test_no_photo_and_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(OptionError, match="there is no photo to draw the reliability of"):
        drawn(counts=np.zeros(3, dtype=np.int64))
    with pytest.raises(OptionError, match=r"bins of \[2, 3\] rows; all must have the same number"):
        drawn(lows=np.zeros(2))
