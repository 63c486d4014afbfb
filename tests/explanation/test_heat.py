import numpy as np
import pytest

from kclass.errors import OptionError
from kclass.explanation.heat import (
    COVER,
    FINE,
    as_shown,
    coloured,
    covered,
    is_hotter,
    own_scale,
    pale,
    square_side,
)


def test_heat_is_enlarged_between_the_middles_of_its_cells() -> None:
    heat = np.array([[0, 1]], dtype=np.float32)
    # Pixels' middles lie at 1/4, 3/4, 5/4, 7/4 of a cell; the cells' at 1/2 and 3/2.
    assert coloured(heat, scale=1, size=(1, 4))[0, :, 3] / COVER == pytest.approx(
        [0, 0.25, 0.75, 1], abs=1 / 255
    )


def test_cold_places_show_the_photo_and_hot_ones_hide_most_of_it() -> None:
    rgba = coloured(np.linspace(0, 1, 64, dtype=np.float32)[None], scale=1, size=(1, 64))[0]
    assert rgba[0, 3] == 0
    assert rgba[-1, 3] == COVER
    assert (np.diff(rgba[:, 3]) > 0).all()
    lightness = rgba[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()


def test_the_scale_is_not_the_peak_of_the_map() -> None:
    heat = np.array([[1]], dtype=np.float32)
    for scale, expected in ((1.0, 1.0), (2.0, 0.5), (4.0, 0.25), (0.5, 1.0)):
        alpha = coloured(heat, scale=scale, size=(1, 1))[0, 0, 3] / COVER
        assert alpha == pytest.approx(expected, abs=1 / 255)


def test_the_photo_under_the_heat_is_paler_so_that_heat_is_not_taken_for_colour() -> None:
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    # The grey of that red is .299 * 200 = 59.8: .7 of it and .3 of 200 or of 0.
    assert pale(red)[0, 0].tolist() == [102, 42, 42]


def test_the_photo_under_the_heat_as_pixels() -> None:
    photo = np.full((2, 2, 3), (200, 100, 50), np.uint8)
    heat = np.array([[0, 1], [2, 4]], np.float32)
    found = covered(photo, heat, scale=2.0)
    # Luma .299 * 200 + .587 * 100 + .114 * 50 is 124.2: 70 % of it and 30 % of each channel.
    assert found[0, 0].tolist() == [147, 117, 102]
    # The hottest colour, inferno's last (252, 255, 164), hides 80 %: .8 * 252 + .2 * 147 and so on.
    assert found[1, 0].tolist() == [231, 227, 152]
    assert found[1, 1].tolist() == found[1, 0].tolist()
    assert found[0, 0].tolist() != found[0, 1].tolist() != found[1, 1].tolist()
    empty = np.zeros((2, 2), np.float32)
    assert covered(photo, empty, scale=0.0).tolist() == photo.tolist()
    with pytest.raises(OptionError, match=r"scale is 0\.0; it must be above 0"):
        covered(photo, heat, scale=0.0)


def test_a_coarse_map_is_shown_as_it_is_on_the_scale_of_its_peak() -> None:
    heat = np.arange(63 * 63, dtype=np.float32).reshape(63, 63)
    assert min(heat.shape) < FINE
    assert square_side(heat) == 1
    assert as_shown(heat) is heat
    assert own_scale(heat) == 63 * 63 - 1


def test_a_fine_map_is_shown_as_the_means_of_squares() -> None:
    heat = np.zeros((64, 128), np.float32)
    heat[2, 4], heat[3, 5], heat[63, 127] = 4, 8, 1
    shown = as_shown(heat)
    assert square_side(heat) == 64 // 32
    assert shown.shape == (32, 64)
    # Both lie in the square of rows 2 and 3 and columns 4 and 5: 12 / 4.
    assert [shown[1, 2], shown[31, 63], shown.sum()] == pytest.approx([3, 0.25, 3.25])


def test_squares_of_a_map_whose_side_they_do_not_divide_are_of_nearly_that_size() -> None:
    heat = np.ones((100, 101), np.float32)
    assert square_side(heat) == 3
    assert as_shown(heat).shape == (33, 34)
    assert as_shown(heat) == pytest.approx(1)


def test_of_a_fine_map_the_hottest_half_percent_of_the_squares_looks_the_same() -> None:
    # 32 x 32 squares of 4 cells: .995 of the way from the first to the last is place 1017.9 of 1023.
    heat = np.ones((64, 64), np.float32)
    heat[:2, :10] = 1000
    assert own_scale(heat) == 1
    assert is_hotter(heat, own_scale(heat))
    heat[:2, :20] = 1000
    assert own_scale(heat) == 1000
    assert not is_hotter(heat, own_scale(heat))


def test_a_fine_map_of_a_few_hot_cells_alone_is_shown_on_the_scale_of_its_hottest_square() -> None:
    heat = np.zeros((64, 64), np.float32)
    heat[3, 4] = 5
    assert own_scale(heat) == 1.25


def test_a_map_is_hotter_than_the_scale_only_if_that_can_be_seen() -> None:
    heat = np.array([[0, 2]], np.float32)
    assert [is_hotter(heat, scale) for scale in (1.0, 2.0, 1.9999999, 3.0)] == [True, False, False, False]
    assert not is_hotter(np.zeros((2, 2), np.float32), 0.0)


@pytest.mark.parametrize("value", [0.0, 3.0, float("nan")])
def test_a_map_that_shows_no_place_has_no_scale(value: float) -> None:
    assert own_scale(np.full((7, 7), value, np.float32)) == 0
