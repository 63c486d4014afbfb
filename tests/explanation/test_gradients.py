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
    aside = keras.ops.stop_gradient(keras.layers.Conv2D(3, 1, name="aside")(photo))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([photo, aside]))
    model = keras.Model(photo, keras.layers.Dense(2, name="logits")(pooled))
    (passed,) = GradientNetwork(model, layer="aside").passes(photos_of(1, 2))
    assert passed.activations.any()
    assert not passed.gradients.any()


@pytest.mark.parametrize(
    ("photos", "received"),
    [
        (np.zeros((1, 4, 4, 3), np.uint8), "uint8 (1, 4, 4, 3)"),
        (np.zeros((2, 2, 3), np.uint8), "uint8 (2, 2, 3)"),
        (np.zeros((1, 2, 2, 1)), "float64 (1, 2, 2, 1)"),
        (np.zeros(0), "float64 (0,)"),
    ],
)
def test_photos_of_another_shape_are_an_error(hand_worked: Any, photos: Any, received: str) -> None:
    network = GradientNetwork(hand_worked)
    for ask in (lambda: list(network.passes(photos)), lambda: network.scores(photos)):
        with pytest.raises(OptionError) as caught:
            ask()
        assert str(caught.value) == f"photos are {received}; the network takes (n, 2, 2, 3)"


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int64", "float16", "float64", ">f4", "bool"])
def test_photos_may_be_of_any_type_of_number(hand_worked: Any, kind: str) -> None:
    photos = photos_of(3, 2) % 2
    network = GradientNetwork(hand_worked)
    (expected,), (found,) = network.passes(photos), network.passes(photos.astype(kind))
    np.testing.assert_array_equal(found.activations, expected.activations)
    np.testing.assert_array_equal(found.logits, expected.logits)
    np.testing.assert_array_equal(network.scores(photos.astype(kind)), expected.logits)
    assert found.photos.dtype == kind


@pytest.mark.parametrize("photos", [np.zeros((1, 2, 2, 3), complex), np.full((1, 2, 2, 3), "0")])
def test_photos_that_are_no_numbers_are_an_error(hand_worked: Any, photos: Any) -> None:
    with pytest.raises(OptionError) as caught:
        list(GradientNetwork(hand_worked).passes(photos))
    assert str(caught.value) == f"photos are {photos.dtype}, which does not fit the network's float32"


def test_a_network_of_whole_numbers_takes_no_fractions(keras: Any) -> None:
    photo = keras.Input((2, 2, 3), dtype="uint8", name="photo")
    scaled = keras.layers.Rescaling(0.5, name="scaled")(photo)
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(scaled))
    network, photos = GradientNetwork(keras.Model(photo, logits)), photos_of(2, 2)
    (passed,) = network.passes(photos)
    np.testing.assert_array_equal(passed.activations, photos * np.float32(0.5))
    with pytest.raises(OptionError) as caught:
        list(network.passes(photos.astype(np.float32)))
    assert str(caught.value) == "photos are float32, which does not fit the network's uint8"
    with pytest.raises(OptionError, match="photos are int64, which does not fit the network's uint8"):
        network.scores(photos.astype(np.int64))
    # The pixels have a derivative all the same: that of the scores of class 1 between whole numbers.
    kernel = logits._keras_history.operation.kernel.numpy()
    found = network.pixel_gradients(photos.astype(np.float32), np.array([1, 1]))
    np.testing.assert_allclose(found[0, 0, 0], kernel[:, 1] / 8, rtol=1e-6)
    # And the photo itself is the layer if nothing else has places.
    (of_photo,) = GradientNetwork(keras.Model(photo, logits), layer="photo").passes(
        photos, targets=np.array([1, 1])
    )
    np.testing.assert_array_equal(of_photo.activations, photos)
    np.testing.assert_allclose(of_photo.gradients, found, rtol=1e-6)


def smooth_network(keras: Any, *, size: int | None, channels: int) -> Any:
    """Without kinks, so that differences come near derivatives."""
    keras.utils.set_random_seed(11)
    photo = keras.Input((size, size, channels), name="photo")
    first = keras.layers.Conv2D(4, 3, activation="tanh", name="first")(photo)
    second = keras.layers.Conv2D(5, 2, strides=2, activation="softplus", name="second")(first)
    pooled = keras.layers.GlobalAveragePooling2D()(second)
    return keras.Model(photo, keras.layers.Dense(3, activation="softmax", name="scores")(pooled))


@pytest.mark.parametrize("channels", [1, 4])
def test_gradients_of_pixels_are_those_of_finite_differences(keras: Any, channels: int) -> None:
    network = GradientNetwork(smooth_network(keras, size=8, channels=channels))
    random = np.random.default_rng(4)
    photos = random.normal(size=(3, 8, 8, channels)).astype(np.float32)
    targets = np.array([0, 1, 2])
    found = network.pixel_gradients(photos, targets)
    assert (found.dtype, found.shape) == (np.float32, photos.shape)
    assert np.abs(found).max() > 1e-3
    # Along any way v, (y(x + h v) - y(x - h v)) / 2h comes near the gradient times v, to h^2.
    way, step = random.normal(size=photos.shape).astype(np.float32), 1e-2
    above, below = (network.scores(photos + sign * step * way) for sign in (1, -1))
    slopes = (above - below)[np.arange(3), targets] / (2 * step)
    np.testing.assert_allclose((found * way).sum(axis=(1, 2, 3)), slopes, rtol=5e-3, atol=2e-4)


