from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.engines.direct import convertible, direct_network
from kclass.engines.network import convert
from kclass.engines.runtime import core, openvino
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)

Wiring = Callable[[Any, Any], Any]
SIZE = 13


def centred(layers: Any, x: Any) -> Any:
    """The photo's numbers on both sides of 0, and of where activations bend."""
    return layers.Rescaling(0.1, -6.0)(x)


def activated(name: str) -> Wiring:
    return lambda layers, x: layers.Rescaling(20.0)(layers.Activation(name)(centred(layers, x)))


def squeezed(layers: Any, x: Any) -> Any:
    """Squeeze-and-excitation by way of a vector, as EfficientNet has it."""
    x = layers.Conv2D(6, 1)(x)
    vector = layers.Reshape((1, 1, 6))(layers.GlobalAveragePooling2D()(centred(layers, x)))
    return layers.Multiply()([x, layers.Conv2D(6, 1, activation="sigmoid")(vector)])


def branches(layers: Any, x: Any) -> list[Any]:
    return [layers.Conv2D(filters, 3, padding="same")(x) for filters in (2, 5, 3)]


# Graphs of the layers that are built directly, odd sizes and every kind of padding among them.
ORDINARY: dict[str, Wiring] = {
    "valid": lambda layers, x: layers.Conv2D(5, 3)(x),
    "same": lambda layers, x: layers.Conv2D(5, 3, padding="same")(x),
    "same, even kernel": lambda layers, x: layers.Conv2D(5, 4, padding="same")(x),
    "same, strides": lambda layers, x: layers.Conv2D(5, 3, strides=2, padding="same")(x),
    "same, even size, strides": lambda layers, x: layers.Conv2D(5, 3, strides=2, padding="same")(
        layers.ZeroPadding2D(((0, 1), (1, 0)))(x)
    ),
    "two strides": lambda layers, x: layers.Conv2D(5, (3, 5), strides=(3, 2), padding="same")(x),
    "dilation": lambda layers, x: layers.Conv2D(5, 3, dilation_rate=2, padding="same")(x),
    "no bias": lambda layers, x: layers.Conv2D(5, 3, use_bias=False)(x),
    "groups": lambda layers, x: layers.Conv2D(6, (3, 2), groups=3, padding="same")(x),
    "groups of several": lambda layers, x: layers.Conv2D(4, 3, groups=2)(layers.Conv2D(6, 1)(x)),
    "convolution with activation": lambda layers, x: layers.Conv2D(5, 3, activation="relu")(
        layers.Rescaling(1.0, -99.0)(x)
    ),
    "depthwise": lambda layers, x: layers.DepthwiseConv2D(3, padding="same")(x),
    "depthwise, strides": lambda layers, x: layers.DepthwiseConv2D(
        5, strides=2, padding="same", use_bias=False
    )(x),
    "depthwise, multiplied": lambda layers, x: layers.Conv2D(2, 1)(
        layers.DepthwiseConv2D(3, depth_multiplier=2)(x)
    ),
    "depthwise with activation": lambda layers, x: layers.DepthwiseConv2D(3, activation="relu")(
        layers.Rescaling(1.0, -99.0)(x)
    ),
    "separable": lambda layers, x: layers.SeparableConv2D(5, 3, padding="same")(x),
    "separable, strides": lambda layers, x: layers.SeparableConv2D(
        5, (5, 3), strides=2, padding="same", use_bias=False
    )(x),
    "separable, multiplied": lambda layers, x: layers.SeparableConv2D(4, 3, depth_multiplier=2)(x),
    "separable with activation": lambda layers, x: layers.SeparableConv2D(4, 3, activation="relu")(
        layers.Rescaling(1.0, -99.0)(x)
    ),
    "maxima": lambda layers, x: layers.MaxPooling2D(2)(x),
    "maxima below 0, same": lambda layers, x: layers.MaxPooling2D(3, strides=2, padding="same")(
        layers.Rescaling(1.0, -300.0)(x)
    ),
    "maxima, even size, same": lambda layers, x: layers.MaxPooling2D((4, 3), strides=(3, 2), padding="same")(
        layers.ZeroPadding2D(((0, 1), (1, 0)))(x)
    ),
    "averages": lambda layers, x: layers.AveragePooling2D((3, 2), strides=2)(x),
    "averages, same": lambda layers, x: layers.AveragePooling2D(3, strides=1, padding="same")(x),
    "averages, even size, same": lambda layers, x: layers.AveragePooling2D(3, strides=2, padding="same")(
        layers.ZeroPadding2D(((0, 1), (1, 0)))(x)
    ),
    "averages of one": lambda layers, x: layers.AveragePooling2D(1, strides=2)(x),
    "padding": lambda layers, x: layers.ZeroPadding2D(((1, 2), (3, 0)))(x),
    "cropping": lambda layers, x: layers.Cropping2D(((1, 2), (4, 0)))(x),
    "norm": lambda layers, x: layers.BatchNormalization(epsilon=0.1)(x),
    "norm of axis 3": lambda layers, x: layers.BatchNormalization(axis=3)(x),
    "norm without scale": lambda layers, x: layers.BatchNormalization(scale=False)(x),
    "norm without center": lambda layers, x: layers.BatchNormalization(center=False)(x),
    "norm with neither": lambda layers, x: layers.BatchNormalization(center=False, scale=False)(x),
    "norm of places": lambda layers, x: layers.Rescaling(50.0)(
        layers.LayerNormalization(epsilon=0.3)(layers.Conv2D(5, 1)(x))
    ),
    "norm of places, neither": lambda layers, x: layers.Rescaling(50.0)(
        layers.LayerNormalization(axis=3, center=False, scale=False)(layers.Conv2D(5, 1)(x))
    ),
    **{name: activated(name) for name in ("gelu", "hard_sigmoid", "hard_silu", "linear", "relu", "relu6")},
    **{name: activated(name) for name in ("sigmoid", "silu", "tanh")},
    "relu layer": lambda layers, x: layers.ReLU()(centred(layers, x)),
    "relu layer to 6": lambda layers, x: layers.ReLU(6.0)(centred(layers, x)),
    "leaky relu": lambda layers, x: layers.LeakyReLU(0.3)(centred(layers, x)),
    "channels of their own": lambda layers, x: layers.Rescaling([1, 0.5, 2], [0.0, -3.0, 1.0])(x),
    "sum": lambda layers, x: layers.Add()([layers.Conv2D(5, 1)(x), layers.Conv2D(5, 1)(x)]),
    "three sums": lambda layers, x: layers.Add()([x, layers.Conv2D(3, 1)(x), layers.Conv2D(1, 1)(x)]),
    "twice the same": lambda layers, x: layers.Add()([x, x]),
    "one channel to all": lambda layers, x: layers.Add()([x, layers.Conv2D(1, 1)(x)]),
    "product": lambda layers, x: layers.Multiply()([x, layers.Conv2D(3, 1)(x), layers.Conv2D(1, 1)(x)]),
    "side by side": lambda layers, x: layers.Conv2D(4, 1)(layers.Concatenate()(branches(layers, x))),
    "side by side, axis 3": lambda layers, x: layers.Concatenate(axis=3)(branches(layers, x)),
    "squeeze and excitation": squeezed,
    "dense places": lambda layers, x: layers.Dense(7, activation="relu")(centred(layers, x)),
    "reshaped places": lambda layers, x: layers.Conv2D(2, 3)(layers.Reshape((13 * 13, 3, 1))(x)),
    "dropout": lambda layers, x: layers.Dropout(0.9)(x),
}

