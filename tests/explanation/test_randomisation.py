from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.dense_head import with_dense_head
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.explanation.randomisation import (
    Randomised,
    head_layers,
    mean_over_draws,
    randomised,
    rank_correlations,
    unheeded,
)

pytestmark = pytest.mark.filterwarnings(
    # Keras reads models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


def correlation(first: Any, second: Any) -> float:
    found = rank_correlations(np.array([first], np.float32), np.array([second], np.float32))
    return float(found[0])


def test_spearman_worked_by_hand() -> None:
    # 1 - 6 Σd² / n(n² - 1): one pair of neighbours changes places: 1 - 6 · 2 / 60.
    assert correlation([[1, 2], [3, 4]], [[20, 10], [30, 400]]) == pytest.approx(0.8)
    assert correlation([[1, 2], [3, 4]], [[1, 4], [9, 16]]) == pytest.approx(1)
    assert correlation([[1, 2], [3, 4]], [[4, 3], [2, 1]]) == pytest.approx(-1)
    # Equal values have ranks 1.5, 1.5, 3, 4: from their mean -1, -1, .5, 1.5; the others' are -1.5, -.5,
    # .5, 1.5. Products sum to 4.5, squares to 4.5 and 5: 4.5 / √22.5.
    assert correlation([[0, 0], [5, 6]], [[1, 2], [3, 4]]) == pytest.approx(4.5 / np.sqrt(22.5))


def test_maps_that_show_no_place_have_no_order() -> None:
    shown, empty, broken = [[1, 2]], [[0, 0]], [[1, np.nan]]
    assert correlation(shown, empty) == correlation(broken, shown) == 0
    assert np.isnan(correlation(empty, broken))
    found = Randomised("head", np.array([0.5, np.nan, 0.7]))
    assert (found.compared, found.mean, found.unchanged) == (2, pytest.approx(0.6), True)
    nothing = Randomised("head", np.array([np.nan]))
    assert (nothing.compared, nothing.unchanged) == (0, False)
    assert nothing.to_dict() == {
        "stage": "head",
        "rank_correlation": None,
        "photos": 0,
        "unchanged": False,
    }


@given(
    arrays.arrays(
        np.float32, (1, 2, 3), elements=st.floats(0, 1e6, width=32) | st.sampled_from([np.nan, np.inf])
    )
)
def test_a_map_agrees_with_itself_if_it_shows_anything(maps: NDArray[np.float32]) -> None:
    (found,) = rank_correlations(maps, maps)
    assert np.isnan(found) or found == pytest.approx(1)


def test_half_is_the_threshold() -> None:
    assert Randomised("all", np.array([0.5])).unchanged
    assert not Randomised("all", np.array([0.49])).unchanged


def test_what_is_not_heeded_is_said_in_words() -> None:
    same, other = np.array([0.9]), np.array([0.1])
    assert unheeded([Randomised("head", other), Randomised("all", other)]) == ""
    assert "do not tell the classes apart" in unheeded([Randomised("head", same), Randomised("all", other)])
    assert "say little about the network" in unheeded([Randomised("head", same), Randomised("all", same)])


@pytest.fixture(scope="module")
def archive(keras: Any) -> Archive:
    keras.utils.set_random_seed(1)
    photo = keras.Input((8, 8, 3), name="photo")
    scaled = keras.layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6], name="scaling")(photo)
    first = keras.layers.Conv2D(64, 3, name="first")(scaled)
    normed = keras.layers.BatchNormalization(name="normed", scale=False)(first)
    depth = keras.layers.DepthwiseConv2D(3, name="depth")(normed)
    pooled = keras.layers.GlobalAveragePooling2D(name="features")(depth)
    logits = keras.layers.Dense(30, name="logits")(pooled)
    model = keras.Model(photo, keras.layers.Softmax(name="probabilities")(logits))
    model.get_layer("normed").set_weights([np.full(64, value) for value in (3, 4, 5)])
    model.get_layer("first").set_weights([np.ones((3, 3, 3, 64)), np.ones(64)])
    return archive_of(model)


@pytest.fixture(scope="module")
def with_hidden_layers(archive: Archive, keras: Any) -> Archive:
    whole = keras_model(archive)
    backbone = archive_of(keras.Model(whole.inputs[0], whole.get_layer("features").output))
    return with_dense_head(backbone, classes=3, hidden=(5, 4), activation="relu", dropout=0.1, seed=0)


