from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.applications import application_network, build_application
from kclass.backbones.facts import FACTS
from kclass.backbones.flattening import flat_network
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.explanation.layers import archive_graph, explained_layer
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)

SCALE, OFFSET = np.array([0.5, 0.25, 0.125]), np.array([1.0, 2.0, 3.0])


@pytest.fixture
def photos() -> NDArray[np.float32]:
    return np.random.default_rng(2).integers(0, 256, (2, 8, 8, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> Any:
    """A small network with one of each thing that is not plain."""
    keras = import_keras()
    layers = keras.layers
    given = keras.Input((8, 8, 3))
    x = layers.Rescaling(2.0, 1.0)(given)
    x = layers.Conv2D(4, 3, padding="same", name="convolution")(x)
    x = (x + 3.0) * 0.5
    block = keras.Sequential([layers.LayerNormalization(name="norm"), layers.Conv2D(4, 1, name="inner")])
    y = layers.Activation("linear", name="nothing")(block(x))
    x = x + y
    x = keras.src.applications.inception_resnet_v2.CustomScaleLayer(0.3, name="scaled")([x, y])
    return keras.Model(given, layers.GlobalAveragePooling2D()(x))


@pytest.fixture(scope="module")
def flat(network: Any) -> Any:
    return flat_network(network, name="flat", scale=SCALE, offset=OFFSET)


def test_a_flat_network_computes_what_the_network_does(
    network: Any, flat: Any, photos: NDArray[np.float32]
) -> None:
    expected = network((photos * SCALE + OFFSET).astype(np.float32))
    np.testing.assert_allclose(flat(photos), expected, rtol=1e-5, atol=1e-4)
    assert flat.name == "flat"


def test_it_has_plain_layers_alone_with_the_weights_of_the_network(network: Any, flat: Any) -> None:
    kinds = [type(each).__name__ for each in flat.operations]
    assert sorted(kinds) == [
        *("Add", "Add", "Conv2D", "Conv2D", "GlobalAveragePooling2D", "InputLayer", "LayerNormalization"),
        *("Rescaling", "Rescaling", "Rescaling", "Rescaling"),
    ]
    layers = import_keras().layers
    assert all(type(each) is getattr(layers, type(each).__name__) for each in flat.operations)
    for name in ("norm", "inner"):
        inside = next(each for each in network.layers if hasattr(each, "layers")).get_layer(name)
        for found, wanted in zip(flat.get_layer(name).get_weights(), inside.get_weights(), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_what_prepares_photos_becomes_one_layer(flat: Any) -> None:
    scaling = flat.get_layer("scaling")
    # 2 (x / 2 + 1) + 1 = x + 3, and so on.
    assert scaling.scale == [1.0, 0.5, 0.25]
    assert scaling.offset == [3.0, 5.0, 7.0]


def test_the_kernel_of_a_network_that_takes_blue_first_is_turned_round(
    network: Any, photos: NDArray[np.float32]
) -> None:
    ones, zeros = np.ones(3), np.zeros(3)
    turned = flat_network(network, name="turned", scale=ones, offset=zeros, turned="convolution")
    np.testing.assert_allclose(turned(photos), network(photos[..., ::-1]), rtol=1e-5, atol=1e-3)
    kernel = network.get_layer("convolution").get_weights()[0]
    np.testing.assert_array_equal(turned.get_layer("convolution").get_weights()[0], kernel[:, :, ::-1])


def test_the_network_itself_is_left_as_it_was(network: Any) -> None:
    before = [each.copy() for each in network.get_weights()]
    flat_network(network, name="flat", scale=SCALE, offset=OFFSET, turned="convolution")
    for found, wanted in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_the_factors_of_a_layer_scale_are_multiplied_into_the_layer_before() -> None:
    networks: list[Any] = []
    block = "convnext_tiny_stage_2_block_4"
    factors = np.linspace(0.5, 2, 384, dtype=np.float32)

    def load(net: Any) -> None:
        net.get_layer(f"{block}_layer_scale").set_weights([factors])
        net.get_layer(f"{block}_pointwise_conv_2").bias.assign(factors + 1)
        networks.append(net)

    model = build_application("convnext_tiny", 32, load)
    kernel, bias = networks[0].get_layer(f"{block}_pointwise_conv_2").get_weights()
    found_kernel, found_bias = model.get_layer(f"{block}_pointwise_conv_2").get_weights()
    # The kernel is (inputs, outputs), and a factor belongs to an output.
    np.testing.assert_allclose(found_kernel[5], kernel[5] * factors, rtol=1e-6)
    np.testing.assert_allclose(found_bias, bias * factors, rtol=1e-6)


@pytest.mark.slow
def test_layers_are_named_the_same_however_many_networks_were_built_before() -> None:
    first, second = (build_application("mobilenet_v3_small", 32, lambda net: None) for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    named = {layer.name for layer in application_network("mobilenet_v3_small", 32).operations}
    # As in a new process, where the first of each class has no number; 18 activations are there.
    assert {"activation", "activation_17", "add", "multiply", "re_lu", "rescaling"} <= named
    assert "activation_18" not in named


@pytest.mark.parametrize("deviations", [True, False])
def test_efficientnet_is_given_what_its_imagenet_weights_were_trained_with(deviations: bool) -> None:
    """Keras's file holds deviations in the place of variances; (x / 255 - mean) / deviation is wanted."""
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    stored = [mean, deviation if deviations else deviation**2, np.array(0)]
    model = build_application(
        "efficientnet_b0", 32, lambda net: net.get_layer("normalization").set_weights(stored)
    )
    photo = np.array([124, 116, 104], dtype=np.float32)
    np.testing.assert_allclose(model.get_layer("scaling")(photo), (photo / 255 - mean) / deviation, atol=1e-6)


def test_other_variances_are_taken_as_they_are() -> None:
    stored = [np.zeros(3), np.full(3, 0.04), np.array(0)]
    model = build_application(
        "efficientnet_b0", 32, lambda net: net.get_layer("normalization").set_weights(stored)
    )
    # 51 / 255 / sqrt(0.04) = 0.2 / 0.2
    np.testing.assert_allclose(model.get_layer("scaling")(np.full(3, 51, np.float32)), 1.0, atol=1e-6)


def test_a_flat_network_is_opened_from_its_file_as_it_was() -> None:
    model = build_application("convnext_tiny", 33, lambda net: None)
    archive = archive_of(model)
    assert explained_layer(archive_graph(archive)) == FACTS["convnext_tiny"].explained
    photo = np.random.default_rng(2).integers(0, 256, (1, 33, 33, 3)).astype(np.float32)
    np.testing.assert_array_equal(keras_model(archive)(photo), model(photo))
