"""The model file: a `.keras` archive with `kclass.json` and the converted network among its entries."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

import kclass
from kclass.backbones.archive import DAMAGE, LOGITS, Archive, read_archive
from kclass.engines.kept import KeptNetwork
from kclass.engines.network import Network
from kclass.engines.runtime import PRECISIONS
from kclass.errors import ModelError
from kclass.evaluation.novelty import Novelty, read_novelty
from kclass.files import is_folder, is_there
from kclass.photos.decoding import DECODER_VERSION
from kclass.photos.resizing import RESIZES, Resize

SCHEMA = 1
MODEL = "model.keras"
RECORD, XML, WEIGHTS = "kclass.json", "kclass/network.xml", "kclass/network.bin"
NOVELTY = "kclass/novelty.npz"
COMPUTED = tuple(name for name in PRECISIONS if name != "auto")
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
        calibration: the temperature that its logits were divided by, and what it was fitted on.
        novelty: threshold and false-alarm rate of its novelty score, and the photos they rest on; empty
            if it has none.
        data: name, fingerprint and number of photos of the data set.
        versions: of Python, kclass and the libraries that the numbers depend on.
        schema: version of this record.
        fingerprint: of the network, as whoever wrote the file says.
    """

    classes: tuple[str, ...]
    backbone: str
    resize: Resize
    precision: str
    decoder: int = DECODER_VERSION
    trained: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    novelty: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA
    fingerprint: str = ""


def versions() -> dict[str, str]:
    """The versions of what a result depends on."""
    import importlib.metadata

    libraries = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), "kclass": kclass.__version__, **libraries}


def write_model(
    path: Path, archive: Archive, record: Record, network: Network, novelty: Novelty | None = None
) -> None:
    """Write a model file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    # Folders' names may be no Unicode; JSON has the escapes that Python then writes for them.
    parts = {"network": network.fingerprint, "digest": _digest(archive)}
    told = asdict(replace(record, fingerprint=archive.fingerprint))
    text = json.dumps({**told, **parts}, indent=1, ensure_ascii=False)
    content = text.encode(errors="backslashreplace")
    entries = {RECORD: content, XML: network.xml, WEIGHTS: network.weights}
    if novelty is not None:
        entries[NOVELTY] = novelty.to_bytes()
    replace(archive, entries=entries).write(path)


def model_path(path: Path) -> Path:
    """The path of a model file: as given, or in the folder of a run.

    Raises:
        ModelError: it is a folder without a model file.
    """
    if not path.is_dir():
        return path
    if not (path / MODEL).is_file():
        raise ModelError(
            f"there is no {MODEL} in the folder {path}",
            fix="Give the folder of a run of `kclass fit`, or the model.keras in it.",
        )
    return path / MODEL


def pointed_to(place: Path) -> Path:
    """The folder of a run: the place itself, or the one beside it that a text file there names."""
    if is_folder(place) or not is_there(place):
        return place
    try:
        return place.parent / place.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):  # no text: then it names nothing
        return place


def read_model(path: Path) -> tuple[Archive, Record, Network, Novelty | None]:
    """Read a model file and check that its parts fit together. Nothing of it is run.

    A file of before there was a novelty score has none.

    Raises:
        ModelError: the file is not there, is not a model of kclass, is damaged, or is newer than
            this kclass.
    """
    archive = read_archive(path, entries=(RECORD, XML, WEIGHTS, NOVELTY))
    if RECORD not in archive.entries:
        raise ModelError(
            f"{path} is a Keras model, but not one of kclass: it has no {RECORD}",
            fix="Give the model.keras of a run of `kclass fit`.",
        )
    try:
        content = json.loads(archive.entries[RECORD])
        record = _record(content, path)
        network = KeptNetwork(archive.entries[XML], archive.entries[WEIGHTS])
        _check_fitting(archive, network, content)
        _check_head(archive, network, record)
        novelty = _novelty(archive)
    except _DamageError as error:
        raise _damaged(path, str(error)) from error
    except DAMAGE as error:
        raise _damaged(path, f"{RECORD} or the converted network cannot be read ({error})") from error
    _check_decoder(record, path)
    return archive, record, network, novelty


class _DamageError(Exception):
    """What is wrong with a model file, in words that follow "is damaged: "."""


def _damaged(path: Path, what: str) -> ModelError:
    return ModelError(
        f"{path} is damaged: {' '.join(what.split())}",
        fix="Copy the file again if it was damaged on the way, or train the model again.",
    )


def _record(content: Any, path: Path) -> Record:
    if not isinstance(content, dict) or type(content.get("schema")) is not int or content["schema"] < 1:
        raise _DamageError(f"{RECORD} has no schema")
    if content["schema"] > SCHEMA:
        made_with = content.get("versions")
        made_by = made_with.get("kclass") if isinstance(made_with, dict) else None
        maker = f"kclass {made_by}" if isinstance(made_by, str) else "a newer kclass"
        raise ModelError(
            f"{path} was made by {maker}, which this kclass {kclass.__version__} cannot read",
            fix="Install a newer kclass: pip install --upgrade kclass",
        )
    known = {each.name for each in fields(Record)}
    return _checked({key: value for key, value in content.items() if key in known})


def _checked(values: Mapping[str, Any]) -> Record:
    """The record, if every value in it is one that kclass writes."""
    classes = values.get("classes")
    if not isinstance(classes, list) or not all(isinstance(name, str) and name for name in classes):
        raise _DamageError("classes are no list of names")
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise _DamageError("classes are fewer than two, or one is named twice")
    for name, valid in (("resize", RESIZES), ("precision", COMPUTED)):
        if values.get(name) not in valid:
            raise _DamageError(f"{name} is {values.get(name)!r}, which is none of {', '.join(valid)}")
    for name, kind in (("backbone", str), ("decoder", int), ("fingerprint", str)):
        if type(values.get(name)) is not kind:
            raise _DamageError(f"{name} is {values.get(name)!r}")
    for name in ("trained", "metrics", "calibration", "novelty", "data", "versions"):
        if not isinstance(values.get(name, {}), dict):
            raise _DamageError(f"{name} is no table")
    return Record(**{**values, "classes": tuple(classes)})


def _digest(archive: Archive) -> str:
    """A hash of graph and weights as they are written; it takes a tenth of the fingerprint's time."""
    digest = hashlib.sha256(json.dumps(archive.graph).encode())
    digest.update(archive.weights)
    return digest.hexdigest()


