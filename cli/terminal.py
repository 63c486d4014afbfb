"""What a person sees: our own words on the real terminal, the noise of libraries elsewhere."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from kclass.progress import Progress

NOISE_SHOWN = 20


class Terminal:
    """The real stderr, while descriptor 2 leads into a file.

    Libraries written in C++ write to descriptor 2 whatever Python says; nothing but moving the
    descriptor keeps them quiet.

    Args:
        quiet: say nothing but errors.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._noise = _noise_file()
        self._stream: TextIO = sys.stderr

    def __enter__(self) -> Self:
        sys.stderr.flush()
        self._descriptor = os.dup(2)
        self._stream = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding, errors="replace", buffering=1)
        os.dup2(self._noise.fileno(), 2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stderr.flush()
        os.dup2(self._descriptor, 2)
        os.close(self._descriptor)
        self._stream.close()
        self._noise.close()

    def say(self, text: str) -> None:
        """Tell the person something that is no result."""
        if not self._quiet:
            print(text, file=self._stream, flush=True)

    def complain(self, text: str) -> None:
        """Tell the person of something that went wrong, quiet or not."""
        print(text, file=self._stream, flush=True)

    def noise(self) -> str:
        """All that libraries have written so far."""
        sys.stderr.flush()
        self._noise.seek(0)
        text = self._noise.read().decode(errors="replace")
        self._noise.seek(0, os.SEEK_END)
        return text

    def noise_tail(self) -> str:
        """The last lines that libraries have written."""
        return "\n".join(self.noise().splitlines()[-NOISE_SHOWN:])

    @contextlib.contextmanager
    def progress(self) -> Iterator["Progress"]:
        """Progress bars, one a stage; nothing if stderr is not a terminal or the person wants quiet."""
        if self._quiet or not self._stream.isatty():
            yield _nothing
            return
        with _bars(self._stream) as report:
            yield report


def _noise_file() -> IO[bytes]:
    """A file without a name; nowhere at all on a disk so full that there is no place for it."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return Path(os.devnull).open("w+b")


@contextlib.contextmanager
def _bars(stream: TextIO) -> Iterator["Progress"]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:>20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int, note: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, note=note)
            elif done < bars.tasks[tasks[stage]].completed:
                bars.reset(tasks[stage])  # the same again: the next phase of a training
            bars.update(tasks[stage], completed=done, total=total, note=note)

        yield report


def _nothing(stage: str, done: int, total: int, note: str = "") -> None:
    """Show nothing."""
