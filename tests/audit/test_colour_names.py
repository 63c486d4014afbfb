import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.audit.colour_names import NAMES, _hue, colour_names

CHANNEL = st.integers(0, 255)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"),
        ((255, 255, 255), "white"),
        ((128, 128, 128), "grey"),
        ((220, 30, 30), "red"),
        ((255, 140, 0), "orange"),
        ((110, 60, 20), "brown"),
        ((250, 240, 60), "yellow"),
        ((90, 110, 70), "green"),
        ((110, 160, 220), "blue"),
        ((130, 60, 200), "purple"),
        ((240, 120, 190), "pink"),
    ],
)
def test_colours_have_the_names_that_people_give_them(rgb: tuple[int, int, int], name: str) -> None:
    assert colour_names(np.array(rgb)).tolist() == name


def test_a_grid_of_colours_gets_a_grid_of_names() -> None:
    grid = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [0, 0, 0]]], np.uint8)
    assert colour_names(grid).tolist() == [["red", "green"], ["blue", "black"]]


@given(st.tuples(CHANNEL, CHANNEL, CHANNEL))
def test_every_colour_has_a_name(rgb: tuple[int, int, int]) -> None:
    assert colour_names(np.array(rgb, np.uint8)).tolist() in NAMES


@given(st.tuples(CHANNEL, CHANNEL, CHANNEL))
def test_the_hue_is_that_of_the_standard_library(rgb: tuple[int, int, int]) -> None:
    red, green, blue = np.array(rgb, np.float64) / 255
    value, least = max(red, green, blue), min(red, green, blue)
    found = _hue(*(np.array([each]) for each in (red, green, blue, value, value - least)))
    assert found[0] == pytest.approx(360 * colorsys.rgb_to_hsv(red, green, blue)[0], abs=1e-9)
