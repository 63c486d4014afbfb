import numpy as np
import pytest

from kclass.explanation.baselines import centre_maps, random_maps


def test_random_maps_come_from_their_seed_and_each_is_another() -> None:
    first, again = (random_maps((3, 4, 5), rng=np.random.default_rng(7)) for _ in range(2))
    assert (first.shape, first.dtype) == ((3, 4, 5), np.float32)
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, random_maps((3, 4, 5), rng=np.random.default_rng(8)))
    assert 0 <= first.min() < 0.1
    assert 0.9 < first.max() <= 1


def test_maps_drawn_in_parts_are_those_drawn_at_once() -> None:
    rng = np.random.default_rng(7)
    parts = [random_maps((number, 3, 3), rng=rng) for number in (2, 1)]
    assert np.array_equal(np.concatenate(parts), random_maps((3, 3, 3), rng=np.random.default_rng(7)))


def test_centre_maps_fall_off_as_stated() -> None:
    maps = centre_maps((2, 2, 4))
    assert (maps.shape, maps.dtype) == ((2, 2, 4), np.float32)
    # Rows lie a quarter from the middle, columns 3/8 and 1/8; 2 · .25² is 1/8:
    # exp(-8 · (1/16 + 9/64)) = exp(-1.625) and exp(-8 · (1/16 + 1/64)) = exp(-.625).
    row = np.exp([-1.625, -0.625, -0.625, -1.625])
    assert maps[0] == pytest.approx(np.array([row, row]), rel=1e-6)
    assert np.array_equal(maps[0], maps[1])
    # A grid of one cell has its middle there.
    assert centre_maps((1, 1, 1)).tolist() == [[[1]]]
