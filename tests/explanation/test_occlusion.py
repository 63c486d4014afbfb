from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.explanation.network import BATCH, Pass
from kclass.explanation.occlusion import CELLS, occluded, occlusion_maps


class Corner:
    """A network whose first logit is the photo's first number, and whose second is less that."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def scores(self, photos: NDArray[Any]) -> NDArray[np.float32]:
        self.batches.append(len(photos))
        corner = photos[:, 0, 0, 0].astype(np.float32)
        return np.stack([corner, -corner], axis=1)


def maps_of(photos: NDArray[Any], target: int, network: Any = None) -> NDArray[np.float32]:
    network = network or Corner()
    logits = network.scores(photos)
    grid = np.zeros((len(photos), 1, 1, 1), np.float32)
    targets = np.full(len(photos), target, np.int64)
    return occlusion_maps(network, Pass(photos, grid, grid, targets, logits, logits))


def lit(side: int = CELLS) -> NDArray[np.uint8]:
    """A photo of 14x14, black but for its first pixel, 196: in the mean 1."""
    photo = np.zeros((1, side, side, 1), np.uint8)
    photo[0, 0, 0] = 196
    return photo


def test_a_place_counts_by_the_mean_drop_of_the_windows_over_it() -> None:
    (heat,) = maps_of(lit(), 0)
    # Only the first window covers the first pixel, with 1: the logit drops by 195. Of the cells of
    # that window the first lies under it alone, its neighbour under two, the third under three, and
    # so on: 195 / (1, 2, 3) along a side, and the product of both sides inside.
    windows = np.outer([1, 2, 3], [1, 2, 3])
    np.testing.assert_allclose(heat[:3, :3], 195 / windows, rtol=1e-6)
    assert heat.shape == (14, 14)
    assert heat.dtype == np.float32
    assert not heat[3:].any() and not heat[:, 3:].any()


def test_a_score_that_rises_under_the_window_is_no_evidence() -> None:
    assert not maps_of(lit(), 1).any()


def test_the_grid_and_the_windows_grow_with_the_photo() -> None:
    photo = np.zeros((1, 28, 42, 1), np.float32)
    photo[0, 0, 0] = 28 * 42
    (heat,) = maps_of(photo, 0)
    assert heat.shape == (14, 14)
    np.testing.assert_allclose(heat[0, :4], 1175 / np.array([1, 2, 3, np.inf]), rtol=1e-6)


def test_sides_that_cells_do_not_divide_are_covered_whole() -> None:
    class Blackened:
        """A network whose logit is how many pixels are lit."""

        def scores(self, photos: NDArray[Any]) -> NDArray[np.float32]:
            return (photos == 255).sum(axis=(1, 2, 3), dtype=np.float32)[:, None]

    photo = np.full((1, 45, 9, 1), 255, np.uint8)
    photo[0, 0, 0] = 0  # so the mean is not 255
    (heat,) = maps_of(photo, 0, Blackened())
    assert heat.shape == (14, 9)
    # A window of 3 of 14 cells is 9 or 10 rows high, one of 3 of 9 cells 3 columns wide.
    assert heat.min() >= 8 * 3 and heat.max() <= 10 * 3


def test_photos_are_told_apart_and_windows_go_through_in_batches() -> None:
    network = Corner()
    maps = maps_of(np.concatenate([lit(), lit() // 2]), 0, network)
    np.testing.assert_allclose(maps[:, 0, 0], [195, 98], rtol=1e-6)  # 98 / 196 is .5, rounded to 0
    assert max(network.batches) <= BATCH
    assert sum(network.batches[1:]) == 2 * 12 * 12
    assert maps_of(lit()[:0], 0).shape == (0, 14, 14)


def test_what_is_covered_takes_the_mean_colour_of_the_photo() -> None:
    photo = np.array([[[0, 10], [10, 10]], [[10, 10], [11, 10]]], np.uint8)
    seen = occluded(photo, [(slice(0, 1), slice(0, 2)), (slice(1, 2), slice(1, 2))])
    # The mean of 0, 10, 10 and 11 is 7.75.
    assert seen.dtype == np.uint8
    assert seen[0].tolist() == [[[8, 10], [8, 10]], [[10, 10], [11, 10]]]
    assert seen[1].tolist() == [[[0, 10], [10, 10]], [[10, 10], [8, 10]]]
    assert occluded(photo.astype(np.float32), [(slice(0, 1), slice(0, 1))])[0, 0, 0, 0] == pytest.approx(7.75)
