from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
import pytest

from kclass.backbones.legacy_h5 import legacy_parts, listed, model_config
from kclass.backbones.safe_hdf5 import UntrustedError


@pytest.fixture
def file() -> Any:
    """An empty HDF5 file in memory."""
    with h5py.File.in_memory() as made:
        yield made


def write(group: Any, layers: Mapping[str, Sequence[str]]) -> None:
    """Layers and the names of their weights, each an array of its length."""
    group.attrs["layer_names"] = [name.encode() for name in layers]
    for name, weights in layers.items():
        own = group.create_group(name)
        own.attrs["weight_names"] = [weight.encode() for weight in weights]
        for weight in weights:
            own[weight] = np.ones(len(weight), np.float32)


def rows(file: Any) -> list[tuple[tuple[str, ...], list[tuple[str, int]]]]:
    """For each part its path, and the names of its layers with how many weights they have."""
    return [
        (part.path, [(layer.name, len(layer.arrays)) for layer in part.layers]) for part in legacy_parts(file)
    ]


FLAT = {"Conv1": ["Conv1/kernel:0"], "pool": [], "bn": ["bn/gamma:0", "bn/beta:0"]}
NESTED = {
    "mobilenet": ["Conv1/kernel:0", "bn/gamma:0", "bn/mean:0", "Conv1/count:0"],
    "dense": ["dense/kernel:0", "dense/bias:0"],
}


@pytest.mark.parametrize("place", ["/", "model_weights"])
def test_layers_come_in_order_with_their_weights(place: str, file: Any) -> None:
    write(file.require_group(place), FLAT)
    assert rows(file) == [((), [("Conv1", 1), ("bn", 2)])]
    (part,) = legacy_parts(file)
    assert [layer.place.number for layer in part.layers] == [0, 1]
    assert [layer.shapes for layer in part.layers] == [((14,),), ((10,), (9,))]


def test_a_model_that_is_a_layer_is_a_part_whose_weights_belong_to_its_layers(file: Any) -> None:
    write(file, NESTED)
    assert rows(file) == [
        ((), [("Conv1", 2), ("bn", 2), ("dense", 2)]),
        (("mobilenet",), [("Conv1", 2), ("bn", 2)]),
    ]
    layer = legacy_parts(file)[1].layers[0]
    assert [array.dataset.name for array in layer.arrays] == [
        "/mobilenet/Conv1/kernel:0",
        "/mobilenet/Conv1/count:0",
    ]


def test_what_stands_around_a_layer_in_its_name_is_left_out(file: Any) -> None:
    write(file, {"model": ["scope/Conv1/kernel:0", "scope/bn/gamma:0"]})
    assert rows(file)[1] == (("model",), [("Conv1", 1), ("bn", 1)])


def test_the_name_of_a_layer_may_have_slashes(file: Any) -> None:
    write(file, {"Conv": ["Conv/kernel:0"], "Conv/BatchNorm": ["Conv/BatchNorm/gamma:0"]})
    assert rows(file) == [((), [("Conv", 1), ("Conv/BatchNorm", 1)])]


def test_weights_whose_names_have_no_layer_belong_to_that_of_the_group(file: Any) -> None:
    write(file, {"block1_conv1": ["block1_conv1_W_1:0", "block1_conv1_b_1:0"]})
    assert rows(file) == [((), [("block1_conv1", 2)])]


@pytest.mark.parametrize(("name", "pieces"), [("layer_names", 3), ("weight_names", 2)])
def test_lists_that_keras_cut_in_pieces_are_put_together(name: str, pieces: int, file: Any) -> None:
    for piece in range(pieces):
        file.attrs[f"{name}{piece}"] = [f"{piece}a".encode(), f"{piece}b".encode()]
    file.attrs[f"{name}{pieces + 1}"] = [b"after a gap"]
    assert listed(file, name) == [f"{piece}{letter}" for piece in range(pieces) for letter in "ab"]


def test_the_layers_of_a_large_model_are_cut_in_pieces_as_keras_does(file: Any) -> None:
    from keras.src.legacy.saving.legacy_h5_format import save_attributes_to_hdf5_group

    names = [f"{'long' * 50}_{number}".encode() for number in range(400)]
    save_attributes_to_hdf5_group(file, "layer_names", names)
    assert "layer_names" not in file.attrs
    assert listed(file, "layer_names") == [name.decode() for name in names]


def test_a_file_of_another_layout_has_no_parts(file: Any) -> None:
    assert legacy_parts(file) == []
    file["layers/conv2d/vars/0"] = np.ones(3)
    assert legacy_parts(file) == []


@pytest.mark.parametrize("missing", ["Conv1", "bn/bn/beta:0"])
def test_what_is_listed_but_not_there_is_an_error(missing: str, file: Any) -> None:
    write(file, FLAT)
    del file[missing]
    with pytest.raises(ValueError, match="there is no"):
        legacy_parts(file)


def test_weights_that_lie_elsewhere_are_refused(file: Any) -> None:
    write(file, FLAT)
    del file["Conv1"]
    file["Conv1"] = h5py.SoftLink("/bn")
    with pytest.raises(UntrustedError, match="its entry /Conv1 is a link"):
        legacy_parts(file)


def test_kernels_of_theano_are_refused(file: Any) -> None:
    write(file, FLAT)
    file.attrs["backend"] = b"tensorflow"
    assert legacy_parts(file)
    file.attrs["backend"] = b"theano"
    with pytest.raises(UntrustedError, match="Keras on Theano"):
        legacy_parts(file)


@pytest.mark.parametrize("config", ['{"class_name": "Model"}', b'{"class_name": "Model"}'])
def test_the_graph_of_a_whole_model_is_given_as_text(config: Any, file: Any) -> None:
    assert model_config(file) == ""
    file.attrs["model_config"] = config
    assert model_config(file) == '{"class_name": "Model"}'
