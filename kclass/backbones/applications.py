"""Networks of keras.applications as flat graphs that take raw RGB."""

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kclass.errors import ModelError
from kclass.keras_import import import_keras

# The size that the ImageNet weights were trained at; they are the same for every size.
IMAGENET_SIZE = 224

# keras.applications' "caffe" preprocessing: the ImageNet means of blue, green and red.
CAFFE_MEANS = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class Application:
    """How one network of keras.applications is built and fed.

    Args:
        constructor: its name in `keras.applications`.
        scale: raw RGB is multiplied by it.
        offset: then this is added, for all channels or for red, green and blue.
        first_convolution: its name, if the network expects blue, green, red; its kernel is turned
            round so that the graph needs no layer for that. Empty if it expects red, green, blue.
    """

    constructor: str
    scale: float
    offset: float | tuple[float, float, float]
    first_convolution: str = ""


APPLICATIONS: Mapping[str, Application] = {
    "mobilenet_v2": Application("MobileNetV2", 1 / 127.5, -1.0),
    "resnet50": Application(
        "ResNet50", 1.0, (-CAFFE_MEANS[2], -CAFFE_MEANS[1], -CAFFE_MEANS[0]), "conv1_conv"
    ),
}


def build_application(name: str, size: int, load: Callable[[Any], None]) -> Any:
    """The Keras model: raw RGB (n, size, size, 3) to `features` (n, features).

    Args:
        name: one of `APPLICATIONS`.
        size: side of the photos in pixels.
        load: gives the network its weights; it is handed the network as `keras.applications` makes
            it, without top and with average pooling, so weight files fit that are made for that.
    """
    keras = import_keras()
    application = APPLICATIONS[name]
    constructor = getattr(keras.applications, application.constructor)
    net = constructor(input_shape=(size, size, 3), include_top=False, weights=None, pooling="avg")
    load(net)
    photo = keras.Input((size, size, 3), name="photo")
    scaled = keras.layers.Rescaling(application.scale, application.offset, name="scaling")(photo)
    flat = constructor(input_tensor=scaled, include_top=False, weights=None)
    flat.set_weights(net.get_weights())
    if application.first_convolution:
        _turn_round(flat.get_layer(application.first_convolution))
    features = keras.layers.GlobalAveragePooling2D(name="features")(flat.output)
    model = keras.Model(photo, features, name=name)
    model.trainable = False
    return model


def imagenet_weights(name: str) -> Callable[[Any], None]:
    """What loads the ImageNet weights that Keras downloads and keeps."""

    def load(net: Any) -> None:
        keras = import_keras()
        constructor = getattr(keras.applications, APPLICATIONS[name].constructor)
        try:
            shape = (IMAGENET_SIZE, IMAGENET_SIZE, 3)
            # Keras tells of its download on stdout, which belongs to results.
            with contextlib.redirect_stdout(sys.stderr):
                trained = constructor(input_shape=shape, include_top=False, pooling="avg")
        except Exception as error:  # Keras wraps what urllib raises in a bare Exception.
            raise ModelError(
                f"cannot download the ImageNet weights of {name}: {str(error).splitlines()[0]}",
                fix="Go online once, give a weight file with --weights PATH, or use"
                " --backbone efficientnet_lite0, whose weights are installed.",
            ) from error
        net.set_weights(trained.get_weights())

    return load


def _turn_round(convolution: Any) -> None:
    kernel, *rest = convolution.get_weights()
    convolution.set_weights([np.ascontiguousarray(kernel[:, :, ::-1]), *rest])
