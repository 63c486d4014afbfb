"""Ctrl-C that is not lost: Python drops the exception if the signal comes while an object is deleted."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def remembered_interrupt() -> Iterator[Callable[[], None]]:
    """Hand out a check that raises KeyboardInterrupt if Ctrl-C has come in the block.

    The signal itself raises it too, as ever; the check is for when that went nowhere. Outside of the
    main thread, which alone is interrupted, and where somebody else takes care of Ctrl-C, it never raises.
    """
    came = threading.Event()

    def check() -> None:
        if came.is_set():
            raise KeyboardInterrupt

    def handler(number: int, frame: FrameType | None) -> None:
        came.set()
        signal.default_int_handler(number, frame)

    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
