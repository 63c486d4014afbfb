"""Which layer of a network an explanation looks at: the last one that still knows places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kclass.backbones.archive import Archive, Layer
from kclass.errors import ModelError, OptionError

SPATIAL_RANK: Final = 4
"""Axes of an output that has places: photos, rows, columns, channels."""

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
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    rank: int

    @property
    def spatial(self) -> bool:
        """Whether its output has places."""
        return self.rank == SPATIAL_RANK


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
    """The layers and operations of a built Keras model, each after those it reads."""
    return tuple(
        Node(
            type(_source(tensor)).__name__,
            name,
            tuple(_source(read).name for read in _read_for(tensor)),
            len(tensor.shape),
        )
        for name, tensor in keras_tensors(model).items()
    )


def keras_tensors(model: Any) -> dict[str, Any]:
    """The symbolic output of every layer of a built Keras model, by name, each after what it reads.

    It follows the tensors back from the model's outputs. That is the graph the model computes:
    `model.layers` omits plain operations, a Sequential model has no `operations`, and
    `layer.output` of a network within the network belongs to another graph.
    """
    found: dict[int, Any] = {}
    waiting = list(model.outputs)
    while waiting:
        tensor = waiting[-1]
        missing = [read for read in _read_for(tensor) if id(read) not in found]
        waiting.extend(missing)
        if not missing:
            found.setdefault(id(tensor), tensor)
            waiting.pop()
    return {_source(tensor).name: tensor for tensor in found.values()}


def explained_layer(graph: Sequence[Node], *, wanted: str | None = None) -> str:
    """The name of the layer to explain.

    It is the last layer with a spatial output: in pooled networks what is pooled into the
    features. Pooling and dropout just before the places are lost are stepped over. They have
    nothing of their own to say, and a convolution before max-pooling shows the same evidence on
    a finer grid: the gradient of a maximum goes to one of its places, so the mean gradient of a
    channel is that of the pooled channel, but for one factor common to all.

    Args:
        graph: each layer after those it reads.
        wanted: the name of the layer that the user asks for, if any.

    Raises:
        OptionError: there is no layer `wanted`, or its output is not spatial.
        ModelError: no layer's output is.
    """
    by_name = {node.name: node for node in graph}
    spatial = [node for node in graph if node.spatial]
    if not spatial:
        raise ModelError("no layer of the network has a spatial output, so nothing shows where it looked")
    last = spatial[-1]
    while last.kind in _PLACE_KEEPING and by_name[last.inputs[0]].spatial:
        last = by_name[last.inputs[0]]
    if wanted is None:
        return last.name
    if wanted not in by_name:
        raise OptionError.unknown("layer", wanted, [node.name for node in spatial])
    if not by_name[wanted].spatial:
        raise OptionError(
            f"layer {wanted} has no spatial output, so there is no place in it to point at",
            fix=f"Use {last.name}, for instance.",
        )
    return wanted


def _rank(layer: Layer, ranks: dict[str, int]) -> int:
    if "batch_shape" in layer.config:
        return len(layer.config["batch_shape"])
    if layer.kind == "Reshape":
        return 1 + len(layer.config["target_shape"])
    if layer.kind in _PLACE_LOSING and not layer.config.get("keepdims"):
        return 2
    return max((ranks[name] for name in layer.inputs), default=0)


def _source(tensor: Any) -> Any:
    """The operation that a symbolic tensor comes from."""
    return tensor._keras_history.operation


def _read_for(tensor: Any) -> list[Any]:
    """The symbolic tensors that the call which made this one read."""
    operation, call, _ = tensor._keras_history
    tensors: list[Any] = operation._inbound_nodes[call].input_tensors
    return tensors
