import os
import threading

import pytest
import scipy.linalg  # noqa: F401 - has a linear algebra of its own
import threadpoolctl

from kclass.parallel import WAITING_A_THREAD, in_parallel, one_thread, usable_cores


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_keep_the_order_of_the_items(threads: int) -> None:
    """The first item is the last to be done: it waits for the second."""
    second = threading.Event()

    def work(item: int) -> int:
        if item == 1 or threads == 1:
            second.set()
        if item == 0:
            assert second.wait(10)
        return item * item

    with in_parallel(work, range(100), threads=threads) as results:
        assert list(results) == [item * item for item in range(100)]


def test_as_many_threads_work_at_once_as_were_asked_for() -> None:
    """Each waits until all three are there."""
    together = threading.Barrier(3)
    with in_parallel(lambda item: together.wait(10), range(9), threads=3) as results:
        assert len(list(results)) == 9


def test_few_items_are_taken_before_the_first_result_is() -> None:
    taken = []

    def items() -> object:
        for item in range(1000):
            taken.append(item)
            yield item

    with in_parallel(lambda item: item, items(), threads=2) as results:
        assert taken == []
        assert next(results) == 0
        assert len(taken) == WAITING_A_THREAD * 2


def test_an_error_comes_where_its_result_would_and_ends_the_work() -> None:
    done = []

    def work(item: int) -> int:
        if item == 3:
            raise ValueError("the fourth item")
        done.append(item)
        return item

    with in_parallel(work, range(1000), threads=2) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="the fourth item"):
            next(results)
    assert len(done) < 50


def test_leaving_waits_for_the_work_that_has_begun_and_begins_no_more() -> None:
    begun, ended = [], []

    def work(item: int) -> int:
        begun.append(item)
        ended.append(item)
        return item

    with in_parallel(work, range(1000), threads=2) as results:
        next(results)
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= WAITING_A_THREAD * 2


def test_no_items_give_no_results() -> None:
    with in_parallel(lambda item: item, [], threads=3) as results:
        assert list(results) == []


def test_work_that_an_error_broke_off_leaves_the_garbage_collector_no_threads_to_wait_for() -> None:
    """It may come while a thread begins, and would then wait for ever."""
    before = threading.active_count()
    with (
        pytest.raises(OSError, match="the disk is full") as caught,
        in_parallel(str, range(99), threads=2) as results,
    ):
        next(results)
        assert threading.active_count() > before
        raise OSError("the disk is full")
    assert caught.tb is not None
    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_only_the_cores_that_this_process_may_use_count() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert usable_cores() == len(before)


def threads_of_linear_algebra() -> list[int]:
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]


def test_each_linear_algebra_has_one_thread_for_a_while() -> None:
    with threadpoolctl.threadpool_limits(3, user_api="blas"):
        with one_thread():
            inside = threads_of_linear_algebra()
        assert len(inside) >= 2
        assert set(inside) == {1}
        assert set(threads_of_linear_algebra()) == {3}


def test_the_threads_come_back_when_nobody_wants_one_any_more() -> None:
    """Each in its own thread, the first to begin the first to end."""
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
    inside: list[int] = []

    def first() -> None:
        with one_thread():
            first_in.set()
            assert second_in.wait(10)
        inside.extend(threads_of_linear_algebra())
        first_out.set()

    with threadpoolctl.threadpool_limits(3, user_api="blas"):
        other = threading.Thread(target=first)
        other.start()
        assert first_in.wait(10)
        with one_thread():
            second_in.set()
            assert first_out.wait(10)
        other.join()
        assert set(inside) == {1}
        assert set(threads_of_linear_algebra()) == {3}