# Graphs that lose their places before the end.
VECTORS: dict[str, Wiring] = {
    "flat": lambda layers, x: layers.Dense(4)(layers.Flatten()(x)),
    "dense, no bias": lambda layers, x: layers.Dense(4, use_bias=False)(layers.GlobalAveragePooling2D()(x)),
    "norm of a vector": lambda layers, x: layers.BatchNormalization()(
        layers.Dense(4)(layers.GlobalAveragePooling2D()(x))
    ),
    "norm within a vector": lambda layers, x: layers.Rescaling(50.0)(
        layers.LayerNormalization()(layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    ),
    "vectors side by side": lambda layers, x: layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(x), layers.Dense(4)(layers.Flatten()(x))]
    ),
    "reshaped": lambda layers, x: layers.Reshape((26,))(layers.Conv2D(2, (13, 1))(x)),
    "flattened vector": lambda layers, x: layers.Flatten()(layers.GlobalAveragePooling2D()(x)),
}


def shared(layers: Any, x: Any) -> Any:
    convolution = layers.Conv2D(3, 3)
    return convolution(convolution(x))


def shared_sum(layers: Any, x: Any) -> Any:
    total = layers.Add()
    return total([x, total([x, layers.Conv2D(3, 1)(x)])])


def beside_a_vector(layers: Any, x: Any) -> Any:
    """Keras multiplies each row of the photo by a vector that stands beside it without saying so."""
    return layers.Multiply()([x, layers.GlobalAveragePooling2D()(x)])


