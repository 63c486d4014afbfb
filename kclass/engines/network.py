"""A network converted for OpenVINO, kept in memory, in the cache and in model files."""

import contextlib
import functools
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kclass.backbones.archive import LOGITS, Archive
from kclass.backbones.keras_archive import keras_model
from kclass.engines.direct import convertible, direct_network
from kclass.engines.runtime import core, openvino
from kclass.errors import ModelError
from kclass.files import cache_folder, write_bytes
from kclass.keras_import import import_keras

CONVERTER_VERSION = 1

NETWORKS = "networks"
"""The folder in the cache, which holds a folder for each network."""

# Bytes of all conversions in the cache: about 150 of the embedded backbone.
CACHE_LIMIT = 2 * 2**30


@dataclass(frozen=True)
class Network:
    """A network in OpenVINO's form, from raw uint8 RGB (1, size, size, 3) to float32.

    A whole network gives features (1, features), one up to a cut what `convert` says.
    """

    xml: bytes = field(repr=False)
    weights: bytes = field(repr=False)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        digest = hashlib.blake2b(self.xml, digest_size=16)
        digest.update(self.weights)
        return digest.hexdigest()

    def known_as(self, fingerprint: str) -> "Network":
        """The same, of which somebody knows the fingerprint: it will not be computed again."""
        found = replace(self)
        found.__dict__["fingerprint"] = fingerprint
        return found

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The axes of what goes in and of what comes out; read without OpenVINO, which takes longer.

        Raises:
            ModelError: there is not one of each.
        """
        try:
            layers = ElementTree.fromstring(self.xml).findall("layers/layer")
            (photo,) = (layer.find("data") for layer in layers if layer.get("type") == "Parameter")
            (output,) = (layer for layer in layers if layer.get("type") == "Result")
            axes = [] if photo is None else photo.attrib["shape"].split(",")
            dimensions = [each.text or "" for each in output.findall("input/port/dim")]
            return tuple(map(int, axes)), tuple(map(int, dimensions))
        except (ElementTree.ParseError, LookupError, ValueError) as error:
            raise ModelError(f"the converted network is not one as OpenVINO writes it ({error})") from error

    def read(self) -> Any:
        """The `openvino.Model`.

        Raises:
            ModelError: OpenVINO cannot read it.
        """
        try:
            return core().read_model(self.xml, self.weights)
        except RuntimeError as error:
            raise ModelError(
                f"the converted network cannot be read: {str(error).strip().splitlines()[-1]}",
                fix="Train the model again, or copy its file again if it was damaged on the way.",
            ) from error


def features_layer(archive: Archive) -> str:
    """The name of the layer whose output is the features: what `logits` reads, or the last layer."""
    layers = archive.layers
    logits = [layer for layer in layers if layer.name == LOGITS]
    return logits[0].inputs[0] if logits else layers[-1].name


def converted(archive: Archive) -> Network:
    """The archive's network up to its features, converted once and remembered in the cache.

    Raises:
        OutputError: the cache cannot be written.
    """
    folder = cache_folder() / NETWORKS / f"{archive.fingerprint}-v{CONVERTER_VERSION}"
    xml, weights = folder / "network.xml", folder / "network.bin"
    with contextlib.suppress(FileNotFoundError, ModelError):
        found = Network(xml.read_bytes(), weights.read_bytes())
        found.read()  # takes 20 ms, and finds a damaged file while it can still be replaced
        with contextlib.suppress(OSError):  # a cache that may only be read remembers no use
            os.utime(folder)
        return found
    network = convert(archive)
    write_bytes(weights, network.weights)
    write_bytes(xml, network.xml)
    make_room(folder)
    return network


def make_room(newest: Path) -> None:
    """Delete the networks in the cache that were used longest ago, until the others are within the limit.

    Args:
        newest: the folder of one that stays.
    """
    with contextlib.suppress(OSError):  # others may make room at the same time
        folders = sorted(newest.parent.iterdir(), key=lambda folder: folder.stat().st_mtime)
        sizes = {folder: _bytes_in(folder) for folder in folders}
        excess = sum(sizes.values()) - CACHE_LIMIT
        for folder in folders:
            if excess > 0 and folder != newest:
                shutil.rmtree(folder, ignore_errors=True)
                excess -= sizes[folder]


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def convert(archive: Archive, *, output: str | None = None) -> Network:
    """Convert the archive's network up to a layer: directly, or by way of Keras.

    The direct way takes about as long as reading a conversion from the cache, 0.05 s for 13 MB of
    weights and 1.3 s for 350 MB, so a network up to a cut is not kept there.

    Args:
        archive: the network, with or without head.
        output: name of the layer whose output is wanted; None for the features.

    Returns:
        The network up to there. Its output has Keras's axes: (1, features), or (1, rows, columns,
        channels) of a layer that still has places.

    Raises:
        ModelError: the network has no such layer.
    """
    output = features_layer(archive) if output is None else output
    if all(layer.name != output for layer in archive.layers):
        raise ModelError(f"the network has no layer {output!r}")
    direct = convertible(archive, output)
    return _serialized(direct_network(archive, output) if direct else _through_keras(archive, output))


def _through_keras(archive: Archive, output: str) -> Any:
    """OpenVINO's own conversion of the TensorFlow function, for graphs with other layers."""
    keras = import_keras()

    whole = keras_model(archive)
    operations = getattr(whole, "operations", whole.layers)  # of a Sequential network, layers are all
    (last,) = (operation for operation in operations if operation.name == output)
    model = keras.Model(whole.inputs, last.output)
    network = openvino().convert_model(model)
    network.reshape([1, *model.input_shape[1:]])
    steps = openvino().preprocess.PrePostProcessor(network)
    steps.input().tensor().set_element_type(openvino().Type.u8)
    return steps.build()


def _serialized(network: Any) -> Network:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.xml"
        openvino().save_model(network, path, compress_to_fp16=False)
        return Network(path.read_bytes(), path.with_suffix(".bin").read_bytes())
