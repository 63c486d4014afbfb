from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.classifier.predicting import AT_ONCE, Outcome, predicted
from kclass.classifier.prediction import Guess, Prediction
from kclass.errors import PhotoError
from kclass.features.throughput import Passed


@pytest.mark.parametrize("photos", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
def test_predictions_come_in_order_with_what_is_wrong_among_them(photos: int) -> None:
    outcomes: list[Outcome] = [
        Passed(np.float32([place, 0]), Path(f"{place}.jpg")) for place in range(photos)
    ]
    for place in range(0, photos, 3):
        outcomes[place] = PhotoError(f"{place}.jpg is empty")
    sizes: list[int] = []

    def predict(paths: Sequence[Path], features: NDArray[np.float32]) -> list[Prediction]:
        sizes.append(len(paths))
        assert features.shape == (len(paths), 2)
        return [Prediction(path, (Guess("a", 0, row[0]),)) for path, row in zip(paths, features, strict=True)]

    found = list(predicted(iter(outcomes), predict))
    told = [each.message if isinstance(each, PhotoError) else (each.path, each.probability) for each in found]
    assert told == [
        (Path(f"{place}.jpg"), place) if place % 3 else f"{place}.jpg is empty" for place in range(photos)
    ]
    assert all(size <= AT_ONCE for size in sizes)


def test_no_more_photos_are_waited_for_than_are_predicted_at_once() -> None:
    taken: list[int] = []

    def photos() -> Iterator[Outcome]:
        for place in range(5 * AT_ONCE):
            taken.append(place)
            yield PhotoError(str(place))

    next(predicted(photos(), lambda paths, features: []))
    assert len(taken) == AT_ONCE


def test_photos_none_of_which_can_be_read_are_not_predicted() -> None:
    def predict(paths: Sequence[Path], features: NDArray[np.float32]) -> list[Prediction]:
        raise AssertionError("there is nothing to predict")

    (error,) = predicted([PhotoError("a.jpg is empty")], predict)
    assert isinstance(error, PhotoError)
