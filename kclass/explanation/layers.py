"""Which layer of a network an explanation looks at: the last one that still knows places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kclass.backbones.archive import Archive
from kclass.backbones.graph import Layer
from kclass.errors import ModelError, OptionError
from kclass.explanation.inlining import FlatGraph, inlined

SPATIAL_RANK: Final = 4
"""Axes of an output that has places: photos, rows, columns, channels."""

_PHOTOS_AND_FEATURES: Final = 2

MOST_SHOWN: Final = 5
"""Layers of one name that an error tells."""

_PLACE_KEEPING: Final = frozenset(
    {
        "MaxPooling2D",
        "AveragePooling2D",
        "Dropout",
        "SpatialDropout2D",
    }
)
"""Layers that have no weights and coarsen the grid at most."""

_PLACE_LOSING: Final = frozenset({"Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D"})


@dataclass(frozen=True)
class Node:
    """One layer of a network as the search sees it.

    Args:
        kind: its class.
        name: its name.
        inputs: the names of the layers it reads.
        rank: how many axes its output has, that of the photos included.
        also: the networks within the network whose output it gives.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    rank: int
    also: tuple[str, ...] = ()


def archive_graph(archive: Archive) -> tuple[Node, ...]:
    """The layers of an archive, each after those it reads.

    The file of a Sequential network holds few shapes, so ranks follow from the layers' classes.
    """
    ranks: dict[str, int] = {}
    nodes = []
    for layer in archive.layers:
        ranks[layer.name] = _rank(layer, ranks)
        nodes.append(Node(layer.kind, layer.name, layer.inputs, ranks[layer.name]))
    return tuple(nodes)


def keras_graph(model: Any) -> tuple[Node, ...]:
    """The layers and operations of a built Keras model, those of networks within it included.

    That is the graph the model computes: `model.layers` omits plain operations, and `layer.output` of a
    network within belongs to another graph.

    Raises:
        OptionError: it is not a Keras model.
        ModelError: it is not built, has no graph or takes several inputs.
    """
    return flat_nodes(inlined(model))


def flat_nodes(graph: FlatGraph) -> tuple[Node, ...]:
    """The layers and operations of a flat graph, each after those it reads."""
    photo = graph.input._keras_history.operation
    nodes = [Node(type(photo).__name__, photo.name, (), len(graph.input.shape))]
    around: dict[int, list[str]] = {}
    for network, value in graph.networks.items():
        around.setdefault(value, []).append(network)
    names = {0: photo.name}
    for step in graph.steps:
        if not step.name:
            names[step.gives[0]] = names[step.reads[0]]
            continue
        names.update(dict.fromkeys(step.gives, step.name))
        reads = tuple(names[value] for value in step.reads)
        also = tuple(around.get(step.gives[0], ()))
        nodes.append(Node(step.kind, step.name, reads, len(step.shape), also))
    return tuple(nodes)


def explained_layer(graph: Sequence[Node], *, wanted: str | None = None) -> str:
    """The name of the layer to explain.

    It is the last layer with a spatial output: in pooled networks what is pooled into the
    features. Pooling and dropout just before the places are lost are stepped over. They have
    nothing of their own to say, and a convolution before max-pooling shows the same evidence on
    a finer grid: the gradient of a maximum goes to one of its places, so the mean gradient of a
    channel is that of the pooled channel, but for one factor common to all.

    Args:
        graph: each layer after those it reads.
        wanted: the layer that the user asks for, if any: its path, as much of the path's end as tells
            it from all others, or the path of a network within, of which the last layer is meant.

    Raises:
        OptionError: there is no layer `wanted`, there are several, or its output is not spatial.
        ModelError: no layer's output is.
    """
    by_name = {node.name: node for node in graph}
    spatial = _spatial(graph)
    if not spatial:
        raise ModelError("no layer of the network has a spatial output, so nothing shows where it looked")
    last = by_name[spatial[-1]]
    while last.kind in _PLACE_KEEPING and last.inputs[0] in spatial:
        last = by_name[last.inputs[0]]
    if wanted is None:
        return last.name
    found = _asked_for(graph, wanted, spatial)
    if found not in spatial:
        raise OptionError(
            f"layer {found} has no spatial output, so there is no place in it to point at",
            fix=f"Use {last.name}, for instance.",
        )
    return found


def _spatial(graph: Sequence[Node]) -> list[str]:
    """The names of the layers whose output has places of the photo.

    What is pooled over all places has none left, even where it keeps the axes for them, and nor has
    what is made of that alone.
    """
    placed: set[str] = set()
    for node in graph:
        lost = node.kind in _PLACE_LOSING or node.rank <= _PHOTOS_AND_FEATURES
        if not lost and (not node.inputs or placed.intersection(node.inputs)):
            placed.add(node.name)
    return [node.name for node in graph if node.name in placed and node.rank == SPATIAL_RANK]


def _asked_for(graph: Sequence[Node], wanted: str, spatial: Sequence[str]) -> str:
    """The layer of a name: its path, or as much of the end of it as tells it from all others."""
    networks = {name: node.name for node in graph for name in node.also}
    names = networks | {node.name: node.name for node in graph}
    if wanted in names:
        return names[wanted]
    found = sorted({name for each, name in names.items() if _ends(each, wanted)})
    if not found:
        raise OptionError.unknown("layer", wanted, spatial)
    if len(found) > 1:
        more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
        raise OptionError(
            f"several layers are called {wanted}: {', '.join(found[:MOST_SHOWN])}{more}",
            fix="Give the whole path of one.",
        )
    return found[0]


def _ends(path: str, wanted: str) -> bool:
    uncounted = re.sub(r":\d+(?=/|$)", "", path)
    return f"/{path}".endswith(f"/{wanted}") or f"/{uncounted}".endswith(f"/{wanted}")


def _rank(layer: Layer, ranks: dict[str, int]) -> int:
    if "batch_shape" in layer.config:
        return len(layer.config["batch_shape"])
    if layer.kind == "Reshape":
        return 1 + len(layer.config["target_shape"])
    if layer.kind in _PLACE_LOSING and not layer.config.get("keepdims"):
        return 2
    return max((ranks[name] for name in layer.inputs), default=0)