def changed(archive: Archive, stage: str) -> set[str]:
    before, after = archive.layer_weights, randomised(archive, stage=stage, seed=0).layer_weights
    assert before.keys() == after.keys()
    return {
        name
        for name, arrays in before.items()
        if not all(np.array_equal(*pair) for pair in zip(arrays, after[name], strict=True))
    }


def test_weights_are_random_from_the_head_downwards(archive: Archive) -> None:
    assert changed(archive, "head") == {"logits"}
    # Three layers below it: half of them, rounded down, is one.
    assert changed(archive, "half") == {"logits", "depth"}
    assert changed(archive, "all") == {"logits", "depth", "normed", "first"}


def test_hidden_layers_are_part_of_the_head(with_hidden_layers: Archive) -> None:
    assert head_layers(with_hidden_layers) == (
        *("features", "hidden1", "dropout1", "hidden2", "dropout2", "logits", "probabilities"),
    )
    assert changed(with_hidden_layers, "head") == {"hidden1", "hidden2", "logits"}
    # Three layers below the head: half of them, rounded down, is one.
    assert changed(with_hidden_layers, "half") == {"hidden1", "hidden2", "logits", "depth"}


def test_layers_that_weigh_channels_within_a_network_are_none_of_its_head(keras: Any) -> None:
    photo = keras.Input((8, 8, 3), name="photo")
    grid = keras.layers.Conv2D(4, 3, name="first")(photo)
    squeezed = keras.layers.GlobalAveragePooling2D(keepdims=True, name="squeezed")(grid)
    weighed = keras.layers.Multiply(name="weighed")([grid, keras.layers.Dense(4, name="excited")(squeezed)])
    flat = keras.layers.Flatten(name="flat")(weighed)
    logits = keras.layers.Dense(2, name="logits")(flat)
    network = archive_of(keras.Model(photo, keras.layers.Softmax(name="probabilities")(logits)))
    assert head_layers(network) == ("flat", "logits", "probabilities")
    assert changed(network, "head") == {"logits"}


def test_the_mean_over_draws_is_that_of_the_maps_that_can_be_compared() -> None:
    nan = np.nan
    draws = [np.array(each) for each in ([0.5, 0.0, nan], [-0.5, nan, nan], [0.3, 0.5, nan])]
    assert mean_over_draws(draws) == pytest.approx([0.1, 0.25, nan], nan_ok=True)


def test_random_layers_are_as_if_never_trained(archive: Archive) -> None:
    found = randomised(archive, stage="all", seed=0)
    kernel, bias = found.layer_weights["first"]
    # It reads 3 x 3 x 3 values: √(2 / 27); 1,728 draws lie within 5 % of it.
    assert kernel.std() == pytest.approx(np.sqrt(2 / 27), rel=0.05)
    assert not bias.any()
    depth = found.layer_weights["depth"][0]
    assert depth.std() == pytest.approx(np.sqrt(2 / 9), rel=0.1)
    head = found.layer_weights["logits"][0]
    assert head.std() == pytest.approx(np.sqrt(2 / 64), rel=0.05)
    # Without a scale: shift, mean and variance.
    assert [array[0] for array in found.layer_weights["normed"]] == [0, 0, 1]
    assert found.layer_weights["first"][0].dtype == np.float32


def test_the_seed_decides(archive: Archive) -> None:
    one, again, other = (
        randomised(archive, stage="head", seed=seed).layer_weights["logits"][0] for seed in (0, 0, 1)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_rest_of_the_archive_stays(archive: Archive) -> None:
    found = randomised(archive, stage="all", seed=0)
    assert (found.graph, found.entries) == (archive.graph, archive.entries)
    assert found.fingerprint != archive.fingerprint
    assert randomised(archive, stage="head", seed=0).fingerprint == archive.fingerprint


def test_the_same_network_has_the_same_random_weights_however_it_came_to_be(archive: Archive) -> None:
    turned = replace(archive)
    turned.__dict__["layer_weights"] = dict(reversed(archive.layer_weights.items()))
    one, other = (randomised(each, stage="all", seed=0).layer_weights for each in (archive, turned))
    assert all(np.array_equal(one[name][0], other[name][0]) for name in one)
