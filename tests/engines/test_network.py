import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive, weights_file
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.scratch import build_scratch
from kclass.engines import network as networks
from kclass.engines.network import Network, convert, converted, features_layer
from kclass.engines.openvino import OpenVinoEngine
from kclass.errors import ModelError
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


@pytest.fixture(scope="module")
def scratch() -> Archive:
    """A Sequential network, whose file says few shapes."""
    return archive_of(build_scratch(size=32, classes=3, seed=1))


def features(network: Network, photos: Any) -> Any:
    engine = OpenVinoEngine(network, precision="f32", streams=1)
    return np.concatenate([engine.run(photo[None]) for photo in photos])


def changed(archive: Archive, factor: float) -> Archive:
    """The network with other weights in one layer."""
    weights = dict(archive.layer_weights)
    weights["top_conv"] = [weights["top_conv"][0] * factor]
    return Archive(archive.graph, weights_file(archive.layers, weights))


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


def test_a_network_is_converted_once(lite0: Archive, cache: Path) -> None:
    first = converted(lite0)
    (folder,) = cache.iterdir()
    assert (folder / "network.bin").read_bytes() == first.weights
    marked = first.xml + b"<!-- read from the cache -->"
    (folder / "network.xml").write_bytes(marked)
    assert converted(lite0).xml == marked


def test_conversions_that_were_used_longest_ago_make_room(
    lite0: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = converted(lite0)
    size = len(first.xml) + len(first.weights)
    (used,) = cache.iterdir()
    for name, age in (("old", 100), ("older", 200)):
        shutil.copytree(used, cache / name)
        os.utime(cache / name, (10**9 - age, 10**9 - age))
    os.utime(used, (10**9 - 300, 10**9 - 300))
    converted(lite0)  # a use, which makes it the youngest
    monkeypatch.setattr(networks, "CACHE_LIMIT", int(3.5 * size))
    converted(changed(lite0, 2))
    assert {path.name for path in cache.iterdir()} >= {used.name, "old"}
    assert not (cache / "older").exists()
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr(networks, "CACHE_LIMIT", 1)
    newest = converted(changed(lite0, 3))
    (left,) = cache.iterdir()  # what is in use stays, though it alone is beyond the limit
    assert (left / "network.bin").read_bytes() == newest.weights


def test_networks_that_differ_in_the_head_alone_share_one_conversion(lite0: Archive, cache: Path) -> None:
    converted(lite0)
    converted(lite0.with_head(np.ones((1280, 2), np.float32), np.zeros(2, np.float32)))
    assert len(list(cache.iterdir())) == 1


def test_another_network_is_converted_by_itself(lite0: Archive, cache: Path) -> None:
    converted(lite0)
    converted(changed(lite0, 2))
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("name", ["network.xml", "network.bin"])
@pytest.mark.parametrize("left", [0, 1000])
def test_a_damaged_conversion_in_the_cache_is_made_anew(
    name: str, left: int, lite0: Archive, cache: Path
) -> None:
    first = converted(lite0)
    (path,) = cache.glob(f"*/{name}")
    path.write_bytes(path.read_bytes()[:left])
    assert converted(lite0).weights == first.weights
    assert len(path.read_bytes()) > 1000


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
