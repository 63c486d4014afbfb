"""What all commands share: their common options, and how errors end them."""

import contextlib
import functools
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from .terminal import Terminal

INTERRUPTED = 130
SIGNALLED = 128  # and the signal's number, as shells have it
ENDING_SIGNALS = {"SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}

Command = Callable[..., int]


class Signalled(KeyboardInterrupt):
    """A signal that asks the process to end; as Ctrl-C does, it lets everybody tidy up.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = SIGNALLED + number
        self.message = ENDING_SIGNALS[signal.Signals(number).name]


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --quiet and --debug."""
    for option in (
        click.option(
            "--debug", is_flag=True, help="Show the traceback of an error, and what libraries wrote."
        ),
        click.option("--quiet", is_flag=True, help="Say nothing but results and errors."),
    ):
        command = option(command)
    return command


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --model."""
    add = click.option(
        "--model",
        type=click.Path(path_type=Path),
        help="Model file or folder of a run.  [default: runs/latest]",
    )
    return add(command)


def guarded(command: Command) -> Callable[..., NoReturn]:
    """Run a command with a terminal of its own, and end the process with the code that it gives.

    An error with a known cause ends it with that error's code and one or two lines; any other is a
    fault of kclass and says so. A traceback is shown with --debug alone.
    """

    @functools.wraps(command)
    def run(*, quiet: bool, debug: bool, **options: Any) -> NoReturn:
        message = ""
        with Terminal(quiet=quiet) as terminal:
            try:
                with _signals_raised():
                    code = command(terminal, **options)
            except Signalled as error:
                code, message = error.code, _with_notes(error.message, error)
            except KeyboardInterrupt as error:
                code, message = INTERRUPTED, _with_notes("interrupted", error)
            except BrokenPipeError:  # whoever read stdout has seen enough; click ends quietly
                raise
            except Exception as error:
                code, message = _ending(error, terminal, debug=debug)
        if message:
            with contextlib.suppress(OSError):  # a terminal that is gone, a disk that is full
                click.echo(message, err=True)
        sys.exit(code)

    return run


def print_result(text: str) -> None:
    """Print what the command was asked for on stdout.

    Raises:
        OutputError: stdout leads into a file that cannot be written.
    """
    from kclass import OutputError

    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still waiting would fail once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write to stdout: {error.strerror}", fix="Free some space.") from error


def print_json(content: Any) -> None:
    """Print one JSON document on stdout, in ASCII: stdout's encoding is the machine's, JSON's is not."""
    print_result(json.dumps(content, indent=1))


@contextlib.contextmanager
def _signals_raised() -> Iterator[None]:
    """Turn signals that would end the process at once into errors, unless they are ignored (nohup)."""
    numbers = [getattr(signal, name) for name in ENDING_SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number, action in before.items() if action is not signal.SIG_IGN]

    def end(number: int, frame: FrameType | None) -> NoReturn:
        for each in heeded:  # the first is enough; another would disturb the tidying
            signal.signal(each, signal.SIG_IGN)
        raise Signalled(number)

    for number in heeded:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def _with_notes(message: str, error: BaseException) -> str:
    return "\n".join([message, *_notes(error)])


def _notes(error: BaseException) -> list[str]:
    """What was added to an error on its way."""
    return [f"  {note}" for note in getattr(error, "__notes__", ())]


def _ending(error: Exception, terminal: Terminal, *, debug: bool) -> tuple[int, str]:
    """The exit code and the words for an error."""
    from kclass import KClassError

    known = isinstance(error, KClassError)
    if isinstance(error, KClassError):
        lines = [f"Error: {error.message}", *([f"  {error.fix}"] if error.fix else [])]
    else:
        lines = [f"Error: a fault of kclass: {type(error).__name__}: {error}"]
        lines += [] if debug else ["  Please report it with the output of the same command with --debug."]
    lines += _notes(error)
    if debug or not known:
        lines = [terminal.noise_tail(), *lines]
    if debug:
        lines = ["".join(traceback.format_exception(error)), *lines]
    return (error.exit_code if isinstance(error, KClassError) else 1), "\n".join(filter(None, lines))
