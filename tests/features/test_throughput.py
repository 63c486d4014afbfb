import threading
from typing import Any

import numpy as np
import pytest

from kclass.engines.engine import EngineShape
from kclass.features.throughput import Decoded, LazyEngine, Passed, through_engine


class Mean:
    """An engine whose only feature is the mean of a photo; takes note of the batches it is given."""

    def __init__(self, *, batch: int, workers: int) -> None:
        self.batch, self.workers = batch, workers
        self.batches: list[int] = []
        self.lock = threading.Lock()

    def run(self, photos: Any) -> Any:
        with self.lock:
            self.batches.append(len(photos))
        return photos.reshape(len(photos), -1).mean(axis=1, keepdims=True, dtype=np.float32)


def prepare(item: int) -> Decoded[str] | str:
    """Even numbers are photos of that grey."""
    return f"no photo {item}" if item % 2 else Decoded(np.full((2, 2, 3), item, np.uint8), f"photo {item}")


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (1, 4), (4, 2), (7, 3), (100, 2)])
def test_what_becomes_of_each_item_comes_in_order(batch: int, workers: int) -> None:
    engine = Mean(batch=batch, workers=workers)
    found = list(through_engine(range(51), engine=engine, prepare=prepare))
    for item, outcome in enumerate(found):
        if item % 2:
            assert outcome == f"no photo {item}"
        else:
            assert isinstance(outcome, Passed)
            assert (outcome.features.tolist(), outcome.note) == ([item], f"photo {item}")
    assert len(found) == 51
    assert max(engine.batches) <= batch
    assert sum(engine.batches) == 26


def test_the_engine_is_left_alone_where_there_is_no_photo() -> None:
    engine = Mean(batch=2, workers=2)
    assert list(through_engine([1, 3, 5], engine=engine, prepare=prepare)) == [
        "no photo 1",
        "no photo 3",
        "no photo 5",
    ]
    assert engine.batches == []
    assert list(through_engine([], engine=engine, prepare=prepare)) == []


def test_an_error_of_the_engine_reaches_the_caller() -> None:
    class Broken(Mean):
        def run(self, photos: Any) -> Any:
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        list(through_engine([0, 2], engine=Broken(batch=1, workers=2), prepare=prepare))


def test_after_closing_no_thread_works_any_more() -> None:
    engine = Mean(batch=1, workers=3)
    before = set(threading.enumerate())
    passing = through_engine(range(10_000), engine=engine, prepare=prepare)
    next(passing)
    assert set(threading.enumerate()) > before
    passing.close()
    done = len(engine.batches)
    assert done < 100
    assert set(threading.enumerate()) <= before
    assert len(engine.batches) == done


def test_an_engine_is_opened_by_the_first_photo_alone_and_once_whichever_thread_comes() -> None:
    opened: list[Mean] = []

    def open_engine() -> Mean:
        opened.append(Mean(batch=2, workers=4))
        return opened[-1]

    lazy = LazyEngine(open_engine, EngineShape(batch=2, workers=4))
    assert list(through_engine([1, 3, 5], engine=lazy, prepare=prepare)) == [
        "no photo 1",
        "no photo 3",
        "no photo 5",
    ]
    assert opened == []
    found = list(through_engine(range(0, 80, 2), engine=lazy, prepare=prepare))
    assert [each.features.tolist() for each in found if isinstance(each, Passed)] == [
        [item] for item in range(0, 80, 2)
    ]
    assert len(opened) == 1
    assert max(opened[0].batches) <= 2


def test_an_engine_that_cannot_be_opened_is_an_error_of_the_first_photo() -> None:
    def open_engine() -> Mean:
        raise OSError("no device")

    lazy = LazyEngine(open_engine, EngineShape(batch=1, workers=2))
    with pytest.raises(OSError, match="no device"):
        list(through_engine([0, 2], engine=lazy, prepare=prepare))
