"""Functions that users give, called on photos' names and files."""

from collections.abc import Callable
from typing import TypeVar

from kclass.errors import DataError

Argument = TypeVar("Argument")


def outcome(function: Callable[[Argument], object], argument: Argument, *, fix: str) -> object:
    """What a function makes of a photo.

    Raises:
        DataError: it fails.
    """
    try:
        return function(argument)
    except Exception as error:
        raise DataError(
            f"the function fails on {argument}: {type(error).__name__}: {error}", fix=fix
        ) from error
