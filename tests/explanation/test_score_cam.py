from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.explanation.maps import EMPTY, UNDEFINED, verdict
from kclass.explanation.network import BATCH, Pass
from kclass.explanation.score_cam import score_cam_maps, seen_through


class Summed:
    """A network whose first logit is the sum of a photo's numbers, and whose second is 0."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def scores(self, photos: NDArray[Any]) -> NDArray[np.float32]:
        self.batches.append(len(photos))
        sums = photos.sum(axis=(1, 2, 3), dtype=np.float32)
        return np.stack([sums, np.zeros_like(sums)], axis=1)


def maps_of(
    photos: NDArray[Any], activations: NDArray[np.float32], target: int, network: Any = None
) -> NDArray[np.float32]:
    nothing = np.zeros((len(photos), 2), np.float32)
    targets = np.full(len(photos), target, np.int64)
    found = Pass(photos, activations, np.zeros_like(activations), targets, nothing, nothing)
    return score_cam_maps(network or Summed(), found)


PHOTO = np.array([[7, np.log(2)], [np.log(3), 9]], np.float32)[None, :, :, None]
CHANNELS = np.stack([[[0, 1], [0, 0]], [[2, 4], [4, 2]], [[5, 5], [5, 5]]], axis=-1)[None].astype(np.float32)


def test_channels_are_weighed_by_the_softmax_of_what_is_seen_through_them() -> None:
    # Through the first channel ln 2 is seen, through the second, 0 1 / 1 0, ln 2 + ln 3 = ln 6; the
    # third, the same everywhere, is left out. So the weights are 2 / 8 and 6 / 8.
    np.testing.assert_allclose(maps_of(PHOTO, CHANNELS, 0), [[[1.5, 3.25], [3, 1.5]]], rtol=1e-6)
    # For the other class nothing makes a difference, so they weigh the same.
    np.testing.assert_allclose(maps_of(PHOTO, CHANNELS, 1), [[[1, 2.5], [2, 1]]], rtol=1e-6)


def test_what_speaks_against_the_class_is_left_out() -> None:
    # The weights are 2 / 8 and 6 / 8 again, and the places .25 (0 1 0 0) - .75 (1 -1 -1 1) …
    channels = np.stack([[[0, 1], [0, 0]], [[-1, 1], [1, -1]]], axis=-1)[None].astype(np.float32)
    np.testing.assert_allclose(maps_of(PHOTO, channels, 0), [[[0, 1], [0.75, 0]]], rtol=1e-6)


def test_large_logits_do_not_overflow() -> None:
    maps = maps_of(PHOTO * 1000, CHANNELS, 0)
    # exp(1000 ln 6) outweighs exp(1000 ln 2) altogether.
    np.testing.assert_allclose(maps[0], CHANNELS[0, :, :, 1], rtol=1e-6)


def test_channels_are_enlarged_between_the_middles_of_places() -> None:
    photo = np.full((1, 4, 2), 101, np.uint8)
    channels = np.array([[[0, 6], [1, 2]]], np.float32)
    # The middles of four pixels lie a quarter of a place outside, inside, inside and outside the
    # middles of two places: 0, 1/4, 3/4 and 1 of the way. Of 101 that is 0, 25.25, 75.75 and 101.
    seen = seen_through(photo, channels)
    assert seen.dtype == np.uint8
    assert seen[0, 0].tolist() == [[0, 0], [25, 25], [76, 76], [101, 101]]
    assert seen[1, 0, :, 0].tolist() == [101, 76, 25, 0]
    halves = seen_through(photo.astype(np.float32) / 2, channels)
    assert halves[0, 0, :, 0].tolist() == [0, 12.625, 37.875, 50.5]


def test_rows_and_columns_are_not_confused() -> None:
    channels = np.zeros((2, 3, 1), np.float32)
    channels[0, 2] = 1
    seen = seen_through(np.ones((4, 6, 1), np.float32), channels)[0, :, :, 0]
    assert seen[0].tolist() == pytest.approx([0, 0, 0, 0.25, 0.75, 1])
    assert seen[:, 5].tolist() == pytest.approx([1, 0.75, 0.25, 0])


def test_many_channels_go_through_in_batches_and_keep_their_order() -> None:
    number = 2 * BATCH + 3
    generator = np.random.default_rng(6)
    activations = generator.random((2, 2, 2, number)).astype(np.float32)
    photos = generator.random((2, 2, 2, 1)).astype(np.float32)
    network = Summed()
    maps = maps_of(photos, activations, 0, network)
    assert network.batches == [BATCH, BATCH, 3] * 2
    low, high = activations.min(axis=(1, 2), keepdims=True), activations.max(axis=(1, 2), keepdims=True)
    powers = np.exp(((activations - low) / (high - low) * photos).sum(axis=(1, 2)))
    weights = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(maps, np.einsum("nijk,nk->nij", activations, weights), rtol=1e-5)


def test_channels_that_say_nothing_make_an_empty_map_and_broken_ones_none() -> None:
    network = Summed()
    assert verdict(maps_of(PHOTO, np.ones((1, 2, 2, 3), np.float32), 0, network)[0]) == EMPTY
    broken = CHANNELS.copy()
    broken[0, 0, 0, 0] = np.nan
    assert verdict(maps_of(PHOTO, broken, 0, network)[0]) == UNDEFINED
    assert not network.batches
    assert maps_of(PHOTO[:0], CHANNELS[:0], 0).shape == (0, 2, 2)
