"""Signals that are not lost: Python drops the exception if one comes while an object is deleted."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

Action = Callable[[int, FrameType | None], object]

SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # some of them unknown to some systems


@contextlib.contextmanager
def remembered_interrupt() -> Iterator[Callable[[], None]]:
    """Hand out a check that raises again what a signal has raised in the block, Ctrl-C or another.

    The signal itself raises it too, as ever; the check is for when that went nowhere. Outside of the
    main thread, which alone is interrupted, it never raises, and neither if whoever takes care of the
    signal raises nothing.
    """
    raised: list[BaseException] = []

    def check() -> None:
        if raised:
            raise raised[0]

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = _actions()
    now = {number: _remembering(action, raised) for number, action in before.items()}
    _put_in_place(now)
    try:
        yield check
    finally:
        # Whoever was called may have put another in place, which then counts.
        _put_in_place({each: before[each] for each in now if signal.getsignal(each) is now[each]})


def _actions() -> dict[int, Action]:
    """The signals that end a process and that Python code takes care of."""
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    actions = {number: signal.getsignal(number) for number in numbers}
    return {number: action for number, action in actions.items() if callable(action)}


def _put_in_place(actions: dict[int, Action]) -> None:
    for number, action in actions.items():
        signal.signal(number, action)


def _remembering(action: Action, raised: list[BaseException]) -> Action:
    def handler(number: int, frame: FrameType | None) -> None:
        try:
            action(number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    return handler
