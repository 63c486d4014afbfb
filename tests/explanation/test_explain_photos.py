from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.explaining import explain_photos
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.methods import Method
from kclass.explanation.network import Pass


def first_channel(_: Any, found: Pass) -> NDArray[np.float32]:
    return found.activations[..., 0] * found.gradients[..., 0]


def test_any_method_is_given_activations_and_gradients(hand_worked: Any) -> None:
    photos = np.zeros((1, 2, 2, 3), np.uint8)
    photos[0, ..., 0] = [[1, 2], [3, 4]]
    network = GradientNetwork(hand_worked)
    found = explain_photos(
        network, photos, method=Method("first", "First", first_channel, "unit"), targets=np.array([0])
    )
    # Each place has a quarter of the channel's weight, 4.
    assert found.maps.tolist() == [[[1, 2], [3, 4]]]
    assert (found.method, found.unit, found.layer) == ("First", "unit", "channels")


def test_photos_of_several_batches_come_back_in_order(hand_worked: Any) -> None:
    photos = np.zeros((20, 2, 2, 3), np.uint8)
    photos[:, 0, 0, 0] = np.arange(20)
    targets = np.zeros(20, np.int64)
    found = explain_photos(
        GradientNetwork(hand_worked), photos, method=Method("", "", first_channel), targets=targets
    )
    assert found.peaks.tolist() == list(range(20))
    # The mean of the channel is a quarter of its one place that is lit; times 4, plus 10.
    assert found.logits[:, 0].tolist() == [number + 10 for number in range(20)]
    assert found.probabilities.shape == (20, 2)


def test_no_photos_have_no_maps(hand_worked: Any) -> None:
    photos = np.zeros((0, 2, 2, 3), np.uint8)
    found = explain_photos(GradientNetwork(hand_worked), photos, method=Method("", "", first_channel))
    assert found.maps.shape == (0, 2, 2)
    assert found.logits.shape == found.probabilities.shape == (0, 2)
    assert found.targets.shape == found.peaks.shape == (0,)
    assert found.verdicts == ()
