"""Builds an OpenVINO network straight from an archive, without Keras, for graphs of common layers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive, Layer
from kclass.engines.runtime import openvino, operations

Arrays = Sequence[NDArray[Any]]
Node = Any
Builder = Callable[[Node, Layer, Arrays], Node]

CHANNELS_FIRST = [0, 3, 1, 2]


def convertible(archive: Archive, output: str) -> bool:
    """Whether every layer up to `output` is one that `direct_network` can build."""
    needed = _needed(archive, output)
    photos = sum(layer.kind == "InputLayer" for layer in needed)
    return photos == 1 and all(_known(layer) for layer in needed)


def direct_network(archive: Archive, output: str) -> Any:
    """The network from raw uint8 RGB (1, height, width, 3) to the output of the layer `output`.

    Inside, axes are (1, channels, height, width), OpenVINO's own order.

    Args:
        archive: a flat graph; see `convertible`.
        output: name of the last layer wanted; its output has the axes (1, features).
    """
    weights = archive.layer_weights
    nodes: dict[str, Node] = {}
    parameter: Node = None
    for layer in _needed(archive, output):
        if layer.kind == "InputLayer":
            parameter, nodes[layer.name] = _input(layer)
        elif layer.kind == "Add":
            nodes[layer.name] = operations().add(*(nodes[name] for name in layer.inputs))
        else:
            builder = _BUILDERS[layer.kind]
            nodes[layer.name] = builder(nodes[layer.inputs[0]], layer, weights.get(layer.name, ()))
    return openvino().Model([operations().result(nodes[output])], [parameter], "network")


def _known(layer: Layer) -> bool:
    """Whether it is of a known class, used once, and has no option that would need more than is built."""
    if layer.kind not in ("InputLayer", "Add", *_BUILDERS):
        return False
    if len(layer.inputs) != _INPUTS.get(layer.kind, 1):
        return False
    ordinary = _ORDINARY.get(layer.kind, ())
    return all(layer.config.get(option, values[0]) in values for option, values in ordinary)


def _needed(archive: Archive, output: str) -> list[Layer]:
    layers = {layer.name: layer for layer in archive.layers}
    needed, waiting = {output}, [output]
    while waiting:
        for name in layers[waiting.pop()].inputs:
            if name not in needed:
                needed.add(name)
                waiting.append(name)
    return [layer for layer in layers.values() if layer.name in needed]


def _constant(array: Any) -> Node:
    return operations().constant(np.ascontiguousarray(array, dtype=np.float32))


def _per_channel(array: Any) -> Node:
    return _constant(np.reshape(array, (1, -1, 1, 1)))


def _input(layer: Layer) -> tuple[Node, Node]:
    _, *shape = layer.config["batch_shape"]
    parameter = operations().parameter([1, *shape], np.uint8, name=layer.name)
    floats = operations().convert(parameter, "f32")
    return parameter, operations().transpose(
        floats, operations().constant(np.array(CHANNELS_FIRST, dtype=np.int64))
    )


def _same(node: Node, layer: Layer, arrays: Arrays) -> Node:
    return node


def _rescaling(node: Node, layer: Layer, arrays: Arrays) -> Node:
    scaled = operations().multiply(node, _per_channel(layer.config["scale"]))
    return operations().add(scaled, _per_channel(layer.config["offset"]))


def _zero_padding(node: Node, layer: Layer, arrays: Arrays) -> Node:
    (top, bottom), (left, right) = layer.config["padding"]
    before, after = (
        operations().constant(np.array([0, 0, top, left])),
        operations().constant(np.array([0, 0, bottom, right])),
    )
    return operations().pad(node, before, after, "constant")


def _convolution(node: Node, layer: Layer, arrays: Arrays) -> Node:
    kernel = _constant(np.transpose(arrays[0], (3, 2, 0, 1)))
    return _biased(operations().convolution(node, kernel, **_geometry(layer.config)), arrays)


def _depthwise(node: Node, layer: Layer, arrays: Arrays) -> Node:
    kernel = _constant(np.transpose(arrays[0], (2, 3, 0, 1))[:, :, None])
    return _biased(operations().group_convolution(node, kernel, **_geometry(layer.config)), arrays)


def _geometry(config: Mapping[str, Any]) -> dict[str, Any]:
    """Strides and padding; Keras's "same" pads below and to the right first, as TensorFlow does."""
    return {
        "strides": list(config["strides"]),
        "pads_begin": [0, 0],
        "pads_end": [0, 0],
        "dilations": list(config["dilation_rate"]),
        "auto_pad": {"same": "same_upper", "valid": "valid"}[config["padding"]],
    }


def _biased(node: Node, arrays: Arrays) -> Node:
    return operations().add(node, _per_channel(arrays[1])) if len(arrays) > 1 else node


def _batch_norm(node: Node, layer: Layer, arrays: Arrays) -> Node:
    gamma, beta, mean, variance = arrays
    scale = gamma / np.sqrt(variance + layer.config["epsilon"])
    return operations().add(
        operations().multiply(node, _per_channel(scale)), _per_channel(beta - mean * scale)
    )


def _relu6(node: Node, layer: Layer, arrays: Arrays) -> Node:
    return operations().clamp(node, 0.0, 6.0)


def _average(node: Node, layer: Layer, arrays: Arrays) -> Node:
    return operations().reduce_mean(node, operations().constant(np.array([2, 3])), keep_dims=False)


_BUILDERS: Mapping[str, Builder] = {
    "Activation": _relu6,
    "BatchNormalization": _batch_norm,
    "Conv2D": _convolution,
    "ConvertToTensor": _same,
    "DepthwiseConv2D": _depthwise,
    "Dropout": _same,
    "GlobalAveragePooling2D": _average,
    "Rescaling": _rescaling,
    "ZeroPadding2D": _zero_padding,
}

# A layer that is used twice reads more.
_INPUTS: Mapping[str, int] = {"InputLayer": 0, "Add": 2}

_AXES = ("data_format", ("channels_last",))
_CONVOLUTION = (_AXES, ("activation", ("linear",)), ("groups", (1,)), ("depth_multiplier", (1,)))
_ORDINARY: Mapping[str, Sequence[tuple[str, Sequence[Any]]]] = {
    "Activation": (("activation", ("relu6",)),),
    "BatchNormalization": (("axis", (-1, 3)), ("center", (True,)), ("scale", (True,))),
    "Conv2D": _CONVOLUTION,
    "DepthwiseConv2D": _CONVOLUTION,
    "GlobalAveragePooling2D": (_AXES, ("keepdims", (False,))),
    "ZeroPadding2D": (_AXES,),
}
