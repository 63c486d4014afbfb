"""A network converted for OpenVINO, kept in memory, in the cache and in model files."""

import functools
import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kclass.backbones.archive import LOGITS, Archive
from kclass.backbones.keras_archive import keras_model
from kclass.engines.direct import convertible, direct_network
from kclass.engines.runtime import core, openvino
from kclass.errors import ModelError
from kclass.keras_import import import_keras

CONVERTER_VERSION = 1


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

    def compiled(self, *, precision: str, streams: int) -> Any:
        """The `openvino.CompiledModel` for this processor.

        Args:
            precision: "f32" or "bf16"; always said outright, since OpenVINO would choose by processor.
            streams: how many photos run side by side; 1 gives a single photo all cores.

        Raises:
            ModelError: OpenVINO cannot read the network.
        """
        return core().compile_model(self.read(), "CPU", compile_options(precision, streams))


def compile_options(precision: str, streams: int) -> dict[str, str]:
    """What OpenVINO is told of a network that it compiles, or has compiled before."""
    return {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": str(streams)}


def place_of(archive: Archive, output: str) -> int:
    """The place of a layer in the graph.

    Raises:
        ModelError: the network has no such layer.
    """
    for place, layer in enumerate(archive.layers):
        if layer.name == output:
            return place
    raise ModelError(f"the network has no layer {output!r}")


def features_layer(archive: Archive) -> str:
    """The name of the layer whose output is the features: what `logits` reads, or the last layer."""
    layers = archive.layers
    logits = [layer for layer in layers if layer.name == LOGITS]
    return logits[0].inputs[0] if logits else layers[-1].name


def convert(archive: Archive, *, output: str | None = None) -> Network:
    """Convert the archive's network up to a layer: directly, or by way of Keras.

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
    place_of(archive, output)
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
