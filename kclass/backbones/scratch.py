"""The network that is trained from scratch: a plain Sequential convolutional network."""

from typing import Any

from kclass.backbones.archive import LOGITS, PROBABILITIES
from kclass.backbones.seeding import seeded
from kclass.keras_import import import_keras

SIZE = 128
FILTERS = (16, 32, 64)
UNITS = (1024, 512)
DROPOUT = 0.25
LEAK = 0.01
LEAST_SIZE = 2 ** len(FILTERS)  # each group halves the photo


def build_scratch(*, size: int, classes: int, seed: int) -> Any:
    """An untrained network: raw RGB (n, size, size, 3) to `probabilities` (n, classes).

    Three groups of a 3x3 convolution, ReLU and 2x2 max-pooling; then two dense layers with
    LeakyReLU, and dropout before these and before the logits, as in the landmarks write-up.
    Photos are scaled to -1..1.
    """
    with seeded(seed):
        return _network(size=size, classes=classes, seed=seed)


def _network(*, size: int, classes: int, seed: int) -> Any:
    keras = import_keras()
    layers = keras.layers
    stages = [
        part
        for filters in FILTERS
        for part in (
            layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{filters}"),
            layers.MaxPooling2D(2, name=f"pool{filters}"),
        )
    ]
    dense = [
        part
        for units in UNITS
        for part in (
            layers.Dropout(DROPOUT, seed=seed, name=f"dropout{units}"),
            layers.Dense(units, name=f"dense{units}"),
            layers.LeakyReLU(LEAK, name=f"leaky{units}"),
        )
    ]
    start = [keras.Input((size, size, 3), name="photo"), layers.Rescaling(1 / 127.5, -1.0, name="scaling")]
    end = [
        layers.Dropout(DROPOUT, seed=seed, name="dropout_logits"),
        layers.Dense(classes, name=LOGITS),
        layers.Softmax(name=PROBABILITIES),
    ]
    return keras.Sequential([*start, *stages, layers.Flatten(name="flatten"), *dense, *end], name="scratch")
