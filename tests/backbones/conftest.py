from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import archive_of
from kclass.keras_import import import_keras

Weighing = Callable[[Any, int], None]


@pytest.fixture(scope="session")
def weigh() -> Weighing:
    """Gives a Keras model weights of any size, all of them positive, as variances must be."""

    def fill(model: Any, seed: int) -> None:
        random = np.random.default_rng(seed)
        model.set_weights([random.uniform(0.01, 0.3, weight.shape) for weight in model.get_weights()])

    return fill


@pytest.fixture(scope="session")
def many_layers(weigh: Weighing) -> Any:
    """A Keras model with several layers of each class, dense ones among them; 8 features at 32 pixels."""
    keras = import_keras()
    layers = keras.layers
    photo = keras.Input((32, 32, 3), name="photo")
    x = layers.Rescaling(1 / 128, -1.0, name="scaling")(photo)
    for name in ("first", "second", "third"):
        x = layers.Conv2D(6, 3, strides=2, padding="same", name=f"{name}_conv")(x)
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        x = layers.PReLU(shared_axes=(1, 2), name=f"{name}_relu")(x)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    x = layers.Dense(7, name="dense_before")(x)
    x = layers.LeakyReLU(name="leaky")(x)
    model = keras.Model(photo, layers.Dense(8, name="features")(x), name="many_layers")
    weigh(model, 5)
    return model


@pytest.fixture(scope="session")
def many_layers_archive(many_layers: Any) -> Archive:
    return archive_of(many_layers)


@pytest.fixture
def many_layers_file(many_layers_archive: Archive, tmp_path: Path) -> Path:
    path = tmp_path / "many-layers.keras"
    many_layers_archive.write(path)
    return path


@pytest.fixture(scope="session")
def small_photos() -> np.ndarray:
    """uint8 (3, 32, 32, 3)."""
    return np.random.default_rng(11).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
