from typing import Any

import numpy as np
import pytest

from kclass.backbones.keras_archive import archive_of
from kclass.engines.network import convert
from kclass.explanation.any_model import explain
from kclass.explanation.explaining import explain_photos
from kclass.explanation.maps import EMPTY, Explanation
from kclass.explanation.methods import GRAD_CAM
from kclass.explanation.pooled import PooledNetwork, pooled_layer

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


def ready(model: Any) -> PooledNetwork:
    archive = archive_of(model)
    layer = pooled_layer(archive)
    assert layer is not None
    return PooledNetwork(archive, layer, convert(archive, output=layer))


def grad_cam(model: Any, photos: Any, *, targets: Any = None) -> Explanation:
    return explain_photos(ready(model), photos, method=GRAD_CAM, targets=targets)


def test_a_network_worked_by_hand(hand_worked: Any) -> None:
    red, green = [[1, 2], [3, 4]], [[1, 0], [0, 2]]
    photo = np.stack([red, green, np.zeros_like(red)], axis=-1)[None].astype(np.uint8)
    found = grad_cam(hand_worked, photo)
    # Over four places the weights 4 and -8 are 1 and -2: red - 2 green is -1, 2 / 3, 0.
    assert found.maps.tolist() == [[[0, 2], [3, 0]]]
    assert found.logits.tolist() == [[14, 3]]
    assert found.probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-11)))
    assert (found.targets.tolist(), found.layer, found.method) == ([0], "channels", "Grad-CAM")
    # Green speaks for class 1 alone, and where there is none the map says so.
    photo[..., 1] = 0
    assert grad_cam(hand_worked, photo, targets=np.array([1])).verdicts == (EMPTY,)


@pytest.mark.parametrize("targets", [None, np.array([2, 0, 1, 1])])
def test_maps_are_those_of_the_gradient(pooled_network: Any, targets: Any) -> None:
    photos = np.random.default_rng(5).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    found, wanted = (
        grad_cam(pooled_network, photos, targets=targets),
        explain(pooled_network, photos, targets=targets),
    )
    assert wanted.maps.max() > 1e-3
    np.testing.assert_allclose(found.maps, wanted.maps, atol=1e-6)
    np.testing.assert_allclose(found.logits, wanted.logits, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-6)
    assert found.targets.tolist() == wanted.targets.tolist()
    assert found.layer == wanted.layer == "second"


def ended(keras: Any, *layers: Any) -> Any:
    first = keras.layers.Conv2D(2, 1, name="first")
    return keras.Sequential([keras.Input((4, 4, 3)), first, *layers, keras.layers.Softmax()])


def test_only_networks_of_mean_pooling_and_one_dense_layer_are_explained_so(keras: Any, scratch: Any) -> None:
    def logits() -> Any:
        return keras.layers.Dense(2, name="logits")

    pooling = keras.layers.GlobalAveragePooling2D
    assert pooled_layer(archive_of(ended(keras, pooling(), logits()))) == "first"
    others = (
        [keras.layers.Flatten(), logits()],
        [keras.layers.GlobalMaxPooling2D(), logits()],
        [pooling(), keras.layers.Dense(3, activation="relu"), logits()],
        [keras.layers.MaxPooling2D(2), pooling(), logits()],
        [pooling(), keras.layers.Dense(2, name="something")],
    )
    for layers in others:
        assert pooled_layer(archive_of(ended(keras, *layers))) is None, layers
    assert pooled_layer(archive_of(scratch)) is None
