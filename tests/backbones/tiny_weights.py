"""Weight files of a few layers and a few numbers, so that every byte of them comes in for damage."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from kclass.backbones.layer_matching import Place, WantedLayer

KERNEL = np.arange(1, 13, dtype=np.float32).reshape(2, 2, 1, 3)
BIAS = np.array([0.5, 1.5, 2.5], np.float32)
LAYERS: Mapping[str, list[NDArray[np.float32]]] = {"first": [KERNEL, BIAS], "second": [-KERNEL, -BIAS]}

WANTED = [
    WantedLayer(name, "conv2d", Place("conv2d", index), index, ((2, 2, 1, 3), (3,)), ("float32", "float32"))
    for index, name in enumerate(LAYERS)
]


def keras3(file: Any) -> None:
    """As `save_weights` of Keras 3 writes."""
    for index, (name, arrays) in enumerate(LAYERS.items()):
        group = file.create_group(f"layers/{'conv2d_1' if index else 'conv2d'}/vars")
        group.attrs["name"] = name
        for key, array in enumerate(arrays):
            group[str(key)] = array


def legacy(file: Any) -> None:
    """As `save_weights` of Keras 2 writes."""
    file.attrs["layer_names"] = [name.encode() for name in LAYERS]
    file.attrs["backend"] = b"tensorflow"
    for name, arrays in LAYERS.items():
        names = [f"{name}/kernel:0", f"{name}/bias:0"]
        file.create_group(name).attrs["weight_names"] = [each.encode() for each in names]
        for each, array in zip(names, arrays, strict=True):
            file[f"{name}/{each}"] = array


def hdf5(write: Callable[[Any], None]) -> bytes:
    """The content of an HDF5 file."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


def keras_archive(graph: Any, *, weights: bytes = b"", method: int = zipfile.ZIP_STORED) -> bytes:
    """The content of a `.keras` file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("config.json", json.dumps(graph))
        file.writestr("model.weights.h5", weights or hdf5(keras3))
    return buffer.getvalue()


CONTENTS = {
    "keras3": hdf5(keras3),
    "legacy": hdf5(legacy),
    "archive": keras_archive({"class_name": "Functional", "config": {}}, method=zipfile.ZIP_DEFLATED),
}


def written(path: Path, content: bytes) -> Path:
    """The file, written."""
    path.write_bytes(content)
    return path


def is_right(arrays: list[list[NDArray[Any]]]) -> bool:
    """Whether these are the weights wanted, number for number."""
    found = [array for layer in arrays for array in layer]
    expected = [array for layer in LAYERS.values() for array in layer]
    return all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
