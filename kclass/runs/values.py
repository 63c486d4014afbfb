"""Values of options, brought to the kind that they should have or refused."""

import os
from collections.abc import Collection, Iterable
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from kclass.dataset.places import as_path
from kclass.errors import OptionError


def wrong(option: str, value: object, wanted: str) -> OptionError:
    """The error for a value of another kind than wanted."""
    return OptionError(f"{option} is {value!r}; it must be {wanted}")


def whole(option: str, value: object) -> int | None:
    """A whole number, one of NumPy included; None stays None.

    Raises:
        OptionError: it is none.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise wrong(option, value, "a whole number")
    return int(value)


def whole_numbers(option: str, value: object) -> tuple[int, ...] | None:
    """Whole numbers, 1 or more; one alone is a row of one, and None stays None.

    Raises:
        OptionError: it is neither.
    """
    if value is None:
        return None
    wanted = "a whole number, 1 or more, or several of them"
    many: Iterable[Any] = [value] if isinstance(value, Integral) else value  # type: ignore[assignment]
    if isinstance(value, str | bytes) or not isinstance(many, Collection) or not len(many):
        raise wrong(option, value, wanted)
    if any(isinstance(each, bool) or not isinstance(each, Integral) or each < 1 for each in many):
        raise wrong(option, value, wanted)
    return tuple(int(each) for each in many)


def number(option: str, value: object) -> float | None:
    """A number, one of NumPy included; None stays None.

    Raises:
        OptionError: it is none.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise wrong(option, value, "a number")
    return int(value) if isinstance(value, Integral) else float(value)


def flag(option: str, value: object) -> bool:
    """True or False.

    Raises:
        OptionError: it is neither.
    """
    if not isinstance(value, bool):
        raise wrong(option, value, "True or False")
    return value


def fraction_or_place(option: str, value: object) -> float | Path | None:
    """A number, or a path; None stays None.

    Raises:
        OptionError: it is neither.
    """
    if not isinstance(value, str | os.PathLike):
        return number(option, value)
    if isinstance(value, str) and _is_number(value):
        raise wrong(option, value, "a number, and not text, or a folder of other photos")
    return as_path(value, option=option, fix="Give a fraction of the photos, or a folder of others.")


def one_of(option: str, value: object, words: Collection[str]) -> None:
    """Check that a value is one of some words.

    Raises:
        OptionError: it is none; the error names the nearest.
    """
    if not isinstance(value, str) or value not in words:
        raise OptionError.unknown(option, value, words)


def plain(value: object) -> object:
    """A value as JSON has it: paths are text, and tuples are lists."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
