import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_weights import CONTENTS, WANTED, hdf5, is_right, keras3, keras_archive, legacy, written

from kclass.backbones import archive
from kclass.backbones.layer_matching import Place, WantedLayer
from kclass.backbones.weight_reading import read_weights
from kclass.errors import ModelError

Spoil = Callable[[Any], Any]


def refusal(
    content: bytes, folder: Path, wanted: list[WantedLayer] = WANTED, *, backbone: str = "small"
) -> tuple[str, str]:
    """What the error says of a file and what it advises, with FILE for the file's path."""
    path = written(folder / "file", content)
    with pytest.raises(ModelError) as caught:
        read_weights(path, wanted, backbone=backbone)
    assert "\n" not in caught.value.message + caught.value.fix
    return caught.value.message.replace(str(path), "FILE"), caught.value.fix


def spoilt(write: Spoil, spoil: Spoil) -> bytes:
    """An HDF5 file to which something was done after it was written."""

    def both(file: Any) -> None:
        write(file)
        spoil(file)

    return hdf5(both)


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_layout_gives_the_weights_number_for_number(kind: str, tmp_path: Path) -> None:
    assert is_right(read_weights(written(tmp_path / "file", CONTENTS[kind]), WANTED, backbone="small"))


@pytest.mark.parametrize("kind", CONTENTS)
def test_layers_are_given_in_the_order_wanted(kind: str, tmp_path: Path) -> None:
    swapped = [replace(layer, index=index) for index, layer in enumerate(reversed(WANTED))]
    found = read_weights(written(tmp_path / "file", CONTENTS[kind]), swapped, backbone="small")
    assert is_right(found[::-1])


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    assert refusal(hdf5(lambda file: file.update({"photos": np.ones(3)})), tmp_path) == (
        "FILE holds no weights as Keras lays them out",
        "Give a .weights.h5, .keras or .h5 file that Keras saved, or the word imagenet or none.",
    )


def test_an_hdf5_file_that_is_cut_short_is_refused_with_both_lengths(tmp_path: Path) -> None:
    whole = CONTENTS["keras3"]
    assert refusal(whole[:5000], tmp_path) == (
        f"the weight file FILE is cut short: it has 5,000 of its {len(whole):,} bytes",
        "Download or copy it again, or save it again with Keras.",
    )


def test_an_archive_whose_weights_are_none_is_refused(tmp_path: Path) -> None:
    content = keras_archive({}, weights=hdf5(lambda file: None))
    assert refusal(content, tmp_path)[0] == "FILE holds no weights as Keras lays them out"


SAVE_AGAIN = "Load it with Keras where it was made, and save it again."


@pytest.mark.parametrize(
    ("write", "spoil", "reason"),
    [
        (
            keras3,
            lambda file: file.update({"layers/more": h5py.ExternalLink("/etc/passwd", "/")}),
            "its entry /layers/more is a link to another place",
        ),
        (
            legacy,
            lambda file: file.attrs.update({"backend": b"theano"}),
            "it was saved from Keras on Theano, whose kernels are turned round",
        ),
        (
            keras3,
            lambda file: file["layers/conv2d/vars/1"].__setitem__(0, np.inf),
            "its array /layers/conv2d/vars/1 holds values that are not finite",
        ),
    ],
)
def test_what_keras_never_writes_is_refused_in_words(
    write: Spoil, spoil: Spoil, reason: str, tmp_path: Path
) -> None:
    assert refusal(spoilt(write, spoil), tmp_path) == (
        f"the weight file FILE cannot be used: {reason}",
        SAVE_AGAIN,
    )


def test_an_array_of_any_declared_size_is_not_read_but_compared(tmp_path: Path) -> None:
    def swell(file: Any) -> None:
        del file["layers/conv2d/vars/0"]
        file.create_dataset("layers/conv2d/vars/0", (10**6, 10**6), "f4", chunks=(10, 10))

    assert refusal(spoilt(keras3, swell), tmp_path)[0] == (
        "the weights in FILE are not those of small: its layer first takes 2x2x1x3, 3; "
        "the file has 1000000x1000000, 3 there"
    )


def test_two_networks_that_fit_are_not_chosen_from(tmp_path: Path) -> None:
    def both(file: Any) -> None:
        keras3(file.create_group("one"))
        keras3(file.create_group("two"))

    assert refusal(hdf5(both), tmp_path) == (
        "FILE has weights that fit small more than once",
        "Save the one that you mean alone: model.get_layer(NAME).save_weights('one.weights.h5').",
    )


