from dataclasses import replace

import numpy as np
import pytest

from kclass.drawing.geometry import View, circle, smooth

SIDE = View(facing=1, yaw=0.0, pitch=0.0, roll=0.0, distance=1e9, scale=10.0, anchor=(100.0, 50.0))


def test_from_the_exact_side_a_metre_is_scale_pixels_to_the_right_and_up() -> None:
    assert SIDE.pixels([(0, 0, 0), (2, 1, 0)]) == pytest.approx(np.array([(100, 50), (120, 40)]))


def test_facing_left_mirrors_the_car() -> None:
    assert replace(SIDE, facing=-1).pixels([(2, 1, 0)]) == pytest.approx(np.array([(80, 40)]))


def test_perspective_enlarges_what_is_near() -> None:
    # 8 m away with the near side 2 m closer: 8 / (8 - 2) as large.
    near = replace(SIDE, distance=8.0)
    assert near.pixels([(3, 0, 2)]) == pytest.approx(np.array([(100 + 30 * 8 / 6, 50)]))


def test_looking_down_puts_the_near_ground_lower() -> None:
    down = replace(SIDE, pitch=np.radians(30))
    # sin 30° of a metre nearer is half a metre lower.
    assert down.pixels([(0, 0, 1)]) == pytest.approx(np.array([(100, 55)]))


def test_yaw_turns_the_nose_away_and_brings_the_tail_in_sight() -> None:
    turned = replace(SIDE, yaw=np.radians(30))
    # cos 30° = 0.8660 shortens the side, sin 30° = 0.5 shows half of the width.
    assert turned.world([(2, 0, 0)]) == pytest.approx(np.array([(1.7320508, 0, -1.0)]))
    assert turned.world([(0, 0, 2)]) == pytest.approx(np.array([(1.0, 0, 1.7320508)]))
    assert turned.sees((-2, 0, 0), (-1, 0, 0))
    assert not turned.sees((2, 0, 0), (1, 0, 0))


def test_roll_turns_the_photo_about_the_anchor() -> None:
    tilted = replace(SIDE, roll=np.radians(90))
    assert tilted.pixels([(0, 0, 0), (1, 0, 0)]) == pytest.approx(np.array([(100, 50), (100, 60)]))


def test_shadows_fall_away_from_the_light_on_the_ground() -> None:
    # Light from the upper right at 45°: a point 2 m up throws its shadow 2 m to the left.
    light = np.array([1, 1, 0]) / np.sqrt(2)
    assert SIDE.ground([(0, 2, 0)], light) == pytest.approx(np.array([(-2, 0, 0)]))


def test_an_outline_without_roundness_is_straight_and_with_it_bulges_through_its_corners() -> None:
    square = np.array([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)])
    straight, curved = (smooth(square, roundness, steps=2) for roundness in (0.0, 1.0))
    assert straight[::2] == pytest.approx(square)
    assert curved[::2] == pytest.approx(square)
    assert straight[1] == pytest.approx([0, 0.5])
    # Catmull-Rom at the middle of an edge: (-p0 + 9 p1 + 9 p2 - p3) / 16.
    assert curved[1] == pytest.approx([-0.125, 0.5])


def test_a_circle_lies_on_the_side() -> None:
    points = circle(1, 2, 3, 0.5, 8)
    assert points.shape == (8, 3)
    assert np.hypot(points[:, 0] - 1, points[:, 1] - 2) == pytest.approx(np.full(8, 0.5))
    assert set(points[:, 2]) == {3}
