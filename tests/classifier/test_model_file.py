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
from kclass.backbones.archive import Archive, read_archive, weights_file
from kclass.backbones.graph import Layer
from kclass.classifier.model_file import Record, read_model, versions, write_model
from kclass.engines.kept import KeptNetwork
from kclass.engines.network import Network, convert
from kclass.evaluation.novelty import Novelty
from kclass.evaluation.spread import fit_spread
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
        layer("GlobalAveragePooling2D", "features", {"keepdims": False}, "photo"),
    ]
    graph = {"class_name": "Functional", "config": {"layers": layers, "output_layers": [["features", 0, 0]]}}
    bare = Archive(graph, weights_file([], {}))
    return bare.with_head(np.ones((3, 2), np.float32), np.zeros(2, np.float32))


TINY = tiny_archive()
MADE = convert(TINY)
NETWORK = KeptNetwork(MADE.xml, MADE.weights)
FIX = "Copy the file again if it was damaged on the way, or train the model again."
KNOWN = replace(RECORD, fingerprint=TINY.fingerprint)
WHOLE = {**vars(KNOWN), "network": NETWORK.fingerprint}


def write_with(path: Path, content: Any, *, archive: Archive = TINY, network: Network = NETWORK) -> Path:
    """A model file with any record."""
    entries = {
        "kclass.json": json.dumps(content).encode(),
        "kclass/network.xml": network.xml,
        "kclass/network.bin": network.weights,
    }
    replace(archive, entries=entries).write(path)
    return path


def refusal(path: Path) -> str:
    """What is said of a damaged model file."""
    with pytest.raises(kclass.ModelError) as raised:
        kclass.load(path)
    assert raised.value.fix == FIX
    assert raised.value.message.startswith(f"{path} is damaged: ")
    assert "\n" not in raised.value.message
    return raised.value.message.removeprefix(f"{path} is damaged: ")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole model file."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.keras"
    write_model(path, TINY, RECORD, NETWORK)
    return path.read_bytes()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    record = replace(
        RECORD,
        trained={"seed": 3},
        metrics={"valid": {"accuracy": 0.5}},
        calibration={"temperature": 1.5},
        novelty={"threshold": 2.0},
        data={"name": "trees"},
    )
    write_model(tmp_path / "m.keras", TINY, record, NETWORK)
    archive, read, network, _ = read_model(tmp_path / "m.keras")
    assert read == replace(record, fingerprint=TINY.fingerprint)
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
    path = write_with(tmp_path / "m.keras", {**WHOLE, "colour_of_the_cover": "blue"})
    assert read_model(path)[1] == KNOWN


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": [1, 2]}, "classes are no list of names"),
        ({"classes": "ab"}, "classes are no list of names"),
        ({"classes": ["ash", ""]}, "classes are no list of names"),
        ({"classes": None}, "classes are no list of names"),
        ({"classes": ["ash", "ash"]}, "classes are fewer than two, or one is named twice"),
        ({"classes": ["ash"]}, "classes are fewer than two, or one is named twice"),
        ({"classes": ["a", "b", "c"]}, "it names 3 classes but has 2 logits"),
        ({"precision": "auto"}, "precision is 'auto', which is none of f32, bf16"),
        ({"precision": "x"}, "precision is 'x', which is none of f32, bf16"),
        ({"precision": ["f32"]}, "precision is ['f32'], which is none of f32, bf16"),
        ({"resize": "zoom"}, "resize is 'zoom', which is none of squash, crop, pad"),
        ({"backbone": 3}, "backbone is 3"),
        ({"decoder": "1"}, "decoder is '1'"),
        ({"metrics": [1]}, "metrics is no table"),
        ({"versions": "1.0"}, "versions is no table"),
        ({"calibration": 1.0}, "calibration is no table"),
        ({"novelty": [1]}, "novelty is no table"),
        ({"schema": -1}, "kclass.json has no schema"),
        ({"schema": 0}, "kclass.json has no schema"),
        ({"schema": True}, "kclass.json has no schema"),
        ({"schema": "x"}, "kclass.json has no schema"),
        ({"fingerprint": "other"}, "its network is not the one that kclass.json was written for"),
        (
            {"network": "other"},
            "its converted network is not the one that was converted from its network",
        ),
    ],
)
def test_a_record_that_kclass_did_not_write_is_damage(
    changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    path = write_with(tmp_path / "m.keras", {**WHOLE, **changes})
    assert refusal(path) == says


@pytest.mark.parametrize("made_with", [[], None, "1.0", {"kclass": 3}])
def test_a_newer_model_that_does_not_say_by_what_it_was_made_is_newer_all_the_same(
    made_with: Any, tmp_path: Path
) -> None:
    path = write_with(tmp_path / "m.keras", {**WHOLE, "schema": 2, "versions": made_with})
    with pytest.raises(kclass.ModelError) as raised:
        kclass.load(path)
    assert raised.value.message == (
        f"{path} was made by a newer kclass, which this kclass {kclass.__version__} cannot read"
    )


ONES = np.ones((3, 2), np.float32)
ZEROS = np.zeros(2, np.float32)
NAN = np.full((3, 2), np.nan, np.float32)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ([ONES, np.float32(0)], "the weights of the layer logits have the shapes (3, 2) and ()"),
        ([ONES, ONES[:1]], "the weights of the layer logits have the shapes (3, 2) and (1, 2)"),
        ([ONES[None], ZEROS], "the weights of the layer logits have the shapes (1, 3, 2) and (2,)"),
        ([ONES, np.array([b"a", b"b"])], "the weights of the layer logits are not all numbers"),
        ([NAN, ZEROS], "the weights of the layer logits are not all numbers"),
        ([ONES, ZEROS + np.inf], "the weights of the layer logits are not all numbers"),
        ([np.ones((5, 2), np.float32), ZEROS], "its network gives 3 features but its head takes 5"),
        ([ONES], "it names 2 classes but has no weights of the layer logits"),
    ],
)
def test_a_head_that_does_not_fit_is_damage(head: Any, says: str, tmp_path: Path) -> None:
    weights = weights_file([Layer("Dense", "logits", {}, ())], {"logits": head})
    path = write_with(tmp_path / "m.keras", WHOLE, archive=replace(TINY, weights=weights))
    assert refusal(path) == says


