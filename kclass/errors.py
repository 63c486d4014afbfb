"""The errors of kclass: one tree, each kind a cause that a person can act on.

KClassError
 ├─ OptionError   an option or argument has a value that cannot be used
 ├─ PhotoError    one photo cannot be read
 ├─ DataError     a data set cannot be used as it is
 ├─ ModelError    a model file or weight file cannot be used
 └─ OutputError   a result cannot be written
"""

import difflib
from collections.abc import Iterable

MOST_NAMED = 20
NEAREST = 5


class KClassError(Exception):
    """Something that a person can put right: what is wrong, where, and what to do.

    Args:
        message: what is wrong and where, in one line.
        fix: what to do about it, in one line; empty if the message says it all.
    """

    exit_code = 1

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message, fix)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n{self.fix}" if self.fix else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.fix)


class OptionError(KClassError):
    """An option or argument has a value that cannot be used."""

    exit_code = 2

    @classmethod
    def unknown(cls, option: str, value: object, valid: Iterable[str]) -> "OptionError":
        """The error for a word that is none of the valid ones; it names them, or of many the nearest."""
        words = sorted(valid)
        near = _nearest(value, words) if isinstance(value, str) else []
        fix = f"Did you mean {near[0]}?" if near else ""
        named = ", ".join(words)
        if len(words) > MOST_NAMED:
            shown = near or words[:NEAREST]
            named = f"{', '.join(shown)} and {len(words) - len(shown)} more"
        return cls(f"{option} is {value!r}; it must be one of {named}", fix=fix)


def _nearest(value: str, words: list[str]) -> list[str]:
    spelt = {word.lower(): word for word in words}
    return [spelt[near] for near in difflib.get_close_matches(value.lower(), spelt, n=NEAREST, cutoff=0.5)]


class PhotoError(KClassError):
    """One photo cannot be read: missing, broken, too large or not a photo."""


class DataError(KClassError):
    """A data set cannot be used as it is: empty, one class only, no readable photo."""


class ModelError(KClassError):
    """A model file or a weight file cannot be used: not one, too new, wrong shapes."""


class OutputError(KClassError):
    """A result cannot be written: no permission, disk full, in the way."""


def _rebuild(kind: type[KClassError], message: str, fix: str) -> KClassError:
    return kind(message, fix=fix)