def _check_fitting(archive: Archive, network: Network, content: Mapping[str, Any]) -> None:
    """Whether graph, weights and converted network are those that were written together.

    Nothing is kept by the fingerprint that a file gives itself: files of others would get under it.
    """
    if content.get("network") != network.fingerprint:
        raise _DamageError("its converted network is not the one that was converted from its network")
    if content.get("digest") == _digest(archive):
        return
    # Written before there was a digest, or damaged.
    try:
        fingerprint = archive.fingerprint
    except (ModelError, *DAMAGE) as error:
        raise _DamageError("its network cannot be read") from error
    if content["fingerprint"] != fingerprint:
        raise _DamageError(f"its network is not the one that {RECORD} was written for")


def _check_head(archive: Archive, network: Network, record: Record) -> None:
    """Whether photos, features and classes have one number from each part to the next."""
    photo = archive.layers[0].config["batch_shape"][1:]
    if len(photo) != 3 or type(photo[0]) is not int or photo[0] < 1 or photo != [photo[0], photo[0], 3]:
        raise _DamageError(f"its network takes {photo}, which are no square photos")
    try:
        takes, gives = network.shapes
    except ModelError as error:
        raise _DamageError(error.message) from error
    if takes != (1, *photo) or len(gives) != 2:
        raise _DamageError(f"its converted network takes {takes} and gives {gives}")
    head = archive.weights_of(LOGITS)
    if len(head) != 2:
        raise _DamageError(f"it names {len(record.classes)} classes but has no weights of the layer {LOGITS}")
    kernel, bias = head
    if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in head):
        raise _DamageError(f"the weights of the layer {LOGITS} are not all numbers")
    if kernel.ndim != 2 or bias.shape != kernel.shape[1:]:
        raise _DamageError(
            f"the weights of the layer {LOGITS} have the shapes {kernel.shape} and {bias.shape}"
        )
    if len(bias) != len(record.classes):
        raise _DamageError(f"it names {len(record.classes)} classes but has {len(bias)} logits")
    if len(kernel) != gives[1]:
        raise _DamageError(f"its network gives {gives[1]} features but its head takes {len(kernel)}")


def _novelty(archive: Archive) -> Novelty | None:
    """The novelty score, if there is one and it is for the features that the head takes."""
    if NOVELTY not in archive.entries:
        return None
    try:
        novelty = read_novelty(archive.entries[NOVELTY])
    except DAMAGE as error:
        raise _DamageError(f"its novelty score cannot be read ({error})") from error
    features, given = len(archive.weights_of(LOGITS)[0]), novelty.spread.centres.shape[1]
    if features != given:
        raise _DamageError(f"its network gives {features} features but its novelty score takes {given}")
    return novelty


def _check_decoder(record: Record, path: Path) -> None:
    if record.decoder != DECODER_VERSION:
        raise ModelError(
            f"{path} was trained on photos as decoder {record.decoder} made them; this kclass has decoder"
            f" {DECODER_VERSION}",
            fix="Train the model again with this kclass, or install the one it was made by.",
        )
