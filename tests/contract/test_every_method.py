"""Every method of explaining on networks of every build."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from backbone_battery import battery_photos, weigh
from numpy.typing import NDArray

import kclass
from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.backbones.keras_archive import keras_model
from kclass.backbones.scratch import build_scratch
from kclass.backbones.scratch_small import build_scratch_small
from kclass.explanation.explaining import explain_photos
from kclass.explanation.gradients import GradientNetwork
from kclass.explanation.maps import Explanation
from kclass.explanation.methods import METHODS
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it reads
)

SIZE = 64
CLASSES = 3
MANY_PASSES = ("score-cam", "integrated-gradients", "occlusion")


def photos() -> NDArray[np.uint8]:
    """One photo, uint8 (1, SIZE, SIZE, 3)."""
    return battery_photos()[:1, :SIZE, :SIZE]


def scratch() -> Any:
    return build_scratch(size=SIZE, classes=CLASSES, seed=1)


def scratch_small() -> Any:
    model = build_scratch_small(size=SIZE, classes=CLASSES, seed=1)
    weigh(model, battery_photos().astype(np.float32)[:, :SIZE, :SIZE])
    return model


def efficientnet_lite0() -> Any:
    kernel = np.random.default_rng(5).normal(0, 0.05, (1280, CLASSES)).astype(np.float32)
    return keras_model(lite0_archive(SIZE).with_head(kernel, np.zeros(CLASSES, np.float32)))


def application(name: str, **options: Any) -> Any:
    """A network of `keras.applications` with random weights that let photos through."""
    keras = import_keras()
    keras.utils.set_random_seed(6)
    shape = (SIZE, SIZE, 3)
    network = getattr(keras.applications, name)(input_shape=shape, include_top=False, weights=None, **options)
    weigh(network, battery_photos()[:, :SIZE, :SIZE] / np.float32(127.5) - 1)
    return network


def with_top(base: Any) -> Any:
    """A flat network: the base's own input and layers, and a head."""
    keras = import_keras()
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(CLASSES, activation="softmax")(pooled))


def mobilenet_v2() -> Any:
    return with_top(application("MobileNetV2"))


def resnet50() -> Any:
    return with_top(application("ResNet50"))


def nested_transfer() -> Any:
    """As Keras's guide to transfer learning has it."""
    keras = import_keras()
    layers = keras.layers
    base = application("MobileNetV2", alpha=0.35)
    photo = keras.Input((SIZE, SIZE, 3))
    augmented = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])(photo)
    scaled = layers.Rescaling(1 / 127.5, offset=-1)(augmented)
    pooled = layers.GlobalAveragePooling2D()(base(scaled, training=False))
    return keras.Model(photo, layers.Dense(CLASSES, activation="softmax")(layers.Dropout(0.2)(pooled)))


def plain_sequential() -> Any:
    keras = import_keras()
    keras.utils.set_random_seed(6)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ]
    )


NETWORKS: tuple[Callable[[], Any], ...] = (
    scratch,
    scratch_small,
    efficientnet_lite0,
    mobilenet_v2,
    resnet50,
    nested_transfer,
    plain_sequential,
)


@cache
def ready(build: Callable[[], Any]) -> GradientNetwork:
    return GradientNetwork(build())


def cases() -> list[Any]:
    # These have 1280 or 2048 channels, for each of which Score-CAM runs them once.
    heavy = (efficientnet_lite0, mobilenet_v2, resnet50, nested_transfer)
    return [
        pytest.param(
            build,
            key,
            marks=[pytest.mark.slow] if key in MANY_PASSES and build in heavy else [],
            id=f"{build.__name__}-{key}",
        )
        for build in NETWORKS
        for key in METHODS
    ]


@pytest.mark.parametrize(("build", "key"), cases())
def test_every_method_shows_where_every_network_looks(build: Callable[[], Any], key: str) -> None:
    network, method = ready(build), METHODS[key]
    found = explain_photos(network, fed(build), method=method)
    check(found)
    if method.layered:
        assert found.layer == network.layer
        assert found.maps.shape[1:] == network.map_shape[:2]


def fed(build: Callable[[], Any]) -> NDArray[Any]:
    """The photos in the range that the network takes."""
    if build in (mobilenet_v2, resnet50):
        return photos() / np.float32(127.5) - 1
    return photos()


def check(found: Explanation) -> None:
    assert found.maps.dtype == np.float32
    assert found.maps.min() >= 0
    assert found.verdicts == ("",)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)


def test_any_layer_within_a_nested_network_can_be_named() -> None:
    model = nested_transfer()
    (base,) = (layer.name for layer in model.layers if layer.name.startswith("mobilenetv2"))
    found = kclass.explain(model, photos(), layer="Conv_1")
    assert found.layer == f"{base}/Conv_1"
    check(found)
