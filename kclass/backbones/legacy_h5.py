"""Weights as Keras 2 lays them out in HDF5, and Keras 3 under the name `.h5`: a group for each layer.

The attribute `layer_names` lists the layers in order, and the attribute `weight_names` of each
layer's group its arrays, such as `Conv1/kernel:0`. A model that is a layer has those of all its
layers in its one group. Whole models have all that in a group `model_weights`, and the graph in the
attribute `model_config`.

Source: `keras/src/legacy/saving/legacy_h5_format.py`.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kclass.backbones.layer_matching import Part, Place, StoredLayer
from kclass.backbones.safe_hdf5 import UntrustedError, printable, stored_array, subgroup, text, texts

MODEL_WEIGHTS = "model_weights"
LAYER_NAMES, WEIGHT_NAMES = "layer_names", "weight_names"


def legacy_parts(file: Any) -> list[Part]:
    """The models in a file, outermost first; empty if it has another layout.

    Raises:
        UntrustedError: it has links to other places, or convolutions turned round as Theano has them.
        ValueError: a layer or an array that is named is not there.
    """
    group = subgroup(file, MODEL_WEIGHTS)
    group = file if group is None else group
    if text(group, "backend") == "theano":
        raise UntrustedError("it was saved from Keras on Theano, whose kernels are turned round")
    models = {name: list(_layers(group, name)) for name in listed(group, LAYER_NAMES)}
    whole = [layer for layers in models.values() for layer in layers]
    nested = [((name,), layers) for name, layers in models.items() if len(layers) > 1]
    return [Part(path, _placed(layers)) for path, layers in [((), whole), *nested] if layers]


def model_config(file: Any) -> str:
    """The graph of a whole model, as JSON; empty if the file has the weights alone."""
    return text(file, "model_config")


def listed(group: Any, name: str) -> list[str]:
    """The texts of an attribute of a group; Keras cuts long lists in pieces: `layer_names0` and so on."""
    found = texts(group, name)
    piece = 0
    while f"{name}{piece}" in group.attrs:
        found += texts(group, f"{name}{piece}")
        piece += 1
    return found


def _layers(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The name and the arrays of a layer, or of each layer of a model that is one."""
    found = group
    for part in name.split("/"):
        found = None if found is None else subgroup(found, part)
    if found is None:
        raise ValueError(f"there is no group for the layer {printable(name)}")
    arrays: dict[str, list[Any]] = defaultdict(list)
    for weight in listed(found, WEIGHT_NAMES):
        arrays[weight.rpartition("/")[0]].append(stored_array(found, weight))
    if len(arrays) == 1:
        yield name, tuple(*arrays.values())
        return
    for owner, weights in arrays.items():
        yield owner.rpartition("/")[2], tuple(weights)


def _placed(layers: list[tuple[str, Any]]) -> list[StoredLayer]:
    return [StoredLayer(name, Place("", index), arrays) for index, (name, arrays) in enumerate(layers)]
