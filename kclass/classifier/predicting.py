"""Predictions of photos as they come out of a network, several at a time."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.prediction import Prediction
from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.throughput import Decoded, Passed, through_engine
from kclass.photos.decoding import read_bytes

AT_ONCE: Final = 32
"""Photos compared with all training photos at once: with 40,000 of those it takes a quarter of the time."""

STRETCH: Final = 4096
"""Photos whose paths are objects at a time: one takes 500 bytes, and its name 100."""

Outcome = Passed[Path] | PhotoError
Predict = Callable[[Sequence[Path], NDArray[np.float32]], Sequence[Prediction]]


def passed_by_name(names: Sequence[str], *, extractor: Extractor) -> Generator[Outcome, None, None]:
    """The features of each photo with its path, or what is wrong with it, in order.

    Closing it waits for the work that has begun.

    Args:
        names: paths of files in any format that `kclass.photos` reads.
        extractor: the network, and how photos are prepared for it.
    """

    def prepare(path: Path) -> Decoded[Path] | PhotoError:
        try:
            return Decoded(extractor.decode(read_bytes(path), name=str(path)), path)
        except PhotoError as error:
            return error

    engine = extractor.open_lazily()
    for start in range(0, len(names), STRETCH):
        paths = [Path(name) for name in names[start : start + STRETCH]]
        outcomes: Generator[Outcome, None, None]
        outcomes = through_engine(paths, engine=engine, prepare=prepare)
        yield from outcomes


def predicted(outcomes: Iterable[Outcome], predict: Predict) -> Iterator[Prediction | PhotoError]:
    """The prediction of each photo, or what is wrong with it, in order.

    Args:
        outcomes: photos with their features, as they come.
        predict: makes predictions of paths and their features, float32 (photos, features).
    """
    import threadpoolctl

    pools = threadpoolctl.ThreadpoolController()
    waiting: list[Outcome] = []
    for outcome in outcomes:
        waiting.append(outcome)
        if len(waiting) == AT_ONCE:
            yield from _of_group(waiting, predict, pools)
            waiting.clear()
    yield from _of_group(waiting, predict, pools)


def _of_group(group: Sequence[Outcome], predict: Predict, pools: Any) -> Iterator[Prediction | PhotoError]:
    readable = [each for each in group if not isinstance(each, PhotoError)]
    found: Iterator[Prediction] = iter(())
    if readable:
        features = np.stack([each.features for each in readable])
        # Every core runs the network: threads of linear algebra would wait for each other, busily, and
        # take twenty times as long for these few photos (docs/decisions.md).
        with pools.limit(limits=1, user_api="blas"):
            found = iter(predict([each.note for each in readable], features))
    for each in group:
        yield each if isinstance(each, PhotoError) else next(found)
