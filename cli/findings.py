"""An audit as a person reads it in a terminal."""

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kclass import Audit

SHOWN = 3
INDENT = "  "
STEERING = {"Cc", "Cs", "Zl", "Zp"}  # control signs, bytes that are no text, separators of lines
HEAD = ("kind", "severity", "findings", "photos")


def audit_text(audit: "Audit") -> str:
    """What was looked at, the kinds with their counts, the first findings of each, and the verdict.

    Lines are broken where the terminal ends; if stdout is none they are left whole.
    """
    found = [kind for kind in audit.to_dict()["kinds"] if kind["findings"]]
    classes = len(audit.data.classes)
    headline = f"{audit.data.name}: {audit.photos} photos, {classes} class{'' if classes == 1 else 'es'}"
    parts = ["\n".join(map(_printable, [headline, *audit.data.remarks]))]
    if found:
        parts.append("\n".join(_table(found)))
    parts += ["\n".join(_section(audit, kind)) for kind in found]
    return "\n\n".join([*parts, audit.verdict])


def _table(found: list[dict[str, Any]]) -> Iterator[str]:
    rows = [HEAD] + [
        (kind["title"], kind["severity"], str(kind["findings"]), str(kind["photos"] or "")) for kind in found
    ]
    title, severity, findings, photos = (max(len(row[place]) for row in rows) for place in range(4))
    for row in rows:
        yield (f"{row[0]:<{title}}  {row[1]:<{severity}}  {row[2]:>{findings}}  {row[3]:>{photos}}".rstrip())


def _section(audit: "Audit", kind: dict[str, Any]) -> Iterator[str]:
    yield from _wrapped(f"{kind['title'].capitalize()}. {kind['meaning']}", "")
    findings = audit.of(kind["name"])
    for finding in findings[:SHOWN]:
        yield from _wrapped(_printable(finding.detail), INDENT)
    if len(findings) > SHOWN:
        yield f"{INDENT}and {len(findings) - SHOWN} more"


def _wrapped(text: str, indent: str) -> list[str]:
    if not sys.stdout.isatty():
        return [indent + text]
    return textwrap.wrap(
        text,
        width=shutil.get_terminal_size().columns,
        initial_indent=indent,
        subsequent_indent=indent * 2,
        break_long_words=False,  # a path is copied whole
        break_on_hyphens=False,
    )


def _printable(text: str) -> str:
    """The text with signs that would steer the terminal spelt out; names of files may hold any."""
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in STEERING else sign
        for sign in text
    )
