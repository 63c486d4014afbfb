"""Work done by several threads whose results keep their order, and linear algebra done by one."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING_A_THREAD = 4


def usable_cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra by one thread: on small matrices its own threads wait for each other.

    Whatever has been loaded is limited, for the whole process. SciPy brings a linear algebra of its own:
    who needs it imports it before.
    """
    import threadpoolctl

    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        yield


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
