"""Regular expressions that find a class or a group in a photo's name."""

import re

from kclass.errors import OptionError


def compiled(option: str, pattern: object) -> re.Pattern[str]:
    """A regular expression, checked.

    Raises:
        OptionError: it is none.
    """
    if not isinstance(pattern, str):
        raise OptionError(f"{option} is {pattern!r}; it must be a regular expression, as text")
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise OptionError(
            f"{option} is {pattern!r}, which is no regular expression: {error}",
            fix=r"Write one such as r'^(\w+)_\d+', with the part that counts in brackets.",
        ) from error


def named_part(expression: re.Pattern[str], text: str) -> str | None:
    """What the first group finds in a text, or the whole expression if it has none; None if nothing."""
    match = expression.search(text)
    if match is None:
        return None
    part: str | None = match.group(1 if expression.groups else 0)
    return part or None
