from typing import Any

import numpy as np
import pytest

from kclass.backbones.registry import backbone
from kclass.backbones.scratch import LEAST_SIZE, build_scratch


@pytest.fixture(scope="module")
def scratch() -> Any:
    return build_scratch(size=32, classes=5, seed=1)


def weights(seed: int) -> list[Any]:
    found: list[Any] = build_scratch(size=32, classes=5, seed=seed).get_weights()
    return found


def test_it_is_the_network_of_the_landmarks_write_up(scratch: Any) -> None:
    kinds = [type(layer).__name__ for layer in scratch.layers]
    dense = ["Dropout", "Dense", "LeakyReLU"]
    assert kinds == [
        "Rescaling",
        *["Conv2D", "MaxPooling2D"] * 3,
        "Flatten",
        *dense * 2,
        "Dropout",
        "Dense",
        "Softmax",
    ]
    assert [layer.filters for layer in scratch.layers if hasattr(layer, "filters")] == [16, 32, 64]
    assert [layer.units for layer in scratch.layers if hasattr(layer, "units")] == [1024, 512, 5]
    assert {layer.rate for layer in scratch.layers if hasattr(layer, "rate")} == {0.25}


def test_it_takes_raw_photos_and_gives_probabilities(scratch: Any) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    probabilities = np.asarray(scratch(photos))
    assert probabilities.shape == (4, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.asarray(scratch.layers[0](photos)).min() == pytest.approx(-1, abs=0.01)
    assert np.asarray(scratch.layers[0](photos)).max() == pytest.approx(1, abs=0.01)


def test_the_seed_decides_the_weights() -> None:
    first, again, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_least_size_is_where_one_place_is_left() -> None:
    assert LEAST_SIZE == 8 == backbone("scratch").least_size
    network = build_scratch(size=LEAST_SIZE, classes=2, seed=0)
    assert network.get_layer("pool64").output.shape == (None, 1, 1, 64)
    with pytest.raises(ValueError, match="Computed output size would be zero"):
        build_scratch(size=LEAST_SIZE - 1, classes=2, seed=0)
