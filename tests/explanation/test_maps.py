from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.maps import CONSTANT, EMPTY, UNDEFINED, Explanation, Method, explain, verdict


def heat_of(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


def first_channel(activations: NDArray[np.float32], gradients: NDArray[np.float32]) -> NDArray[np.float32]:
    return activations[..., 0] * gradients[..., 0]


@pytest.mark.parametrize(
    ("heat", "expected"),
    [
        (heat_of([0, 0.1], [0, 0]), ""),
        (heat_of([0, 1e-20]), ""),
        (heat_of([5, 5.001]), ""),
        (heat_of([0, 0], [0, 0]), EMPTY),
        (heat_of([3, 3], [3, 3]), CONSTANT),
        (heat_of([3, 3.00001], [3, 3]), CONSTANT),
        (heat_of([7]), CONSTANT),
        (heat_of([0, np.nan]), UNDEFINED),
        (heat_of([0, np.inf]), UNDEFINED),
    ],
)
def test_a_map_that_shows_no_place_says_so(heat: NDArray[np.float32], expected: str) -> None:
    assert verdict(heat) == expected


def test_an_explanation_has_a_peak_and_a_verdict_for_each_photo() -> None:
    maps = np.stack([heat_of([0, 0.5]), heat_of([0, 0])])
    scores = np.zeros((2, 3), np.float32)
    found = Explanation(maps, np.array([0, 1]), scores, scores, "layer", "method")
    assert found.peaks.tolist() == [0.5, 0]
    assert found.verdicts == ("", EMPTY)


def test_any_method_is_given_activations_and_gradients(hand_worked: Any) -> None:
    photos = np.zeros((1, 2, 2, 3), np.uint8)
    photos[0, ..., 0] = [[1, 2], [3, 4]]
    network = GradientNetwork(hand_worked)
    found = explain(network, photos, method=Method("First", first_channel), targets=np.array([0]))
    # Each place has a quarter of the channel's weight, 4.
    assert found.maps.tolist() == [[[1, 2], [3, 4]]]
    assert (found.method, found.layer) == ("First", "channels")


def test_photos_of_several_batches_come_back_in_order(hand_worked: Any) -> None:
    photos = np.zeros((20, 2, 2, 3), np.uint8)
    photos[:, 0, 0, 0] = np.arange(20)
    targets = np.zeros(20, np.int64)
    found = explain(GradientNetwork(hand_worked), photos, method=Method("", first_channel), targets=targets)
    assert found.peaks.tolist() == list(range(20))
    # The mean of the channel is a quarter of its one place that is lit; times 4, plus 10.
    assert found.logits[:, 0].tolist() == [number + 10 for number in range(20)]
    assert found.probabilities.shape == (20, 2)


def test_no_photos_have_no_maps(hand_worked: Any) -> None:
    photos = np.zeros((0, 2, 2, 3), np.uint8)
    found = explain(GradientNetwork(hand_worked), photos, method=Method("", first_channel))
    assert found.maps.shape == (0, 2, 2)
    assert found.logits.shape == found.probabilities.shape == (0, 2)
    assert found.targets.shape == found.peaks.shape == (0,)
    assert found.verdicts == ()
