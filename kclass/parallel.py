"""Work done by several threads whose results keep their order, and linear algebra done by one."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING_A_THREAD = 4


class _OneThread:
    """How many want linear algebra to be done by one thread, and what it had before.

    Each alone would give back what it has found, and whoever ends last may have found a limit.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wanted = 0
        self._limits: list[Any] = []

    def limit(self) -> None:
        """Limit what has more than one thread; a library loaded since the last time, for instance."""
        import threadpoolctl

        found = threadpoolctl.ThreadpoolController().select(user_api="blas")
        if any(library["num_threads"] != 1 for library in found.info()):
            self._limits.append(found.limit(limits=1))

    def restore(self) -> None:
        """Give back the threads."""
        while self._limits:
            self._limits.pop().restore_original_limits()


_ONE = _OneThread()


def usable_cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra by one thread: on small matrices its own threads wait for each other.

    Whatever has been loaded is limited, for the whole process, until nobody wants it any more. SciPy
    brings a linear algebra of its own: who needs it imports it before.
    """
    with _ONE.lock:
        _ONE.limit()
        _ONE.wanted += 1
    try:
        yield
    finally:
        with _ONE.lock:
            _ONE.wanted -= 1
            if not _ONE.wanted:
                _ONE.restore()


@contextmanager
def in_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], *, threads: int
) -> Iterator[Iterator[Result]]:
    """Results in the order of the items, with few of them waiting at any time.

    Leaving the context waits for the work that has begun. A generator could be left to the garbage
    collector instead, which may come while a thread begins: to wait for threads then is to wait for ever.
    """
    pool = ThreadPoolExecutor(threads)
    try:
        yield _in_order(pool, work, items, WAITING_A_THREAD * threads)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], most: int
) -> Iterator[Result]:
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
