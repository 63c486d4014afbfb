"""Files and folders as people name them."""

import difflib
import os
from collections.abc import Callable
from pathlib import Path

from kclass.errors import DataError, OptionError
from kclass.files import is_folder, is_there


def as_path(place: object, *, option: str = "path", fix: str = "Give the path of a folder.") -> Path:
    """A path, with `~` for the home folder.

    Raises:
        OptionError: it is neither text nor a path, or empty.
    """
    if place == "":  # an unset variable of a shell, more often than the current folder
        raise OptionError(f"{option} is empty", fix=f"{fix} A full stop stands for the current folder.")
    if not isinstance(place, str | os.PathLike):
        raise OptionError(f"{option} is {place!r}; it must be text or a Path", fix=fix)
    try:
        return Path(os.path.expanduser(place))  # noqa: PTH111 - leaves the home of nobody as it is
    except TypeError as error:  # a path of bytes
        raise OptionError(f"{option} is {place!r}; it must be text or a Path", fix=fix) from error


def existing_folder(path: Path) -> Path:
    """The folder's absolute path.

    Raises:
        DataError: there is no such folder.
    """
    if is_folder(path):
        return path.absolute()
    if is_there(path):
        raise DataError(
            f"{path} is a file, not a folder of photos",
            fix="Give the folder that holds the photos; unpack an archive first.",
        )
    raise DataError(f"there is no folder {path}", fix=nearest(path, among=is_folder))


def nearest(path: Path, *, among: Callable[[Path], bool]) -> str:
    """What to do about a path that is not there: take the one beside it that is spelt most like it."""
    try:
        names = [entry.name for entry in path.absolute().parent.iterdir() if among(entry)]
    except (OSError, ValueError):  # no hint from a folder that is not there or may not be read
        names = []
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"Did you mean {path.with_name(near[0])}?" if near else "Check the spelling of the path."
