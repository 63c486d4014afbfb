from pathlib import Path

import numpy as np
import pytest
from made_up_classes import hundred_classes
from made_up_runs import three_trees

from kclass.evaluation.calibration import reliability
from kclass.reporting.charts import LEFT
from kclass.reporting.run_reading import SplitResults, read_run
from kclass.reporting.trust_charts import SIDE, novelty_chart, reliability_chart


@pytest.fixture
def many(tmp_path: Path) -> SplitResults:
    return read_run(hundred_classes(tmp_path, photos=200)).splits["valid"]


def test_points_lie_where_confidence_and_accuracy_are_and_say_so(many: SplitResults) -> None:
    chart, found = reliability_chart(many), reliability(many.probabilities, many.labels)
    assert (chart.ece, chart.binning, len(chart.bins)) == (found.ece, found.binning, len(found.bins))
    for point, each in zip(chart.bins, found.bins, strict=True):
        assert point.x == pytest.approx(LEFT + each.confidence * (SIDE - LEFT), abs=0.06)
        assert point.y == pytest.approx(chart.bottom - each.accuracy * (SIDE - LEFT), abs=0.06)
        assert point.high <= point.y <= point.low  # upwards is less in a picture
        assert point.words.startswith(f"{each.photos} photos, ")


def test_the_histogram_counts_all_photos_by_their_confidence(tmp_path: Path) -> None:
    # Confidences of .9, .7, .6, .8 and .9: of 20 bars four, the tallest of two photos.
    chart = reliability_chart(read_run(three_trees(tmp_path / "run")).splits["valid"])
    assert chart.most == 2
    heights = [chart.bars_bottom - bar.top for bar in chart.bars]
    assert heights == [26, 26, 26, 52]
    assert chart.mean_confidence == pytest.approx(0.78)
    assert chart.accuracy == 0.8


def test_bars_beyond_the_threshold_of_novelty_are_marked(many: SplitResults) -> None:
    scores = np.array([0.2, 0.2, 0.7, 1.2, 9.0, np.nan])
    chart = novelty_chart(scores)
    assert chart is not None
    assert (chart.novel, chart.photos) == (2, 5)
    assert [bar.over for bar in chart.bars] == [False, False, True, True]
    assert all(bar.left >= chart.one - 1 for bar in chart.bars if bar.over)
    assert novelty_chart(np.array([np.nan])) is None
