import numpy as np
import pytest

from kclass.drawing.light import choose_light
from kclass.drawing.scenery import BACKGROUNDS, draw_background


@pytest.mark.parametrize("name", BACKGROUNDS)
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (640, 360)])
def test_every_background_fills_the_photo_with_sky_above_and_ground_below(
    name: str, size: tuple[int, int]
) -> None:
    light = choose_light(np.random.default_rng(1))
    scene = draw_background(name, np.random.default_rng(2), light, size, int(size[1] * 0.4))
    assert (scene.mode, scene.size) == ("RGB", size)
    values = np.asarray(scene, np.float64)
    assert values.std(axis=(0, 1)).min() > 5
    # Of the ground's rows, only the kerb's are of one flat colour.
    flat = values[size[1] // 2 :].std(axis=1).max(axis=1) < 1
    assert flat.mean() < 0.1


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_no_two_scenes_of_a_background_are_alike(name: str) -> None:
    light = choose_light(np.random.default_rng(1))
    first, again, other = (
        draw_background(name, np.random.default_rng(seed), light, (320, 240), 100) for seed in (2, 2, 3)
    )
    assert first.tobytes() == again.tobytes()
    assert np.abs(np.asarray(first, np.float64) - np.asarray(other, np.float64)).mean() > 4
