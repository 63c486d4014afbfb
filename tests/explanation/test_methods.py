from typing import Any

import numpy as np
import pytest

from kclass.backbones.keras_archive import archive_of
from kclass.engines.network import convert
from kclass.errors import OptionError
from kclass.explanation.explaining import explain_photos
from kclass.explanation.methods import LOGIT, METHODS, PHOTO, method_named
from kclass.explanation.pooled import PooledNetwork

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


@pytest.fixture(scope="module")
def network(pooled_network: Any) -> PooledNetwork:
    archive = archive_of(pooled_network)
    return PooledNetwork(archive, "second", convert(archive, output="second"))


def photos_of(number: int) -> Any:
    return np.random.default_rng(9).integers(0, 256, (number, 8, 8, 3), dtype=np.uint8)


WITHOUT_TENSORFLOW = [key for key, method in METHODS.items() if not method.pixels]


def test_only_integrated_gradients_asks_for_gradients_of_the_pixels() -> None:
    assert set(METHODS) - set(WITHOUT_TENSORFLOW) == {"integrated-gradients"}


@pytest.mark.parametrize("key", WITHOUT_TENSORFLOW)
@pytest.mark.parametrize("flips", [False, True])
def test_every_other_method_explains_a_pooled_network_without_tensorflow(
    network: PooledNetwork, key: str, flips: bool
) -> None:
    method = method_named(key)
    photos, targets = photos_of(18), np.arange(18) % 3
    found = explain_photos(network, photos, method=method, targets=targets, flips=flips)
    side = 4 if method.layered else 8
    assert found.maps.shape == (18, side, side)
    assert found.maps.dtype == np.float32
    assert found.maps.min() >= 0
    assert found.maps.max() > 1e-3
    assert found.layer == ("second" if method.layered else PHOTO)
    assert (found.method, found.unit) == (method.name, method.unit)
    last = explain_photos(network, photos[17:], method=method, targets=targets[17:], flips=flips)
    np.testing.assert_allclose(found.maps[17:], last.maps, rtol=1e-4, atol=1e-6)
    plain = explain_photos(network, photos, method=method, targets=targets)
    assert np.allclose(plain.maps, found.maps, rtol=1e-3) is not flips


@pytest.mark.parametrize("key", WITHOUT_TENSORFLOW)
def test_no_photos_have_no_maps_by_any_method(network: PooledNetwork, key: str) -> None:
    found = explain_photos(network, photos_of(0), method=METHODS[key])
    side = 4 if METHODS[key].layered else 8
    assert found.maps.shape == (0, side, side)
    assert found.logits.shape == found.probabilities.shape == (0, 3)


def test_maps_that_are_no_parts_of_the_logit_say_so() -> None:
    assert {key for key, method in METHODS.items() if method.unit == LOGIT} == {
        "grad-cam",
        "hirescam",
        "layercam",
        "integrated-gradients",
        "occlusion",
    }
    assert METHODS["eigen-cam"].unit == "in units of the layer's output, whatever the class"


def test_a_layer_is_refused_where_the_photo_itself_is_looked_at() -> None:
    assert method_named("score-cam", layer="second").key == "score-cam"
    assert method_named("occlusion").key == "occlusion"
    with pytest.raises(OptionError) as caught:
        method_named("occlusion", layer="second")
    assert str(caught.value) == (
        "layer is 'second', but occlusion looks at the photo itself and at no layer\n"
        "Leave the layer out, or take one of"
        " grad-cam, grad-cam++, hirescam, layercam, eigen-cam, score-cam."
    )


def test_a_method_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(OptionError) as caught:
        method_named("score-can")
    assert str(caught.value).startswith("method is 'score-can'; it must be one of eigen-cam, grad-cam")
    assert caught.value.fix == "Did you mean score-cam?"
