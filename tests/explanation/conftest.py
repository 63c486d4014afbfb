from typing import Any

import numpy as np
import pytest

from kclass.backbones.scratch import build_scratch
from kclass.keras_import import import_keras


@pytest.fixture(scope="session")
def keras() -> Any:
    return import_keras()


@pytest.fixture(scope="session")
def hand_worked(keras: Any) -> Any:
    """Photos of 2x2: the channels are red and green, pooled; two classes."""
    photo = keras.Input((2, 2, 3), name="photo")
    channels = keras.layers.Conv2D(2, 1, use_bias=False, name="channels")(photo)
    pooled = keras.layers.GlobalAveragePooling2D(name="features")(channels)
    logits = keras.layers.Dense(2, name="logits")(pooled)
    model = keras.Model(photo, keras.layers.Softmax(name="probabilities")(logits))
    model.get_layer("channels").set_weights([np.array([[[[1, 0], [0, 1], [0, 0]]]], np.float32)])
    model.get_layer("logits").set_weights([np.array([[4, 0], [-8, 4]]), np.array([10, 0])])
    return model


@pytest.fixture(scope="session")
def pooled_network(keras: Any) -> Any:
    """Photos of 8x8 to a 4x4 grid of 5 channels, pooled; three classes; random weights."""
    keras.utils.set_random_seed(3)
    photo = keras.Input((8, 8, 3), name="photo")
    scaled = keras.layers.Rescaling(1 / 127.5, -1.0, name="scaling")(photo)
    first = keras.layers.Conv2D(4, 3, padding="same", activation="tanh", name="first")(scaled)
    second = keras.layers.Conv2D(5, 3, strides=2, padding="same", activation="relu", name="second")(first)
    pooled = keras.layers.GlobalAveragePooling2D(name="features")(second)
    dropped = keras.layers.Dropout(0.5, name="dropped")(pooled)
    logits = keras.layers.Dense(3, name="logits")(dropped)
    return keras.Model(photo, keras.layers.Softmax(name="probabilities")(logits))


@pytest.fixture(scope="session")
def scratch() -> Any:
    return build_scratch(size=32, classes=3, seed=0)
