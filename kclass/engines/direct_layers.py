"""How the direct conversion builds each class of layer, operation by operation.

Keras's axes are (1, height, width, channels), those of the nodes here (1, channels, height, width);
vectors are (1, features) in both.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.graph import Layer
from kclass.engines.runtime import openvino, operations

Arrays = Sequence[NDArray[Any]]
Node = Any
Builder = Callable[[Sequence[Node], Layer, Arrays], Node]

CHANNELS_FIRST, CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True)
class LayerKind:
    """What is known of a class of layers.

    Args:
        build: from the nodes that a layer reads, the layer and its weights to its output.
        ordinary: the values of options that are built, Keras's default first; other options do not
            matter, or every value of them is built.
        needed: options that the builder reads; operations that are called as layers are lack them.
        inputs: how many nodes a layer reads, at least and at most.
        ranks: how many axes these may have.
    """

    build: Builder
    ordinary: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    inputs: tuple[int, float] = (1, 1)
    ranks: frozenset[int] = frozenset({2, 4})


def channels_second(node: Node) -> Node:
    """Of axes in Keras's order: (1, height, width, channels) to (1, channels, height, width)."""
    return _transposed(node, CHANNELS_FIRST)


def channels_last(node: Node) -> Node:
    """Back to Keras's order: (1, channels, height, width) to (1, height, width, channels)."""
    return _transposed(node, CHANNELS_LAST)


def _transposed(node: Node, axes: Sequence[int]) -> Node:
    if _rank(node) != len(axes):
        return node
    return operations().transpose(node, _whole(axes))


def _rank(node: Node) -> int:
    return len(_shape(node))


def _shape(node: Node) -> list[int]:
    """The axes of an operation's output, or of that output of an operation with several."""
    output = node.output(0) if isinstance(node, openvino().Node) else node
    return list(output.get_shape())


def _constant(array: Any) -> Node:
    return operations().constant(np.ascontiguousarray(array, dtype=np.float32))


def _whole(numbers: Sequence[int]) -> Node:
    return operations().constant(np.array(numbers, dtype=np.int64))


def _per_channel(array: Any, node: Node) -> Node:
    """Numbers of the channels of a node, or one for all."""
    return _constant(np.reshape(array, (1, -1, *(1,) * (_rank(node) - 2))))


def _scaled(node: Node, scale: Any, offset: Any) -> Node:
    product = operations().multiply(node, _per_channel(scale, node))
    return operations().add(product, _per_channel(offset, node))


def _relu(node: Node) -> Node:
    return operations().relu(node)


_ACTIVATIONS: Mapping[str, Callable[[Node], Node]] = {
    "linear": lambda node: node,
    "gelu": lambda node: operations().gelu(node, "erf"),
    "hard_sigmoid": lambda node: operations().hsigmoid(node),
    "hard_silu": lambda node: operations().hswish(node),
    "relu": _relu,
    "relu6": lambda node: operations().clamp(node, 0.0, 6.0),
    "sigmoid": lambda node: operations().sigmoid(node),
    "silu": lambda node: operations().swish(node),
    "tanh": lambda node: operations().tanh(node),
}


