"""Copies a network of keras.applications into a flat graph of plain layers that takes raw RGB."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.keras_import import import_keras

PHOTO, SCALING, FEATURES = "photo", "scaling", "features"

# EfficientNet's ImageNet weights hold standard deviations where Keras wants variances, and Keras
# divides by their root once more, in a layer that the network without ImageNet weights has not.
# Source: the comment beside IMAGENET_STDDEV_RGB in keras/src/applications/efficientnet.py.
IMAGENET_DEVIATIONS = np.array([0.229, 0.224, 0.225])
DEVIATION_TOLERANCE = 1e-3


def flat_network(
    net: Any, *, name: str, scale: NDArray[np.float64], offset: NDArray[np.float64], turned: str = ""
) -> Any:
    """A Keras model: raw RGB (n, size, size, 3) to `features` (n, features), with the weights of `net`.

    All its layers are of `keras.layers` and none is a model, so plain Keras opens its file:

    - what prepares photos, before the network or at its beginning, becomes one `Rescaling`;
    - the layers of a Sequential block stand in the graph themselves;
    - the factors of a `LayerScale` are multiplied into the dense layer before it;
    - `a + b`, `a + 3` and `a * 2` become `Add` and `Rescaling`; what does nothing is left out.

    Args:
        net: a network as `keras.applications` makes it, without top and with average pooling.
        name: of the model.
        scale: raw RGB is multiplied by it before it reaches `net`; float64 (3,).
        offset: and this is added then; float64 (3,).
        turned: the name of the first convolution of a network that takes blue, green, red; its
            kernel is turned round, so that the graph needs no layer for that. Empty for others.
    """
    keras = import_keras()
    photo = keras.Input(net.input_shape[1:], name=PHOTO)
    copy = _Copy(photo, scale, offset, turned=turned, last=net.operations[-1].name)
    made = keras.models.clone_model(
        net, input_tensors=photo, clone_function=lambda layer: layer, call_function=copy.call
    )
    model = keras.Model(photo, made.output, name=name)
    model.trainable = False
    return model


def name_as_fresh(net: Any) -> None:
    """Give a network's layers the names that they would have in a new process.

    Keras counts the names it makes up (`conv2d_94`) through the whole process.
    """
    counted: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for layer in net.operations:
        stem, number = re.fullmatch(r"(.+?)(?:_(\d+))?", layer.name).groups("0")  # type: ignore[union-attr]
        if stem.replace("_", "") == type(layer).__name__.lower():
            counted[stem].append((int(number), layer))
    for stem, layers in counted.items():
        least = min(number for number, _ in layers)
        for number, layer in layers:
            layer.name = f"{stem}_{number - least}" if number > least else stem


class _Copy:
    """The copy in the making: how photos have been prepared so far, and what becomes of each layer."""

    def __init__(
        self, photo: Any, scale: NDArray[np.float64], offset: NDArray[np.float64], *, turned: str, last: str
    ) -> None:
        self.layers = import_keras().layers
        self.photo, self.scaled = photo, None
        self.scale, self.offset = scale, offset
        self.turned, self.last = turned, last
        self.special: Mapping[str, Callable[..., Any]] = {
            "Activation": self._activation,
            "Add": self._add,
            "CustomScaleLayer": self._scaled_add,
            "LayerScale": self._layer_scale,
            "Multiply": self._multiply,
            "Sequential": self._sequential,
        }

    def call(self, layer: Any, *tensors: Any, **options: Any) -> Any:
        """What the copy of a layer makes of tensors of the copied graph."""
        kind = type(layer).__name__
        if tensors[0] is self.photo:
            if kind in ("Rescaling", "Normalization"):
                self._prepare(layer)
                return self.photo
            tensors = (self._prepared(),)
        if kind in self.special:
            return self.special[kind](layer, *tensors)
        return self._same(layer, *tensors, **options)

    def _prepare(self, layer: Any) -> None:
        """Take a layer that prepares photos into what prepares them so far."""
        if type(layer).__name__ == "Rescaling":
            scale, offset = np.asarray(layer.scale), np.asarray(layer.offset)
        else:
            layer.finalize_state()  # until then it computes with the weights it was built with
            mean, variance = (np.ravel(each).astype(np.float64) for each in (layer.mean, layer.variance))
            scale = 1 / np.sqrt(variance)
            if np.allclose(variance, IMAGENET_DEVIATIONS, rtol=0, atol=DEVIATION_TOLERANCE):
                scale = 1 / IMAGENET_DEVIATIONS
            offset = -mean * scale
        self.scale, self.offset = self.scale * scale, self.offset * scale + offset

    def _prepared(self) -> Any:
        """The photo as the first layer that computes something gets it."""
        if self.scaled is None:
            scale, offset = _option(self.scale), _option(self.offset)
            self.scaled = self.layers.Rescaling(scale, offset, name=SCALING)(self.photo)
        return self.scaled

    def _same(self, layer: Any, *tensors: Any, **options: Any) -> Any:
        name = FEATURES if layer.name == self.last else layer.name
        copy = type(layer).from_config({**layer.get_config(), "name": name})
        made = copy(*tensors, **options)
        weights = layer.get_weights()
        if layer.name == self.turned:
            weights[0] = np.ascontiguousarray(weights[0][:, :, ::-1])
        copy.set_weights(weights)
        return made

    def _sequential(self, block: Any, tensor: Any) -> Any:
        for layer in block.layers:
            tensor = self.call(layer, tensor)
        return tensor

    def _activation(self, layer: Any, tensor: Any) -> Any:
        return tensor if layer.get_config()["activation"] == "linear" else self._same(layer, tensor)

    def _layer_scale(self, layer: Any, tensor: Any) -> Any:
        dense = tensor._keras_history.operation
        factors = layer.get_weights()[0]
        dense.set_weights([weight * factors for weight in dense.get_weights()])
        return tensor

    def _scaled_add(self, layer: Any, tensors: Any) -> Any:
        """Inception-ResNet's sum, whose second part counts for less than the first."""
        first, second = tensors
        part = self.layers.Rescaling(layer.scale, name=f"{layer.name}_scale")(second)
        return self.layers.Add(name=layer.name)([first, part])

    def _add(self, layer: Any, tensors: Any, other: Any = None) -> Any:
        """A layer of several tensors, the sum of two, or a tensor and a number."""
        if other is None:
            return self._same(layer, tensors)
        if isinstance(other, float):
            return self.layers.Rescaling(1.0, other, name=layer.name)(tensors)
        return self.layers.Add(name=layer.name)([tensors, other])

    def _multiply(self, layer: Any, tensors: Any, other: Any = None) -> Any:
        if other is None:
            return self._same(layer, tensors)
        return self.layers.Rescaling(other, name=layer.name)(tensors)


def _option(values: NDArray[np.float64]) -> float | list[float]:
    """An option of a layer: one number if all channels have the same."""
    first, *rest = values.tolist()
    return float(first) if all(each == first for each in rest) else [first, *rest]
