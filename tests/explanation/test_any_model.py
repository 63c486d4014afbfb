from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation.any_model import explain
from kclass.explanation.maps import EMPTY, UNDEFINED
from kclass.explanation.methods import METHODS


def photo_of(red: list[list[int]], green: list[list[int]]) -> NDArray[np.uint8]:
    return np.stack([red, green, np.zeros_like(red)], axis=-1)[None].astype(np.uint8)


def random_photos(number: int, size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(8).integers(0, 256, (number, size, size, 3), dtype=np.uint8)


RED, GREEN = [[1, 2], [3, 4]], [[1, 0], [0, 2]]


def test_a_network_worked_by_hand(hand_worked: Any) -> None:
    found = explain(hand_worked, photo_of(RED, GREEN))
    # Over four places the weights 4 and -8 are 1 and -2: red - 2 green is -1, 2 / 3, 0.
    assert found.maps.tolist() == [[[0, 2], [3, 0]]]
    # 4 * 2.5 - 8 * .75 + 10, and 4 * .75
    assert found.logits.tolist() == [[14, 3]]
    assert found.probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-11)))
    assert (found.targets.tolist(), found.peaks.tolist(), found.verdicts) == ([0], [3], ("",))
    assert (found.layer, found.method) == ("channels", "Grad-CAM")


def test_another_class_has_another_map(hand_worked: Any) -> None:
    found = explain(hand_worked, photo_of(RED, GREEN), targets=np.array([1]))
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
    found = explain(model, photos, targets=np.array([0, 1]))
    # The gradient is 6 at the maximum and 0 at three places: 1.5 in the mean; -1.5 for class 1.
    assert found.maps[0].tolist() == [[1.5, 7.5], [3, 0]]
    assert found.verdicts == ("", EMPTY)
    assert found.maps[1].tolist() == [[0, 0], [0, 0]]


def test_it_is_cam_in_a_network_of_pooling_and_one_dense_layer(keras: Any, pooled_network: Any) -> None:
    photos, targets = random_photos(3, 8), np.array([0, 1, 2])
    found = explain(pooled_network, photos, targets=targets)
    places = keras.Model(pooled_network.inputs[0], pooled_network.get_layer("second").output)
    activations = places(photos).numpy()
    kernel, bias = pooled_network.get_layer("logits").get_weights()
    # Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016, equation 2.
    cam = np.einsum("nijk,kn->nij", activations, kernel[:, targets]) / 16
    np.testing.assert_allclose(found.maps, np.maximum(cam, 0), atol=1e-6)
    assert (cam > 0).any() and (cam < 0).any()
    scores = found.logits[np.arange(3), targets] - bias[targets]
    np.testing.assert_allclose(cam.sum(axis=(1, 2)), scores, atol=1e-5)


def test_a_layer_can_be_asked_for(pooled_network: Any) -> None:
    found = explain(pooled_network, random_photos(2, 8), layer="first")
    assert found.layer == "first"
    assert found.maps.shape == (2, 8, 8)


def test_dropout_is_off(pooled_network: Any) -> None:
    photos = random_photos(2, 8)
    first, second = explain(pooled_network, photos), explain(pooled_network, photos)
    np.testing.assert_array_equal(first.maps, second.maps)
    np.testing.assert_allclose(first.probabilities, pooled_network(photos, training=False), atol=1e-6)


def test_a_method_that_is_not_there_is_an_error(pooled_network: Any) -> None:
    with pytest.raises(OptionError) as caught:
        explain(pooled_network, random_photos(1, 8), method="grad-cm")
    assert "grad-cm" in str(caught.value) and "grad-cam" in str(caught.value)


def transfer(keras: Any, base: Any) -> Any:
    """A base called as a layer, as Keras's guide to transfer learning has it."""
    photo = keras.Input((12, 12, 3), name="photo")
    turned = keras.Sequential([keras.layers.RandomFlip(), keras.layers.RandomRotation(0.2)])(photo)
    scaled = keras.layers.Rescaling(1 / 255, name="scaled")(turned)
    pooled = keras.layers.GlobalAveragePooling2D()(base(scaled, training=False))
    head = keras.layers.Dense(3, activation="softmax", name="head")
    return keras.Model(photo, head(keras.layers.Dropout(0.5)(pooled)))


def convolutions(keras: Any, photo: Any) -> Any:
    first = keras.layers.Conv2D(4, 3, padding="same", activation="tanh", name="first")(photo)
    norm = keras.layers.BatchNormalization(name="norm")(first)
    second = keras.layers.Conv2D(5, 3, strides=2, activation="relu", name="second")(norm)
    return keras.layers.Conv2D(6, 1, activation="relu", name="third")(second)


def nested_and_flat(keras: Any) -> tuple[Any, Any]:
    """A nested network, and one without nests that has copies of its weights."""
    keras.utils.set_random_seed(7)
    photo = keras.Input((None, None, 3))
    nested = transfer(keras, keras.Model(photo, convolutions(keras, photo), name="base"))
    photo = keras.Input((12, 12, 3))
    features = convolutions(keras, keras.layers.Rescaling(1 / 255)(photo))
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    flat = keras.Model(photo, keras.layers.Softmax()(keras.layers.Dense(3)(pooled)))
    random = np.random.default_rng(2)
    flat.set_weights(
        [random.uniform(0.1, 0.6, weight.shape) - 0.3 * (weight.ndim > 1) for weight in flat.get_weights()]
    )
    for name in ("first", "norm", "second", "third"):
        nested.get_layer("base").get_layer(name).set_weights(flat.get_layer(name).get_weights())
    nested.get_layer("head").set_weights(flat.layers[-2].get_weights())
    return nested, flat


