from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.explanation.integrated_gradients import STEPS, attributions, integrated_gradients_maps
from kclass.explanation.network import BATCH, Pass


class Power:
    """A network whose logit of class c is the sum of w x^(c + 1) over all numbers x of a photo."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.weights = weights
        self.batches: list[int] = []

    def pixel_gradients(self, photos: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float32]:
        assert photos.dtype == np.float32
        self.batches.append(len(photos))
        powers = targets[:, None, None, None] + 1
        return (self.weights * powers * photos ** (powers - 1)).astype(np.float32)


class Kinked:
    """A network of one hidden layer: relu(x @ first) @ second."""

    def __init__(self) -> None:
        generator = np.random.default_rng(2)
        self.first = generator.normal(size=(12, 30))
        self.second = generator.normal(size=(30, 3))

    def score(self, photos: NDArray[Any]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.maximum(self._before(photos), 0) @ self.second
        return found

    def pixel_gradients(self, photos: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float32]:
        open_ones = (self._before(photos) > 0) * self.second[:, targets].T
        return (open_ones @ self.first.T).reshape(photos.shape).astype(np.float32)

    def _before(self, photos: NDArray[Any]) -> NDArray[np.float64]:
        before: NDArray[np.float64] = photos.reshape(len(photos), -1) @ self.first - 60
        return before


WEIGHTS = np.array([[[1, 2], [-1, 1]]], np.float32)
PHOTO = np.array([[[[1, 2], [3, 2]]]], np.uint8)


def test_a_logit_of_squares_is_shared_out_by_the_squares() -> None:
    # The gradient 2 w x grows evenly on the way, so its mean is w x, and the share w x^2.
    shares = attributions(Power(WEIGHTS), PHOTO, np.array([1]))
    np.testing.assert_allclose(shares, [[[[1, 8], [-9, 4]]]], rtol=1e-6)
    assert shares.dtype == np.float32


def test_the_map_is_what_is_positive_in_the_sum_over_the_colours() -> None:
    grid = np.zeros((1, 1, 1, 1), np.float32)
    found = Pass(PHOTO, grid, grid, np.array([1]), grid, grid)
    # 1 + 8, and -9 + 4, which is below 0.
    assert integrated_gradients_maps(Power(WEIGHTS), found).tolist() == [[[9, 0]]]


def test_the_gradient_is_taken_in_the_middle_of_each_step() -> None:
    one = np.ones((1, 1, 1, 1), np.uint8)
    network = Power(np.ones((1, 1, 1), np.float32))
    # Of x^3: 3 (1/2)^2 = 3/4 in one step; 3 (1/16 + 9/16) / 2 = 15/16 in two.
    assert attributions(network, one, np.array([2]), steps=1).item() == 0.75
    assert attributions(network, one, np.array([2]), steps=2).item() == 0.9375


def test_all_shares_sum_to_the_difference_of_the_logits() -> None:
    network = Kinked()
    photos = np.random.default_rng(3).integers(0, 256, (20, 2, 2, 3), dtype=np.uint8)
    targets = np.arange(20) % 3
    wanted = (network.score(photos) - network.score(np.zeros_like(photos)))[np.arange(20), targets]
    errors = {}
    for steps in (4, STEPS):
        sums = attributions(network, photos, targets, steps=steps).sum(axis=(1, 2, 3), dtype=np.float64)
        errors[steps] = np.abs(sums - wanted).max() / np.abs(wanted).mean()
    assert errors[STEPS] < 0.05 < errors[4]


def test_photos_and_their_classes_are_told_apart() -> None:
    photos = np.concatenate([PHOTO, 2 * PHOTO])
    shares = attributions(Power(WEIGHTS), photos, np.array([0, 1]))
    np.testing.assert_allclose(shares[0], [[[1, 4], [-3, 2]]], rtol=1e-6)
    np.testing.assert_allclose(shares[1], [[[4, 32], [-36, 16]]], rtol=1e-6)


@pytest.mark.parametrize("steps", [BATCH + 3, STEPS])
def test_the_way_is_gone_in_batches(steps: int) -> None:
    network = Power(WEIGHTS)
    attributions(network, PHOTO, np.array([1]), steps=steps)
    assert sum(network.batches) == steps
    assert max(network.batches) <= BATCH
