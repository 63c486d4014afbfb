import numpy as np
import pytest

from kclass.inspection.agreement import colour_difference, fields_with_detail, residual
from kclass.inspection.inspection import COLOUR_SIDE

SIDE = 32
PICTURE = np.random.default_rng(0).integers(20, 200, (1, SIDE, SIDE)).astype(np.uint8)
WHOLE_BOX = np.array([[0.0, 0, 1, 1]])


def test_brightness_and_contrast_leave_no_residual() -> None:
    seen = (PICTURE * 0.8 + 30).astype(np.float32)
    assert residual(seen, PICTURE, field=4) == pytest.approx(0, abs=1e-3)


def test_the_residual_is_the_mean_over_the_field_that_differs_most() -> None:
    other = PICTURE.copy()
    other[0, 8:10, 4:8] += 40  # half of a field of 4 x 4, all of two of 2 x 2
    seen = PICTURE.astype(np.float32)
    assert residual(seen, other, field=4) == pytest.approx(20, abs=1)
    assert residual(seen, other, field=2) == pytest.approx(40, abs=1)


def test_light_that_is_clipped_leaves_no_residual_either_way_round() -> None:
    bright = np.clip(PICTURE.astype(float) * 1.4 + 20, 0, 255)
    for one, other in ((PICTURE, bright), (bright, PICTURE)):
        assert residual(one.astype(np.float32), other.astype(np.uint8), field=4) < 1


def test_detail_in_one_field_counts_one_and_in_all_counts_all() -> None:
    one = np.full((1, SIDE, SIDE), 100, np.uint8)
    one[0, 9:11, 9:11] = 200
    assert fields_with_detail(one) == pytest.approx(1, abs=0.01)
    everywhere = np.tile(one[:, 8:12, 8:12], (1, 8, 8))
    assert 55 < fields_with_detail(everywhere)[0] <= 64
    assert fields_with_detail(np.full((1, SIDE, SIDE), 7, np.uint8)) == 0


def test_a_slope_is_no_detail() -> None:
    slope = np.tile(np.arange(SIDE, dtype=np.uint8) * 5, (1, SIDE, 1))
    assert fields_with_detail(slope) < 1e-3


def colours(red: int, green: int, blue: int) -> np.ndarray:
    plain = np.empty((3, COLOUR_SIDE, COLOUR_SIDE), np.uint8)
    plain[:] = np.array([red, green, blue])[:, None, None]
    return plain


def test_other_light_and_saturation_are_no_difference_in_colour() -> None:
    strong, pale, grey = colours(200, 100, 50), colours(180, 130, 105), colours(120, 120, 120)
    for other in (strong, pale, grey):
        assert colour_difference(strong[None], other[None], WHOLE_BOX) == pytest.approx(0, abs=1)
        assert colour_difference(other[None], strong[None], WHOLE_BOX) == pytest.approx(0, abs=1)


def test_opposite_colours_differ_by_what_they_have() -> None:
    # Luma 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2; less that: 75.8, -24.2 and -74.2; the root of
    # the mean of their squares is 62.8. Green has a luma of 158.7; -58.7, 41.3 and -58.7 make 53.5.
    one, other = colours(200, 100, 50), colours(100, 200, 100)
    assert colour_difference(one[None], other[None], WHOLE_BOX) == pytest.approx(53.5, abs=0.1)
    assert colour_difference(one[None], colours(50, 100, 200)[None], WHOLE_BOX)[0] > 40


def test_colours_are_compared_where_the_box_lies() -> None:
    half = np.concatenate([colours(200, 100, 50)[:, :4], colours(50, 100, 200)[:, 4:]], axis=1)
    upper = np.array([[0.0, 0, 1, 0.5]])
    assert colour_difference(half[None], colours(200, 100, 50)[None], upper) == pytest.approx(0, abs=1)
    assert colour_difference(half[None], colours(50, 100, 200)[None], upper)[0] > 40
