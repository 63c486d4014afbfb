import importlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.applications import APPLICATIONS, build_application
from kclass.backbones.facts import FACTS
from kclass.explanation.layers import explained_layer, keras_graph
from kclass.keras_import import import_keras

# One of each kind of preprocessing, of those that are soon built.
SOON_BUILT = ("mobilenet_v2", "mobilenet_v3_small", "vgg16")

# Of the largest value. Largest differences measured: 2e-7 of prepared photos, 2e-6 of features.
TOLERANCE = 2e-5

MODULES = {
    "ConvNeXt": "convnext",
    "DenseNet": "densenet",
    "EfficientNetB": "efficientnet",
    "EfficientNetV2": "efficientnet_v2",
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3": "mobilenet_v3",
    "NASNet": "nasnet",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "Xception": "xception",
}


def soon_or_slow() -> list[Any]:
    return [
        name if name in SOON_BUILT else pytest.param(name, marks=pytest.mark.slow) for name in APPLICATIONS
    ]


def module_of(name: str) -> Any:
    """The module of `keras.applications` whose `preprocess_input` the network wants."""
    constructor = APPLICATIONS[name].constructor
    found = [module for start, module in MODULES.items() if constructor.startswith(start)]
    if constructor.startswith("ResNet"):
        found = ["resnet_v2" if constructor.endswith("V2") else "resnet"]
    return importlib.import_module(f"keras.applications.{found[0] if found else 'mobilenet'}")


def weighed(net: Any) -> None:
    """Give every vector values of its own; kernels keep theirs, which let signals through."""
    random = np.random.default_rng(7)
    for layer in net._flatten_layers(include_self=False, recursive=True):
        if layer.weights and not hasattr(layer, "layers"):
            layer.set_weights([_spread(each, random) for each in layer.get_weights()])
        if type(layer).__name__ == "Normalization":
            layer.finalize_state()
    normed(net)


def normed(net: Any) -> None:
    """Let every batch normalisation know what reaches it, so that photos are not lost in the depth."""
    norms = [layer for layer in net.layers if type(layer).__name__ == "BatchNormalization"]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    photos = np.random.default_rng(8).uniform(-1, 1, (4, *net.input_shape[1:])).astype(np.float32)
    net(photos * 127.5 + 127.5 if "rescaling" in net.layers[1].name else photos, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum


def _spread(weight: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    if weight.ndim != 1:
        return weight
    like_ones = random.uniform(0.5, 1.5, weight.shape)
    return like_ones if weight.max() > 0 else random.normal(0, 0.1, weight.shape)


@pytest.mark.parametrize("name", soon_or_slow())
def test_raw_photos_give_what_keras_applications_makes_of_prepared_ones(name: str) -> None:
    """In two halves: deep networks with random weights enlarge the rounding of the first a millionfold."""
    keras = import_keras()
    keras.backend.clear_session()
    keras.utils.set_random_seed(4)
    size = FACTS[name].least_size | 1  # odd, as the least sizes of some are
    photos = np.random.default_rng(1).integers(0, 256, (2, size, size, 3)).astype(np.float32)
    networks: list[Any] = []

    def load(net: Any) -> None:
        weighed(net)
        networks.append(net)

    model = build_application(name, size, load)
    (net,) = networks
    start = next(each for each in net.layers[1:] if type(each).__name__ not in ("Normalization", "Rescaling"))
    inside = keras.Model(net.input, start.input)
    prepared = np.asarray(inside(module_of(name).preprocess_input(photos.copy())))
    scaling = model.get_layer("scaling")
    in_order = prepared[..., ::-1] if is_turned(name) else prepared
    assert_alike(scaling(photos), in_order)
    rest, net_rest = keras.Model(scaling.output, model.output), keras.Model(start.input, net.output)
    features = np.asarray(net_rest(prepared))
    assert_alike(rest(in_order), features)
    swapped = np.abs(rest(in_order[..., ::-1]) - features).max()
    assert swapped > 0.01 * np.abs(features).max()
    assert model.output_names == ["features"]
    assert not model.trainable_weights
    assert explained_layer(keras_graph(model)) == FACTS[name].explained
    check_plain(keras, model)
    check_weights(name, net, model)


def is_turned(name: str) -> bool:
    """Whether the network takes blue, green, red."""
    return module_of(name).__name__.rpartition(".")[2] in ("resnet", "vgg16", "vgg19")


def assert_alike(found: Any, wanted: NDArray[Any]) -> None:
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(found / scale, wanted / scale, atol=TOLERANCE, rtol=0)


def check_plain(keras: Any, model: Any) -> None:
    """Every layer is one of `keras.layers`, and none is a model."""
    assert {type(each) for each in model.operations} <= {
        getattr(keras.layers, type(each).__name__, None) for each in model.operations
    }
    assert not [each.name for each in model.layers if hasattr(each, "layers")]


def check_weights(name: str, net: Any, model: Any) -> None:
    """The weights are those of the network, but for a kernel turned round and what was multiplied in."""
    copies = {layer.name: layer for layer in model.layers}
    weighted = [
        each
        for each in net._flatten_layers(include_self=False, recursive=True)
        if each.weights and not hasattr(each, "layers")
    ]
    first = next(each.name for each in weighted if type(each).__name__ == "Conv2D")
    turned = first if is_turned(name) else ""
    if name.startswith("convnext"):
        copies[weighted[-1].name] = copies["features"]
    for layer in weighted:
        if type(layer).__name__ in ("LayerScale", "Normalization"):
            assert layer.name not in copies
        elif layer.name == turned:
            found, wanted = copies[turned].get_weights()[0], layer.get_weights()[0]
            np.testing.assert_array_equal(found, wanted[:, :, ::-1])
        elif not layer.name.endswith("pointwise_conv_2"):
            for found, wanted in zip(copies[layer.name].get_weights(), layer.get_weights(), strict=True):
                np.testing.assert_array_equal(found, wanted)


def test_every_network_of_keras_applications_is_there() -> None:
    constructors = {name for name in dir(import_keras().applications) if name[0].isupper()}
    assert len(constructors) == 40
    assert sorted(each.constructor for each in APPLICATIONS.values()) == sorted(constructors)
