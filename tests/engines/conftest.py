from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

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