def test_counted_layers_that_could_be_several_are_not_chosen_from(tmp_path: Path) -> None:
    alone = [replace(WANTED[0], name="conv2d")]

    def rename(file: Any) -> None:
        file["layers/conv2d/vars"].attrs["name"] = "conv2d_4"
        file["layers/conv2d_1/vars"].attrs["name"] = "conv2d_5"

    content = spoilt(keras3, rename)
    assert refusal(content, tmp_path, alone)[0] == "FILE has weights that fit small more than once"


def test_an_older_file_of_another_network_is_refused_though_it_has_no_names(tmp_path: Path) -> None:
    def strip(file: Any) -> None:
        for group in file["layers"].values():
            del group["vars"].attrs["name"]

    other = [replace(layer, shapes=((5, 5), (3,))) for layer in WANTED]
    assert refusal(spoilt(keras3, strip), tmp_path, other)[0] == (
        "the weights in FILE are not those of small: its layer first takes 5x5, 3; "
        "the file has 2x2x1x3, 3 there"
    )
    dense = [replace(layer, place=replace(layer.place, sequence="dense")) for layer in WANTED]
    assert refusal(spoilt(keras3, strip), tmp_path, dense)[0] == (
        "the weights in FILE are not those of small: its layer first takes 2x2x1x3, 3; "
        "the file has none of its layers, but for instance a layer with 2x2x1x3, 3"
    )


def with_lambda(file: Any) -> None:
    legacy(file)
    layer = {"class_name": "Lambda", "config": {"name": "half\nway", "function": ["code"]}}
    model = {"class_name": "Functional", "config": {"layers": [layer]}}
    graph = {"class_name": "Sequential", "config": {"layers": [model]}}
    file.attrs["model_config"] = json.dumps(graph)


def test_a_lambda_layer_is_found_however_deep_it_lies(tmp_path: Path) -> None:
    assert refusal(hdf5(with_lambda), tmp_path)[0] == (
        "the model in FILE has a Lambda layer, half\\nway; that is code, and kclass takes no code from files"
    )


