import functools
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras_layouts import (
    small_network,
    with_head_of_same_classes,
    within_another,
    write_keras2,
    write_keras_2_13,
    write_older_keras3,
)

from kclass.backbones.applications import application_network, build_application
from kclass.backbones.keras_archive import archive_of
from kclass.backbones.weight_files import loader
from kclass.errors import ModelError
from kclass.keras_import import import_keras

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{message}")
    for message in (
        # Keras, when it saves:
        "__array__ implementation doesn't accept a copy:DeprecationWarning",
        "You are saving your model as an HDF5 file:UserWarning",
        "The `keras.initializers.serialize:UserWarning",
    )
]

Network = Callable[..., Any]
Save = Callable[[Any, Path], None]


@pytest.fixture(scope="session")
def network(weigh: Any) -> Network:
    """A small network with weights of a seed."""

    def made(*, seed: int, name: str = "conv", **options: Any) -> Any:
        model = small_network(name=name, **options)
        weigh(model, seed)
        model.get_layer(f"{name}_input").finalize_state()
        return model

    return made


@pytest.fixture
def photos() -> Any:
    return np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)


def save(network: Any, path: Path) -> None:
    network.save(path)


def save_weights(network: Any, path: Path) -> None:
    network.save_weights(path)


def keras2_whole(network: Any, path: Path) -> None:
    write_keras2(network, path, group="model_weights")


def itself(network: Any) -> Any:
    return network


@pytest.mark.parametrize("around", [itself, within_another, with_head_of_same_classes])
@pytest.mark.parametrize(
    ("write", "name"),
    [
        (save_weights, "trained.weights.h5"),
        (write_older_keras3, "trained.weights.h5"),
        (write_keras_2_13, "trained.weights.h5"),
        (save, "trained.keras"),
        (save, "trained.h5"),
        (write_keras2, "trained.h5"),
        (keras2_whole, "trained.h5"),
    ],
)
def test_weights_are_taken_from_every_file_of_keras_alone_or_with_more_around(
    write: Save, name: str, around: Any, network: Network, photos: Any, tmp_path: Path
) -> None:
    trained, ours = network(seed=1), network(seed=2)
    write(around(trained), tmp_path / name)
    assert not np.allclose(ours(photos), trained(photos))
    loader(tmp_path / name, backbone="small")(ours)
    assert np.array_equal(ours(photos), trained(photos))


@pytest.mark.parametrize(
    ("write", "name"), [(save_weights, "trained.weights.h5"), (save, "trained.keras"), (write_keras2, "a.h5")]
)
def test_a_top_in_the_file_is_left_alone(
    write: Save, name: str, network: Network, photos: Any, tmp_path: Path
) -> None:
    trained, ours = network(seed=1, top=9), network(seed=2)
    write(trained, tmp_path / name)
    loader(tmp_path / name, backbone="small")(ours)
    without_top = import_keras().Model(trained.input, trained.layers[-2].output)
    assert np.array_equal(ours(photos), without_top(photos))


def test_weights_of_photos_of_another_size_fit(network: Network, photos: Any, tmp_path: Path) -> None:
    network(seed=1, side=40).save_weights(tmp_path / "larger.weights.h5")
    ours = network(seed=2)
    loader(tmp_path / "larger.weights.h5", backbone="small")(ours)
    assert np.array_equal(ours(photos), network(seed=1)(photos))


def test_a_file_whose_layers_had_other_names_fits_if_every_shape_does_in_order(
    network: Network, photos: Any, tmp_path: Path
) -> None:
    trained, ours = network(seed=1, name="older"), network(seed=2)
    write_keras2(trained, tmp_path / "older.h5")
    loader(tmp_path / "older.h5", backbone="small")(ours)
    assert np.array_equal(ours(photos), trained(photos))


def test_a_part_that_was_frozen_makes_no_difference(network: Network, photos: Any, tmp_path: Path) -> None:
    trained, ours = network(seed=1), network(seed=2)
    for layer in trained.layers[:3]:
        layer.trainable = False  # so Keras 2 writes its weights after those of the later layers
    write_keras2(within_another(trained), tmp_path / "frozen.h5")
    loader(tmp_path / "frozen.h5", backbone="small")(ours)
    assert np.array_equal(ours(photos), trained(photos))


@pytest.mark.parametrize("name", ["trained", "trained.pt", "trained.h5", "trained.keras"])
def test_what_a_file_is_called_does_not_matter(
    name: str, network: Network, photos: Any, tmp_path: Path
) -> None:
    trained, ours = network(seed=1), network(seed=2)
    trained.save_weights(tmp_path / "trained.weights.h5")
    (tmp_path / "trained.weights.h5").rename(tmp_path / name)
    loader(tmp_path / name, backbone="small")(ours)
    assert np.array_equal(ours(photos), trained(photos))


def refusal(path: Path, network: Any) -> ModelError:
    """The error, which leaves the network as it was."""
    before = network.get_weights()
    with pytest.raises(ModelError) as caught:
        loader(path, backbone="small")(network)
    assert "\n" not in caught.value.message + caught.value.fix
    assert all(np.array_equal(old, new) for old, new in zip(before, network.get_weights(), strict=True))
    return caught.value


