"""What long jobs report to while they run."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Is told how far a job is, from any thread; must return at once."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Take note that `done` of `total` steps of `stage` are over; `note` says how they went."""


def silent(stage: str, done: int, total: int, note: str = "") -> None:
    """Report nothing."""


def track(items: Iterable[Item], stage: str, total: int, progress: Progress) -> Iterator[Item]:
    """The items as they come, each reported once it has been dealt with."""
    progress(stage, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        progress(stage, done, total)