def test_a_function_given_as_code_is_refused_as_well(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wAAAA=="}}
    graph = {"class_name": "Dense", "config": {"name": "dense", "activation": code}}
    assert refusal(keras_archive({"layers": [graph]}), tmp_path)[0] == (
        "the model in FILE has a lambda function; that is code, and kclass takes no code from files"
    )


def test_operations_that_keras_2_names_after_tensorflow_are_no_code(tmp_path: Path) -> None:
    graph = {"class_name": "TFOpLambda", "config": {"name": "tf.math.truediv", "function": "math.truediv"}}
    path = written(tmp_path / "file", keras_archive({"layers": [graph]}))
    assert is_right(read_weights(path, WANTED, backbone="small"))


def test_a_model_of_kclass_whose_first_kernel_is_turned_round_is_refused(tmp_path: Path) -> None:
    scaling = {"name": "scaling", "scale": 1.0, "offset": [-123.68, -116.779, -103.939]}
    graph = {"layers": [{"class_name": "Rescaling", "config": scaling}]}
    assert refusal(keras_archive(graph), tmp_path) == (
        "the model in FILE takes red, green, blue, where small as Keras has it takes blue, green, red",
        "Give the weight file that the model was made with, or use --weights imagenet.",
    )
    scaling["offset"] = -1.0
    path = written(tmp_path / "file", keras_archive(graph))
    assert is_right(read_weights(path, WANTED, backbone="small"))


def with_scaling(name: str, where: str = "layers/rescaling") -> bytes:
    """Weights alone of a model that has a `Rescaling` layer."""

    def write(file: Any) -> None:
        keras3(file)
        group = file.create_group(f"{where}/vars")
        if name:
            group.attrs["name"] = name

    return hdf5(write)


TURNED = "the model in FILE takes red, green, blue, where vgg16 as Keras has it takes blue, green, red"


@pytest.mark.parametrize("name", ["scaling", ""])
def test_weights_alone_of_a_network_of_kclass_that_are_turned_round_are_refused(
    name: str, tmp_path: Path
) -> None:
    message, fix = refusal(with_scaling(name), tmp_path, backbone="vgg16")
    assert message == TURNED
    assert fix == "Give the weight file that the model was made with, or use --weights imagenet."


@pytest.mark.parametrize(
    ("content", "backbone"),
    [
        (with_scaling("scaling"), "mobilenet_v2"),  # nothing is turned round
        (with_scaling("rescaling"), "vgg16"),  # a layer of the user's own
        (with_scaling("scaling", "layers/functional/layers/rescaling"), "vgg16"),  # of another model
    ],
)
def test_weights_alone_that_are_not_turned_round_are_taken(
    content: bytes, backbone: str, tmp_path: Path
) -> None:
    assert is_right(read_weights(written(tmp_path / "file", content), WANTED, backbone=backbone))


def test_a_graph_that_shows_another_scaling_counts_more_than_its_name(tmp_path: Path) -> None:
    scaling = {"class_name": "Rescaling", "config": {"name": "scaling", "scale": 2.0, "offset": -1.0}}
    content = keras_archive({"layers": [scaling]}, weights=with_scaling("scaling"))
    assert is_right(read_weights(written(tmp_path / "file", content), WANTED, backbone="vgg16"))
    hidden = keras_archive({"class_name": "MyModel", "config": {}}, weights=with_scaling("scaling"))
    assert refusal(hidden, tmp_path, backbone="vgg16")[0] == TURNED


@pytest.mark.parametrize("kind", ["normalization", "layer_scale"])
@pytest.mark.parametrize("where", ["layers/rescaling", "layers/functional/layers/rescaling"])
def test_layers_that_kclass_folded_into_others_are_not_asked_for_in_vain(
    kind: str, where: str, tmp_path: Path
) -> None:
    wanted = [*WANTED, WantedLayer(kind, kind, Place(kind, 0), 2, ((3,),), ("float32",))]

    def nest(file: Any) -> None:
        keras3(file)
        if where != "layers/rescaling":
            file.move("layers", "inner")
            file.move("inner", "layers/functional/layers")
        file.create_group(f"{where}/vars").attrs["name"] = "scaling"

    assert refusal(hdf5(nest), tmp_path, wanted) == (
        "the weights in FILE are of a network that kclass made, whose scaling layers are folded in;"
        " small as Keras has it cannot take them",
        "Give the file that Keras itself saved of small, or use --weights imagenet.",
    )
    without = spoilt(nest, lambda file: file.pop(where))
    assert refusal(without, tmp_path, wanted)[0].endswith("the file has no such layer")


def test_a_layer_that_kclass_does_not_fold_is_missing(tmp_path: Path) -> None:
    wanted = [*WANTED, WantedLayer("third", "conv2d", Place("conv2d", 2), 2, ((3,),), ("float32",))]
    assert refusal(with_scaling("scaling"), tmp_path, wanted)[0] == (
        "the weights in FILE are not those of small: its layer third takes 3; the file has no such layer"
    )


@pytest.mark.parametrize("limit", ["SIZE_LIMIT", "SMALL"])  # in all, and for what a small file holds
def test_an_archive_that_would_unpack_to_too_much_is_refused_unread(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = keras_archive({}, weights=bytes(10**6), method=zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(archive, limit, 10**6)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it is unpacked"))
    assert "it would unpack to 1,000,002 bytes" in refusal(content, tmp_path)[0]


def test_an_archive_that_is_packed_in_an_unusual_way_is_refused(tmp_path: Path) -> None:
    content = keras_archive({}, method=zipfile.ZIP_LZMA)
    assert "it is packed in an unusual way" in refusal(content, tmp_path)[0]


@pytest.mark.parametrize("graph", ["{", "", '{"a": "\ud800"', "[" * 10**5])
def test_a_graph_that_is_no_json_is_damage(graph: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("config.json", graph.encode("utf-8", "surrogatepass"))
        file.writestr("model.weights.h5", hdf5(keras3))
    assert refusal(buffer.getvalue(), tmp_path)[0].startswith(
        "the weight file FILE is damaged or cut short ("
    )


@pytest.mark.parametrize("graph", [None, 1, [], "text", {"config": 1}, {"class_name": ["Lambda"]}, [[{}]]])
def test_a_graph_of_any_form_is_looked_through(graph: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "file", keras_archive(graph))
    assert is_right(read_weights(path, WANTED, backbone="small"))


@given(st.sampled_from(sorted(CONTENTS)), st.data())
def test_a_file_that_is_cut_short_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    content = CONTENTS[kind]
    short = content[: data.draw(st.integers(0, len(content) - 1))]
    message, fix = refusal(short, tmp_path_factory.getbasetemp())
    assert message.startswith(
        (
            "the weight file FILE is damaged or cut short",
            "the weight file FILE is cut",
            "the weight file FILE is empty",
        )
    )
    assert fix == "Download or copy it again, or save it again with Keras."
