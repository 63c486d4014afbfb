import numpy as np
import pytest
from networks import RednessNetwork, middle

from kclass.model_audit.evidence import BORDER_AREA, border_shares, mean_map, surviving


def test_each_photo_counts_the_same_in_the_mean_map() -> None:
    maps = np.array([[[1, 3]], [[30, 10]], [[0, 0]], [[5, 5]], [[np.nan, 1]]], np.float32)
    found = mean_map(maps)
    # Of sum 1: .25, .75 and .75, .25; empty, constant and undefined ones show no place.
    assert found is not None and found.tolist() == [[0.5, 0.5]]
    assert mean_map(maps[2:]) is None


def test_the_border_has_the_share_of_an_even_map_that_its_area_has() -> None:
    even = np.ones((1, 10, 10), np.float32)
    even[0, 5, 5] = 1.001  # one that is wholly even shows no place
    assert border_shares(even, size=100).tolist() == pytest.approx([BORDER_AREA], abs=1e-3)
    assert pytest.approx(0.36) == BORDER_AREA
    spot = np.zeros((2, 10, 10), np.float32)
    spot[0, 5, 5] = spot[1, 0, 0] = 1
    # What is at a corner spreads, enlarged, over no more than the border.
    assert border_shares(spot, size=100)[0] == 0
    assert border_shares(spot, size=100)[1] > 0.8


def test_what_survives_tells_where_the_class_lives() -> None:
    # Red stripes on black in the middle, which blurring makes dull; weights that see contrast alone.
    size = 40
    weights = np.zeros((size, size))
    weights[16:24, 16:24] = np.tile([0.003, -0.003], (8, 4))
    photo = np.zeros((1, size, size, 3), np.uint8)
    photo[0, :, ::2] = 255
    maps = middle(size, 0.3)[None].astype(np.float32)
    rng = np.random.default_rng(0)
    without, alone = surviving(RednessNetwork(weights), photo, maps, target=1, rng=rng)
    # The logit is 32 * .003 * 255 with the stripes, and nearly 0, even odds, without them.
    assert without == pytest.approx(0.5, abs=0.03)
    assert alone == pytest.approx(1, abs=0.02)