# Graphs with other layers, or with options that the direct conversion does not build.
OTHERS: dict[str, Wiring] = {
    "another layer": lambda layers, x: layers.UpSampling2D(2)(x),
    "an operation": lambda layers, x: x * 2,
    "a layer used twice": shared,
    "a sum used twice": shared_sum,
    "a vector beside places": beside_a_vector,
    "activation": lambda layers, x: layers.Conv2D(5, 3, activation="softplus")(x),
    "depthwise activation": lambda layers, x: layers.DepthwiseConv2D(3, activation="softplus")(x),
    "separable activation": lambda layers, x: layers.SeparableConv2D(4, 3, activation="softplus")(x),
    "dense activation": lambda layers, x: layers.Dense(4, activation="softplus")(x),
    "softplus": lambda layers, x: layers.Activation("softplus")(x),
    "relu with a slope": lambda layers, x: layers.ReLU(negative_slope=0.2)(centred(layers, x)),
    "relu from another threshold": lambda layers, x: layers.ReLU(threshold=1.03)(centred(layers, x)),
    "side by side in rows": lambda layers, x: layers.Concatenate(axis=1)([x, layers.Conv2D(3, 1)(x)]),
    "norm of rows": lambda layers, x: layers.BatchNormalization(axis=1)(x),
    "norm of rows and channels": lambda layers, x: layers.Rescaling(50.0)(
        layers.LayerNormalization(axis=(1, 3))(x)
    ),
    "norm by the root of squares": lambda layers, x: layers.Rescaling(50.0)(
        layers.LayerNormalization(rms_scaling=True)(layers.Conv2D(5, 1)(x))
    ),
    "padding of channels": lambda layers, x: layers.ZeroPadding2D(1, data_format="channels_first")(x),
    "cropping of channels": lambda layers, x: layers.Cropping2D(1, data_format="channels_first")(x),
}


def archive(wire: Wiring, **pooling: Any) -> Archive:
    """A network with random weights that ends in global average pooling."""
    return ending(wire, lambda layers: layers.GlobalAveragePooling2D(name="features", **pooling))


def vector_archive(wire: Wiring) -> Archive:
    """A network with random weights that ends in a vector by itself."""
    return ending(wire, lambda layers: layers.Dropout(0.5, name="features"))


def ending(wire: Wiring, last: Callable[[Any], Any]) -> Archive:
    keras = import_keras()
    photo = keras.Input((SIZE, SIZE, 3), name="photo")
    model = keras.Model(photo, last(keras.layers)(wire(keras.layers, photo)))
    random = np.random.default_rng(8)
    model.set_weights([random.uniform(0.1, 0.9, weight.shape) for weight in model.get_weights()])
    return archive_of(model)


@pytest.fixture(scope="module")
def photos() -> Any:
    """Two photos, darker above and left, so that padding on the wrong side shows."""
    ramp = np.arange(SIZE)[:, None, None] * 9 + np.arange(SIZE)[None, :, None] * 7 + np.arange(3)
    return np.stack([ramp, 255 - ramp]).astype(np.uint8)


def before_the_pooling(built: Archive) -> str:
    (before,) = built.layers[-1].inputs
    return before


def run(network: Any, photos: Any) -> Any:
    compiled = core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.concatenate([compiled([photo[None]])[0] for photo in photos])


def assert_same(network: Any, of: Archive, photos: Any) -> None:
    expected = np.asarray(keras_model(of)(photos.astype(np.float32)))
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(run(network, photos), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ORDINARY)
def test_common_layers_are_built_to_compute_what_keras_does(name: str, photos: Any) -> None:
    built = archive(ORDINARY[name])
    assert convertible(built, "features")
    assert_same(direct_network(built, "features"), built, photos)


