import numpy as np
import pytest

from kclass.drawing.textures import TILE, ink, lie_flat, mix, ridge, smooth_step, stand_up, value_noise


def test_noise_fills_its_range_and_continues_at_the_opposite_edge() -> None:
    tile = value_noise(np.random.default_rng(0))
    assert tile.shape == (TILE, TILE)
    assert tile.dtype == np.float32
    assert (tile.min(), tile.max()) == (0, 1)
    inner = np.abs(np.diff(tile, axis=1)).max()
    assert np.abs(tile[:, 0] - tile[:, -1]).max() <= 1.5 * inner
    assert np.abs(tile[0] - tile[-1]).max() <= 1.5 * np.abs(np.diff(tile, axis=0)).max()


def test_more_cells_make_a_finer_grain() -> None:
    coarse, fine = (value_noise(np.random.default_rng(0), cells=cells, octaves=2) for cells in (4, 32))
    assert np.abs(np.diff(fine)).mean() > 2 * np.abs(np.diff(coarse)).mean()


def test_the_ground_is_finer_towards_the_horizon_and_coarser_with_zoom() -> None:
    tile = value_noise(np.random.default_rng(0), octaves=3)
    flat, zoomed = (lie_flat(tile, 100, 200, zoom=zoom) for zoom in (1.0, 4.0))
    assert flat.shape == (100, 200)
    assert np.abs(np.diff(flat[5])).mean() > 2 * np.abs(np.diff(flat[-1])).mean()
    assert np.abs(np.diff(flat[-1])).mean() > 2 * np.abs(np.diff(zoomed[-1])).mean()


def test_stretch_lengthens_the_grain_from_left_to_right() -> None:
    tile = value_noise(np.random.default_rng(0), octaves=3)
    plain, long = (lie_flat(tile, 100, 200, stretch=stretch) for stretch in (1.0, 4.0))
    assert np.abs(np.diff(plain[-1])).mean() > 2 * np.abs(np.diff(long[-1])).mean()


def test_an_upright_surface_repeats_the_tile() -> None:
    tile = value_noise(np.random.default_rng(0))
    wall = stand_up(tile, 3, TILE + 2)
    assert np.array_equal(wall[:, TILE:], wall[:, :2])
    assert np.array_equal(stand_up(tile, 2, 4, zoom=2.0)[:, ::2], tile[:1].repeat(2, axis=0)[:, :2])


def test_hills_lie_between_nothing_and_one_and_roughness_breaks_them_up() -> None:
    calm, rough = (ridge(np.random.default_rng(0), 300, bumps=3, rough=rough) for rough in (0.1, 0.9))
    for line in (calm, rough):
        assert line.shape == (300,)
        assert (line.min(), line.max()) == (0, 1)
    assert np.abs(np.diff(rough)).sum() > 2 * np.abs(np.diff(calm)).sum()


def test_steps_mixes_and_inks_by_hand() -> None:
    # t = 0.25: 3/16 - 2/64 = 0.15625
    values = np.array([-1, 0.25, 2], np.float32)
    assert smooth_step(values, 0, 1) == pytest.approx([0, 0.15625, 1])
    assert mix([0.0, 1.0], [1.0, 3.0], 0.25) == pytest.approx([0.25, 1.5])
    assert ink([0.5, -1, 2]) == (127, 0, 255)
