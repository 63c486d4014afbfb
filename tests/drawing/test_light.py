import numpy as np
import pytest

from kclass.drawing.light import Light, choose_light
from kclass.drawing.textures import rgb

NOON = Light(
    sun=rgb(1, 1, 0.5),
    zenith=rgb(1, 1, 1),
    horizon=rgb(1, 1, 1),
    ambient=0.4,
    strength=0.6,
    clouds=0.0,
    direction=np.array([0, 1, 0], np.float32),
)


def test_a_surface_is_as_bright_as_it_faces_the_sun() -> None:
    white = rgb(1, 1, 1)
    assert NOON.on(white, (0, 2, 0)) == pytest.approx([1, 1, 0.7])
    # At 60° from the sun, half of its light: 0.4 + 0.6 / 2.
    assert NOON.on(white, (np.sqrt(3), 1, 0)) == pytest.approx([0.7, 0.7, 0.55])
    assert NOON.on(white, (0, -1, 0)) == pytest.approx([0.4, 0.4, 0.4])


def test_lights_vary_and_come_from_above() -> None:
    lights = [choose_light(np.random.default_rng(seed)) for seed in range(30)]
    assert len({light.sun.tobytes() for light in lights}) > 20
    for light in lights:
        assert np.linalg.norm(light.direction) == pytest.approx(1, abs=1e-5)
        assert light.direction[1] >= np.sin(np.radians(22)) - 1e-6
    assert {np.sign(light.direction[0]) for light in lights} == {-1, 1}