# The novelty score


def some_novelty(features: int = 3) -> Novelty:
    return Novelty(fit_spread(np.eye(features, dtype=np.float32), np.zeros(features, int), classes=1), 1.5)


def test_the_novelty_score_is_read_again(tmp_path: Path) -> None:
    novelty = some_novelty()
    write_model(tmp_path / "m.keras", TINY, RECORD, NETWORK, novelty)
    again = read_model(tmp_path / "m.keras")[3]
    assert again is not None
    assert again.to_bytes() == novelty.to_bytes()
    assert kclass.load(tmp_path / "m.keras").novelty is not None


def test_a_file_of_before_there_was_a_novelty_score_has_none(tmp_path: Path) -> None:
    before = {key: value for key, value in WHOLE.items() if key not in ("calibration", "novelty")}
    path = write_with(tmp_path / "m.keras", before)
    assert read_model(path) == (read_model(path)[0], KNOWN, NETWORK, None)
    assert kclass.load(path).novelty is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "its novelty score cannot be read (File is not a zip file)"),
        (some_novelty().to_bytes()[:-30], "its novelty score cannot be read (File is not a zip file)"),
        (some_novelty(5).to_bytes(), "its network gives 3 features but its novelty score takes 5"),
        (
            Novelty(some_novelty().spread, float("nan")).to_bytes(),
            "its novelty score cannot be read (its numbers are not all finite)",
        ),
    ],
)
def test_a_novelty_score_that_does_not_fit_is_damage(content: bytes, says: str, tmp_path: Path) -> None:
    write_model(tmp_path / "m.keras", TINY, RECORD, NETWORK)
    whole = read_archive(tmp_path / "m.keras")
    replace(whole, entries={**whole.entries, "kclass/novelty.npz": content}).write(tmp_path / "d.keras")
    assert refusal(tmp_path / "d.keras") == says


def resized(side: Any) -> Archive:
    """The tiny network for photos of another size."""
    graph = json.loads(json.dumps(TINY.graph))
    graph["config"]["layers"][0]["config"]["batch_shape"] = [None, side, side, 3]
    return replace(TINY, graph=graph)


@pytest.mark.parametrize("side", [0, -8, 8.0, "8", None])
def test_a_size_that_is_none_is_damage(side: Any, tmp_path: Path) -> None:
    archive = resized(side)
    path = write_with(tmp_path / "m.keras", {**WHOLE, "fingerprint": archive.fingerprint}, archive=archive)
    assert refusal(path) == f"its network takes {[side, side, 3]}, which are no square photos"


