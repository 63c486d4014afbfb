import dataclasses
import hashlib
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import processes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from kclass.backbones import archive as archives
from kclass.backbones.archive import Archive, class_name, read_archive, read_weights, weights_file
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.errors import ModelError
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)

HEAD = np.random.default_rng(3)
KERNEL = HEAD.normal(size=(8, 4)).astype(np.float32)
BIAS = HEAD.normal(size=4).astype(np.float32)

# What Keras alone makes of a file, where keras_cv cannot be imported.
PLAIN_KERAS = """
import sys
sys.modules["keras_cv"] = None
import json, keras, numpy
model = keras.saving.load_model(sys.argv[1], compile=False)
photos = numpy.load(sys.argv[2])
print(json.dumps(model(photos.astype("float32")).numpy().tolist()))
"""


def stored_weights(content: bytes) -> dict[str, tuple[str, list[Any]]]:
    """By group: the layer's name and its weights as lists, of groups that have some."""
    with h5py.File(io.BytesIO(content), "r") as file:
        groups = {name: group["vars"] for name, group in file["layers"].items()}
        return {
            name: (group.attrs["name"], [np.asarray(each).tolist() for each in group.values()])
            for name, group in groups.items()
            if len(group)
        }


def test_groups_are_named_and_filled_as_keras_does(many_layers_archive: Archive) -> None:
    ours = weights_file(many_layers_archive.layers, many_layers_archive.layer_weights)
    found = stored_weights(ours)
    assert found == stored_weights(many_layers_archive.weights)
    assert {"conv2d", "conv2d_1", "conv2d_2", "p_re_lu_1", "depthwise_conv2d", "dense", "dense_1"} <= set(
        found
    )


def test_weights_are_read_by_layer_in_the_order_of_keras(
    many_layers: Any, many_layers_archive: Archive
) -> None:
    expected = {layer.name: layer.get_weights() for layer in many_layers.layers if layer.weights}
    found = many_layers_archive.layer_weights
    assert found.keys() == expected.keys()
    for name, arrays in expected.items():
        assert [array.tolist() for array in found[name]] == [array.tolist() for array in arrays]


def test_layers_come_in_the_order_of_the_graph_with_what_they_read(many_layers_archive: Archive) -> None:
    layers = many_layers_archive.layers
    assert [layer.name for layer in layers[:4]] == ["photo", "scaling", "first_conv", "first_norm"]
    assert [layer.kind for layer in layers[:4]] == ["InputLayer", "Rescaling", "Conv2D", "BatchNormalization"]
    assert [layer.inputs for layer in layers[:3]] == [(), ("photo",), ("scaling",)]
    assert many_layers_archive.size == 32


def test_layers_of_a_sequential_model_read_the_one_before() -> None:
    keras = import_keras()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3), name="photo"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(2, name="d"),
        ]
    )
    archive = archive_of(model)
    assert [(layer.kind, layer.name, layer.inputs) for layer in archive.layers] == [
        ("InputLayer", "photo", ()),
        ("Flatten", "flat", ("photo",)),
        ("Dense", "d", ("flat",)),
    ]
    assert archive.size == 8


def test_an_archive_survives_writing_and_reading(many_layers_archive: Archive, tmp_path: Path) -> None:
    entries = {"kclass.json": b"{}", "network/network.bin": bytes(range(256))}
    archive = dataclasses.replace(many_layers_archive, entries=entries)
    archive.write(tmp_path / "model.keras")
    assert read_archive(tmp_path / "model.keras") == archive


def test_entries_do_not_disturb_keras(
    many_layers: Any, many_layers_archive: Archive, small_photos: Any, tmp_path: Path
) -> None:
    dataclasses.replace(many_layers_archive, entries={"kclass.json": b"{}"}).write(tmp_path / "model.keras")
    opened = import_keras().saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(opened(small_photos), many_layers(small_photos))


def test_the_file_names_the_version_of_keras_that_reads_it(many_layers_file: Path) -> None:
    with zipfile.ZipFile(many_layers_file) as file:
        metadata = json.loads(file.read("metadata.json"))
    assert metadata["keras_version"] == import_keras().__version__


def test_a_head_follows_the_last_layer_though_there_are_dense_layers_before(
    many_layers: Any, many_layers_archive: Archive, small_photos: Any
) -> None:
    model = keras_model(many_layers_archive.with_head(KERNEL, BIAS))
    features = np.asarray(many_layers(small_photos))
    np.testing.assert_allclose(model(small_photos), softmax(features @ KERNEL + BIAS, axis=1), rtol=1e-5)
    assert [layer.name for layer in model.layers[-3:]] == ["features", "logits", "probabilities"]


