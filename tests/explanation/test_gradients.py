from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.errors import ModelError, OptionError
from kclass.explanation import gradients
from kclass.explanation.gradients import GradientNetwork


def photos_of(number: int, size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (number, size, size, 3), dtype=np.uint8)


def test_the_gradient_is_that_of_the_logit_not_of_the_probability(hand_worked: Any) -> None:
    (passed,) = GradientNetwork(hand_worked).passes(photos_of(1, 2), targets=np.array([0]))
    # Each of four places has a quarter of the channel's weight, 4 and -8.
    assert passed.gradients[0].reshape(4, 2).tolist() == [[1, -2]] * 4


def test_activations_logits_and_probabilities_are_those_of_the_network(pooled_network: Any) -> None:
    photos = photos_of(3, 8)
    (passed,) = GradientNetwork(pooled_network).passes(photos)
    np.testing.assert_allclose(passed.probabilities, pooled_network(photos, training=False), atol=1e-6)
    exponentials = np.exp(passed.logits)
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(passed.probabilities, expected, atol=1e-6)
    assert passed.activations.shape == passed.gradients.shape == (3, 4, 4, 5)
    for array in (passed.activations, passed.gradients, passed.logits, passed.probabilities):
        assert array.dtype == np.float32


def test_without_targets_the_class_predicted_is_explained(pooled_network: Any) -> None:
    (passed,) = GradientNetwork(pooled_network).passes(photos_of(9, 8))
    assert passed.targets.dtype == np.int64
    assert passed.targets.tolist() == passed.logits.argmax(axis=1).tolist()


def test_photos_go_through_in_batches_and_keep_their_order(
    pooled_network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, photos, targets = GradientNetwork(pooled_network), photos_of(5, 8), np.array([0, 1, 2, 0, 1])
    (whole,) = network.passes(photos, targets=targets)
    monkeypatch.setattr(gradients, "BATCH", 2)
    parts = list(network.passes(photos, targets=targets))
    assert [len(part.targets) for part in parts] == [2, 2, 1]
    assert np.concatenate([part.targets for part in parts]).tolist() == targets.tolist()
    joined = np.concatenate([part.gradients for part in parts])
    np.testing.assert_allclose(joined, whole.gradients, atol=1e-6)
    assert not np.allclose(whole.gradients[0], whole.gradients[1])


def test_a_frozen_network_has_the_same_gradients(pooled_network: Any) -> None:
    photos = photos_of(2, 8)
    (free,) = GradientNetwork(pooled_network, layer="first").passes(photos)
    pooled_network.trainable = False
    (frozen,) = GradientNetwork(pooled_network, layer="first").passes(photos)
    pooled_network.trainable = True
    assert np.abs(frozen.gradients).max() > 0
    np.testing.assert_array_equal(frozen.gradients, free.gradients)


def test_a_layer_beside_a_shortcut_can_be_explained(keras: Any) -> None:
    photo = keras.Input((2, 2, 3), name="photo")
    branch = keras.layers.Conv2D(3, 1, name="branch")(photo)
    both = keras.layers.Add(name="both")([photo, branch])
    pooled = keras.layers.GlobalAveragePooling2D(name="features")(both)
    model = keras.Model(photo, keras.layers.Dense(2, name="logits")(pooled))
    model.get_layer("logits").set_weights([np.array([[4, 0], [8, 0], [-4, 0]]), np.zeros(2)])
    (passed,) = GradientNetwork(model, layer="branch").passes(photos_of(1, 2), targets=np.array([0]))
    assert passed.gradients[0, 1, 0].tolist() == [1, 2, -1]


def test_a_layer_that_the_score_does_not_depend_on_has_gradients_of_nought(keras: Any) -> None:
    photo = keras.Input((2, 2, 3), name="photo")
    aside = keras.layers.Conv2D(3, 1, name="aside")(photo)
    logits = keras.layers.Dense(2, name="logits")(keras.layers.GlobalAveragePooling2D()(photo))
    model = keras.Model(photo, [keras.layers.Softmax()(logits), aside])
    (passed,) = GradientNetwork(model, layer="aside").passes(photos_of(1, 2))
    assert not passed.gradients.any()


def test_a_network_without_logits_is_an_error(keras: Any) -> None:
    photo = keras.Input((2, 2, 3))
    model = keras.Model(photo, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(photo)))
    with pytest.raises(ModelError) as caught:
        GradientNetwork(model)
    assert str(caught.value) == (
        "the network has no layer called 'logits', whose scores would be explained\n"
        "Give the model.keras of a run of `kclass fit`."
    )


@pytest.mark.parametrize(
    ("photos", "received"),
    [
        (np.zeros((1, 4, 4, 3), np.uint8), "uint8 (1, 4, 4, 3)"),
        (np.zeros((2, 2, 3), np.uint8), "uint8 (2, 2, 3)"),
        (np.zeros((1, 2, 2, 3)), "float64 (1, 2, 2, 3)"),
    ],
)
def test_photos_that_do_not_fit_are_an_error(hand_worked: Any, photos: Any, received: str) -> None:
    with pytest.raises(OptionError) as caught:
        list(GradientNetwork(hand_worked).passes(photos))
    assert str(caught.value) == f"photos are {received}; the network takes uint8 (n, 2, 2, 3)"


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.array([0, 1]), "targets are int64 (2,); they must be int64 (1,)"),
        (np.array([0.0]), "targets are float64 (1,); they must be int64 (1,)"),
        (np.array([2]), "target is 2; the classes go from 0 to 1"),
        (np.array([-1]), "target is -1; the classes go from 0 to 1"),
    ],
)
def test_targets_that_are_no_classes_are_an_error(hand_worked: Any, targets: Any, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        list(GradientNetwork(hand_worked).passes(photos_of(1, 2), targets=targets))
    assert str(caught.value) == message
