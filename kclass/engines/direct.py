"""Builds an OpenVINO network straight from an archive, without Keras, for graphs of common layers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kclass.backbones.archive import Archive
from kclass.backbones.graph import Layer
from kclass.engines.direct_layers import LAYERS, Node, channels_last, channels_second
from kclass.engines.runtime import openvino, operations

PHOTO = "InputLayer"

# Axes of an output that has places, and of a vector: photos, rows, columns, channels.
SPATIAL, VECTOR = 4, 2


def convertible(archive: Archive, output: str) -> bool:
    """Whether `direct_network` can build every layer up to `output`, and that gives a vector or places."""
    needed = _needed(archive, output)
    if [layer.kind for layer in needed].count(PHOTO) != 1 or _called_twice(archive, needed):
        return False
    if not all(_known(layer) for layer in needed):
        return False
    ranks = _ranks(needed)
    return ranks[output] in (SPATIAL, VECTOR) and all(_fits(layer, ranks) for layer in needed)


def direct_network(archive: Archive, output: str) -> Any:
    """The network from raw uint8 RGB (1, height, width, 3) to the output of the layer `output`.

    Inside, axes are (1, channels, height, width), OpenVINO's own order; what comes out has Keras's.

    Args:
        archive: a flat graph; see `convertible`.
        output: name of the last layer wanted; its output has the axes (1, features) or (1, rows,
            columns, channels).
    """
    weights = archive.layer_weights
    nodes: dict[str, Node] = {}
    parameter: Node = None
    for layer in _needed(archive, output):
        if layer.kind == PHOTO:
            parameter, nodes[layer.name] = _input(layer)
        else:
            read = [nodes[name] for name in layer.inputs]
            nodes[layer.name] = LAYERS[layer.kind].build(read, layer, weights.get(layer.name, ()))
    return openvino().Model([operations().result(channels_last(nodes[output]))], [parameter], "network")


def _needed(archive: Archive, output: str) -> list[Layer]:
    layers = {layer.name: layer for layer in archive.layers}
    needed, waiting = {output}, [output]
    while waiting:
        for name in layers[waiting.pop()].inputs:
            if name not in needed:
                needed.add(name)
                waiting.append(name)
    return [layer for layer in layers.values() if layer.name in needed]


def _called_twice(archive: Archive, needed: Sequence[Layer]) -> bool:
    """Whether any of the layers is used at more than one place; those of a Sequential network are not."""
    names = {layer.name for layer in needed}
    specs = archive.graph["config"]["layers"]
    return any(len(spec.get("inbound_nodes", ())) > 1 for spec in specs if spec.get("name") in names)


def _known(layer: Layer) -> bool:
    """Whether it is of a known class, and has no option that would need more than is built."""
    if layer.kind == PHOTO:
        return not layer.inputs
    if layer.kind not in LAYERS:
        return False
    kind = LAYERS[layer.kind]
    least, most = kind.inputs
    if not least <= len(layer.inputs) <= most or not kind.needed <= layer.config.keys():
        return False
    return all(layer.config.get(option, values[0]) in values for option, values in kind.ordinary.items())


def _fits(layer: Layer, ranks: Mapping[str, int]) -> bool:
    """Whether what it reads has as many axes as its builder expects, all of it the same number."""
    if layer.kind == PHOTO:
        return ranks[layer.name] == SPATIAL
    read = {ranks[name] for name in layer.inputs}
    return len(read) == 1 and read <= LAYERS[layer.kind].ranks


def _ranks(layers: Sequence[Layer]) -> dict[str, int]:
    """How many axes the output of each layer has; only such layers lose or win some as are named here."""
    ranks: dict[str, int] = {}
    for layer in layers:
        ranks[layer.name] = _rank(layer, (ranks[name] for name in layer.inputs))
    return ranks


def _rank(layer: Layer, read: Iterator[int]) -> int:
    if layer.kind == PHOTO:
        return len(layer.config["batch_shape"])
    if layer.kind == "Reshape":
        return 1 + len(layer.config["target_shape"])
    if layer.kind == "Flatten" or (layer.kind == "GlobalAveragePooling2D" and not layer.config["keepdims"]):
        return VECTOR
    return max(read)


def _input(layer: Layer) -> tuple[Node, Node]:
    _, *shape = layer.config["batch_shape"]
    parameter = operations().parameter([1, *shape], np.uint8, name=layer.name)
    return parameter, channels_second(operations().convert(parameter, "f32"))
