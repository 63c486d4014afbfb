from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kclass.drawing.cars import draw_shape
from kclass.drawing.geometry import View
from kclass.drawing.light import Light
from kclass.drawing.shadow import cast_shadow
from kclass.drawing.textures import rgb

VIEW = View(facing=1, yaw=0.0, pitch=0.2, roll=0.0, distance=20.0, scale=40.0, anchor=(200.0, 150.0))
LIGHT = Light(
    sun=rgb(1, 1, 1),
    zenith=rgb(1, 1, 1),
    horizon=rgb(1, 1, 1),
    ambient=0.4,
    strength=0.6,
    clouds=0.0,
    direction=np.array([0.6, 0.8, 0.0], np.float32),
)


def shadow(light: Light) -> NDArray[np.float64]:
    shape = draw_shape("fiat-126", np.random.default_rng(0))
    return np.asarray(cast_shadow((400, 240), shape, VIEW, light), np.float64)


def middle(dark: NDArray[np.float64]) -> float:
    return float((dark.sum(axis=0) * np.arange(400)).sum() / dark.sum())


def test_the_shadow_lies_away_from_the_sun() -> None:
    right = shadow(LIGHT)
    left = shadow(replace(LIGHT, direction=LIGHT.direction * np.float32([-1, 1, 1])))
    assert middle(right) < 200 - 5
    assert middle(left) > 200 + 5


def test_a_stronger_sun_throws_a_darker_shadow_and_without_sun_some_stays_below_the_car() -> None:
    weak, strong = (shadow(replace(LIGHT, strength=strength)) for strength in (0.0, 1.0))
    assert strong.sum() > 1.1 * weak.sum()
    assert weak[150, 200] > 128
