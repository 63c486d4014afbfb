"""Predictions of photos as they come out of a network, several at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.prediction import Prediction
from kclass.errors import PhotoError
from kclass.features.throughput import Passed
from kclass.parallel import one_thread

AT_ONCE: Final = 32
"""Photos compared with all training photos at once: with 40,000 of those it takes a quarter of the time."""

Outcome = Passed[Path] | PhotoError
Predict = Callable[[Sequence[Path], NDArray[np.float32]], Sequence[Prediction]]


def predicted(outcomes: Iterable[Outcome], predict: Predict) -> Iterator[Prediction | PhotoError]:
    """The prediction of each photo, or what is wrong with it, in order.

    Args:
        outcomes: photos with their features, as they come.
        predict: makes predictions of paths and their features, float32 (photos, features).
    """
    waiting: list[Outcome] = []
    for outcome in outcomes:
        waiting.append(outcome)
        if len(waiting) == AT_ONCE:
            yield from _of_group(waiting, predict)
            waiting.clear()
    yield from _of_group(waiting, predict)


def _of_group(group: Sequence[Outcome], predict: Predict) -> Iterator[Prediction | PhotoError]:
    readable = [each for each in group if not isinstance(each, PhotoError)]
    found: Iterator[Prediction] = iter(())
    if readable:
        features = np.stack([each.features for each in readable])
        # Every core runs the network: threads of linear algebra would wait for each other, busily, and
        # take twenty times as long for these few photos (docs/decisions.md).
        with one_thread():
            found = iter(predict([each.note for each in readable], features))
    for each in group:
        yield each if isinstance(each, PhotoError) else next(found)
