from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.archive import Archive, read_archive
from kclass.backbones.dense_head import ACTIVATIONS, with_dense_head
from kclass.backbones.keras_archive import keras_model
from kclass.backbones.registry import open_backbone
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


def headed(backbone: Archive, *, classes: int = 3, seed: int = 0, **options: object) -> Archive:
    chosen = {"hidden": (6, 4), "activation": "relu", "dropout": 0.25} | options
    return with_dense_head(backbone, classes=classes, seed=seed, **chosen)  # type: ignore[arg-type]


def head_of(archive: Archive, backbone: Archive) -> list[tuple[str, str]]:
    return [(layer.name, layer.kind) for layer in archive.layers[len(backbone.layers) :]]


def by_hand(archive: Archive, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of hidden layers with ReLU."""
    weights, found = archive.layer_weights, features
    for name in ("hidden1", "hidden2"):
        if name in weights:
            found = np.maximum(found @ weights[name][0] + weights[name][1], 0)
    logits = found @ weights["logits"][0] + weights["logits"][1]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float32] = shares / shares.sum(axis=1, keepdims=True)
    return probabilities


def test_each_hidden_layer_is_followed_by_dropout_and_then_come_the_logits(
    many_layers_archive: Archive,
) -> None:
    found = headed(many_layers_archive)
    assert head_of(found, many_layers_archive) == [
        ("hidden1", "Dense"),
        ("dropout1", "Dropout"),
        ("hidden2", "Dense"),
        ("dropout2", "Dropout"),
        ("logits", "Dense"),
        ("probabilities", "Softmax"),
    ]
    # 8 features, 6 and 4 units, 3 classes.
    shapes = {name: [array.shape for array in arrays] for name, arrays in found.layer_weights.items()}
    assert shapes["hidden1"] == [(8, 6), (6,)]
    assert shapes["hidden2"] == [(6, 4), (4,)]
    assert shapes["logits"] == [(4, 3), (3,)]


def test_without_hidden_layers_there_is_dropout_before_the_logits_alone(many_layers_archive: Archive) -> None:
    found = headed(many_layers_archive, hidden=())
    assert head_of(found, many_layers_archive) == [
        ("dropout", "Dropout"),
        ("logits", "Dense"),
        ("probabilities", "Softmax"),
    ]
    assert found.layer_weights["logits"][0].shape == (8, 3)


@pytest.mark.parametrize("hidden", [(), (6,)])
def test_without_dropout_there_is_no_such_layer(
    hidden: tuple[int, ...], many_layers_archive: Archive
) -> None:
    found = headed(many_layers_archive, hidden=hidden, dropout=0.0)
    assert "Dropout" not in [kind for _, kind in head_of(found, many_layers_archive)]


def test_dropout_leaves_out_the_share_asked_for(many_layers_archive: Archive) -> None:
    found = headed(many_layers_archive, dropout=0.4)
    rates = {layer.name: layer.config["rate"] for layer in found.layers if layer.kind == "Dropout"}
    assert rates == {"dropout1": 0.4, "dropout2": 0.4}


def test_the_head_reads_the_features_of_the_backbone(
    many_layers_archive: Archive, small_photos: NDArray[np.uint8]
) -> None:
    for hidden in ((), (6,), (6, 4)):
        found = headed(many_layers_archive, hidden=hidden)
        features = keras_model(many_layers_archive)(small_photos).numpy()
        probabilities = keras_model(found)(small_photos).numpy()
        assert probabilities == pytest.approx(by_hand(found, features), abs=1e-5)
        assert np.ptp(probabilities) > 0.01


def test_the_backbone_keeps_its_layers_and_weights(many_layers_archive: Archive) -> None:
    found = headed(many_layers_archive)
    assert found.layers[: len(many_layers_archive.layers)] == many_layers_archive.layers
    for name, arrays in many_layers_archive.layer_weights.items():
        assert all((old == new).all() for old, new in zip(arrays, found.layer_weights[name], strict=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_hidden_layers_have_the_activation_asked_for(
    activation: str, many_layers_archive: Archive, small_photos: NDArray[np.uint8]
) -> None:
    found = headed(many_layers_archive, hidden=(6,), activation=activation)
    (layer,) = (layer for layer in found.layers if layer.name == "hidden1")
    assert layer.config["activation"] == activation
    network = keras_model(found)
    keras = import_keras()
    before = keras.Model(network.inputs[0], network.get_layer("hidden1").input)(small_photos).numpy()
    after = keras.Model(network.inputs[0], network.get_layer("hidden1").output)(small_photos).numpy()
    kernel, bias = found.layer_weights["hidden1"]
    wanted = getattr(keras.activations, activation)(before @ kernel + bias).numpy()
    assert after == pytest.approx(wanted, abs=1e-5)


def test_activations_differ() -> None:
    keras = import_keras()
    values = np.linspace(-2, 2, 9, dtype=np.float32)
    assert len({tuple(np.asarray(getattr(keras.activations, each)(values))) for each in ACTIVATIONS}) == 5


def test_the_seed_gives_the_weights_and_leaves_the_callers_random_numbers_alone(
    many_layers_archive: Archive,
) -> None:
    def kernel(seed: int) -> NDArray[np.float32]:
        weights: NDArray[np.float32] = headed(many_layers_archive, seed=seed).layer_weights["hidden1"][0]
        return weights

    np.random.seed(5)
    first = kernel(1)
    drawn = np.random.random()
    np.random.seed(5)
    assert drawn == np.random.random()
    assert (kernel(1) == first).all()
    assert (kernel(2) != first).any()
    assert (kernel(2**32 - 1) != first).any()


def test_the_same_head_gives_the_same_file_in_the_same_process(many_layers_archive: Archive) -> None:
    one, other = (headed(many_layers_archive) for _ in range(2))
    assert one.graph == other.graph


def test_a_real_backbone_takes_a_head_and_plain_keras_opens_it(tmp_path: Path) -> None:
    backbone = open_backbone("mobilenet", weights="none", size=32, seed=0)
    found = headed(backbone, classes=2, hidden=(500,), dropout=0.5)
    found.write(tmp_path / "model.keras")
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    opened = import_keras().saving.load_model(tmp_path / "model.keras")
    features = keras_model(backbone)(photos).numpy()
    assert opened(photos).numpy() == pytest.approx(by_hand(found, features), abs=1e-5)
    assert read_archive(tmp_path / "model.keras").layers == found.layers


@pytest.mark.parametrize("classes", [1, 2, 7])
def test_there_are_as_many_logits_as_classes(classes: int, many_layers_archive: Archive) -> None:
    found = headed(many_layers_archive, classes=classes, hidden=(4,))
    assert keras_model(found).output_shape == (None, classes)
