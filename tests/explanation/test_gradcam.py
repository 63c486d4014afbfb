from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation.gradcam import grad_cam, grad_cam_maps
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.layers import keras_tensors
from kclass.explanation.maps import EMPTY, UNDEFINED


def photo_of(red: list[list[int]], green: list[list[int]]) -> NDArray[np.uint8]:
    return np.stack([red, green, np.zeros_like(red)], axis=-1)[None].astype(np.uint8)


def random_photos(number: int, size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(8).integers(0, 256, (number, size, size, 3), dtype=np.uint8)


RED, GREEN = [[1, 2], [3, 4]], [[1, 0], [0, 2]]


def test_a_network_worked_by_hand(hand_worked: Any) -> None:
    found = grad_cam(hand_worked, photo_of(RED, GREEN))
    # Over four places the weights 4 and -8 are 1 and -2: red - 2 green is -1, 2 / 3, 0.
    assert found.maps.tolist() == [[[0, 2], [3, 0]]]
    # 4 * 2.5 - 8 * .75 + 10, and 4 * .75
    assert found.logits.tolist() == [[14, 3]]
    assert found.probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-11)))
    assert (found.targets.tolist(), found.peaks.tolist(), found.verdicts) == ([0], [3], ("",))
    assert (found.layer, found.method) == ("channels", "Grad-CAM")


def test_another_class_has_another_map(hand_worked: Any) -> None:
    found = grad_cam(hand_worked, photo_of(RED, GREEN), targets=np.array([1]))
    assert found.maps.tolist() == [GREEN]
    assert found.targets.tolist() == [1]


def test_the_weight_of_a_channel_is_the_mean_of_its_gradient_over_space(keras: Any) -> None:
    model = keras.Sequential(
        [
            keras.Input((2, 2, 3)),
            keras.layers.Conv2D(1, 1, use_bias=False, name="red"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(2, name="logits"),
            keras.layers.Softmax(),
        ]
    )
    model.get_layer("red").set_weights([np.array([[[[1], [0], [0]]]])])
    model.get_layer("logits").set_weights([np.array([[6, -6]]), np.zeros(2)])
    photos = np.repeat(photo_of([[1, 5], [2, 0]], [[0, 0], [0, 0]]), 2, axis=0)
    found = grad_cam(model, photos, targets=np.array([0, 1]))
    # The gradient is 6 at the maximum and 0 at three places: 1.5 in the mean; -1.5 for class 1.
    assert found.maps[0].tolist() == [[1.5, 7.5], [3, 0]]
    assert found.verdicts == ("", EMPTY)
    assert found.maps[1].tolist() == [[0, 0], [0, 0]]


def test_it_is_cam_in_a_network_of_pooling_and_one_dense_layer(keras: Any, pooled_network: Any) -> None:
    photos, targets = random_photos(3, 8), np.array([0, 1, 2])
    found = grad_cam(pooled_network, photos, targets=targets)
    places = keras.Model(pooled_network.inputs[0], keras_tensors(pooled_network)["second"])
    activations = places(photos).numpy()
    kernel, bias = pooled_network.get_layer("logits").get_weights()
    # Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016, equation 2.
    cam = np.einsum("nijk,kn->nij", activations, kernel[:, targets]) / 16
    np.testing.assert_allclose(found.maps, np.maximum(cam, 0), atol=1e-6)
    assert (cam > 0).any() and (cam < 0).any()
    scores = found.logits[np.arange(3), targets] - bias[targets]
    np.testing.assert_allclose(cam.sum(axis=(1, 2)), scores, atol=1e-5)


def test_a_layer_can_be_asked_for(pooled_network: Any) -> None:
    found = grad_cam(pooled_network, random_photos(2, 8), layer="first")
    assert found.layer == "first"
    assert found.maps.shape == (2, 8, 8)


def test_dropout_is_off(pooled_network: Any) -> None:
    network, photos = GradientNetwork(pooled_network), random_photos(2, 8)
    first, second = grad_cam(network, photos), grad_cam(network, photos)
    np.testing.assert_array_equal(first.maps, second.maps)
    np.testing.assert_allclose(first.probabilities, pooled_network(photos, training=False), atol=1e-6)


def test_a_network_made_ready_gives_the_same_and_keeps_to_its_layer(pooled_network: Any) -> None:
    network, photos = GradientNetwork(pooled_network, layer="first"), random_photos(2, 8)
    same = grad_cam(pooled_network, photos, layer="first")
    np.testing.assert_array_equal(grad_cam(network, photos, layer="first").maps, same.maps)
    with pytest.raises(OptionError) as caught:
        grad_cam(network, photos, layer="second")
    assert str(caught.value) == "layer is 'second', but the network was made ready for first"


def test_numbers_that_are_not_finite_are_told_apart_from_an_empty_map(hand_worked: Any, keras: Any) -> None:
    broken = keras.models.clone_model(hand_worked)
    broken.set_weights([np.full_like(weight, np.nan) for weight in hand_worked.get_weights()])
    assert grad_cam(broken, photo_of(RED, GREEN)).verdicts == (UNDEFINED,)


def test_maps_are_worked_out_photo_by_photo() -> None:
    activations = np.array([[[[1, 2]], [[3, 4]]], [[[1, 2]], [[3, 4]]]], np.float32)
    gradients = np.array([[[[1, 0]], [[3, 0]]], [[[0, -1]], [[0, -1]]]], np.float32)
    maps = grad_cam_maps(activations, gradients)
    assert maps.dtype == np.float32
    # The means of the gradients are 2 and 0 for the first photo, 0 and -1 for the second.
    assert maps.tolist() == [[[2], [6]], [[0], [0]]]
