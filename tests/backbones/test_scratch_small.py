import itertools
from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import archive_of, keras_model
from kclass.backbones.registry import backbone
from kclass.backbones.scratch_small import FILTERS, LEAST_SIZE, SIZE, build_scratch_small
from kclass.backbones.stages import stages_of
from kclass.engines.direct import convertible
from kclass.engines.network import features_layer
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


@pytest.fixture(scope="module")
def network() -> Any:
    return build_scratch_small(size=64, classes=5, seed=1)


@pytest.fixture(scope="module")
def archive(network: Any) -> Archive:
    return archive_of(network)


def photos(number: int, size: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, (number, size, size, 3), dtype=np.uint8)


def test_it_is_a_stem_and_five_separable_blocks_all_normed(network: Any) -> None:
    kinds = [type(layer).__name__ for layer in network.layers]
    after = ["BatchNormalization", "ReLU"]
    block = ["DepthwiseConv2D", *after, "Conv2D", *after]
    assert kinds == [
        *["Rescaling", "Conv2D", *after, *block],
        *["MaxPooling2D", *block] * 4,
        *["GlobalAveragePooling2D", "Dropout", "Dense", "Softmax"],
    ]
    convolutions = [layer for layer in network.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [32, *FILTERS]
    assert [layer.kernel_size for layer in convolutions] == [(3, 3), *[(1, 1)] * 5]
    assert [layer.name for layer in network.layers[-2:]] == ["logits", "probabilities"]


def test_it_has_a_hundredth_of_the_parameters_of_the_other_one() -> None:
    # By hand: stem 27 * 32; blocks (9 + c) * p for c channels to p, and 4 numbers for each channel that
    # is normalised, before and after the 1x1 convolution.
    channels = (32, 32, 64, 128, 256, 512)
    convolutions = 27 * 32 + sum(9 * read + read * given for read, given in itertools.pairwise(channels))
    norms = 4 * (32 + sum(channels[:-1]) + sum(channels[1:]))
    assert backbone("scratch-small").parameters == convolutions + norms == 186_720
    assert 90 * backbone("scratch-small").parameters < backbone("scratch").parameters


def test_it_takes_raw_photos_and_gives_probabilities(network: Any) -> None:
    probabilities = np.asarray(network(photos(4, 64)))
    assert probabilities.shape == (4, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    scaled = np.asarray(network.layers[0](photos(4, 64)))
    assert scaled.min() == pytest.approx(-1, abs=0.01)
    assert scaled.max() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("size", [LEAST_SIZE, LEAST_SIZE + 1, 77, SIZE])
def test_every_size_from_the_least_on_is_taken(size: int) -> None:
    network = build_scratch_small(size=size, classes=2, seed=0)
    assert np.isfinite(np.asarray(network(photos(1, size)))).all()
    # The stem halves upwards, each of four poolings downwards.
    side = ((size + 1) // 2) // 2**4
    assert network.get_layer("block5_pointwise_relu").output.shape == (None, side, side, 512)
    assert side >= 1


def test_the_least_size_is_where_one_place_is_left() -> None:
    assert LEAST_SIZE == 32 == backbone("scratch-small").least_size
    network = build_scratch_small(size=LEAST_SIZE, classes=2, seed=0)
    assert network.get_layer("pool").input.shape == (None, 1, 1, 512)


def test_the_seed_decides_the_weights() -> None:
    def weights(seed: int) -> list[Any]:
        found: list[Any] = build_scratch_small(size=32, classes=5, seed=seed).get_weights()
        return found

    first, again, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_seed_decides_dropout() -> None:
    def dropped(seed: int) -> Any:
        layer = build_scratch_small(size=32, classes=5, seed=seed).get_layer("dropout_logits")
        return np.asarray(layer(np.ones((1, 512), np.float32), training=True))

    assert np.array_equal(dropped(1), dropped(1))
    assert not np.array_equal(dropped(1), dropped(2))
    # A share of .2 of 512, with a deviation of 9.
    assert 60 < (dropped(1) == 0).sum() < 145


def test_its_statistics_are_those_of_the_last_steps(network: Any) -> None:
    """After 7 steps (.7 ** 7 = .082) nine tenths of what they start from are gone; with .99 a fifteenth."""
    layer = keras_model(archive_of(network)).get_layer("stem_norm")
    seen = np.full((2, 4, 4, 32), 3.0, np.float32)
    for _ in range(7):
        layer(seen, training=True)
    np.testing.assert_allclose(layer.moving_mean, np.full(32, 3 * (1 - 0.7**7)), rtol=1e-4)


def test_its_stages_begin_where_photos_are_halved(archive: Archive) -> None:
    stages = stages_of(archive)
    assert tuple(stages) == backbone("scratch-small").stages
    assert stages["stage1"][0] == "photo"
    assert [stages[f"stage{number}"][0] for number in range(2, 6)] == [
        f"block{number}_pool" for number in range(2, 6)
    ]
    assert stages["stage5"][-2:] == ("pool", "dropout_logits")


def test_it_is_converted_without_keras_and_is_saved_and_opened_as_it_is(
    network: Any, archive: Archive
) -> None:
    assert convertible(archive, features_layer(archive))
    opened = keras_model(archive)
    np.testing.assert_array_equal(opened(photos(2, 64)), network(photos(2, 64)))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_every_layer_takes_the_precision_it_is_built_under(precision: str) -> None:
    keras = import_keras()
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(f"mixed_{precision}")
        network = build_scratch_small(size=32, classes=3, seed=0)
    finally:
        keras.config.set_dtype_policy(before)
    assert {layer.compute_dtype for layer in network.layers} == {precision}
    assert {weight.dtype for weight in network.weights} == {"float32"}
    opened = keras_model(archive_of(network))
    assert {layer.compute_dtype for layer in opened.layers} == {precision}


@pytest.mark.slow
def test_after_thirty_steps_it_judges_photos_as_it_learned_them() -> None:
    """With momentum .99 it judges them by statistics of before the first step, however low its loss."""
    keras = import_keras()
    network = build_scratch_small(size=32, classes=2, seed=0)
    labels = np.arange(16) % 2
    shown = photos(16, 32) // 2 + 127 * labels[:, None, None, None].astype(np.uint8)
    trainer = keras.Model(network.inputs, network.get_layer("logits").output)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    trainer.compile(keras.optimizers.Adam(3e-3), loss)
    losses = trainer.fit(shown, labels, epochs=30, batch_size=16, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    assert (np.asarray(network(shown, training=False)).argmax(axis=1) == labels).all()
