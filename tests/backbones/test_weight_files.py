import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.weight_files import loader
from kclass.errors import ModelError
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)

Build = Callable[..., Any]


@pytest.fixture(scope="session")
def build(weigh: Any) -> Build:
    """A small network of some width, with or without a top, and other names for another architecture."""

    def network(*, seed: int, width: int = 6, top: int = 0, name: str = "conv") -> Any:
        keras = import_keras()
        photo = keras.Input((16, 16, 3), name="photo")
        x = keras.layers.Conv2D(width, 3, name=f"{name}_1")(photo)
        x = keras.layers.BatchNormalization(name=f"{name}_norm")(x)
        x = keras.layers.GlobalAveragePooling2D()(x)
        model = keras.Model(photo, keras.layers.Dense(top, name="predictions")(x) if top else x)
        weigh(model, seed)
        return model

    return network


@pytest.fixture
def photos() -> Any:
    return np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_weights_are_taken_from_a_file_of_either_kind(
    suffix: str, build: Build, photos: Any, tmp_path: Path
) -> None:
    path = tmp_path / f"trained{suffix}"
    trained, network = build(seed=1), build(seed=2)
    (trained.save if suffix == ".keras" else trained.save_weights)(path)
    assert not np.allclose(network(photos), trained(photos))
    loader(path, backbone="small")(network)
    assert np.array_equal(network(photos), trained(photos))


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_a_top_in_the_file_is_left_alone(suffix: str, build: Build, tmp_path: Path) -> None:
    path = tmp_path / f"trained{suffix}"
    trained, network = build(seed=1, top=9), build(seed=2)
    (trained.save if suffix == ".keras" else trained.save_weights)(path)
    loader(path, backbone="small")(network)
    for name in ("conv_1", "conv_norm"):
        ours, theirs = network.get_layer(name).get_weights(), trained.get_layer(name).get_weights()
        assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("given", "has"),
    [
        ({"width": 7}, "the file has them as 3x3x3x7, 7"),
        ({"name": "dense"}, "the file has none"),
    ],
    ids=["another width", "another architecture"],
)
def test_weights_of_another_network_are_refused_by_the_first_layer_that_differs(
    given: dict[str, Any], has: str, build: Build, tmp_path: Path
) -> None:
    path = tmp_path / "other.weights.h5"
    build(seed=1, **given).save_weights(path)
    with pytest.raises(ModelError) as caught:
        loader(path, backbone="small")(build(seed=2))
    assert caught.value.message == (
        f"the weights in {path} are not those of small: its layer conv_1 takes 3x3x3x6, 6, {has}"
    )
    assert caught.value.fix == "Give a file saved from keras.applications' small, or use --weights imagenet."


def refusal(path: Path, network: Any) -> ModelError:
    before = network.get_weights()
    with pytest.raises(ModelError) as caught:
        loader(path, backbone="small")(network)
    assert "\n" not in caught.value.message
    assert all(np.array_equal(old, new) for old, new in zip(before, network.get_weights(), strict=True))
    return caught.value


def test_a_truncated_file_is_refused(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "cut.weights.h5"
    build(seed=1).save_weights(path)
    path.write_bytes(path.read_bytes()[:-1000])
    error = refusal(path, build(seed=2))
    assert error.message.startswith(f"{path}: not weights as Keras 3 writes them (")
    assert error.fix == "Save it again with Keras 3."


def test_a_pickle_under_the_name_of_weights_is_refused_and_does_not_run(build: Build, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "trap",)

    path = tmp_path / "weights.weights.h5"
    path.write_bytes(pickle.dumps(Trap()))
    assert "not weights as Keras 3 writes them" in refusal(path, build(seed=2)).message
    assert not (tmp_path / "trap").exists()


def test_an_archive_that_is_none_is_refused(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "weights.keras"
    path.write_bytes(b"PK\x03\x04 and so on")
    assert "is not a Keras model file, or it is damaged" in refusal(path, build(seed=2)).message


@pytest.mark.parametrize("name", ["none.weights.h5", "none.keras"])
def test_a_missing_file_is_named(name: str, build: Build, tmp_path: Path) -> None:
    error = refusal(tmp_path / name, build(seed=2))
    assert str(tmp_path / name) in error.message


@pytest.mark.parametrize("name", ["weights.h5", "weights.pt", "weights.npz", "weights"])
def test_other_suffixes_are_refused_with_those_that_are_read(name: str, build: Build, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    error = refusal(tmp_path / name, build(seed=2))
    assert error.message == f"{tmp_path / name} is not a weight file that kclass reads"
    assert error.fix == "Give a file that ends in .weights.h5 or .keras, as Keras 3 saves it."
