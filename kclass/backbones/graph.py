"""The graph of a Keras model as its `config.json` holds it: layers, and what each of them reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Layer:
    """One layer of a graph: its class, name, options, and the names of the layers it reads."""

    kind: str
    name: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]


def layers_of(graph: Mapping[str, Any]) -> tuple[Layer, ...]:
    """The layers of a graph, Sequential or functional, in its order."""
    specs = graph["config"]["layers"]
    if graph["class_name"] == "Sequential":
        return tuple(_sequential_layers(specs))
    return tuple(_layer(spec) for spec in specs)


def _layer(spec: Mapping[str, Any]) -> Layer:
    return Layer(spec["class_name"], spec["name"], spec["config"], tuple(_tensors(spec["inbound_nodes"])))


def _tensors(node: Any) -> Iterator[str]:
    """The names of the layers whose tensors stand anywhere in a node of the graph."""
    if isinstance(node, Mapping):
        if node.get("class_name") == "__keras_tensor__":
            yield node["config"]["keras_history"][0]
        else:
            yield from _tensors(list(node.values()))
    elif isinstance(node, list):
        for part in node:
            yield from _tensors(part)


def _sequential_layers(specs: Sequence[Mapping[str, Any]]) -> Iterator[Layer]:
    before: tuple[str, ...] = ()
    for spec in specs:
        yield Layer(spec["class_name"], spec["config"]["name"], spec["config"], before)
        before = (spec["config"]["name"],)


def name_of_last(output_layers: Sequence[Any]) -> str:
    """The name of the first of the layers that a graph gives out."""
    first = output_layers[0]
    return str(first[0] if isinstance(first, list) else first)


def layer_spec(
    kind: str, name: str, config: Mapping[str, Any], source: str, shape: tuple[int, ...]
) -> dict[str, Any]:
    """A layer with one input (batch, *shape), as Keras writes it; what is left out has Keras's default."""
    tensor = {"shape": [None, *shape], "dtype": "float32", "keras_history": [source, 0, 0]}
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "registered_name": None,
        "build_config": {"input_shape": [None, *shape]},
        "name": name,
        "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": tensor}], "kwargs": {}}],
    }