def test_another_width_is_refused_with_the_layer_and_both_shapes(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "wide.weights.h5"
    network(seed=1, width=7).save_weights(path)
    error = refusal(path, network(seed=2))
    assert error.message == (
        f"the weights in {path} are not those of small: its layer conv_1 takes 3x3x3x6, 6; "
        "the file has 3x3x3x7, 7 there"
    )
    assert error.fix == (
        "Give weights of small as Keras makes it by default, of the same width and version,"
        " or use --weights imagenet."
    )


def test_another_architecture_is_refused_with_a_layer_of_each(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    write_keras2(network(seed=1, name="dense", width=7), path)
    error = refusal(path, network(seed=2))
    assert error.message == (
        f"the weights in {path} are not those of small: its layer conv_input takes 3, 3, one number; "
        "the file has none of its layers, but for instance dense_input with 3, 3, one number"
    )
    assert error.fix == "Give a file saved from small, or use --weights imagenet."


def test_a_file_without_one_of_the_layers_is_refused_with_its_name(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "part.weights.h5"
    network(seed=1).save_weights(path)
    with h5py.File(path, "r+") as file:
        del file["layers/batch_normalization"]
    error = refusal(path, network(seed=2))
    assert error.message == (
        f"the weights in {path} are not those of small: its layer conv_norm takes 6, 6, 6, 6; "
        "the file has no such layer"
    )
    assert error.fix == "Give a file with all layers of small, or use --weights imagenet."


def test_nothing_is_set_if_the_last_layer_cannot_be_read(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "spoilt.weights.h5"
    network(seed=1).save_weights(path)
    with h5py.File(path, "r+") as file:
        file["layers/conv2d_2/vars/1"][0] = np.nan
    assert refusal(path, network(seed=2)).message == (
        f"the weight file {path} cannot be used: its array /layers/conv2d_2/vars/1 holds values that are"
        " not finite"
    )


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_model_with_a_lambda_layer_is_refused_and_its_code_does_not_run(
    name: str, network: Network, tmp_path: Path
) -> None:
    keras = import_keras()
    trap = tmp_path / "trap"
    code = eval(f"lambda x: (__import__('pathlib').Path({str(trap)!r}).touch(), x)[1]")
    backbone = network(seed=1)
    x = keras.layers.Lambda(code, output_shape=(7,), name="hidden")(backbone.output)
    keras.Model(backbone.input, x).save(tmp_path / name)
    trap.unlink(missing_ok=True)  # made where Keras ran the code to save it
    error = refusal(tmp_path / name, network(seed=2))
    assert error.message == (
        f"the model in {tmp_path / name} has a Lambda layer, hidden; that is code, and kclass takes no code"
        " from files"
    )
    assert error.fix == (
        "Save the backbone alone where the model was made:"
        " model.get_layer(NAME).save_weights('backbone.weights.h5')."
    )
    assert not trap.exists()


@pytest.fixture(scope="module")
def made_by_kclass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """The folder of what a person saves with Keras from a network of kclass."""

    base = tmp_path_factory.mktemp("made-by-kclass")

    @functools.cache
    def folder(name: str) -> Path:
        keras = import_keras()
        made = base / name
        made.mkdir()
        archive_of(build_application(name, 32, lambda _: None)).write(made / "whole.keras")
        model = keras.saving.load_model(made / "whole.keras", compile=False)
        model.save(made / "whole.h5")
        model.save_weights(made / "alone.weights.h5")
        keras.Model(model.input, keras.layers.Dense(2)(model.output)).save_weights(made / "top.weights.h5")
        within_another(model).save_weights(made / "inner.weights.h5")
        return made

    yield folder
    shutil.rmtree(base)  # 0.3 GB


@pytest.mark.parametrize(
    "file",
    [
        "whole.keras",
        "alone.weights.h5",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("whole.h5", "top.weights.h5", "inner.weights.h5")
        ),
    ],
)
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("vgg16", "the model in FILE takes red, green, blue, where vgg16 as Keras has it takes blue,"),
        pytest.param(
            "efficientnet_b0",
            "the weights in FILE are of a network that kclass made, whose scaling layers",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_network_of_kclass_whose_weights_it_changed_is_refused(
    name: str, reason: str, file: str, made_by_kclass: Callable[[str], Path]
) -> None:
    path = made_by_kclass(name) / file
    with pytest.raises(ModelError) as caught:
        loader(path, backbone=name)(application_network(name, 32))
    assert caught.value.message.replace(str(path), "FILE").startswith(reason)


def test_keras_own_weights_of_a_network_that_is_turned_round_are_taken(tmp_path: Path) -> None:
    keras, path = import_keras(), tmp_path / "keras.weights.h5"
    trained, ours = (application_network("vgg16", 32) for _ in range(2))
    within = [keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255), trained, keras.layers.Dense(2)]
    keras.Sequential(within).save_weights(path)
    loader(path, backbone="vgg16")(ours)
    assert np.array_equal(ours.get_weights()[0], trained.get_weights()[0])


def test_classes_that_nobody_here_knows_do_no_harm(network: Network, photos: Any, tmp_path: Path) -> None:
    path, other = tmp_path / "trained.keras", tmp_path / "unknown.keras"
    trained, ours = network(seed=1), network(seed=2)
    within_another(trained).save(path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        graph = old.read("config.json").decode().replace('"Dense"', '"os.system"')
        new.writestr("config.json", graph)
        new.writestr("model.weights.h5", old.read("model.weights.h5"))
    assert "os.system" in graph
    loader(other, backbone="small")(ours)
    assert np.array_equal(ours(photos), trained(photos))


def test_a_file_that_is_none_is_refused_before_there_is_a_network(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no weight file .*none\.h5"):
        loader(tmp_path / "none.h5", backbone="small")


def test_a_file_that_is_gone_when_it_is_wanted_is_an_error_too(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "trained.weights.h5"
    network(seed=1).save_weights(path)
    load = loader(path, backbone="small")
    path.unlink()
    with pytest.raises(ModelError, match="there is no weight file"):
        load(network(seed=2))


def test_reading_leaves_nothing_behind(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "trained.weights.h5"
    network(seed=1).save_weights(path)
    before = path.read_bytes()
    loader(path, backbone="small")(network(seed=2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
