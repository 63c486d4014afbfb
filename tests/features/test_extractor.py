import dataclasses
from typing import Any

import numpy as np
import pytest

from kclass.backbones.efficientnet_lite import lite0_archive
from kclass.engines.engine import open_engine
from kclass.engines.network import convert
from kclass.engines.openvino import OpenVinoEngine
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.keras_import import import_tensorflow
from kclass.photos.loading import load


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_photos_are_decoded_as_the_loader_does(resize: Any, photograph: Any, extractor: Extractor) -> None:
    (path,) = photograph(1)
    found = dataclasses.replace(extractor, resize=resize).decode(path.read_bytes(), name="1.png")
    np.testing.assert_array_equal(found, load(path, size=32, how=resize))


def test_what_is_no_photo_is_refused_under_its_name(extractor: Extractor) -> None:
    with pytest.raises(PhotoError, match=r"holiday\.jpg"):
        extractor.decode(b"no photo", name="holiday.jpg")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets TensorFlow find a GPU."""
    monkeypatch.setattr(import_tensorflow().config, "list_physical_devices", lambda _: ["GPU:0"])


def test_the_device_decides_the_engine(extractor: Extractor, gpu: None) -> None:
    assert isinstance(extractor.open(), OpenVinoEngine)
    assert isinstance(dataclasses.replace(extractor, device="gpu").open(), TensorFlowEngine)


@pytest.mark.parametrize("device", ["cpu", pytest.param("gpu", marks=pytest.mark.slow)])
def test_a_lazy_engine_has_the_shape_of_the_one_it_opens(
    device: str, extractor: Extractor, gpu: None
) -> None:
    chosen = dataclasses.replace(extractor, device=device)
    lazy, engine = chosen.open_lazily(), open_engine(extractor.archive, device=device, precision="f32")
    assert (lazy.batch, lazy.workers) == (engine.batch, engine.workers)
    photo = np.full((1, 32, 32, 3), 90, np.uint8)
    np.testing.assert_array_equal(lazy.run(photo), engine.run(photo))


def test_a_converted_network_at_hand_is_used(extractor: Extractor) -> None:
    larger = dataclasses.replace(extractor, network=convert(lite0_archive(64)))
    assert larger.open().run(np.zeros((1, 64, 64, 3), np.uint8)).shape == (1, 1280)


def test_a_network_at_hand_does_not_change_the_recipe(extractor: Extractor) -> None:
    converted = dataclasses.replace(extractor, network=convert(extractor.archive))
    assert converted.recipe == extractor.recipe


def test_the_recipe_depends_on_the_engine(extractor: Extractor, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = dataclasses.replace(extractor, device="gpu").recipe
    assert gpu != extractor.recipe
    monkeypatch.setattr("kclass.features.extractor.CONVERTER_VERSION", 10**6)
    assert dataclasses.replace(extractor).recipe != extractor.recipe
    assert dataclasses.replace(extractor, device="gpu").recipe == gpu
