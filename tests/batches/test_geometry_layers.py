from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kclass.batches.geometry_layers import (
    Cutout,
    Geometry,
    Matrices,
    enlargement,
    perspective,
    rotation,
    shear,
    transform,
    transformed,
    translation,
)
from kclass.batches.layers import FILL, traced

SIZE = 32
GRID = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
PHOTO = np.array(Image.fromarray(GRID).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def seen(matrices: Matrices, photo: NDArray[Any] = PHOTO) -> NDArray[np.float32]:
    """The photo after a matrix."""
    found: NDArray[np.float32] = transformed(
        photo[None].astype(np.float32), transform(matrices, size=photo.shape[0])
    ).numpy()[0]
    return found


def source_of(matrix: NDArray[np.float64], x: float, y: float) -> tuple[float, float]:
    """Where what is seen at a point comes from."""
    u, v, w = matrix @ (x, y, 1)
    return u / w, v / w


def one(*numbers: float) -> NDArray[np.float64]:
    return np.array([numbers])[0]


def test_no_change_is_none() -> None:
    assert seen(rotation(one(0))) == pytest.approx(PHOTO, abs=1e-3)
    assert seen(enlargement(one(1), np.zeros((1, 2)))) == pytest.approx(PHOTO, abs=1e-3)
    assert seen(perspective(np.zeros((1, 4)))) == pytest.approx(PHOTO, abs=1e-3)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_quarter_turns_are_those_of_numpy(degrees: int) -> None:
    wanted = np.rot90(PHOTO, degrees // 90)
    assert seen(rotation(np.radians(one(degrees)))) == pytest.approx(wanted, abs=0.05)


def test_a_turn_is_that_of_pillow() -> None:
    wanted = np.array(Image.fromarray(PHOTO).rotate(10, Image.Resampling.BILINEAR), np.float32)
    inner = slice(6, -6)  # where Pillow finds no photo, it leaves black
    assert seen(rotation(np.radians(one(10))))[inner, inner] == pytest.approx(wanted[inner, inner], abs=2)


def test_an_enlargement_by_two_shows_a_quarter() -> None:
    # The upper left quarter stays in the upper left corner.
    found = seen(enlargement(one(2), np.array([(-1, -1)])))
    wanted = np.array(
        Image.fromarray(PHOTO).resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=(0, 0, 16, 16)), np.float32
    )
    assert found[1:-1, 1:-1] == pytest.approx(wanted[1:-1, 1:-1], abs=1.5)


def test_translations_move_left_and_up_and_mirror_what_lies_beyond() -> None:
    quarter, none = one(0.25), one(0)
    wanted = np.concatenate([PHOTO[:, 8:], PHOTO[:, -1:-9:-1]], axis=1)
    assert seen(translation(quarter, none)) == pytest.approx(wanted, abs=1e-3)
    wanted = np.concatenate([PHOTO[8:], PHOTO[-1:-9:-1]], axis=0)
    assert seen(translation(none, quarter)) == pytest.approx(wanted, abs=1e-3)


def test_shears_leave_the_middle_and_move_the_edges() -> None:
    across, down = shear(one(0.3), one(0))[0], shear(one(0), one(0.3))[0]
    assert source_of(across, 0.5, 0) == (0.5, 0)
    assert source_of(across, 0, 1) == pytest.approx((0.3, 1))
    assert source_of(down, 1, 0) == pytest.approx((1, 0.3))


def test_what_is_seen_at_the_corners_of_a_warped_photo_comes_from_where_it_should() -> None:
    lower, upper, right, left = 0.2, -0.1, 0.15, 0.05
    (matrix,) = perspective(np.array([(lower, upper, right, left)]))
    assert source_of(matrix, -1, -1) == pytest.approx((-0.9, -1.05))
    assert source_of(matrix, -1, 1) == pytest.approx((-1.2, 1.05))
    assert source_of(matrix, 1, -1) == pytest.approx((0.9, -1.15))
    assert source_of(matrix, 1, 1) == pytest.approx((1.2, 1.15))


def test_geometry_draws_within_its_ranges() -> None:
    size = 10
    turns = Geometry(rotation=10).draw(np.random.default_rng(0), 3000, size=size)
    angles = np.degrees(np.arctan2(turns[:, 3], turns[:, 0]))
    assert (angles.min(), angles.max()) == pytest.approx((-10, 10), abs=0.05)
    zooms = 1 / Geometry(zoom=1.5).draw(np.random.default_rng(0), 3000, size=size)[:, 0]
    assert (zooms.min(), zooms.max()) == pytest.approx((1, 1.5), abs=0.005)
    warps = Geometry(warp=0.2).draw(np.random.default_rng(0), 3000, size=size)
    assert (np.abs(warps[:, 6:]).max(axis=0) > 0.01).all()
    assert warps.shape == (3000, 8)


def test_zoom_alone_never_shows_what_lies_beyond_the_edge() -> None:
    numbers = Geometry(zoom=1.5).draw(np.random.default_rng(0), 500, size=10)
    # First and last pixel in x: a0 * x + a2, with x = -1/2 and 9 1/2, the edges.
    left, right = numbers[:, 2] - 0.5 * numbers[:, 0], numbers[:, 2] + 9.5 * numbers[:, 0]
    assert left.min() >= -0.5 - 1e-5
    assert right.max() <= 9.5 + 1e-5
    assert left.max() > 2


def test_each_change_leaves_a_quarter_as_it_is() -> None:
    identity = [1, 0, 0, 0, 1, 0, 0, 0]
    for part in ({"rotation": 10.0}, {"zoom": 1.2}, {"warp": 0.2}):
        numbers = Geometry(**part, chance=0.75).draw(np.random.default_rng(0), 2000, size=16)
        untouched = np.isclose(numbers, identity, atol=1e-6).all(axis=1).mean()
        assert untouched == pytest.approx(0.25, abs=0.04)
        assert Geometry(**part, chance=0).draw(np.random.default_rng(0), 5, size=16) == pytest.approx(
            np.tile(identity, (5, 1)), abs=1e-6
        )


def test_no_corner_is_empty() -> None:
    layer = Geometry(rotation=30, zoom=1.1, warp=0.2)
    photos = np.full((50, SIZE, SIZE, 3), 200, np.float32)
    found = traced(layer)(photos, layer.draw(np.random.default_rng(0), 50, size=SIZE)).numpy()
    assert found == pytest.approx(photos, abs=1e-2)


def test_all_three_are_one_change_of_the_photo() -> None:
    layer = Geometry(rotation=30, zoom=1.5, warp=0.3)
    usual = PHOTO[None].astype(np.float32)
    numbers = layer.draw(np.random.default_rng(3), 1, size=SIZE)
    assert np.abs(traced(layer)(usual, numbers).numpy() - usual).mean() > 5
    assert traced(layer)(usual, numbers).shape == usual.shape


def test_cutout_covers_a_square_where_it_was_drawn() -> None:
    photos = np.zeros((2, 6, 6, 3), np.float32)
    numbers = np.array([(1, 2, 4, 5), (-2, 3, 2, 8)], np.float32)
    wanted = photos.copy()
    wanted[0, 2:5, 1:4] = wanted[1, 3:, :2] = FILL
    assert (traced(Cutout(0.5))(photos, numbers).numpy() == wanted).all()


def test_cutout_draws_squares_of_its_side_anywhere() -> None:
    numbers = Cutout(0.4).draw(np.random.default_rng(0), 2000, size=100)
    assert set((numbers[:, 2] - numbers[:, 0]).tolist()) == {40}
    assert set((numbers[:, 3] - numbers[:, 1]).tolist()) == {40}
    assert (numbers.min(), numbers.max()) == (-20, 120)


def test_layers_say_what_they_do() -> None:
    assert str(Geometry(rotation=10, zoom=1.1, warp=0.2)) == "rotation ±10°, zoom to 1.1, warp ±0.2"
    assert str(Geometry(zoom=2)) == "zoom to 2"
    assert str(Cutout(0.4)) == "a square of 0.4 of the side covered"