@pytest.mark.parametrize("method", METHODS)
def test_a_network_within_a_network_has_the_maps_of_a_flat_one(keras: Any, method: str) -> None:
    nested, flat = nested_and_flat(keras)
    photos = random_photos(2, 12)
    found, wanted = (explain(model, photos, method=method) for model in (nested, flat))
    assert wanted.peaks.min() > 1e-4
    np.testing.assert_allclose(found.maps, wanted.maps, rtol=1e-4, atol=1e-6 * float(wanted.peaks.max()))
    np.testing.assert_allclose(found.logits, wanted.logits, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-6)
    if METHODS[method].layered:
        assert (found.layer, wanted.layer) == ("base/third", "third")


def test_a_layer_within_can_be_asked_for_by_its_path_or_name(keras: Any) -> None:
    nested, flat = nested_and_flat(keras)
    photos = random_photos(2, 12)
    wanted = explain(flat, photos, layer="first").maps
    assert wanted.max() > 0
    for layer in ("first", "base/first"):
        found = explain(nested, photos, layer=layer)
        assert found.layer == "base/first"
        np.testing.assert_allclose(found.maps, wanted, rtol=1e-4, atol=1e-6)
    assert explain(nested, photos, layer="base").layer == "base/third"


def test_networks_within_networks_within_networks_are_explained(keras: Any) -> None:
    nested, _ = nested_and_flat(keras)
    outer = keras.Sequential([keras.Input((12, 12, 3)), nested], name="outer")
    found = explain(outer, random_photos(2, 12))
    assert found.layer == f"{nested.name}/base/third"
    np.testing.assert_array_equal(found.maps, explain(nested, random_photos(2, 12)).maps)


def test_the_maps_of_a_layer_called_twice_are_those_of_one_call(keras: Any) -> None:
    photo = keras.Input((2, 2, 1))
    twice = keras.layers.Conv2D(1, 1, use_bias=False, name="twice")
    pooled = keras.layers.GlobalAveragePooling2D()(twice(twice(photo)))
    model = keras.Model(photo, keras.layers.Dense(2, use_bias=False, name="head")(pooled))
    twice.set_weights([np.array([[[[3.0]]]])])
    model.get_layer("head").set_weights([np.array([[4.0, 0.0]])])
    photos = np.array([[[[1], [2]], [[3], [4]]]])
    # Of 9 times the photo the mean's share is a quarter, times 4; as is of 3 times the photo, times 3.
    for layer in (None, "twice:1", "twice:2"):
        assert explain(model, photos, layer=layer).maps[0].tolist() == [[9, 18], [27, 36]]
    assert explain(model, photos).layer == "twice:2"
    with pytest.raises(OptionError, match="several layers are called twice: twice:1, twice:2"):
        explain(model, photos, layer="twice")


def test_photos_and_targets_may_be_lists(hand_worked: Any) -> None:
    photos = photo_of(RED, GREEN)
    found = explain(hand_worked, photos.tolist(), targets=[1])
    assert found.maps.tolist() == [GREEN]
    with pytest.raises(OptionError) as caught:
        explain(hand_worked, photos, targets=[1.0])
    assert str(caught.value) == "targets are float64 (1,); they must be int64 (1,)"


def test_photos_of_several_sizes_are_an_error(hand_worked: Any) -> None:
    with pytest.raises(OptionError) as caught:
        explain(hand_worked, [np.zeros((2, 2, 3)), np.zeros((4, 2, 3))])
    assert caught.value.message.startswith("photos do not make one array: ")
    assert caught.value.fix == "Bring all to one size and one number of channels."


def test_a_map_may_be_the_mean_with_that_of_the_mirrored_photo(pooled_network: Any) -> None:
    photos, targets = random_photos(2, 8), [0, 1]
    plain = explain(pooled_network, photos, targets=targets).maps
    mirrored = explain(pooled_network, photos[:, :, ::-1], targets=targets).maps[:, :, ::-1]
    found = explain(pooled_network, photos, targets=targets, flips=True).maps
    np.testing.assert_allclose(found, (plain + mirrored) / 2, atol=1e-6)
    assert not np.allclose(found, plain)


def test_flips_that_are_neither_true_nor_false_are_an_error(pooled_network: Any) -> None:
    with pytest.raises(OptionError) as caught:
        explain(pooled_network, random_photos(1, 8), flips="no")  # type: ignore[arg-type]
    assert caught.value.message == "flips is 'no'; it must be True or False"


def test_a_layer_asked_for_of_a_method_that_looks_at_none_is_an_error(pooled_network: Any) -> None:
    with pytest.raises(OptionError, match="layer is 'first', but occlusion looks at the photo itself"):
        explain(pooled_network, random_photos(1, 8), method="occlusion", layer="first")


def test_numbers_that_are_not_finite_are_told_apart_from_an_empty_map(hand_worked: Any, keras: Any) -> None:
    broken = keras.models.clone_model(hand_worked)
    broken.set_weights([np.full_like(weight, np.nan) for weight in hand_worked.get_weights()])
    assert explain(broken, photo_of(RED, GREEN)).verdicts == (UNDEFINED,)