def test_a_head_fits_a_model_whose_output_is_a_list(many_layers: Any, small_photos: Any) -> None:
    listed = import_keras().Model(many_layers.input, [many_layers.output])
    model = keras_model(archive_of(listed).with_head(KERNEL, BIAS))
    expected = softmax(np.asarray(many_layers(small_photos)) @ KERNEL + BIAS, axis=1)
    np.testing.assert_allclose(np.squeeze(model(small_photos)), expected, rtol=1e-5)


def test_the_group_of_the_head_is_the_one_keras_would_write(many_layers_archive: Archive) -> None:
    with_head = many_layers_archive.with_head(KERNEL, BIAS)
    rewritten = archive_of(keras_model(with_head))
    assert stored_weights(with_head.weights) == stored_weights(rewritten.weights)
    assert stored_weights(with_head.weights)["dense_2"] == ("logits", [KERNEL.tolist(), BIAS.tolist()])


def test_giving_a_head_leaves_the_archive_itself_as_it_was(many_layers_archive: Archive) -> None:
    before = json.dumps(many_layers_archive.graph), many_layers_archive.weights
    many_layers_archive.with_head(KERNEL, BIAS)
    assert (json.dumps(many_layers_archive.graph), many_layers_archive.weights) == before


def test_a_temperature_divides_the_logits_and_changes_nothing_else(many_layers_archive: Archive) -> None:
    with_head = many_layers_archive.with_head(KERNEL, BIAS)
    warm = with_head.with_temperature(4)
    reread = read_weights(warm.weights)
    assert np.array_equal(reread["logits"][0], KERNEL / 4)
    assert np.array_equal(reread["logits"][1], BIAS / 4)
    for name, arrays in read_weights(with_head.weights).items():
        if name != "logits":
            assert all(np.array_equal(one, other) for one, other in zip(arrays, reread[name], strict=True))
    assert stored_weights(warm.weights).keys() == stored_weights(with_head.weights).keys()
    assert dataclasses.replace(warm).fingerprint == warm.fingerprint == with_head.fingerprint
    assert np.array_equal(warm.layer_weights["logits"][0], reread["logits"][0])
    assert np.array_equal(with_head.layer_weights["logits"][0], KERNEL)


