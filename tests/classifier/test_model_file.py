import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_fits import SmallFit

import kclass
from kclass.backbones.archive import Archive, Layer, weights_file
from kclass.classifier.model_file import Record, read_model, versions, write_model
from kclass.engines.network import Network
from kclass.photos.decoding import DECODER_VERSION

RECORD = Record(classes=("ash", "birch"), backbone="tiny", resize="crop", precision="f32")


def layer(kind: str, name: str, config: dict[str, Any], source: str | None) -> dict[str, Any]:
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": [source, 0, 0]}}
    return {
        "class_name": kind,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": [{"args": [tensor], "kwargs": {}}] if source else [],
    }


def tiny_archive() -> Archive:
    """A network of one pooling and a head for two classes, a few kilobytes large."""
    layers = [
        layer("InputLayer", "photo", {"batch_shape": [None, 8, 8, 3]}, None),
        layer("GlobalAveragePooling2D", "features", {}, "photo"),
    ]
    graph = {"class_name": "Functional", "config": {"layers": layers, "output_layers": [["features", 0, 0]]}}
    bare = Archive(graph, weights_file([], {}))
    return bare.with_head(np.ones((3, 2), np.float32), np.zeros(2, np.float32))


TINY = tiny_archive()
NETWORK = Network(b"<xml/>", b"weights")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole model file."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.keras"
    write_model(path, TINY, RECORD, NETWORK)
    return path.read_bytes()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    record = replace(
        RECORD, trained={"seed": 3}, metrics={"valid": {"accuracy": 0.5}}, data={"name": "trees"}
    )
    write_model(tmp_path / "m.keras", TINY, record, NETWORK)
    archive, read, network = read_model(tmp_path / "m.keras")
    assert read == record
    assert network == NETWORK
    assert archive.graph == TINY.graph
    assert np.array_equal(archive.layer_weights["logits"][0], np.ones((3, 2), np.float32))


def test_the_record_says_what_a_result_depends_on(fitted: SmallFit) -> None:
    record = fitted.classifier.record
    assert record.decoder == DECODER_VERSION
    assert record.versions == versions()
    assert record.versions["kclass"] == kclass.__version__
    assert set(record.versions) == {"python", "kclass", "keras", "numpy", "openvino", "pillow", "tensorflow"}
    assert record.data["photos"] == 24
    assert len(record.data["fingerprint"]) == 64


def test_names_of_classes_that_are_no_text_survive(tmp_path: Path) -> None:
    record = replace(RECORD, classes=("fr\udcea", "树"))
    write_model(tmp_path / "m.keras", TINY, record, NETWORK)
    assert read_model(tmp_path / "m.keras")[1].classes == ("fr\udcea", "树")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert "树".encode() in archive.read("kclass.json")


def test_what_a_newer_version_added_without_a_new_schema_is_left_alone(tmp_path: Path) -> None:
    record = {**json.loads(json.dumps(vars(RECORD))), "colour_of_the_cover": "blue"}
    entries = {
        "kclass.json": json.dumps(record).encode(),
        "kclass/network.xml": b"",
        "kclass/network.bin": b"",
    }
    replace(TINY, entries=entries).write(tmp_path / "m.keras")
    assert read_model(tmp_path / "m.keras")[1] == RECORD


@pytest.mark.parametrize("classes", [1, 3])
def test_a_head_for_another_number_of_classes_is_damage(classes: int, tmp_path: Path) -> None:
    record = replace(RECORD, classes=tuple("abc"[:classes]))
    write_model(tmp_path / "m.keras", TINY, record, NETWORK)
    with pytest.raises(kclass.ModelError) as raised:
        kclass.load(tmp_path / "m.keras")
    assert (
        raised.value.message
        == f"{tmp_path / 'm.keras'} is damaged: it names {classes} classes but has 2 logits"
    )


def test_a_network_without_a_head_is_damage(tmp_path: Path) -> None:
    other = Layer("Dense", "other", {}, ())
    bare = replace(TINY, weights=weights_file([other], {"other": [np.ones((3, 2)), np.ones(2)]}))
    write_model(tmp_path / "m.keras", bare, RECORD, NETWORK)
    with pytest.raises(kclass.ModelError, match="it names 2 classes but has no weights of the layer logits"):
        kclass.load(tmp_path / "m.keras")


def refuses_or_reads(path: Path, content: bytes) -> None:
    """Nothing but a ModelError that names the file may come of it."""
    path.write_bytes(content)
    try:
        read_model(path)
    except kclass.ModelError as error:
        assert str(path) in error.message


@given(data=st.data())
def test_a_file_cut_anywhere_is_refused(
    data: st.DataObject, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.keras"
    start = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(1, 2000))
    damaged = content[:start] + content[start + length :]
    refuses_or_reads(path, damaged)


@given(data=st.data())
def test_a_file_with_any_bytes_changed_is_refused_or_read(
    data: st.DataObject, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.keras"
    damaged = bytearray(content)
    # The directory of the zip is at its end; that is where most can go wrong.
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, 700) | st.integers(0, len(content) - 1))
        damaged[-1 - place] = data.draw(st.integers(0, 255))
    refuses_or_reads(path, bytes(damaged))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(field=st.sampled_from(sorted(vars(RECORD))), value=JSON)
def test_a_record_with_anything_in_a_field_is_refused_or_read(
    field: str, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "record.keras"
    record = json.dumps({**vars(RECORD), field: value}).encode()
    entries = {"kclass.json": record, "kclass/network.xml": b"", "kclass/network.bin": b""}
    replace(TINY, entries=entries).write(path)
    refuses_or_reads(path, path.read_bytes())


@given(whole=JSON)
def test_a_record_that_is_anything_is_refused(whole: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.keras"
    entries = {
        "kclass.json": json.dumps(whole).encode(),
        "kclass/network.xml": b"",
        "kclass/network.bin": b"",
    }
    replace(TINY, entries=entries).write(path)
    with pytest.raises(kclass.ModelError, match="is damaged"):
        read_model(path)
