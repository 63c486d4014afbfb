"""Ctrl-C and other signals while a training is at work."""

import signal
import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest

from kclass.training.interruption import remembered_interrupt


class Deleted:
    """Something whose deletion a signal falls into."""

    def __init__(self, number: signal.Signals = signal.SIGINT) -> None:
        self.number = number

    def __del__(self) -> None:
        signal.raise_signal(self.number)


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where a shell has put the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_raises_at_once_as_ever() -> None:
    with pytest.raises(KeyboardInterrupt), remembered_interrupt():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_python_drops_is_raised_by_the_next_check() -> None:
    with remembered_interrupt() as check:
        check()
        Deleted()  # deleted at once, and the exception in it ignored
        with pytest.raises(KeyboardInterrupt):
            check()


class Ending(KeyboardInterrupt):
    """What a command makes of a signal that asks it to end."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_another_signal_that_python_drops_is_raised_as_what_it_was_turned_into() -> None:
    def end(number: int, _: object) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)
        raise Ending

    before = signal.signal(signal.SIGTERM, end)
    try:
        with remembered_interrupt() as check:
            Deleted(signal.SIGTERM)
            with pytest.raises(Ending):
                check()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN  # as whoever took care of it has it
    finally:
        signal.signal(signal.SIGTERM, before)


def test_whoever_takes_care_of_ctrl_c_goes_on_doing_so() -> None:
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(1))
    try:
        with remembered_interrupt() as check:
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert came == [1]


def test_in_another_thread_nothing_is_changed() -> None:
    found = []

    def work() -> None:
        with remembered_interrupt() as check:
            check()
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
