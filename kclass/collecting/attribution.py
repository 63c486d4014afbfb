"""Whose the photos are: a table for programs, and a page that can be published."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final
from urllib.parse import quote

from kclass.collecting.answers import whole_text
from kclass.collecting.collection import Left
from kclass.files import write_text

TABLE: Final = "attribution.csv"
PAGE: Final = "ATTRIBUTION.md"
LEFT_OUT: Final = "left-out.csv"
_OF_ADDRESSES: Final = ":/?#@!$&'*+,;=%~"
"""Signs that addresses have and that end no link; RFC 3986 has brackets besides."""


@dataclass(frozen=True)
class Credit:
    """Where one photo comes from.

    Args:
        file: relative to the folder of the collection, with forward slashes.
        label: its class.
        query: the words it was found by; empty if it was listed.
        provider: who found it.
        page: where it is shown.
        address: where its bytes were.
        title: what it is called there.
        creator: who made it.
        licence: short code.
        licence_name: as people read it.
        licence_url: where its text is.
        time: when it came, in UTC.
        content: the content hash of its bytes, as they came.
    """

    file: str
    label: str
    query: str
    provider: str
    page: str
    address: str
    title: str
    creator: str
    licence: str
    licence_name: str
    licence_url: str
    time: str
    content: str


def write_credits(folder: Path, credits_: Iterable[Credit], *, shrunk: bool) -> None:
    """Write table and page into the folder of a collection, each whole or not at all.

    Args:
        folder: of the collection.
        credits_: of all its photos.
        shrunk: whether they are smaller than they came, which most licences want to be said.

    Raises:
        OutputError: they cannot be written.
    """
    entries = sorted(credits_, key=lambda credit: credit.file)
    write_text(folder / TABLE, table(entries))
    write_text(folder / PAGE, page(entries, shrunk=shrunk))


def write_left_out(folder: Path, photos: Iterable[Left]) -> None:
    """Write a table of the photos that were fetched and left out, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    rows = [
        ("class", "reason", "other", "address"),
        *((p.label, p.reason, p.other, p.address) for p in photos),
    ]
    write_text(folder / LEFT_OUT, _lines(rows))


def table(entries: Iterable[Credit]) -> str:
    """CSV with a line for each photo."""
    head = ["class" if each.name == "label" else each.name for each in fields(Credit)]
    return _lines([head, *(vars(entry).values() for entry in entries)])


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(map(_harmless, row) for row in rows)
    return text.getvalue()


def without_password(address: str) -> str:
    """An address without the name and password that may stand in it."""
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else address


def page(entries: Iterable[Credit], *, shrunk: bool = False) -> str:
    """Markdown that names every photo's creator and licence, by class."""
    by_class: dict[str, list[Credit]] = defaultdict(list)
    for entry in entries:
        by_class[entry.label].append(entry)
    lines = ["# Attribution", ""]
    if shrunk:
        lines += ["The photos have been made smaller, and encoded anew.", ""]
    for label, those in by_class.items():
        lines += [f"## {_plain(label)}", "", *(f"- {_credited(each)}" for each in those), ""]
    return "\n".join(lines)


def _credited(entry: Credit) -> str:
    title = _linked(entry.title or entry.file.rpartition("/")[2], entry.page or entry.address)
    creator = _plain(entry.creator) or "an unknown creator"
    licence = entry.licence_name or entry.licence or "licence unknown"
    file = _plain(entry.file) if "`" in entry.file else f"`{entry.file}`"
    return f"{title} by {creator}, {_linked(licence, entry.licence_url)} ({file})"


def _linked(words: str, address: str) -> str:
    if not address.startswith(("http://", "https://")):
        return _plain(words)
    return f"[{_plain(words)}]({quote(whole_text(address), safe=_OF_ADDRESSES)})"


def _plain(words: str) -> str:
    """Words from elsewhere, in which Markdown finds no marks of its own."""
    text = " ".join(whole_text(words).split())
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|~&$" else sign for sign in text)


def _harmless(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = whole_text(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
