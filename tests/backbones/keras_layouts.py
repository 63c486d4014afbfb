"""Writes weights to HDF5 as versions of Keras do that are not installed, and small networks to save."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from kclass.keras_import import import_keras

SIDE = 16


def small_network(*, width: int = 6, top: int = 0, name: str = "conv", side: int = SIDE) -> Any:
    """Layers with names that somebody chose, with names that Keras counts, and a block of layers."""
    keras = import_keras()
    layers = keras.layers
    photo = keras.Input((side, side, 3), name="photo")
    x = layers.Normalization(name=f"{name}_input")(photo)
    x = layers.Conv2D(width, 3, name=f"{name}_1")(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    x = layers.Conv2D(width, 1)(x)
    block = [layers.Conv2D(width, 1, name=f"{name}_2"), layers.LayerNormalization(name=f"{name}_3")]
    x = keras.Sequential(block, name=f"{name}_block")(x)
    x = layers.Conv2D(width + 1, 1)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(photo, layers.Dense(top, name="predictions")(x) if top else x)


def within_another(network: Any) -> Any:
    """The commonest classifier: a network, which is one layer of it, and layers that Keras names."""
    keras = import_keras()
    layers = keras.layers
    head = [layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dense(2)]
    return keras.Sequential([keras.Input(network.input_shape[1:]), network, *head])


def with_head_of_same_classes(network: Any) -> Any:
    """A network whose graph goes on: its layers and those of the head are layers of one model."""
    keras = import_keras()
    x = keras.layers.Dense(4)(network.output)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(network.input, keras.layers.Dense(2)(x))


def write_keras2(network: Any, path: Path, *, group: str = "/", version: str = "2.15.0") -> None:
    """As `save_weights` of Keras 2 writes; with group "model_weights", as `save` does.

    Trainable weights come first, then the others, all in the group of the layer on top, with names
    such as `Conv1/kernel:0`. Source: `keras/saving/legacy/hdf5_format.py` of Keras 2.15.
    """
    with h5py.File(path, "a") as file:
        place = file.require_group(group)
        place.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        place.attrs["backend"], place.attrs["keras_version"] = b"tensorflow", version.encode()
        for layer in network.layers:
            own = place.create_group(layer.name)
            weights = [*_weights(layer, "trainable_weights"), *_weights(layer, "non_trainable_weights")]
            own.attrs["weight_names"] = [name.encode() for name, _ in weights]
            for name, weight in weights:
                own[name] = np.asarray(weight)


def write_older_keras3(network: Any, path: Path) -> None:
    """As the first versions of Keras 3 write, which leave out the names of layers."""
    network.save_weights(path)
    with h5py.File(path, "r+") as file:
        named: list[Any] = []
        file.visititems(lambda _, found: named.append(found) if "name" in found.attrs else None)
        for group in named:
            del group.attrs["name"]


def write_keras_2_13(network: Any, path: Path) -> None:
    """As Keras 2.13 writes `.keras` and `.weights.h5`, where `layers` has another name."""
    write_older_keras3(network, path)
    with h5py.File(path, "r+") as file:
        models: list[str] = []
        file.visit(lambda name: models.append(name) if name.endswith("layers") else None)
        for name in reversed(models):
            file.move(name, f"{name[: -len('layers')]}_layer_checkpoint_dependencies")


def _weights(layer: Any, which: str) -> Iterator[tuple[str, Any]]:
    if hasattr(layer, "layers"):
        for each in layer.layers:
            yield from _weights(each, which)
    else:
        for weight in getattr(layer, which):
            yield f"{layer.name}/{weight.name}:0", weight
