"""The small network that is trained from scratch: separable convolutions with batch normalisation."""

from collections.abc import Iterator
from typing import Any

from kclass.backbones.archive import LOGITS, PROBABILITIES
from kclass.backbones.seeding import seeded
from kclass.keras_import import import_keras

# Chosen on drawn photos; docs/decisions.md has the table of those that were tried.
SIZE = 128
STEM = 32
FILTERS = (32, 64, 128, 256, 512)
DROPOUT = 0.2

# The stem halves photos, and so does each block but the first: so small a photo ends as one place.
LEAST_SIZE = 2 ** len(FILTERS)

# How much the statistics that photos are judged by keep of themselves at each step. With Keras's .99
# they are, after the few hundred steps that a few hundred photos give, still those of the beginning,
# and photos are judged as by chance. docs/decisions.md has the figures.
MOMENTUM = 0.7


def build_scratch_small(*, size: int, classes: int, seed: int) -> Any:
    """An untrained network: raw RGB (n, size, size, 3) to `probabilities` (n, classes).

    A 3x3 convolution that halves the photo; five blocks of a 3x3 convolution of each channel for
    itself and a 1x1 convolution across them, with 2x2 max-pooling between blocks; global average
    pooling, and dropout before the logits. Every convolution is followed by batch normalisation and
    ReLU. Photos are scaled to -1..1.

    Args:
        size: side of the photos in pixels, at least `LEAST_SIZE`.
        classes: how many there are.
        seed: of the weights, and of dropout.

    Source: A. Howard and others, MobileNets (2017), for the blocks; K. He and others, Delving Deep
    into Rectifiers (2015), for the random weights.
    """
    with seeded(seed):
        keras = import_keras()
        photo = keras.Input((size, size, 3), name="photo")
        return keras.Sequential([photo, *_backbone(), *_head(classes, seed)], name="scratch_small")


def _backbone() -> Iterator[Any]:
    layers = import_keras().layers
    yield layers.Rescaling(1 / 127.5, -1.0, name="scaling")
    yield from _convolution("stem", STEM, kernel_size=3, strides=2, padding="same")
    for number, filters in enumerate(FILTERS, start=1):
        if number > 1:  # the stem has halved the photo already
            yield layers.MaxPooling2D(2, name=f"block{number}_pool")
        yield from _block(f"block{number}", filters)
    yield layers.GlobalAveragePooling2D(name="pool")


def _head(classes: int, seed: int) -> Iterator[Any]:
    layers = import_keras().layers
    yield layers.Dropout(DROPOUT, seed=seed, name="dropout_logits")
    yield layers.Dense(classes, name=LOGITS)
    yield layers.Softmax(name=PROBABILITIES)


def _block(name: str, filters: int) -> Iterator[Any]:
    layers = import_keras().layers
    depthwise = f"{name}_depthwise"
    yield layers.DepthwiseConv2D(
        3, padding="same", use_bias=False, depthwise_initializer="he_normal", name=depthwise
    )
    yield from _norm_and_relu(depthwise)
    yield from _convolution(f"{name}_pointwise", filters, kernel_size=1)


def _convolution(name: str, filters: int, **shape: Any) -> Iterator[Any]:
    """Without a bias, since the normalisation after it has one."""
    layers = import_keras().layers
    yield layers.Conv2D(filters, use_bias=False, kernel_initializer="he_normal", name=name, **shape)
    yield from _norm_and_relu(name)


def _norm_and_relu(name: str) -> Iterator[Any]:
    layers = import_keras().layers
    yield layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")
    yield layers.ReLU(name=f"{name}_relu")