def test_a_converted_network_for_photos_of_another_size_is_damage(tmp_path: Path) -> None:
    write_model(tmp_path / "m.keras", TINY, RECORD, convert(resized(16)))
    assert refusal(tmp_path / "m.keras") == "its converted network takes (1, 16, 16, 3) and gives (1, 3)"


@pytest.mark.parametrize("xml", [b"", b"rubbish", b"<net/>", b"<net><layers></layers></net>"])
def test_a_converted_network_that_is_none_is_damage(xml: bytes, tmp_path: Path) -> None:
    write_model(tmp_path / "m.keras", TINY, RECORD, Network(xml, NETWORK.weights))
    assert refusal(tmp_path / "m.keras").startswith("the converted network is not one as OpenVINO writes it")


def test_the_converted_network_of_another_model_is_damage(tmp_path: Path) -> None:
    other = Network(NETWORK.xml + b"<!-- of another model, with as many features -->", NETWORK.weights)
    path = write_with(tmp_path / "m.keras", WHOLE, network=other)
    assert refusal(path) == "its converted network is not the one that was converted from its network"


def test_parts_that_were_written_together_are_known_by_their_digest(tmp_path: Path) -> None:
    write_model(tmp_path / "m.keras", TINY, RECORD, NETWORK)
    record = json.loads(read_archive(tmp_path / "m.keras").entries["kclass.json"])
    # Were it computed, it would be seen to be another.
    named = {**record, "fingerprint": "of the archive"}
    _, read, _, _ = read_model(write_with(tmp_path / "m.keras", named))
    assert read.fingerprint == "of the archive"


def test_a_file_cannot_pass_its_network_off_as_another(tmp_path: Path) -> None:
    write_model(tmp_path / "m.keras", TINY, RECORD, NETWORK)
    record = json.loads(read_archive(tmp_path / "m.keras").entries["kclass.json"])
    forged = {**record, "fingerprint": "../../elsewhere"}
    archive, _, _, _ = read_model(write_with(tmp_path / "m.keras", forged))
    assert archive.fingerprint == TINY.fingerprint


def test_a_file_cannot_pass_its_converted_network_off_as_another(tmp_path: Path) -> None:
    write_model(tmp_path / "m.keras", TINY, RECORD, NETWORK)
    record = json.loads(read_archive(tmp_path / "m.keras").entries["kclass.json"])
    path = write_with(tmp_path / "m.keras", {**record, "network": "0" * 32})
    assert refusal(path) == "its converted network is not the one that was converted from its network"


@pytest.mark.parametrize("part", ["graph", "weights"])
def test_a_digest_is_of_graph_and_weights(part: str, tmp_path: Path) -> None:
    write_model(tmp_path / "m.keras", TINY, RECORD, NETWORK)
    record = json.loads(read_archive(tmp_path / "m.keras").entries["kclass.json"])
    named = {**record, "fingerprint": "of the archive"}
    archive = TINY
    if part == "graph":
        archive = replace(TINY, graph={**TINY.graph, "name": "another"})
    if part == "weights":
        archive = replace(TINY, weights=TINY.weights + b"more")
    path = write_with(tmp_path / "m.keras", named, archive=archive)
    assert refusal(path) == "its network is not the one that kclass.json was written for"


def test_the_shapes_of_a_converted_network_are_those_that_openvino_sees() -> None:
    model = NETWORK.read()
    assert NETWORK.shapes == (tuple(model.input(0).shape), tuple(model.output(0).shape))
    assert NETWORK.shapes == ((1, 8, 8, 3), (1, 3))


def test_a_network_without_a_head_is_damage(tmp_path: Path) -> None:
    other = Layer("Dense", "other", {}, ())
    bare = replace(TINY, weights=weights_file([other], {"other": [np.ones((3, 2)), np.ones(2)]}))
    write_model(tmp_path / "m.keras", bare, RECORD, NETWORK)
    assert refusal(tmp_path / "m.keras") == "it names 2 classes but has no weights of the layer logits"


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


@given(field=st.sampled_from(sorted(WHOLE)), value=JSON)
def test_a_record_with_anything_in_a_field_is_refused_or_read(
    field: str, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "record.keras"
    write_with(path, {**WHOLE, field: value})
    refuses_or_reads(path, path.read_bytes())


@given(whole=JSON)
def test_a_record_that_is_anything_is_refused(whole: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.keras"
    write_with(path, whole)
    with pytest.raises(kclass.ModelError, match="is damaged"):
        read_model(path)
