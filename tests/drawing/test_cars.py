import numpy as np
import pytest

from kclass.drawing.cars import CLASSES, COLOURS, choose_paint, draw_shape


def test_a_ferrari_is_longer_lower_and_wider_than_a_fiat() -> None:
    for seed in range(20):
        ferrari, fiat = (draw_shape(label, np.random.default_rng(seed)) for label in CLASSES)
        assert ferrari.length > fiat.length + 0.5
        assert ferrari.height < fiat.height
        assert ferrari.width > fiat.width + 0.2
        assert ferrari.radius > fiat.radius


@pytest.mark.parametrize("label", CLASSES)
def test_no_two_cars_have_the_same_proportions(label: str) -> None:
    shapes = [draw_shape(label, np.random.default_rng(seed)) for seed in range(20)]
    assert len({round(shape.length / shape.height, 6) for shape in shapes}) == 20


@pytest.mark.parametrize("label", CLASSES)
def test_a_car_is_narrowest_at_its_roof_and_at_its_ends(label: str) -> None:
    shape = draw_shape(label, np.random.default_rng(0))
    sill, roof, nose = shape.half(np.array([0, 0, shape.length / 2]), np.array([0.3, shape.height, 0.3]))
    assert sill == pytest.approx(shape.width / 2)
    assert roof == pytest.approx(shape.width / 2 * (1 - shape.lean))
    assert nose == pytest.approx(shape.width / 2 * (1 - shape.plan))


@pytest.mark.parametrize("label", CLASSES)
def test_every_edge_of_the_outline_has_a_part_and_the_far_side_mirrors_the_near_one(label: str) -> None:
    shape = draw_shape(label, np.random.default_rng(0))
    assert len(shape.parts) == len(shape.outline)
    near, far = shape.side(shape.outline), shape.side(shape.outline, near=-1)
    assert np.array_equal(near * [1, 1, -1], far)


def test_paints_of_one_name_vary_and_stay_nearest_to_their_name() -> None:
    middles = {
        colour: np.mean([choose_paint(colour, np.random.default_rng(k)) for k in range(50)], axis=0)
        for colour in COLOURS
    }
    for colour in COLOURS:
        paints = [choose_paint(colour, np.random.default_rng(k)) for k in range(50)]
        assert len({paint.tobytes() for paint in paints}) == 50
        for paint in paints:
            assert min(middles, key=lambda name: float(np.linalg.norm(middles[name] - paint))) == colour
