"""Weights as Keras 3 lays them out in HDF5, and Keras from 2.12 on: a group for each layer.

A model has a group `layers`, whose groups are named after the layers' classes, counted; each has
its weights in a group `vars`, in order, and the layer's name as that group's attribute `name`,
which earlier versions left out. A model that is a layer has its own `layers` in its group.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kclass.backbones.layer_matching import Part, Place, StoredLayer, counted
from kclass.backbones.safe_hdf5 import UntrustedError, stored_array, subgroup, text

# The second is what Keras 2.12 to 2.15 call it.
LAYERS = ("layers", "_layer_checkpoint_dependencies")
VARS = "vars"

NO_MODEL = ("optimizer",)

# Groups in a file, and within one another. NASNet-Large, the network of most layers, has 5,000.
MOST_GROUPS, DEEPEST = 100_000, 30


def keras3_parts(file: Any) -> list[Part]:
    """The models in a file, outermost first; empty if it has another layout.

    Raises:
        UntrustedError: it has links to other places, or groups that contain one another.
        ValueError: it is damaged.
    """
    parts: dict[tuple[str, ...], list[StoredLayer]] = defaultdict(list)
    for path, group in _groups(file):
        found = subgroup(group, VARS)
        arrays = () if found is None else _arrays(found)
        for depth, name in enumerate(path):
            if name in LAYERS and arrays:
                layer = StoredLayer(text(found, "name"), _place(path[depth + 1 :]), arrays)
                parts[path[:depth]].append(layer)
    return [Part(path, layers) for path, layers in sorted(parts.items(), key=lambda each: len(each[0]))]


def names_of_class(file: Any, part: Part, kind: str) -> set[str]:
    """The names of a model's own layers of one class, also of those without weights.

    Args:
        file: the file.
        part: one of its `keras3_parts`; other layouts do not tell classes, so they have none.
        kind: the class, as groups are named after it.

    Returns:
        The names; an empty one stands for layers whose name the file does not have.
    """
    model = file
    for name in part.path:
        model = None if model is None else subgroup(model, name)
    groups = [subgroup(model, name) for name in LAYERS] if model is not None else []
    layers = [(name, subgroup(group, name)) for group in groups if group is not None for name in group]
    return {
        "" if (found := subgroup(layer, VARS)) is None else text(found, "name")
        for name, layer in layers
        if layer is not None and counted(name)[0] == kind
    }


def place_in_model(path: tuple[str, ...]) -> Place:
    """Where a layer stands that is reached through these groups, counted by class."""
    *models, last = path
    stem, number = counted(last)
    return Place("/".join((*models, stem)), number)


def _place(path: tuple[str, ...]) -> Place:
    return place_in_model(tuple(name for name in path if name not in LAYERS))


def _arrays(group: Any) -> tuple[Any, ...]:
    """The weights of a layer, in order; none if they are not numbered as Keras's own layers do."""
    if set(group) != {str(index) for index in range(len(group))}:
        return ()
    return tuple(stored_array(group, str(index)) for index in range(len(group)))


def _groups(file: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The groups of models and layers, each with the names that lead there."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), file)]
    for _ in range(MOST_GROUPS):
        if not waiting:
            return
        path, group = waiting.pop()
        if len(path) > DEEPEST:
            break
        yield path, group
        below = [((*path, name), subgroup(group, name)) for name in group if name not in (VARS, *NO_MODEL)]
        waiting += [(names, found) for names, found in below if found is not None]
    raise UntrustedError("its groups are too many, or lie too deep in one another")
