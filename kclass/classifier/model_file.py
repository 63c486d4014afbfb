"""The model file: a `.keras` archive with `kclass.json` and the converted network among its entries."""

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import kclass
from kclass.backbones.archive import LOGITS, Archive, read_archive
from kclass.engines.network import Network
from kclass.errors import ModelError
from kclass.photos.decoding import DECODER_VERSION
from kclass.photos.resizing import RESIZES, Resize

SCHEMA = 1
RECORD, XML, WEIGHTS = "kclass.json", "kclass/network.xml", "kclass/network.bin"
LIBRARIES = ("keras", "numpy", "openvino", "pillow", "tensorflow")


@dataclass(frozen=True)
class Record:
    """What a model file says beside the network.

    Args:
        classes: in the order of the logits, as their folders are named.
        backbone: its name.
        resize: how photos are brought to the network's size.
        precision: in which many photos were embedded, evaluated, and are predicted.
        decoder: version of the decoder that made the photos into pixels.
        trained: how it was trained: options and what they led to.
        metrics: of the photos it was evaluated on, by split.
        data: name, fingerprint and number of photos of the data set.
        versions: of Python, kclass and the libraries that the numbers depend on.
        schema: version of this record.
    """

    classes: tuple[str, ...]
    backbone: str
    resize: Resize
    precision: str
    decoder: int = DECODER_VERSION
    trained: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA


def versions() -> dict[str, str]:
    """The versions of what a result depends on."""
    libraries = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), "kclass": kclass.__version__, **libraries}


def write_model(path: Path, archive: Archive, record: Record, network: Network) -> None:
    """Write a model file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    # Folders' names may be no Unicode; JSON has the escapes that Python then writes for them.
    content = json.dumps(asdict(record), indent=1, ensure_ascii=False).encode(errors="backslashreplace")
    entries = {RECORD: content, XML: network.xml, WEIGHTS: network.weights}
    replace(archive, entries=entries).write(path)


def read_model(path: Path) -> tuple[Archive, Record, Network]:
    """Read a model file and check that its parts fit together. Nothing of it is run.

    Raises:
        ModelError: the file is not there, is not a model of kclass, is damaged, or is newer than
            this kclass.
    """
    archive = read_archive(path)
    if RECORD not in archive.entries:
        raise ModelError(
            f"{path} is a Keras model, but not one of kclass: it has no {RECORD}",
            fix="Give the model.keras of a run of `kclass fit`.",
        )
    try:
        record = _record(json.loads(archive.entries[RECORD]), path)
        network = Network(archive.entries[XML], archive.entries[WEIGHTS])
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} is damaged: {RECORD} or the converted network cannot be read") from error
    _check_fit(archive, record, path)
    return archive, record, network


def _record(content: dict[str, Any], path: Path) -> Record:
    if content["schema"] > SCHEMA:
        made_by = content.get("versions", {}).get("kclass", "a newer version")
        raise ModelError(
            f"{path} was made by kclass {made_by}, which this kclass {kclass.__version__} cannot read",
            fix="Install a newer kclass: pip install --upgrade kclass",
        )
    known = {each.name for each in fields(Record)}
    record = Record(**{key: value for key, value in content.items() if key in known})
    return replace(record, classes=tuple(record.classes))


def _check_fit(archive: Archive, record: Record, path: Path) -> None:
    try:
        head, _ = archive.layer_weights.get(LOGITS, []), archive.size
    except (ModelError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is damaged: its network cannot be read") from error
    if [array.shape[-1] for array in head] != [len(record.classes)] * 2:
        has = f"{head[-1].size} logits" if head else f"no weights of the layer {LOGITS}"
        raise ModelError(f"{path} is damaged: it names {len(record.classes)} classes but has {has}")
    if record.resize not in RESIZES:
        raise ModelError(
            f"{path} is damaged: resize is {record.resize!r}, which is none of {', '.join(RESIZES)}"
        )
    if record.decoder != DECODER_VERSION:
        raise ModelError(
            f"{path} was trained on photos as decoder {record.decoder} made them; this kclass has decoder"
            f" {DECODER_VERSION}",
            fix="Train the model again with this kclass, or install the one it was made by.",
        )