def _activation(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return _ACTIVATIONS[layer.config["activation"]](nodes[0])


def _relu_layer(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    most = layer.config["max_value"]
    return _relu(nodes[0]) if most is None else operations().clamp(nodes[0], 0.0, float(most))


def _leaky_relu(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return operations().prelu(nodes[0], _constant([layer.config["negative_slope"]]))


def _same(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return nodes[0]


def _sum(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return functools.reduce(operations().add, nodes)


def _product(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return functools.reduce(operations().multiply, nodes)


def _concatenation(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return operations().concat(list(nodes), 1)


def _rescaling(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return _scaled(nodes[0], layer.config["scale"], layer.config["offset"])


def _zero_padding(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    (top, bottom), (left, right) = layer.config["padding"]
    return operations().pad(nodes[0], _whole([0, 0, top, left]), _whole([0, 0, bottom, right]), "constant")


def _cropping(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    (top, bottom), (left, right) = layer.config["cropping"]
    height, width = _shape(nodes[0])[2:]
    ends = _whole([height - bottom, width - right])
    return operations().slice(nodes[0], _whole([top, left]), ends, _whole([1, 1]), _whole([2, 3]))


def _flatten(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return operations().reshape(channels_last(nodes[0]), _whole([1, -1]), False)


def _reshape(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    shape = _whole([1, *layer.config["target_shape"]])
    return channels_second(operations().reshape(channels_last(nodes[0]), shape, False))


def _convolution(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    kernel, groups = np.transpose(arrays[0], (3, 2, 0, 1)), layer.config.get("groups", 1)
    if groups == 1:
        found = operations().convolution(nodes[0], _constant(kernel), **_geometry(layer.config))
    else:
        grouped = kernel.reshape(groups, -1, *kernel.shape[1:])
        found = operations().group_convolution(nodes[0], _constant(grouped), **_geometry(layer.config))
    return _finished(found, layer, arrays[1:])


def _depthwise(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return _finished(_each_channel(nodes[0], layer, arrays[0]), layer, arrays[1:])


def _separable(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    depthwise = _each_channel(nodes[0], layer, arrays[0])
    return _finished(_pointwise(depthwise, arrays[1][0, 0]), layer, arrays[2:])


def _each_channel(node: Node, layer: Layer, kernel: NDArray[Any]) -> Node:
    """The convolution of each channel for itself by a kernel (height, width, channels, multiplier)."""
    grouped = _constant(np.transpose(kernel, (2, 3, 0, 1))[:, :, None])
    return operations().group_convolution(node, grouped, **_geometry(layer.config))


def _pointwise(node: Node, kernel: NDArray[Any]) -> Node:
    """The same matrix (channels, units) for every place."""
    one = {"strides": [1, 1], "pads_begin": [0, 0], "pads_end": [0, 0], "dilations": [1, 1]}
    return operations().convolution(node, _constant(kernel.T[:, :, None, None]), **one)


def _dense(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    (node,), kernel = nodes, arrays[0]
    if _rank(node) == 2:
        found = operations().matmul(node, _constant(kernel), False, False)
    else:
        found = _pointwise(node, kernel)
    return _finished(found, layer, arrays[1:])


def _finished(node: Node, layer: Layer, bias: Arrays) -> Node:
    """With the layer's bias, if it has one, and its activation."""
    biased = operations().add(node, _per_channel(bias[0], node)) if bias else node
    return _ACTIVATIONS[layer.config["activation"]](biased)


def _window(config: Mapping[str, Any]) -> dict[str, Any]:
    """Strides and padding; Keras's "same" pads below and to the right first, as TensorFlow does."""
    return {
        "strides": list(config["strides"]),
        "pads_begin": [0, 0],
        "pads_end": [0, 0],
        "auto_pad": {"same": "same_upper", "valid": "valid"}[config["padding"]],
    }


def _geometry(config: Mapping[str, Any]) -> dict[str, Any]:
    return {**_window(config), "dilations": list(config["dilation_rate"])}


def _max_pooling(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    shape = {"kernel_shape": list(layer.config["pool_size"]), "dilations": [1, 1]}
    return operations().max_pool(nodes[0], **shape, **_window(layer.config)).output(0)


def _average_pooling(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    """Padding does not count, neither in the sum nor in the number."""
    shape = {"kernel_shape": list(layer.config["pool_size"]), "exclude_pad": True}
    return operations().avg_pool(nodes[0], **shape, **_window(layer.config))


def _average(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    return operations().reduce_mean(nodes[0], _whole([2, 3]), keep_dims=layer.config["keepdims"])


def _batch_norm(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    gamma, beta, (mean, variance) = _affine(layer, arrays)
    scale = gamma / np.sqrt(variance + layer.config["epsilon"])
    return _scaled(nodes[0], scale, beta - mean * scale)


def _layer_norm(nodes: Sequence[Node], layer: Layer, arrays: Arrays) -> Node:
    gamma, beta, _ = _affine(layer, arrays)
    last = channels_last(nodes[0])
    normed = operations().mvn(last, _whole([-1]), True, layer.config["epsilon"], "inside_sqrt")
    return _scaled(channels_second(normed), gamma, beta)


def _affine(layer: Layer, arrays: Arrays) -> tuple[Any, Any, Arrays]:
    """Gamma and beta, of which a layer may lack either, and the weights after them."""
    rest = list(arrays)
    gamma = rest.pop(0) if layer.config["scale"] else np.ones(1, np.float32)
    beta = rest.pop(0) if layer.config["center"] else np.zeros(1, np.float32)
    return gamma, beta, rest


_SPATIAL = frozenset({4})
_AXES: Mapping[str, Sequence[Any]] = {"data_format": ("channels_last",)}
_LAST = (-1, 3, [-1], [3])
_FINISHED: Mapping[str, Sequence[Any]] = {"activation": tuple(_ACTIVATIONS)}
_WINDOW = frozenset({"strides", "padding"})
_CONVOLUTION = _WINDOW | {"dilation_rate", "activation"}
_POOLING = _WINDOW | {"pool_size"}
_SEVERAL = (2, math.inf)

LAYERS: Mapping[str, LayerKind] = {
    "Activation": LayerKind(_activation, _FINISHED, frozenset({"activation"})),
    "Add": LayerKind(_sum, inputs=_SEVERAL),
    "AveragePooling2D": LayerKind(_average_pooling, _AXES, _POOLING, ranks=_SPATIAL),
    "BatchNormalization": LayerKind(
        _batch_norm,
        {"axis": _LAST, "renorm": (False,)},
        frozenset({"epsilon", "center", "scale"}),
    ),
    "Concatenate": LayerKind(_concatenation, {"axis": (-1, 3)}, inputs=_SEVERAL),
    "Conv2D": LayerKind(_convolution, {**_AXES, **_FINISHED}, _CONVOLUTION, ranks=_SPATIAL),
    "ConvertToTensor": LayerKind(_same),
    "Cropping2D": LayerKind(_cropping, _AXES, frozenset({"cropping"}), ranks=_SPATIAL),
    "Dense": LayerKind(_dense, _FINISHED, frozenset({"activation"})),
    "DepthwiseConv2D": LayerKind(_depthwise, {**_AXES, **_FINISHED}, _CONVOLUTION, ranks=_SPATIAL),
    "Dropout": LayerKind(_same),
    "Flatten": LayerKind(_flatten, _AXES),
    "GlobalAveragePooling2D": LayerKind(_average, _AXES, frozenset({"keepdims"}), ranks=_SPATIAL),
    "LayerNormalization": LayerKind(
        _layer_norm,
        {"axis": _LAST, "rms_scaling": (False,)},
        frozenset({"epsilon", "center", "scale"}),
    ),
    "LeakyReLU": LayerKind(_leaky_relu, needed=frozenset({"negative_slope"})),
    "MaxPooling2D": LayerKind(_max_pooling, _AXES, _POOLING, ranks=_SPATIAL),
    "Multiply": LayerKind(_product, inputs=_SEVERAL),
    "ReLU": LayerKind(_relu_layer, {"negative_slope": (0,), "threshold": (0,)}, frozenset({"max_value"})),
    "Rescaling": LayerKind(_rescaling, needed=frozenset({"scale", "offset"})),
    "Reshape": LayerKind(_reshape, needed=frozenset({"target_shape"})),
    "SeparableConv2D": LayerKind(_separable, {**_AXES, **_FINISHED}, _CONVOLUTION, ranks=_SPATIAL),
    "ZeroPadding2D": LayerKind(_zero_padding, _AXES, frozenset({"padding"}), ranks=_SPATIAL),
}
