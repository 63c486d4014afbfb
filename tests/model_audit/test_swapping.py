import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.model_audit.swapping import (
    around_subject,
    emptied,
    in_surroundings,
    with_cast,
    without_outer_part,
)


def plain(size: int, *colour: int) -> np.ndarray:
    return np.full((size, size, 3), colour, np.uint8)


def test_the_outer_tenth_of_each_side_goes_and_the_seam_is_soft() -> None:
    cover = without_outer_part(100)[..., 0]
    # Middles of pixels: 8.5 % from the border is .015 outside of the seam's middle, which is 4 % wide.
    assert cover[50, [5, 7, 8, 10, 11, 12, 50]].tolist() == pytest.approx([0, 0, 0.125, 0.625, 0.875, 1, 1])
    np.testing.assert_array_equal(cover, cover[::-1])
    np.testing.assert_array_equal(cover, cover.T)
    # 36 % of the area is the outer part.
    assert cover.mean() == pytest.approx(0.64, abs=0.01)


def test_what_is_not_covered_comes_from_the_donor() -> None:
    cover = np.array([[1.0, 0.5], [0.25, 0.0]], np.float32)[..., None]
    mixed = in_surroundings(plain(2, 200, 0, 100), plain(2, 0, 100, 100), cover)
    assert mixed[..., 0].tolist() == [[200, 100], [50, 0]]
    assert mixed[..., 1].tolist() == [[0, 50], [75, 100]]
    assert (mixed[..., 2] == 100).all()
    assert mixed.dtype == np.uint8


def test_a_mask_is_grown_a_little_before_the_rest_goes() -> None:
    mask = np.zeros((80, 80), np.bool_)
    mask[30:50, 30:50] = True
    cover = around_subject(mask)[..., 0]
    assert cover[40, 40] == pytest.approx(1, abs=1e-6)
    assert cover[40, 29] > 0.6  # one pixel outside: 1.25 % of 80 pixels
    assert cover[40, 22] == pytest.approx(0, abs=1e-3)
    assert (cover >= 0).all() and (cover <= 1).all()


def test_a_subject_is_filled_with_what_lies_around_it() -> None:
    photo = plain(40, 10, 60, 90)
    photo[15:25, 15:25] = 250
    mask = np.zeros((40, 40), np.bool_)
    mask[14:26, 14:26] = True
    empty = emptied(photo, around_subject(mask))
    assert np.abs(empty[20, 20] - [10, 60, 90]).max() < 3
    np.testing.assert_allclose(empty[2, 2], [10, 60, 90], atol=0.5)


def test_a_cast_of_colour_is_taken_over_and_brightness_is_not() -> None:
    grey, brighter = plain(8, 100, 100, 100), plain(8, 200, 200, 200)
    np.testing.assert_array_equal(with_cast(grey, brighter), grey)
    # 120 : 100 : 80 over their geometric mean of 98.6 is 1.216 : 1.014 : .811.
    warm = with_cast(grey, plain(8, 120, 100, 80))
    assert warm[0, 0].tolist() == [122, 101, 81]


def test_a_cast_is_that_of_the_outer_part() -> None:
    donor = plain(8, 100, 100, 100)
    donor[3:5, 3:5] = (250, 0, 0)
    grey = plain(8, 90, 90, 90)
    np.testing.assert_array_equal(with_cast(grey, donor), grey)


def test_a_cast_changes_a_colour_by_a_factor_of_two_at_most() -> None:
    # 250 : 8 : 8 over their mean of 25.2 would be 9.9 : .32 : .32.
    assert with_cast(plain(8, 100, 100, 100), plain(8, 250, 0, 0))[0, 0].tolist() == [200, 50, 50]


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_a_photo_with_its_own_cast_is_itself(red: int, green: int, blue: int) -> None:
    photo = plain(8, red, green, blue)
    np.testing.assert_array_equal(with_cast(photo, photo), photo)
