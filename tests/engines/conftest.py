from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.engines.tensorflow import TensorFlowEngine
from kclass.errors import PhotoError
from kclass.photos.loading import load

CARS = Path(__file__).parents[2] / "data" / "cars"


@pytest.fixture(scope="session")
def cars() -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """The labelled photos of the sample data set, uint8 (n, 224, 224, 3), and their classes with colour."""
    photos, labels = [], []
    for path in sorted(CARS.glob("*/*/*")):
        try:
            photos.append(load(path, size=224))
        except PhotoError:
            continue
        labels.append(f"{path.parent.name} {path.name.split('_')[0]}")
    return np.stack(photos), np.array(labels)


@pytest.fixture(scope="session")
def reference_engine(lite0: Archive) -> TensorFlowEngine:
    """TensorFlow with the embedded backbone, to which a head was given."""
    head = np.ones((1280, 2), np.float32), np.zeros(2, np.float32)
    return TensorFlowEngine(lite0.with_head(*head), precision="f32")
