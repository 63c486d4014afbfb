"""The stages of a network: the stretches between two reductions of its resolution."""

import itertools
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kclass.backbones.archive import LOGITS, PROBABILITIES, Archive
from kclass.backbones.graph import Layer

STRIDED = frozenset(
    {"AveragePooling2D", "Conv2D", "DepthwiseConv2D", "MaxPooling2D", "SeparableConv2D"},
)
PLACE_LOSING = frozenset({"Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D"})
WEIGHTED = frozenset(
    {
        "BatchNormalization",
        "Conv2D",
        "Dense",
        "DepthwiseConv2D",
        "LayerNormalization",
        "PReLU",
        "SeparableConv2D",
    }
)


def stages_of(network: Any) -> dict[str, tuple[str, ...]]:
    """The names of the layers of each stage, from the photo to the features, by the stage's name.

    A stage ends at the last layer that all paths lead through before the resolution is reduced, so
    what it hands to the next is one tensor, and a block that reduces belongs to the stage it
    begins. Stretches without weights, such as a pooling at the end, belong to a neighbour; where
    paths run past each other across a reduction (NASNet), there is no end, and the stage goes on.
    The layers of the head, `logits` and `probabilities`, are in none.

    Args:
        network: a flat graph: an `Archive` or a Keras model.

    Returns:
        `stage1`, `stage2` … in the order of the graph; every layer is in exactly one.
    """
    layers = graph_of(network)
    ends = list(_ends(layers, strides(layers)))
    parts = [layers[start:end] for start, end in zip([0, *ends], [*ends, len(layers)], strict=True)]
    return {
        f"stage{number}": tuple(layer.name for layer in part)
        for number, part in enumerate(_with_weights(parts), 1)
    }


def graph_of(network: Any) -> tuple[Layer, ...]:
    """The layers of an archive or a Keras model without its head, each after those it reads."""
    if not isinstance(network, Archive):
        config = json.loads(json.dumps(network.get_config()))  # as a file has it: no tuples
        network = Archive({"class_name": type(network).__name__, "config": config}, b"")
    return tuple(layer for layer in network.layers if layer.name not in (LOGITS, PROBABILITIES))


def strides(layers: Sequence[Layer]) -> dict[str, float]:
    """By how much the output of each layer is coarser than the photo; infinite where places are lost.

    It follows from the strides alone, so it is the same at every size. Where a vector joins a grid,
    as in squeeze-and-excitation, the grid counts.
    """
    found: dict[str, float] = {}
    for layer in layers:
        before = min((found[name] for name in layer.inputs), default=1)
        found[layer.name] = before * _own_stride(layer)
    return found


def _own_stride(layer: Layer) -> float:
    if layer.kind in PLACE_LOSING:
        return math.inf
    if layer.kind not in STRIDED:
        return 1
    stride = layer.config.get("strides") or layer.config.get("pool_size") or 1
    return float(max(stride) if isinstance(stride, Collection) else stride)


def _ends(layers: Sequence[Layer], coarseness: Mapping[str, float]) -> Iterator[int]:
    """Where stages end: the places after their last layers."""
    shared = [place for place in shared_places(layers) if coarseness[layers[place].name] < math.inf]
    for place, following in itertools.pairwise(shared):
        if coarseness[layers[place].name] < coarseness[layers[following].name]:
            yield place + 1


def shared_places(layers: Sequence[Layer]) -> Iterator[int]:
    """The places of the layers that all paths lead through: no layer after them reads one before."""
    places = {layer.name: place for place, layer in enumerate(layers)}
    last_reader = dict.fromkeys(range(len(layers)), -1)
    for place, layer in enumerate(layers):
        for name in layer.inputs:
            last_reader[places[name]] = place
    furthest = 0
    for place in range(len(layers)):
        if furthest <= place:
            yield place
        furthest = max(furthest, last_reader[place])


def _with_weights(parts: Sequence[Sequence[Layer]]) -> list[list[Layer]]:
    """The parts, those without weights joined to the one after them, or before if there is none."""
    joined: list[list[Layer]] = [[]]
    for part in parts:
        if any(layer.kind in WEIGHTED for layer in joined[-1]):
            joined.append([])
        joined[-1].extend(part)
    if len(joined) > 1 and not any(layer.kind in WEIGHTED for layer in joined[-1]):
        last = joined.pop()
        joined[-1].extend(last)
    return joined
