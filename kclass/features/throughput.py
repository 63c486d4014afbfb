"""Photos through an engine: prepared by threads, run in the engine's batches, in order."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from kclass.engines.engine import Engine, EngineShape
from kclass.parallel import in_parallel

Item = TypeVar("Item")
Note = TypeVar("Note")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Decoded(Generic[Note]):
    """A photo ready for the network: raw RGB uint8 (size, size, 3), and what is to be known of it."""

    pixels: NDArray[np.uint8]
    note: Note


@dataclass(frozen=True)
class Passed(Generic[Note]):
    """A photo that went through the network: its features, float32 (features,), and its note."""

    features: NDArray[np.float32]
    note: Note


class LazyEngine:
    """An engine that is opened for the first photo: if there comes none, nothing is compiled.

    Args:
        open_engine: opens it; called at most once, whichever thread comes first.
        shape: how many photos it wants at a time, and how many threads keep it busy.
    """

    def __init__(self, open_engine: Callable[[], Engine], shape: EngineShape) -> None:
        self.batch, self.workers = shape.batch, shape.workers
        self._open = open_engine
        self._turn = threading.Lock()
        self._engine: Engine | None = None

    def run(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of photos; see `Engine`."""
        with self._turn:
            if self._engine is None:
                self._engine = self._open()
        return self._engine.run(photos)


def through_engine(
    items: Sequence[Item], *, engine: Engine, prepare: Callable[[Item], Decoded[Note] | Other]
) -> Generator[Passed[Note] | Other, None, None]:
    """What becomes of each item, in order: decoded photos pass the network, all else stays as it is.

    Closing it waits for the work that has begun.

    Args:
        items: whatever `prepare` understands.
        engine: runs the network.
        prepare: decodes a photo, or says otherwise what became of it; called by several threads.
    """

    def work(group: Sequence[Item]) -> list[Passed[Note] | Other]:
        return list(_run([prepare(item) for item in group], engine))

    groups = (items[start : start + engine.batch] for start in range(0, len(items), engine.batch))
    with in_parallel(work, groups, threads=engine.workers) as done:
        for outcomes in done:
            yield from outcomes


def _run(prepared: list[Decoded[Note] | Other], engine: Engine) -> Iterator[Passed[Note] | Other]:
    pixels = [each.pixels for each in prepared if isinstance(each, Decoded)]
    rows = iter(engine.run(np.stack(pixels)) if pixels else ())
    for each in prepared:
        yield Passed(next(rows), each.note) if isinstance(each, Decoded) else each