@pytest.mark.slow
def test_plain_keras_opens_the_file_without_keras_cv_and_gets_the_same_numbers(
    lite0: Archive, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    kernel, bias = random.normal(size=(1280, 3)).astype(np.float32), np.zeros(3, np.float32)
    archive = lite0.with_head(kernel, bias)
    archive.write(tmp_path / "model.keras")
    np.save(tmp_path / "photos.npy", photos)
    done = processes.run(*processes.python(PLAIN_KERAS, "model.keras", "photos.npy"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    expected = keras_model(archive)(photos)
    np.testing.assert_allclose(json.loads(done.stdout), expected, atol=1e-6)


def test_the_fingerprint_does_not_depend_on_the_head(many_layers_archive: Archive) -> None:
    assert many_layers_archive.with_head(KERNEL, BIAS).fingerprint == many_layers_archive.fingerprint


def test_giving_a_head_neither_parses_nor_hashes_the_weights_again(
    many_layers_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, weights = many_layers_archive.fingerprint, many_layers_archive.layer_weights
    read_again = Archive(
        many_layers_archive.with_head(KERNEL, BIAS).graph, many_layers_archive.with_head(KERNEL, BIAS).weights
    ).layer_weights
    monkeypatch.setattr(archives, "read_weights", lambda _: pytest.fail("the weights are parsed again"))
    monkeypatch.setattr(hashlib, "blake2b", lambda **_: pytest.fail("they are hashed again"))
    with_head = many_layers_archive.with_head(KERNEL, BIAS)
    assert with_head.fingerprint == expected
    assert with_head.layer_weights.keys() == read_again.keys() == {*weights, "logits"}
    for name, arrays in read_again.items():
        for one, two in zip(with_head.layer_weights[name], arrays, strict=True):
            np.testing.assert_array_equal(one, two)


def test_the_fingerprint_is_that_of_the_file_too(
    many_layers_archive: Archive, many_layers_file: Path
) -> None:
    assert read_archive(many_layers_file).fingerprint == many_layers_archive.fingerprint


def test_another_weight_gives_another_fingerprint(many_layers_archive: Archive) -> None:
    weights = {
        name: [np.copy(each) for each in arrays] for name, arrays in many_layers_archive.layer_weights.items()
    }
    weights["depthwise"][0][1, 1, 2, 0] += 1e-6
    other = Archive(many_layers_archive.graph, weights_file(many_layers_archive.layers, weights))
    assert other.fingerprint != many_layers_archive.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        lambda layers: layers[1]["config"].update(offset=-0.5),
        lambda layers: layers[2].update(class_name="SeparableConv2D"),
        lambda layers: layers[0]["config"].update(batch_shape=[None, 64, 64, 3]),
        lambda layers: layers[3].update(inbound_nodes=layers[2]["inbound_nodes"]),
    ],
)
def test_another_graph_gives_another_fingerprint(many_layers_archive: Archive, change: Any) -> None:
    graph = json.loads(json.dumps(many_layers_archive.graph))
    change(graph["config"]["layers"])
    assert Archive(graph, many_layers_archive.weights).fingerprint != many_layers_archive.fingerprint


def test_the_same_network_built_twice_has_one_fingerprint_though_keras_numbers_its_names() -> None:
    keras = import_keras()

    def built() -> Any:
        photo = keras.Input((8, 8, 3), name="photo")
        model = keras.Model(photo, keras.layers.GlobalAveragePooling2D()(keras.ops.convert_to_tensor(photo)))
        return archive_of(model)

    first, second = built(), built()
    assert [layer.name for layer in first.layers] != [layer.name for layer in second.layers]
    assert first.fingerprint == second.fingerprint


def test_a_missing_file_is_a_model_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no model file .*none\.keras") as caught:
        read_archive(tmp_path / "none.keras")
    assert caught.value.fix == "Give the path of a model.keras."


def test_a_folder_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the model file .*: Is a directory"):
        read_archive(tmp_path)


def test_a_file_of_another_kind_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_text("a model, honestly")
    with pytest.raises(
        ModelError, match=r"model\.keras is not a Keras model file, or it is damaged \(File is"
    ):
        read_archive(tmp_path / "model.keras")


def test_a_zip_without_a_graph_is_a_model_error(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as file:
        file.writestr("readme.txt", "nothing")
    with pytest.raises(ModelError, match=r"config\.json"):
        read_archive(tmp_path / "model.keras")


@pytest.mark.parametrize(
    "graph", ["[1, 2]", "{}", '"text"', '{"class_name": "Functional", "config": {"layers": []}}']
)
def test_a_config_that_is_no_graph_is_a_model_error(graph: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as file:
        file.writestr("config.json", graph)
        file.writestr("model.weights.h5", b"")
    with pytest.raises(ModelError, match="is not a Keras model file"):
        read_archive(tmp_path / "model.keras")


def test_a_truncated_file_is_a_model_error(many_layers_file: Path) -> None:
    many_layers_file.write_bytes(many_layers_file.read_bytes()[:-200])
    with pytest.raises(ModelError, match="is not a Keras model file, or it is damaged"):
        read_archive(many_layers_file)


def packed(path: Path, *, size: int, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """An archive whose weights are so many zeros, and which nobody wants unpacked."""
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", bytes(size))
    return path


def test_a_file_that_would_unpack_to_far_more_than_it_holds_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "SMALL", 10_000)
    path = packed(tmp_path / "bomb.keras", size=1_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it is unpacked"))
    with pytest.raises(
        ModelError, match=r"bomb\.keras is not .*damaged \(it would unpack to 1,000,002 bytes"
    ):
        read_archive(path)


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "large.keras", size=1_000, method=zipfile.ZIP_STORED)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it is unpacked"))
    monkeypatch.setattr(archives, "SIZE_LIMIT", 1_001)
    with pytest.raises(ModelError, match="it has more than 1,001 bytes"):
        read_archive(path)
    packed(path, size=100_000)
    with pytest.raises(ModelError, match="it would unpack to 100,002 bytes"):
        read_archive(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_packed_in_an_unusual_way_is_refused(method: int, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="it is packed in an unusual way"):
        read_archive(packed(tmp_path / "model.keras", size=100, method=method))


def test_entries_that_nobody_asked_for_are_not_read(
    many_layers_archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.keras"
    dataclasses.replace(many_layers_archive, entries={"a": b"1", "b": bytes(10**6)}).write(path)
    monkeypatch.setattr(archives, "SIZE_LIMIT", path.stat().st_size - 10**5)
    monkeypatch.setattr(Path, "stat", lambda _: os.stat_result((0,) * 10))
    assert read_archive(path, entries=("a", "c")).entries == {"a": b"1"}
    with pytest.raises(ModelError, match="it would unpack"):
        read_archive(path)


def test_an_encrypted_file_is_a_model_error(many_layers_file: Path) -> None:
    data = bytearray(many_layers_file.read_bytes())
    data[data.rindex(b"PK\x03\x04") + 6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    many_layers_file.write_bytes(data)
    with pytest.raises(ModelError, match="is not a Keras model file, or it is damaged"):
        read_archive(many_layers_file)


@pytest.fixture(scope="module")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deflated archive of a few hundred bytes, so that every byte of it comes in for damage."""
    path = tmp_path_factory.mktemp("tiny") / "model.keras"
    layer = {"class_name": "InputLayer", "config": {"name": "photo"}}
    graph = {"class_name": "Sequential", "config": {"layers": [layer]}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", json.dumps(graph))
        file.writestr("model.weights.h5", b"weights" * 20)
    return path


@given(st.data())
def test_damage_anywhere_is_a_model_error_or_does_not_matter(tiny_file: Path, data: st.DataObject) -> None:
    damaged = bytearray(tiny_file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tiny_file.with_name("damaged.keras")
    path.write_bytes(damaged)
    try:
        archive = read_archive(path)
    except ModelError as error:
        assert "\n" not in error.message
    else:
        assert archive == read_archive(tiny_file) or archive.entries


def test_weights_of_another_kind_are_a_model_error() -> None:
    with pytest.raises(ModelError, match="not weights as Keras 3 writes them"):
        read_weights(b"\x80\x04N.")


def test_truncated_weights_are_a_model_error(many_layers_archive: Archive) -> None:
    for length in (0, 100, len(many_layers_archive.weights) // 2, len(many_layers_archive.weights) - 1):
        with pytest.raises(ModelError, match="not weights as Keras 3 writes them"):
            read_weights(many_layers_archive.weights[:length])


@pytest.mark.parametrize("signature", [b"TREE", b"SNOD", b"HEAP"])
def test_damaged_weights_are_a_model_error(many_layers_archive: Archive, signature: bytes) -> None:
    with pytest.raises(ModelError, match="not weights as Keras 3 writes them"):
        read_weights(many_layers_archive.weights.replace(signature, b"WORM"))


@pytest.mark.parametrize("path", ["other/dense/vars/0", "layers", "layers/dense/vars", "layers/dense/vars/7"])
def test_a_file_of_hdf5_with_another_layout_is_a_model_error(path: str) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file[path] = np.zeros(3)
    with pytest.raises(ModelError, match="not weights as Keras 3 writes them"):
        read_weights(buffer.getvalue())


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Conv2D", "conv2d"),
        ("BatchNormalization", "batch_normalization"),
        ("DepthwiseConv2D", "depthwise_conv2d"),
        ("PReLU", "p_re_lu"),
    ],
)
def test_classes_are_named_as_keras_names_them(kind: str, name: str) -> None:
    from keras.src.utils.naming import to_snake_case

    assert class_name(kind) == name == to_snake_case(kind)


def test_the_weights_of_one_layer_are_those_among_all(many_layers_archive: Archive) -> None:
    named = {layer.name for layer in many_layers_archive.layers}
    for name in named:
        alone = replace(many_layers_archive).weights_of(name)  # of a copy, which has parsed nothing yet
        among = many_layers_archive.layer_weights.get(name, [])
        assert len(alone) == len(among)
        for one, other in zip(alone, among, strict=True):
            np.testing.assert_array_equal(one, other)
    assert many_layers_archive.weights_of("none of them") == []
    assert any(many_layers_archive.weights_of(name) for name in named)


def test_the_weights_of_one_layer_are_read_alone(many_layers_archive: Archive) -> None:
    fresh = replace(many_layers_archive)
    fresh.weights_of(many_layers_archive.layers[-1].name)
    assert "layer_weights" not in vars(fresh)


def test_a_fingerprint_that_is_known_is_believed(many_layers_archive: Archive) -> None:
    known = replace(many_layers_archive, weights=b"").known_as("abc")
    assert known.fingerprint == "abc"
    assert known.weights == b""
    assert known.graph is many_layers_archive.graph
