from typing import Any

import numpy as np
import pytest

from kclass.backbones.applications import APPLICATIONS, build_application, imagenet_weights
from kclass.errors import ModelError
from kclass.keras_import import import_keras


@pytest.mark.parametrize("name", APPLICATIONS)
def test_raw_photos_give_what_keras_applications_makes_of_prepared_ones(name: str) -> None:
    keras = import_keras()
    module = {"mobilenet_v2": keras.applications.mobilenet_v2, "resnet50": keras.applications.resnet50}[name]
    photos = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    keras.utils.set_random_seed(4)
    networks: list[Any] = []
    model = build_application(name, 32, networks.append)
    expected = np.asarray(networks[0](module.preprocess_input(photos.copy())))
    scale = expected.max()
    np.testing.assert_allclose(model(photos) / scale, expected / scale, atol=1e-4)
    assert np.abs(model(photos[..., ::-1]) / scale - expected / scale).max() > 0.01
    assert model.output_names == ["features"]
    assert not model.trainable_weights


def test_without_a_network_to_download_from_the_error_names_the_ways_out(capsys: Any) -> None:
    with pytest.raises(ModelError) as caught:
        imagenet_weights("mobilenet_v2")(None)
    assert caught.value.message.startswith("cannot download the ImageNet weights of mobilenet_v2: URL fetch")
    assert "\n" not in caught.value.message
    assert caught.value.fix == (
        "Go online once, give a weight file with --weights PATH, or use --backbone efficientnet_lite0,"
        " whose weights are installed."
    )
    told = capsys.readouterr()
    assert told.out == ""
    assert "Downloading" in told.err
