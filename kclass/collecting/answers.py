"""Fields of a service's JSON answers, where nothing may be where it was said to be."""

from collections.abc import Mapping
from typing import Any


def text_of(entry: Any, *names: str) -> str:
    """The text that the names lead to, one within the other; empty if there is none."""
    for name in names:
        if not isinstance(entry, Mapping):
            return ""
        entry = entry.get(name)
    return whole_text(entry).strip() if isinstance(entry, str) else ""


def whole_text(text: str) -> str:
    """Text that every file can hold: halves of signs, as of an emoji that was cut, become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def entries_of(entry: Any, *names: str) -> list[Mapping[str, Any]]:
    """The objects in the list that the names lead to; what is none is left out."""
    for name in names:
        if not isinstance(entry, Mapping):
            return []
        entry = entry.get(name)
    return [each for each in entry if isinstance(each, Mapping)] if isinstance(entry, list) else []


def number_of(entry: Any, name: str) -> int:
    """A whole number; 0 if there is none."""
    found = entry.get(name) if isinstance(entry, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
