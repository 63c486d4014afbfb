import numpy as np
from PIL import Image

from kclass.drawing.light import choose_light
from kclass.drawing.occluders import draw_occluder

CAR = (100, 80, 220, 130)


def draw(seed: int, car: tuple[int, int, int, int] | None = CAR) -> tuple[Image.Image, Image.Image]:
    scene = Image.new("RGB", (320, 240), (255, 0, 255))
    light = choose_light(np.random.default_rng(0))
    return scene, draw_occluder(scene, np.random.default_rng(seed), light, car)


def test_about_three_photos_of_ten_have_something_before_the_car() -> None:
    covered = [draw(seed)[1].getbbox() is not None for seed in range(100)]
    assert 0.15 < np.mean(covered) < 0.45


def test_the_cover_is_exactly_what_was_drawn_and_hides_only_part_of_the_car() -> None:
    seen = 0
    for seed in range(60):
        scene, cover = draw(seed)
        changed = (np.asarray(scene) != (255, 0, 255)).any(axis=2)
        assert np.array_equal(np.asarray(cover) > 0, changed)
        left, top, right, bottom = CAR
        hidden = changed[top:bottom, left:right].mean()
        assert hidden < 0.75
        seen += hidden > 0
    assert seen > 5


def test_nothing_is_drawn_before_a_car_that_is_out_of_sight() -> None:
    for seed in range(20):
        scene, cover = draw(seed, car=None)
        assert cover.getbbox() is None
        assert scene.getcolors() == [(320 * 240, (255, 0, 255))]
