from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from kclass.explanation.baselines import centre_maps
from kclass.explanation.localisation import (
    energies_inside,
    overlaps,
    peak_places,
    pointing_hits,
    squashed_mask,
)


def maps_of(*maps: Any) -> NDArray[np.float32]:
    return np.array(maps, np.float32)


def masks_of(*masks: Any) -> NDArray[np.bool_]:
    return np.array(masks, np.bool_)


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_peak_lies_at_the_vertex_of_the_parabola() -> None:
    heat = [[0, 0, 0], [1, 3, 2], [0, 1, 0]]
    # Down: 0, 3, 1 give (0 - 1) / 2(0 - 6 + 1) = .1; across: 1, 3, 2 give (1 - 2) / 2(1 - 6 + 2) = 1/6.
    (place,) = peak_places(maps_of(heat), rng=drawn())
    assert place == pytest.approx([1.6 / 3, (1.5 + 1 / 6) / 3])


def test_at_the_edge_the_peak_is_the_middle_of_its_cell() -> None:
    places = peak_places(maps_of([[9, 8], [0, 0]], [[0, 0], [1, 2]]), rng=drawn())
    assert places.tolist() == [[0.25, 0.25], [0.75, 0.75]]
    assert peak_places(maps_of([[3]]), rng=drawn()).tolist() == [[0.5, 0.5]]


def test_the_middle_of_the_photo_is_where_the_centre_map_points_on_even_grids_too() -> None:
    for side in (10, 7):
        assert peak_places(centre_maps((1, side, side)), rng=drawn()) == pytest.approx(0.5)


def test_of_places_that_are_equally_hot_one_is_drawn_from_the_seed() -> None:
    corners = maps_of([[1, 0], [0, 1]])
    found = {tuple(peak_places(corners, rng=drawn(seed))[0].tolist()) for seed in range(20)}
    assert found == {(0.25, 0.25), (0.75, 0.75)}
    assert np.array_equal(peak_places(corners, rng=drawn(1)), peak_places(corners, rng=drawn(1)))


def test_pointing_hits_where_the_peak_is_on_the_subject() -> None:
    heat = [[0, 0], [0, 1]]  # points at (.75, .75), pixel 3 of 4 both ways
    on, off = np.zeros((2, 4, 4), np.bool_)
    on[3, 3] = True
    off[2, 3] = True  # the next pixel: there is no margin
    assert pointing_hits(maps_of(heat, heat), np.stack([on, off]), rng=drawn()).tolist() == [True, False]


def test_energy_is_the_share_of_the_map_that_lies_on_the_subject() -> None:
    mask = [[False, True], [False, False]]
    found = energies_inside(maps_of([[1, 3], [0, 0]], [[1, 0], [0, 1]]), masks_of(mask, mask))
    assert found == pytest.approx([0.75, 0])
    # Enlarged to four columns, 0 and 8 are 0, 2, 6, 8: of 16, 14 lie in the right half.
    half = [[False, False, True, True]]
    assert energies_inside(maps_of([[0, 8]]), masks_of(half)) == pytest.approx([14 / 16])


def test_overlap_is_that_of_the_places_with_half_the_peak() -> None:
    mask = [[True, True], [False, False]]
    heat = [[1, 3], [0, 0]]
    # From 1.5 on there is one place, on the subject of two; from .75 on there are both.
    assert overlaps(maps_of(heat), masks_of(mask)).tolist() == [0.5]
    assert overlaps(maps_of(heat), masks_of(mask), share=0.25).tolist() == [1]
    beside = [[True, False], [True, False]]
    assert overlaps(maps_of(heat), masks_of(beside), share=0.25) == pytest.approx([1 / 3])


@pytest.mark.parametrize("value", [0, 2, np.nan, np.inf])
def test_a_map_that_shows_no_place_misses(value: float) -> None:
    maps, masks = np.full((1, 2, 2), value, np.float32), np.ones((1, 4, 4), np.bool_)
    assert pointing_hits(maps, masks, rng=drawn()).tolist() == [False]
    assert energies_inside(maps, masks).tolist() == overlaps(maps, masks).tolist() == [0]


def test_a_mask_goes_the_way_of_its_photo() -> None:
    (mask,) = masks_of([[True, True, False, False]] * 2)
    assert squashed_mask(mask, size=2, how="squash").tolist() == [[True, False]] * 2
    assert squashed_mask(mask[:, 1:], size=2, how="crop").tolist() == [[True, False]] * 2
    assert squashed_mask(mask, size=2, how="pad").tolist() == [[True, False], [False, False]]
    # A pixel is the subject's if more than half of it is: here 1 of 3, and 2 of 3.
    (thirds,) = masks_of([[True, False, False, False, True, True]])
    assert squashed_mask(np.repeat(thirds, 3, axis=0), size=2, how="squash").tolist() == [[False, True]] * 2


WILD = arrays.arrays(
    np.float32,
    st.tuples(st.just(1), st.integers(1, 5), st.integers(1, 5)),
    elements=st.floats(0, 2.0**100, width=32, allow_nan=False) | st.sampled_from([np.nan, np.inf]),
)


@given(WILD, arrays.arrays(np.bool_, (1, 6, 6)), st.integers(0, 5))
def test_measures_are_shares_whatever_the_map(
    maps: NDArray[np.float32], masks: NDArray[np.bool_], seed: int
) -> None:
    masks[0, 3, 3] = True
    hits = pointing_hits(maps, masks, rng=drawn(seed))
    for found in (hits, energies_inside(maps, masks), overlaps(maps, masks)):
        assert found.shape == (1,)
        assert 0 <= found[0] <= 1 + 1e-9
    if np.isfinite(maps).all():
        places = peak_places(maps, rng=drawn(seed))
        assert ((places >= 0) & (places <= 1)).all()
