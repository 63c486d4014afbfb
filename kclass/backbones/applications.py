"""Networks of keras.applications as flat graphs that take raw RGB."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kclass.backbones.flattening import flat_network, name_as_fresh
from kclass.keras_import import import_keras

# The ImageNet means of red, green and blue, and their standard deviations; 0 to 255, and 0 to 1.
# Source: `keras.applications.imagenet_utils.preprocess_input`, modes "caffe" and "torch".
CAFFE_MEANS = np.array([123.68, 116.779, 103.939])
TORCH_MEANS = np.array([0.485, 0.456, 0.406])
TORCH_DEVIATIONS = np.array([0.229, 0.224, 0.225])

ONES, ZEROS = np.ones(3), np.zeros(3)
SCALINGS = {
    "caffe": (ONES, -CAFFE_MEANS),
    "inside": (ONES, ZEROS),
    "tf": (ONES / 127.5, -ONES),
    "torch": (1 / (255 * TORCH_DEVIATIONS), -TORCH_MEANS / TORCH_DEVIATIONS),
}


@dataclass(frozen=True)
class Family:
    """What several networks of keras.applications have in common.

    Args:
        preparing: the mode of their `preprocess_input`, one of `SCALINGS`; "inside" if the networks
            prepare photos themselves. "caffe" is the one that takes blue, green, red.
        scaling: what that makes of raw RGB, in words.
        licence: of their ImageNet weights.
    """

    preparing: str
    scaling: str
    licence: str


@dataclass(frozen=True)
class Application:
    """A network of keras.applications.

    Args:
        constructor: its name in `keras.applications`.
        family: how it is fed.
    """

    constructor: str
    family: Family


TO_ONE = "-1 to 1"
CENTRED = "ImageNet's mean colour is 0"
STANDARD = "ImageNet's mean colour is 0, its deviation 1"

# Licences: those that the documentation of Keras 2 names for each network that it has; for the later
# ones, that of the repository which the weights come from: tensorflow/models (MobileNetV3),
# tensorflow/tpu (EfficientNet), google/automl (EfficientNetV2), facebookresearch/ConvNeXt.
APACHE = "Apache-2.0"
CONVNEXT = Family("inside", STANDARD, "MIT")
DENSENET = Family("torch", STANDARD, "BSD-3-Clause")
EFFICIENTNET = Family("inside", STANDARD, APACHE)
EFFICIENTNET_V2 = Family("inside", "x / 128 - 1", APACHE)
INCEPTION = Family("tf", TO_ONE, APACHE)
MOBILENET = Family("tf", TO_ONE, APACHE)
MOBILENET_V3 = Family("inside", TO_ONE, APACHE)
NASNET = Family("tf", TO_ONE, APACHE)
RESNET = Family("caffe", CENTRED, "MIT")
RESNET_V2 = Family("tf", TO_ONE, "BSD")
VGG = Family("caffe", CENTRED, "CC-BY-4.0")
XCEPTION = Family("tf", TO_ONE, "MIT")

APPLICATIONS: Mapping[str, Application] = {
    "convnext_base": Application("ConvNeXtBase", CONVNEXT),
    "convnext_large": Application("ConvNeXtLarge", CONVNEXT),
    "convnext_small": Application("ConvNeXtSmall", CONVNEXT),
    "convnext_tiny": Application("ConvNeXtTiny", CONVNEXT),
    "convnext_xlarge": Application("ConvNeXtXLarge", CONVNEXT),
    "densenet121": Application("DenseNet121", DENSENET),
    "densenet169": Application("DenseNet169", DENSENET),
    "densenet201": Application("DenseNet201", DENSENET),
    "efficientnet_b0": Application("EfficientNetB0", EFFICIENTNET),
    "efficientnet_b1": Application("EfficientNetB1", EFFICIENTNET),
    "efficientnet_b2": Application("EfficientNetB2", EFFICIENTNET),
    "efficientnet_b3": Application("EfficientNetB3", EFFICIENTNET),
    "efficientnet_b4": Application("EfficientNetB4", EFFICIENTNET),
    "efficientnet_b5": Application("EfficientNetB5", EFFICIENTNET),
    "efficientnet_b6": Application("EfficientNetB6", EFFICIENTNET),
    "efficientnet_b7": Application("EfficientNetB7", EFFICIENTNET),
    "efficientnet_v2_b0": Application("EfficientNetV2B0", EFFICIENTNET),
    "efficientnet_v2_b1": Application("EfficientNetV2B1", EFFICIENTNET),
    "efficientnet_v2_b2": Application("EfficientNetV2B2", EFFICIENTNET),
    "efficientnet_v2_b3": Application("EfficientNetV2B3", EFFICIENTNET),
    "efficientnet_v2_l": Application("EfficientNetV2L", EFFICIENTNET_V2),
    "efficientnet_v2_m": Application("EfficientNetV2M", EFFICIENTNET_V2),
    "efficientnet_v2_s": Application("EfficientNetV2S", EFFICIENTNET_V2),
    "inception_resnet_v2": Application("InceptionResNetV2", INCEPTION),
    "inception_v3": Application("InceptionV3", INCEPTION),
    "mobilenet": Application("MobileNet", MOBILENET),
    "mobilenet_v2": Application("MobileNetV2", MOBILENET),
    "mobilenet_v3_large": Application("MobileNetV3Large", MOBILENET_V3),
    "mobilenet_v3_small": Application("MobileNetV3Small", MOBILENET_V3),
    "nasnet_large": Application("NASNetLarge", NASNET),
    "nasnet_mobile": Application("NASNetMobile", NASNET),
    "resnet101": Application("ResNet101", RESNET),
    "resnet101_v2": Application("ResNet101V2", RESNET_V2),
    "resnet152": Application("ResNet152", RESNET),
    "resnet152_v2": Application("ResNet152V2", RESNET_V2),
    "resnet50": Application("ResNet50", RESNET),
    "resnet50_v2": Application("ResNet50V2", RESNET_V2),
    "vgg16": Application("VGG16", VGG),
    "vgg19": Application("VGG19", VGG),
    "xception": Application("Xception", XCEPTION),
}


def build_application(name: str, size: int, load: Callable[[Any], None]) -> Any:
    """The Keras model: raw RGB (n, size, size, 3) to `features` (n, features).

    Args:
        name: one of `APPLICATIONS`.
        size: side of the photos in pixels.
        load: gives the network its weights; it is handed the network as `keras.applications` makes
            it, without top and with average pooling, so weight files fit that are made for that.
    """
    preparing = APPLICATIONS[name].family.preparing
    net = application_network(name, size)
    load(net)
    scale, offset = SCALINGS[preparing]
    turned = _first_convolution(net) if takes_blue_first(name) else ""
    return flat_network(net, name=name, scale=scale, offset=offset, turned=turned)


def application_network(name: str, size: int) -> Any:
    """The network as `keras.applications` makes it, with random weights and without top."""
    constructor = getattr(import_keras().applications, APPLICATIONS[name].constructor)
    net = constructor(input_shape=(size, size, 3), include_top=False, weights=None, pooling="avg")
    name_as_fresh(net)
    return net


def takes_blue_first(name: str) -> bool:
    """Whether a network takes blue, green, red; False for one that is not of keras.applications."""
    return name in APPLICATIONS and APPLICATIONS[name].family.preparing == "caffe"


def _first_convolution(net: Any) -> str:
    return next(str(layer.name) for layer in net.layers if type(layer).__name__ == "Conv2D")
