from typing import Any

import h5py
import numpy as np
import pytest

from kclass.backbones import keras3_h5
from kclass.backbones.keras3_h5 import keras3_parts, names_of_class, place_in_model
from kclass.backbones.layer_matching import Part, Place
from kclass.backbones.safe_hdf5 import UntrustedError


@pytest.fixture
def file() -> Any:
    """An empty HDF5 file in memory."""
    with h5py.File.in_memory() as made:
        yield made


def write(file: Any, path: str, name: str = "", sides: tuple[int, ...] = (3,)) -> None:
    group = file.create_group(f"{path}/vars")
    if name:
        group.attrs["name"] = name
    for index, side in enumerate(sides):
        group[str(index)] = np.ones(side, np.float32)


def rows(part: Part) -> list[tuple[str, str, int]]:
    """The names and places of the layers, sorted."""
    return sorted((layer.name, layer.place.sequence, layer.place.number) for layer in part.layers)


def test_layers_have_the_names_and_places_that_the_file_gives(file: Any) -> None:
    write(file, "layers/conv2d", "Conv1")
    write(file, "layers/conv2d_10", "Conv2")
    write(file, "layers/re_lu", "relu", sides=())
    write(file, "optimizer", sides=(3, 3))
    (part,) = keras3_parts(file)
    assert part.path == ()
    assert rows(part) == [("Conv1", "conv2d", 0), ("Conv2", "conv2d", 10)]


def test_weights_come_in_the_order_of_their_numbers(file: Any) -> None:
    write(file, "layers/many", "many", sides=tuple(range(1, 13)))
    (part,) = keras3_parts(file)
    assert [shape for (shape,) in part.layers[0].shapes] == list(range(1, 13))


def test_layers_without_names_have_places_alone(file: Any) -> None:
    write(file, "layers/conv2d_1")
    assert rows(keras3_parts(file)[0]) == [("", "conv2d", 1)]


@pytest.mark.parametrize("layers", ["layers", "_layer_checkpoint_dependencies"])
@pytest.mark.parametrize("around", ["layers/functional", "backbone"])
def test_a_model_within_another_is_a_part_of_its_own(layers: str, around: str, file: Any) -> None:
    write(file, f"{around}/{layers}/conv2d", "Conv1")
    write(file, f"{around}/{layers}/sequential_1/{layers}/dense_2", "inner")
    write(file, "layers/dense", "head")
    parts = {part.path: part for part in keras3_parts(file)}
    assert rows(parts[tuple(around.split("/"))]) == [
        ("Conv1", "conv2d", 0),
        ("inner", "sequential_1/dense", 2),
    ]
    whole = [name for name, *_ in rows(parts[()])]
    assert whole == (["Conv1", "head", "inner"] if around.startswith("layers") else ["head"])
    assert next(iter(parts)) == ()


@pytest.mark.parametrize("key", ["kernel", "1", "00", "-1"])
def test_layers_that_keep_their_weights_otherwise_are_left_out(key: str, file: Any) -> None:
    write(file, "layers/dense", "dense")
    write(file, "layers/other", "other", sides=())
    file[f"layers/other/vars/{key}"] = np.ones(3)
    assert rows(keras3_parts(file)[0]) == [("dense", "dense", 0)]


def test_a_file_of_another_layout_has_no_parts(file: Any) -> None:
    assert keras3_parts(file) == []
    write(file, "elsewhere/conv2d", "Conv1")
    file["layers/array"] = np.ones(3)
    assert keras3_parts(file) == []


def test_a_group_where_an_array_should_be_is_damage(file: Any) -> None:
    file.create_group("layers/dense/vars/0")
    with pytest.raises(ValueError, match="there is no array 0"):
        keras3_parts(file)


def test_links_are_refused_wherever_layers_are_sought(file: Any) -> None:
    write(file, "layers/conv2d", "Conv1")
    file["layers/conv2d_1"] = h5py.ExternalLink("secret.h5", "/")
    with pytest.raises(UntrustedError, match="its entry /layers/conv2d_1 is a link"):
        keras3_parts(file)


def test_groups_that_contain_one_another_come_to_an_end(file: Any) -> None:
    file.create_group("layers/inner")
    file["layers/inner/again"] = file["layers"]
    with pytest.raises(UntrustedError, match="lie too deep in one another"):
        keras3_parts(file)


def test_very_many_groups_are_refused(file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        file.create_group(f"layers/dense_{number}")
    monkeypatch.setattr(keras3_h5, "MOST_GROUPS", 13)  # those, the file and `layers`
    assert keras3_parts(file) == []
    monkeypatch.setattr(keras3_h5, "MOST_GROUPS", 12)
    with pytest.raises(UntrustedError, match="too many"):
        keras3_parts(file)


def test_a_place_is_counted_within_the_models_that_lead_there() -> None:
    assert place_in_model(("conv2d",)) == Place("conv2d", 0)
    assert place_in_model(("sequential_1", "conv2d_3")) == Place("sequential_1/conv2d", 3)


@pytest.mark.parametrize("layers", ["layers", "_layer_checkpoint_dependencies"])
def test_layers_of_one_class_are_named_for_each_model_also_without_weights(layers: str, file: Any) -> None:
    write(file, f"{layers}/rescaling", "outer", sides=())
    write(file, f"{layers}/dense", "head")
    write(file, f"{layers}/functional/{layers}/conv2d", "Conv1")
    write(file, f"{layers}/functional/{layers}/rescaling_1", "inner", sides=())
    write(file, f"{layers}/functional/{layers}/rescaling_2", "", sides=())
    file.create_group(f"{layers}/functional/{layers}/rescaling_of_mine")
    outer, inner = keras3_parts(file)
    assert names_of_class(file, outer, "rescaling") == {"outer"}
    assert names_of_class(file, inner, "rescaling") == {"inner", ""}
    assert names_of_class(file, outer, "conv2d") == set()


def test_a_part_of_another_layout_tells_no_classes(file: Any) -> None:
    file.create_group("rescaling")
    assert names_of_class(file, Part(("rescaling",), []), "rescaling") == set()
    assert names_of_class(file, Part(("none", "such"), []), "rescaling") == set()