@pytest.mark.parametrize("name", ORDINARY)
def test_places_come_out_in_keras_order(name: str, photos: Any) -> None:
    built = archive(ORDINARY[name])
    cut = before_the_pooling(built)
    assert convertible(built, cut)
    whole = keras_model(built)
    expected = import_keras().Model(whole.inputs[0], whole.get_layer(cut).output)(photos.astype(np.float32))
    assert len(expected.shape) == 4
    found = run(direct_network(built, cut), photos)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_built_to_compute_what_keras_does(name: str, photos: Any) -> None:
    built = vector_archive(VECTORS[name])
    assert convertible(built, "features")
    assert_same(direct_network(built, "features"), built, photos)


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`:UserWarning")
@pytest.mark.parametrize("name", OTHERS)
def test_other_graphs_are_refused_and_go_through_keras(name: str, photos: Any) -> None:
    built = archive(OTHERS[name])
    assert not convertible(built, "features")
    assert_same(convert(built).read(), built, photos)


def test_pooling_to_one_place_comes_out_as_a_place(photos: Any) -> None:
    built = archive(lambda layers, x: layers.Conv2D(4, 3)(x), keepdims=True)
    assert convertible(built, "features")
    assert_same(direct_network(built, "features"), built, photos)


def test_another_way_of_pooling_is_refused_and_goes_through_keras(photos: Any) -> None:
    built = archive(lambda layers, x: layers.Conv2D(4, 3)(x), data_format="channels_first")
    assert not convertible(built, "features")
    assert_same(convert(built).read(), built, photos)


def test_rows_without_columns_are_refused(photos: Any) -> None:
    """Of three axes, it is not known which are places."""
    built = archive(lambda layers, x: layers.Reshape((SIZE, SIZE, 3))(layers.Reshape((SIZE * SIZE, 3))(x)))
    cut = built.layers[1].name
    assert not convertible(built, cut)
    (found,) = convert(built, output=cut).read().outputs
    assert list(found.shape) == [1, SIZE * SIZE, 3]


def test_channels_before_rows_are_refused() -> None:
    """Keras builds such convolutions, but runs them on a GPU alone."""
    keras = import_keras()
    for kind in (
        keras.layers.Conv2D(3, 3, data_format="channels_first"),
        keras.layers.DepthwiseConv2D(3, data_format="channels_first"),
    ):
        photo = keras.Input((3, SIZE, SIZE), name="photo")
        built = archive_of(keras.Model(photo, kind(photo)))
        assert not convertible(built, kind.name)


def test_two_inputs_are_refused() -> None:
    keras = import_keras()
    one, other = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 3))
    total = keras.layers.Add(name="total")([one, other])
    assert not convertible(archive_of(keras.Model([one, other], total)), "total")


def test_only_layers_that_the_output_needs_count(photos: Any) -> None:
    built = archive(lambda layers, x: layers.Conv2D(4, 3)(x))
    with_head = built.with_head(np.eye(4, dtype=np.float32), np.zeros(4, np.float32))
    assert not convertible(with_head, "probabilities")
    assert convertible(with_head, "features")
    assert np.array_equal(
        run(direct_network(with_head, "features"), photos), run(direct_network(built, "features"), photos)
    )


def test_the_network_takes_bytes_and_says_its_shapes() -> None:
    built = archive(lambda layers, x: layers.Conv2D(4, (3, 2))(x))
    for output, shape in (("features", [1, 4]), (before_the_pooling(built), [1, SIZE - 2, SIZE - 1, 4])):
        network = direct_network(built, output)
        (given,), (taken,) = network.inputs, network.outputs
        assert (given.get_element_type().get_type_name(), list(given.shape)) == ("u8", [1, SIZE, SIZE, 3])
        assert (taken.get_element_type().get_type_name(), list(taken.shape)) == ("f32", shape)


def test_direct_and_openvinos_own_conversion_agree_on_the_embedded_backbone(
    lite0: Archive, cars: Any
) -> None:
    model = keras_model(lite0)
    own = openvino().convert_model(import_keras().Model(model.inputs, model.outputs))
    photos = cars[0][:5]
    expected = run(own, photos.astype(np.float32))
    np.testing.assert_allclose(run(direct_network(lite0, "features"), photos), expected, atol=1e-4)