def test_gradients_of_a_layer_are_those_of_finite_differences(keras: Any) -> None:
    model = smooth_network(keras, size=8, channels=3)
    photos = np.random.default_rng(4).normal(size=(1, 8, 8, 3)).astype(np.float32)
    (passed,) = GradientNetwork(model, layer="first").passes(photos, targets=np.array([2]))
    second, scores = model.get_layer("second"), model.get_layer("scores")

    def logit(activations: Any) -> float:
        pooled = second(activations).numpy().mean(axis=(1, 2))
        return float((pooled @ scores.kernel.numpy() + scores.bias.numpy())[0, 2])

    way, step = np.random.default_rng(5).normal(size=passed.activations.shape).astype(np.float32), 1e-2
    slope = (logit(passed.activations + step * way) - logit(passed.activations - step * way)) / (2 * step)
    assert (passed.gradients * way).sum() == pytest.approx(slope, rel=5e-3, abs=2e-4)


def test_gradients_of_pixels_are_taken_in_batches(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network = GradientNetwork(smooth_network(keras, size=8, channels=3))
    photos = np.random.default_rng(4).normal(size=(5, 8, 8, 3)).astype(np.float32)
    targets = np.array([0, 1, 2, 0, 1])
    whole = network.pixel_gradients(photos, targets)
    monkeypatch.setattr(gradients, "BATCH", 2)
    np.testing.assert_allclose(network.pixel_gradients(photos, targets), whole, atol=1e-6)
    assert not np.allclose(whole[0], whole[3])
    assert network.pixel_gradients(photos[:0], targets[:0]).shape == (0, 8, 8, 3)
    with pytest.raises(OptionError, match="target is 3; the classes go from 0 to 2"):
        network.pixel_gradients(photos, targets + 2)


def test_a_network_for_any_size_explains_photos_of_each(keras: Any) -> None:
    model = smooth_network(keras, size=None, channels=3)
    network = GradientNetwork(model)
    assert network.map_shape == (0, 0, 5)
    for height, width in ((8, 8), (9, 12)):
        photos = np.random.default_rng(4).normal(size=(2, height, width, 3))
        (passed,) = network.passes(photos)
        # 3 less 1 at each side, then windows of 2 with steps of 2.
        assert passed.activations.shape == (2, (height - 2) // 2, (width - 2) // 2, 5)
        np.testing.assert_allclose(passed.probabilities, model(photos, training=False), atol=1e-6)
        pixels = network.pixel_gradients(photos.astype(np.float32), passed.targets)
        assert pixels.shape == photos.shape
    with pytest.raises(OptionError) as caught:
        network.scores(np.zeros((1, 8, 8, 1)))
    assert str(caught.value) == "photos are float64 (1, 8, 8, 1); the network takes (n, any, any, 3)"


def counting_layer(keras: Any) -> Any:
    class Counting(keras.layers.Layer):  # type: ignore[misc,unused-ignore]
        """Counts how often Python comes by, which is when it is traced."""

        times = 0

        def call(self, inputs: Any) -> Any:
            self.times += 1
            return inputs

    return Counting()


def test_it_is_traced_once_whatever_comes(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = counting_layer(keras)
    photo = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(counting(keras.layers.Conv2D(2, 1)(photo)))
    network = GradientNetwork(keras.Model(photo, keras.layers.Dense(2, activation="softmax")(pooled)))
    monkeypatch.setattr(gradients, "BATCH", 2)

    def ask(photos: Any) -> None:
        targets = np.zeros(len(photos), np.int64)
        list(network.passes(photos))
        list(network.passes(photos, targets=targets))
        network.scores(photos)
        network.pixel_gradients(photos.astype(np.float32), targets)

    ask(photos_of(1, 4))
    times = counting.times
    for photos in (photos_of(5, 4), photos_of(3, 6), photos_of(2, 4).astype(np.float64)):
        ask(photos)
    assert counting.times == times


def test_nothing_goes_back_through_what_lies_before_the_layer(keras: Any) -> None:
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator,unused-ignore]
    def one_way(tensor: Any) -> Any:
        def back(_: Any) -> Any:
            raise AssertionError("gone back through")

        return tf.identity(tensor), back

    photo = keras.Input((4, 4, 3))
    first = keras.layers.Conv2D(2, 1, name="first")(keras.layers.Lambda(one_way)(photo))
    model = keras.Model(photo, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(first)))
    network = GradientNetwork(model)
    (passed,) = network.passes(photos_of(1, 4))
    assert passed.gradients.any()
    with pytest.raises(AssertionError, match="gone back through"):
        network.pixel_gradients(photos_of(1, 4).astype(np.float32), passed.targets)


def test_channels_first_are_refused(keras: Any) -> None:
    photo = keras.Input((3, 8, 8))
    first = keras.layers.Conv2D(2, 1, data_format="channels_first", name="first")(photo)
    model = keras.Model(photo, keras.layers.Dense(2)(keras.layers.Flatten()(first)))
    with pytest.raises(ModelError) as caught:
        GradientNetwork(model)
    assert str(caught.value) == (
        "layer first has channels first; kclass explains networks with channels last\n"
        "Build the network with data_format='channels_last'; the weights are the same."
    )


def test_a_network_that_takes_no_photos_is_refused(keras: Any) -> None:
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(2)])
    with pytest.raises(ModelError) as caught:
        GradientNetwork(model)
    assert str(caught.value) == (
        "the network takes (n, 784); photos are (n, height, width, channels)\n"
        "Put a keras.Input((height, width, channels)) and a Reshape before it."
    )


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
