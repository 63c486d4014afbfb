"""The command `kclass` and how it ends."""

import atexit
import gc
import importlib
import os
import sys
from typing import Final

import click

COMMANDS: Final = (
    "backbones",
    "cache",
    "check",
    "collect",
    "compare",
    "evaluate",
    "explain",
    "fit",
    "lr-find",
    "predict",
    "report",
    "sample",
    "show",
)


class Commands(click.Group):
    """The commands, each imported when it is asked for: one prediction needs one of them."""

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        """The command of a name; None if there is none."""
        if cmd_name not in self.commands:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f".{name}", __package__), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kclass", message="%(prog)s %(version)s")
def kclass() -> None:
    """Turn a folder of photos into an image classifier that you can trust.

    \b
    kclass sample photos             draw a small data set to try things on
    kclass collect cat dog --out OUT photos of cats and dogs, and whose they are
    kclass check photos              what is wrong with them, before anybody trains
    kclass show photos               a grid of them as a network sees them, augmented if asked
    kclass fit photos                train on class folders; a model and its figures come out
    kclass lr-find photos            which learning rate to train with, where there are epochs
    kclass evaluate photos           how good is it, on photos that it was not trained on
    kclass report RUN                the page of a run again, written anew
    kclass compare RUN RUN           which of two runs is better, and on which photos
    kclass predict img.jpg           what is it, and how sure is that
    kclass explain img.jpg           where in the photo the model saw that
    kclass backbones                 the networks to choose from
    kclass cache                     what kclass remembers between runs, and how it forgets
    """  # noqa: D301 - click reads the backspace as "leave these lines as they are"


for each in COMMANDS:
    kclass.add_command(click.Command(each))  # a name to list, and to suggest to whoever mistypes it


def main() -> None:
    """Run the command line."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        _open_if_closed(number, name)
    # Windows consoles may have an encoding without the signs that class names hold.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    # To look once more for objects that nobody uses takes .04 s, and the process ends anyway.
    atexit.register(gc.freeze)
    kclass(prog_name="kclass")


def _open_if_closed(number: int, name: str) -> None:
    """Let a standard stream that is closed lead nowhere, before another file takes its descriptor."""
    if getattr(sys, name) is None:
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
        setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
