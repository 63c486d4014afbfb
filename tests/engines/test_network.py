from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.registry import open_backbone
from kclass.backbones.scratch import build_scratch
from kclass.backbones.stages import stages_of
from kclass.engines.direct import convertible
from kclass.engines.network import Network, convert, features_layer
from kclass.engines.openvino import OpenVinoEngine
from kclass.errors import ModelError
from kclass.keras_import import import_keras
from kclass.photos.loading import load

CARS = Path(__file__).parents[2] / "data" / "cars" / "validation"

CUT_SIZE = 77  # odd, so that a stride on the wrong side shows

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


@pytest.fixture(scope="module")
def scratch() -> Archive:
    """A Sequential network, whose file says few shapes."""
    return archive_of(build_scratch(size=32, classes=3, seed=1))


def test_a_cut_at_the_end_of_every_stage_gives_what_keras_does(cut_at_its_stages: Archive) -> None:
    """Real photos and random weights: of each output the largest value is the measure."""
    archive, photos = cut_at_its_stages, photos_of(CUT_SIZE)
    cuts = [stage[-1] for stage in stages_of(archive).values()]
    assert len(cuts) == 5
    for cut, expected in zip(cuts, by_keras(archive, cuts, photos), strict=True):
        network = convert(archive, output=cut)
        found = features(network, photos)
        assert network.shapes == ((1, CUT_SIZE, CUT_SIZE, 3), (1, *expected.shape[1:]))
        assert (found.shape, found.dtype) == (expected.shape, np.float32)
        assert len(found.shape) == (2 if cut == "features" else 4)
        assert cosines(found, expected).min() >= 0.9999
        largest = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * largest)
        assert np.ptp(expected, axis=0).max() > 0.1 * largest  # photos are told from each other


def test_a_cut_goes_through_keras_too(photos: Any) -> None:
    """Softplus is no activation that is built directly; a product is no layer, but has a name."""
    keras = import_keras()
    photo = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, (3, 5), strides=2, activation="softplus", name="curved")(photo)
    doubled = x * 2
    archive = archive_of(keras.Model(photo, keras.layers.GlobalAveragePooling2D(name="features")(doubled)))
    cuts = ["curved", archive.layers[2].name, "features"]
    assert not any(convertible(archive, cut) for cut in cuts)
    (curved,) = by_keras(archive, ["curved"], photos)
    for cut, expected in zip(cuts, (curved, 2 * curved, 2 * curved.mean(axis=(1, 2))), strict=True):
        found = features(convert(archive, output=cut), photos)
        assert (found.shape, found.dtype) == (expected.shape, np.float32)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert curved.shape == (3, 15, 14, 4)


def test_a_sequential_network_with_other_layers_is_cut(photos: Any) -> None:
    keras = import_keras()
    layers = [keras.layers.Conv2D(4, 3, activation="softplus", name="curved"), keras.layers.Flatten()]
    archive = archive_of(keras.Sequential([keras.Input((32, 32, 3)), *layers]))
    (expected,) = by_keras(archive, ["curved"], photos)
    found = features(convert(archive, output="curved"), photos)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_cut_before_any_layer_gives_the_photo(scratch: Archive, photos: Any) -> None:
    found = features(convert(scratch, output=scratch.layers[0].name), photos)
    np.testing.assert_array_equal(found, photos)


def test_without_a_cut_the_features_come_out(lite0: Archive) -> None:
    whole, cut = convert(lite0), convert(lite0, output="features")
    assert (whole.weights, whole.shapes) == (cut.weights, ((1, 224, 224, 3), (1, 1280)))


def test_a_cut_at_a_layer_that_is_not_there_is_an_error(lite0: Archive) -> None:
    with pytest.raises(ModelError, match=r"^the network has no layer 'block99'$"):
        convert(lite0, output="block99")


@pytest.fixture(
    scope="module",
    params=[
        "efficientnet_lite0",
        "mobilenet_v3_small",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("resnet50", "densenet121")),
    ],
)
def cut_at_its_stages(request: pytest.FixtureRequest) -> Archive:
    weights = "imagenet" if request.param == "efficientnet_lite0" else "none"
    return open_backbone(request.param, weights=weights, size=CUT_SIZE, seed=0)


@pytest.fixture(scope="module")
def photos() -> Any:
    return np.random.default_rng(4).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def photos_of(size: int) -> Any:
    paths = sorted(CARS.glob("*/*"))[:4]
    return np.stack([load(path, size=size) for path in paths])


def by_keras(archive: Archive, cuts: list[str], photos: Any) -> list[Any]:
    """What Keras computes at each of the layers."""
    whole = keras_model(archive)
    model = import_keras().Model(whole.inputs[0], {cut: whole.get_layer(cut).output for cut in cuts})
    outputs = model(photos.astype(np.float32), training=False)
    return [np.asarray(outputs[cut]) for cut in cuts]


def cosines(one: Any, other: Any) -> Any:
    one, other = (each.reshape(len(each), -1).astype(np.float64) for each in (one, other))
    return np.sum(one * other, axis=1) / (np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))


def features(network: Network, photos: Any) -> Any:
    engine = OpenVinoEngine(network, precision="f32", streams=1)
    return np.concatenate([engine.run(photo[None]) for photo in photos])


def test_the_features_are_what_the_logits_read(lite0: Archive, scratch: Archive) -> None:
    head = np.zeros((1280, 2), np.float32), np.zeros(2, np.float32)
    assert features_layer(lite0) == "features"
    assert features_layer(lite0.with_head(*head)) == "features"
    assert features_layer(scratch) == "dropout_logits"


def test_a_sequential_network_is_converted_and_agrees(scratch: Archive) -> None:
    photos = np.random.default_rng(2).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    model = keras_model(scratch)
    found = features(convert(scratch), photos)
    assert found.shape == (3, 512)
    logits = import_keras().Model(model.inputs[0], model.get_layer("logits").output)
    kernel, bias = scratch.layer_weights["logits"]
    np.testing.assert_allclose(found @ kernel + bias, logits(photos.astype(np.float32)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("xml", "weights", "reason"),
    [
        (b"network", b"", "Unable to read the model"),
        (b"", b"", "Unable to read the model"),
        (None, b"", "Incorrect weights in bin file!"),
    ],
)
def test_a_network_that_cannot_be_read_says_why(
    xml: bytes | None, weights: bytes, reason: str, lite0: Archive
) -> None:
    network = Network(convert(lite0).xml if xml is None else xml, weights)
    with pytest.raises(ModelError, match="^the converted network cannot be read: " + reason) as caught:
        network.read()
    assert "\n" not in caught.value.message
    assert caught.value.fix.startswith("Train the model again")


def test_conversion_keeps_all_digits_of_the_weights(lite0: Archive) -> None:
    """Half precision would take half the space."""
    (kernel,) = lite0.layer_weights["top_conv"]
    assert np.transpose(kernel, (3, 2, 0, 1)).tobytes() in convert(lite0).weights
