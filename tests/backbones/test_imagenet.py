import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones import imagenet
from kclass.backbones.applications import application_network
from kclass.backbones.facts import FACTS
from kclass.backbones.imagenet import imagenet_path, imagenet_weights
from kclass.errors import ModelError

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)

NAME = "mobilenet_v3_small"
FILE = "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keras's folder of models; not there yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture(scope="module")
def trained() -> Any:
    return application_network(NAME, 32)


@pytest.fixture(scope="module")
def saved(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights in the format of Keras's own."""
    path = tmp_path_factory.mktemp("saved") / "trained.h5"
    trained.save(path)
    return path


def say(monkeypatch: pytest.MonkeyPatch, name: str = NAME, **facts: str) -> None:
    """Let the facts of a network be others."""
    monkeypatch.setitem(imagenet.FACTS, name, replace(FACTS[name], **facts))


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def assert_has(net: Any, weights: list[Any]) -> None:
    for found, wanted in zip(net.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_the_file_lies_where_keras_keeps_it(models: Path) -> None:
    assert imagenet_path(NAME) == models / FILE
    assert imagenet_path("nasnet_large").name == "nasnet_large_no_top.h5"


def test_keras_keeps_files_in_the_home_folder_if_it_has_one_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    assert imagenet_path(NAME) == tmp_path / "cache" / "keras" / "models" / FILE
    (tmp_path / ".keras").mkdir()
    assert imagenet_path(NAME) == tmp_path / ".keras" / "models" / FILE


def test_a_file_in_kclasss_cache_is_still_found_when_keras_gets_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("KCLASS_CACHE", str(tmp_path / "cache"))
    own, usual = tmp_path / "cache" / "keras" / "models", tmp_path / ".keras" / "models"
    for folder in (own, usual):
        folder.mkdir(parents=True)
    (own / FILE).touch()
    assert imagenet_path(NAME) == own / FILE
    (usual / FILE).touch()
    assert imagenet_path(NAME) == usual / FILE


def test_a_folder_that_cannot_be_written_is_named_with_what_to_set(models: Path) -> None:
    models.parent.write_text("in the way")
    with pytest.raises(ModelError) as caught:
        imagenet_weights(NAME)(None)
    assert caught.value.message.startswith(f"the ImageNet weights of {NAME} cannot be put into {models}: ")
    assert caught.value.fix == (
        "Set KERAS_HOME to a folder that you may write; or use --backbone efficientnet_lite0,"
        " whose weights are installed."
    )


@pytest.mark.parametrize("method", ["md5", "sha256"])
def test_a_file_put_there_by_hand_is_used(
    method: str, models: Path, saved: Path, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, weights_hash=hashlib.new(method, saved.read_bytes()).hexdigest())
    models.mkdir(parents=True)
    (models / FILE).write_bytes(saved.read_bytes())
    net = application_network(NAME, 64)
    imagenet_weights(NAME)(net)
    assert_has(net, trained.get_weights())


def test_a_file_that_keras_knows_no_hash_of_is_used_as_it_is(
    models: Path, saved: Path, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, weights_hash="")
    models.mkdir(parents=True)
    (models / FILE).write_bytes(saved.read_bytes())
    net = application_network(NAME, 32)
    imagenet_weights(NAME)(net)
    assert_has(net, trained.get_weights())


def test_without_a_network_the_error_names_the_file_its_folder_and_the_ways_out(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError) as caught:
        imagenet_weights(NAME)(None)
    assert caught.value.message == (
        "the ImageNet weights of mobilenet_v3_small cannot be downloaded (tests use no network but loopback)"
    )
    assert caught.value.fix == (
        f"Go online once, or put {FILE} into {models}; or use --backbone efficientnet_lite0,"
        " whose weights are installed."
    )
    assert list(models.iterdir()) == []
    told = capsys.readouterr()
    assert told.out == ""
    assert "Downloading" in told.err


def test_a_damaged_file_is_left_alone_if_no_other_can_be_had(models: Path, saved: Path) -> None:
    models.mkdir(parents=True)
    (models / FILE).write_bytes(saved.read_bytes()[:1000])
    with pytest.raises(ModelError) as caught:
        imagenet_weights(NAME)(None)
    assert caught.value.message == (
        f"{models / FILE} is damaged and the ImageNet weights of mobilenet_v3_small cannot be downloaded"
        " (tests use no network but loopback)"
    )
    assert (models / FILE).read_bytes() == saved.read_bytes()[:1000]
    assert list(models.iterdir()) == [models / FILE]


@pytest.mark.parametrize("before", [None, b"damaged"])
def test_a_file_is_downloaded_and_kept(
    before: bytes | None, models: Path, saved: Path, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, weights_url=saved.as_uri(), weights_hash=md5(saved))
    if before:
        models.mkdir(parents=True)
        (models / FILE).write_bytes(before)
    net = application_network(NAME, 32)
    imagenet_weights(NAME)(net)
    assert_has(net, trained.get_weights())
    assert (models / FILE).read_bytes() == saved.read_bytes()
    assert list(models.iterdir()) == [models / FILE]


def test_a_download_that_arrives_damaged_is_not_kept(
    models: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, weights_url=saved.as_uri(), weights_hash="0" * 32)
    with pytest.raises(ModelError, match=r"cannot be downloaded \(Incomplete or corrupted file detected"):
        imagenet_weights(NAME)(None)
    assert list(models.iterdir()) == []


def hdf5_of_another(saved: Path, tmp_path: Path) -> bytes:
    path = tmp_path / "other.h5"
    application_network("mobilenet", 32).save(path)
    return path.read_bytes()


@pytest.mark.parametrize("content", ["text", "half", "another"])
def test_a_file_that_does_not_fit_is_named(
    content: str, models: Path, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, weights_hash="")
    whole = saved.read_bytes()
    contents = {"text": lambda: b"not HDF5", "half": lambda: whole[: len(whole) // 2]}
    models.mkdir(parents=True)
    found = contents[content]() if content in contents else hdf5_of_another(saved, tmp_path)
    (models / FILE).write_bytes(found)
    with pytest.raises(ModelError) as caught:
        imagenet_weights(NAME)(application_network(NAME, 32))
    assert caught.value.message == (
        f"{models / FILE} does not hold the ImageNet weights of mobilenet_v3_small, or it is damaged"
    )
    assert caught.value.fix == "Delete it, so that it is downloaded again, or put a whole one in its place."


def test_a_folder_in_the_place_of_the_file_is_an_error(models: Path) -> None:
    (models / FILE).mkdir(parents=True)
    with pytest.raises(ModelError, match=r"cannot read the weight file .*: Is a directory"):
        imagenet_weights(NAME)(None)
