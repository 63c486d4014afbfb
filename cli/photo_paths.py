"""The photos that a command line names, and the ones on stdin."""

import io
import sys
from collections.abc import Sequence
from typing import Final

STDIN: Final = "-"


def named_paths(paths: Sequence[str]) -> list[str]:
    """The paths, with those on stdin in the place of -.

    Raises:
        DataError: there are none on stdin.
    """
    named: list[str] = []
    for path in paths:
        named += _listed() if path == STDIN else [path]
    return named


def _listed() -> list[str]:
    """The paths on stdin, one a line."""
    from kclass import DataError

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # names of files may be no text at all
    listed = [line.rstrip("\r\n") for line in sys.stdin if line.strip()]
    if not listed:
        raise DataError(
            "there are no paths on stdin", fix="Write one a line, or name the photos as arguments."
        )
    return listed
