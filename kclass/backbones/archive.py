"""The `.keras` archive, read and written without Keras: a graph, its weights and entries beside them.

Keras takes seconds to import, and a fit on a frozen backbone needs nothing of it but its file
format: a zip of `metadata.json`, `config.json` (the graph) and `model.weights.h5`, whose groups
are named after the layers' classes, counted (`conv2d`, `conv2d_1` …), in the graph's order.
"""

import functools
import hashlib
import io
import json
import re
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.graph import Layer, layer_spec, layers_of, name_of_last
from kclass.errors import ModelError
from kclass.files import whole_file

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
LOGITS, PROBABILITIES = "logits", "probabilities"

# Bytes of all that is read of one file. The largest network of keras.applications has 1.4 GB.
SIZE_LIMIT = 4 * 2**30

# Keras does not pack its weights, and packing makes them hardly smaller; the text of a graph is
# packed to about a twentieth, and is small.
MOST_INFLATED = 20
SMALL = 64 * 2**20

# What zipfile, json and h5py raise on files that are damaged or of another kind.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

Weights = Mapping[str, Sequence[NDArray[Any]]]


@dataclass(frozen=True)
class Archive:
    """A Keras model as its file holds it.

    Args:
        graph: the content of `config.json`.
        weights: the content of `model.weights.h5`.
        entries: what else lies in the zip, by name; Keras leaves it alone.
    """

    graph: Mapping[str, Any]
    weights: bytes = field(repr=False)
    entries: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @functools.cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in the order of the graph."""
        return layers_of(self.graph)

    @property
    def size(self) -> int:
        """The side of the photos that the network takes, in pixels."""
        return int(self.layers[0].config["batch_shape"][1])

    @functools.cached_property
    def layer_weights(self) -> dict[str, list[NDArray[Any]]]:
        """The weights of every layer that has some, by layer name, as Keras orders them."""
        return read_weights(self.weights)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of all that the features depend on: equal for networks that differ in the head alone."""
        digest = hashlib.blake2b(digest_size=16)
        weights = self.layer_weights
        places = {layer.name: place for place, layer in enumerate(self.layers)}
        for layer in self.layers:
            if layer.name not in (LOGITS, PROBABILITIES):
                # Keras numbers the names it makes up through the whole process, so names are left out.
                inputs = [places[name] for name in layer.inputs]
                described = [layer.kind, {**layer.config, "name": ""}, inputs]
                digest.update(json.dumps(described, sort_keys=True).encode())
                for array in weights.get(layer.name, ()):
                    digest.update(array.tobytes())
        return digest.hexdigest()

    def weights_of(self, layer: str) -> list[NDArray[Any]]:
        """The weights of one layer, as Keras orders them; none if it has none. Others are not read.

        Args:
            layer: its name.

        Raises:
            ModelError: the weights are damaged.
        """
        if "layer_weights" not in self.__dict__:
            group = next((group for group, each in _groups(self.layers) if each.name == layer), None)
            found = {} if group is None else read_weights(self.weights, group=group)
            if layer in found:
                return found[layer]
        return self.layer_weights.get(layer, [])

    def known_as(self, fingerprint: str) -> "Archive":
        """The same, of which somebody knows the fingerprint: it will not be computed again."""
        found = replace(self)
        found.__dict__["fingerprint"] = fingerprint
        return found

    def with_head(self, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> "Archive":
        """The same network with a dense layer `logits` and a softmax `probabilities` at its end.

        Args:
            kernel: float32 (features, classes).
            bias: float32 (classes,).
        """
        features, classes = kernel.shape
        end = self.graph["config"]["output_layers"]
        logits = layer_spec(
            "Dense", LOGITS, {"units": classes, "activation": "linear"}, name_of_last(end), (features,)
        )
        softmax = layer_spec("Softmax", PROBABILITIES, {"axis": -1}, LOGITS, (classes,))
        config = {
            **self.graph["config"],
            "layers": [*self.graph["config"]["layers"], logits, softmax],
            "output_layers": [[PROBABILITIES, 0, 0]] if isinstance(end[0], list) else [PROBABILITIES, 0, 0],
        }
        dense = sum(layer.kind == "Dense" for layer in self.layers)
        group = f"dense_{dense}" if dense else "dense"
        weights = _with_group(self.weights, group, LOGITS, [kernel, bias])
        found = replace(self, graph={**self.graph, "config": config}, weights=weights)
        # Known already, so neither parsed nor hashed again; the head does not change the fingerprint.
        found.__dict__["fingerprint"] = self.fingerprint
        if "layer_weights" in self.__dict__:
            found.__dict__["layer_weights"] = {**self.layer_weights, LOGITS: [kernel, bias]}
        return found

    def with_temperature(self, temperature: float) -> "Archive":
        """The same network with a temperature folded into its logits: they are divided by it.

        Args:
            temperature: above 0.
        """
        head = [(array / np.float64(temperature)).astype(array.dtype) for array in self.layer_weights[LOGITS]]
        weights = {**self.layer_weights, LOGITS: head}
        found = replace(self, weights=weights_file(self.layers, weights))
        found.__dict__["fingerprint"] = self.fingerprint
        found.__dict__["layer_weights"] = weights
        return found

    def write(self, path: Path) -> None:
        """Write the archive as a `.keras` file, whole or not at all.

        Raises:
            OutputError: the file cannot be written.
        """
        with whole_file(path) as part, zipfile.ZipFile(part, "w") as archive:
            archive.writestr(METADATA, json.dumps(_metadata()))
            archive.writestr(CONFIG, json.dumps(self.graph))
            archive.writestr(WEIGHTS, self.weights)
            for name, content in self.entries.items():
                archive.writestr(name, content)


def read_archive(path: Path, *, entries: Collection[str] | None = None) -> Archive:
    """Read a `.keras` file. Nothing of it is run.

    Args:
        path: the file.
        entries: names of those beside the network that are wanted where they are there; others are
            not read. None reads all.

    Raises:
        ModelError: the file is not there, cannot be read, is not a Keras archive, or is unpacked
            larger than such files are.
    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ValueError(f"it has more than {SIZE_LIMIT:,} bytes")
        # Read first: what goes wrong afterwards is not the disk's fault but the content's.
        data = path.read_bytes()
        content = unpacked(io.BytesIO(data), size=len(data), entries=entries)
        graph = json.loads(content.pop(CONFIG))
        found = Archive(graph, content.pop(WEIGHTS), content)
        if not found.layers:
            raise ValueError("its graph is empty")
        return found
    except FileNotFoundError as error:
        raise ModelError(f"there is no model file {path}", fix="Give the path of a model.keras.") from error
    except OSError as error:
        raise ModelError(f"cannot read the model file {path}: {error.strerror or error}") from error
    except DAMAGE as error:
        raise ModelError(
            f"{path} is not a Keras model file, or it is damaged ({error})",
            fix="Give the model.keras of a run of `kclass fit`.",
        ) from error


def unpacked(file: Path | BinaryIO, *, size: int, entries: Collection[str] | None) -> dict[str, bytes]:
    """The graph, the weights and the entries wanted of a `.keras` file, by name.

    Args:
        file: where it is.
        size: its bytes.
        entries: as in `read_archive`.

    Raises:
        ValueError: they would be larger than such entries are, or are packed as Keras does not; they
            have not been unpacked then.
    """
    with zipfile.ZipFile(file) as archive:
        there = set(archive.namelist())
        wanted = there if entries is None else there.intersection(entries)
        members = [archive.getinfo(name) for name in sorted({CONFIG, WEIGHTS} | wanted - {METADATA})]
        whole = sum(member.file_size for member in members)
        if whole > min(SIZE_LIMIT, max(SMALL, MOST_INFLATED * size)):
            raise ValueError(f"it would unpack to {whole:,} bytes")
        if any(each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for each in members):
            raise ValueError("it is packed in an unusual way")
        return {member.filename: archive.read(member) for member in members}


def class_name(kind: str) -> str:
    """A class as Keras names groups and layers after it: `conv2d` for Conv2D.

    Source: `keras/src/utils/naming.py`, `to_snake_case`.
    """
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()


def weights_file(layers: Sequence[Layer], weights: Weights) -> bytes:
    """The content of `model.weights.h5` for a graph, from its weights by layer name."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("layers")
        for group, layer in _groups(layers):
            _write_group(file, f"layers/{group}", layer.name, weights.get(layer.name, ()))
    return buffer.getvalue()


def read_weights(content: bytes, *, group: str | None = None) -> dict[str, list[NDArray[Any]]]:
    """The weights by layer name in the content of a `model.weights.h5` of a flat graph.

    Args:
        content: of the file.
        group: the only group that is wanted; nothing is found if there is none. None wants all.

    Raises:
        ModelError: the content is none, or is damaged.
    """
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            layers = file["layers"]
            names = list(layers) if group is None else [name for name in (group,) if name in layers]
            stored = [layers[name]["vars"] for name in names if "vars" in layers[name]]
            return {
                str(each.attrs["name"]): [np.asarray(each[str(index)]) for index in range(len(each))]
                for each in stored
                if len(each)
            }
    except (OSError, *DAMAGE) as error:
        raise ModelError(f"not weights as Keras 3 writes them ({error})") from error


def _groups(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Each layer with the name of its group: its class in snake case, counted from the second on."""
    seen: Counter[str] = Counter()
    for layer in layers:
        name = class_name(layer.kind)
        yield f"{name}_{seen[name]}" if seen[name] else name, layer
        seen[name] += 1


def _write_group(file: Any, path: str, name: str, arrays: Sequence[NDArray[Any]]) -> None:
    group = file.create_group(f"{path}/vars")
    group.attrs["name"] = name
    for index, array in enumerate(arrays):
        group.create_dataset(str(index), data=array)


def _with_group(content: bytes, group: str, name: str, arrays: Sequence[NDArray[Any]]) -> bytes:
    import h5py

    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        _write_group(file, f"layers/{group}", name, arrays)
    return buffer.getvalue()


def _metadata() -> dict[str, str]:
    import importlib.metadata

    version = importlib.metadata.version("keras")
    return {"keras_version": version, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
