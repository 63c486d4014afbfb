import numpy as np
import pytest

from kclass.explanation.places import half_area, peak


def test_the_peak_is_the_middle_of_the_hottest_cell_from_left_and_top() -> None:
    heat = np.zeros((2, 5), np.float32)
    heat[1, 3] = 7
    found = peak(heat)
    assert found.value == 7
    assert (found.x, found.y) == pytest.approx((3.5 / 5, 1.5 / 2))


def test_of_equally_hot_cells_the_first_is_the_peak() -> None:
    found = peak(np.ones((2, 2), np.float32))
    assert (found.x, found.y) == (0.25, 0.25)


def test_half_of_the_evidence_lies_on_the_hottest_cells_and_a_part_of_the_last() -> None:
    # Sum 10: the cell of 4 holds 4, and 1 more is a third of the cell of 3: 4/3 of 4 cells.
    assert half_area(np.array([[1, 4], [2, 3]], np.float32)) == pytest.approx(4 / 3 / 4)
    assert half_area(np.ones((3, 3), np.float32)) == pytest.approx(0.5)
    lone = np.zeros((10, 10), np.float32)
    lone[2, 2] = 9
    assert half_area(lone) == pytest.approx(0.005)
    # Exactly half on one of four.
    assert half_area(np.array([[2, 1], [1, 0]], np.float32)) == pytest.approx(0.25)
