"""What all commands share: their common options, and how errors end them."""

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import click

from .terminal import Terminal

INTERRUPTED = 130

Command = Callable[..., int]


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
                code = command(terminal, **options)
            except KeyboardInterrupt:
                code, message = INTERRUPTED, "interrupted"
            except BrokenPipeError:  # whoever read stdout has seen enough; click ends quietly
                raise
            except Exception as error:
                code, message = _ending(error, terminal, debug=debug)
        if message:
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


def _ending(error: Exception, terminal: Terminal, *, debug: bool) -> tuple[int, str]:
    """The exit code and the words for an error."""
    from kclass import KClassError

    known = isinstance(error, KClassError)
    if isinstance(error, KClassError):
        lines = [f"Error: {error.message}", *([f"  {error.fix}"] if error.fix else [])]
    else:
        lines = [f"Error: a fault of kclass: {type(error).__name__}: {error}"]
        lines += [] if debug else ["  Please report it with the output of the same command with --debug."]
    if debug or not known:
        lines = [terminal.noise_tail(), *lines]
    if debug:
        lines = ["".join(traceback.format_exception(error)), *lines]
    return (error.exit_code if isinstance(error, KClassError) else 1), "\n".join(filter(None, lines))
