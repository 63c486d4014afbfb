import math

import pytest

from kclass.reporting.charts import BOTTOM, LEFT, TOP, Scale, line_chart, ticks


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 0.64, [0, 0.2, 0.4, 0.6, 0.8]),
        (0.0, 37.0, [0, 10, 20, 30, 40]),
        (3.0, 12.0, [4, 6, 8, 10, 12]),
        (0.0, 0.0, [0, 1]),
    ],
)
def test_ticks_are_round_and_few(low: float, high: float, found: list[float]) -> None:
    assert ticks(low, high) == found


def test_a_scale_leads_from_values_to_places() -> None:
    assert Scale(0, 10, 100, 200).at(2.5) == 125
    assert Scale(0.01, 100, 0, 40, log=True).at(1) == 20
    assert Scale(0, 1, BOTTOM, TOP).at(1) == TOP


def test_a_line_goes_through_its_points_and_has_its_name_at_its_end() -> None:
    chart = line_chart("loss", {"held out": [(1, 2.0), (2, 1.0), (3, 0.0)]}, x_title="epoch", marked=2)
    assert chart is not None
    (line,) = chart.lines
    across = [x for x, _ in line.points]
    assert across == [LEFT + 6, (LEFT + 6 + chart.right - 6) / 2, chart.right - 6]
    assert [y for _, y in line.points] == [TOP, (TOP + BOTTOM) / 2, BOTTOM]
    assert chart.marked == across[1]
    assert [tick.label for tick in chart.x_ticks] == ["1", "2", "3"]


def test_what_is_no_number_leaves_a_gap() -> None:
    points = [(0, math.nan), (1, 3.0), (2, math.inf), (3, 1.0), (4, 1.0)]
    chart = line_chart("loss", {"held out": points}, x_title="epoch")
    assert chart is not None
    assert chart.lines[0].path.count("M") == 2
    assert len(chart.lines[0].points) == 3
    assert line_chart("loss", {"held out": [(0, math.nan)]}, x_title="epoch") is None


def test_names_of_lines_that_end_together_do_not_hide_each_other() -> None:
    chart = line_chart("loss", {"one": [(1, 2), (2, 1.0)], "two": [(1, 2), (2, 1.01)]}, x_title="epoch")
    assert chart is not None
    first, second = sorted(line.name_at[1] for line in chart.lines)
    assert second - first >= 14


def test_penalties_have_an_axis_of_powers_of_ten_and_shares_are_in_percent() -> None:
    points = [(1e-5, 0.3), (1e-3, 0.1), (1.0, 0.2)]
    chart = line_chart("wrong", {"held out": points}, x_title="C", x_log=True, percent=True)
    assert chart is not None
    assert [tick.label for tick in chart.x_ticks] == ["1e-05", "0.0001", "0.001", "0.01", "0.1", "1"]
    assert [tick.label for tick in chart.y_ticks] == ["0 %", "10 %", "20 %", "30 %"]
