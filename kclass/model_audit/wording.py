"""The audit of a model in lines of text: a table of its classes, and why each verdict is what it is."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kclass.dataset.names import listing, readable
from kclass.dataset.tables import text_table
from kclass.model_audit.effects import Effect
from kclass.model_audit.evidence import BORDER_AREA, HOTTEST
from kclass.model_audit.verdicts import BACKGROUND, CAST, GRAVEST, NONE, OPEN, UNKNOWN, Measured, Verdict

WIDTH: Final = 100
"""Columns that a line of sentences takes."""

MOST_ROWS: Final = 24
"""Classes without a shortcut that have a row in the text; those with one always have theirs."""

LONGEST: Final = 24
"""Signs of a class's name in the table; of longer ones the middle is left out."""

MOST_NAMED: Final = 8
"""Classes of one verdict that are named beside its reasons."""

MODEL_WORDS: Final = {
    BACKGROUND: "The model looks at the background: {}.",
    CAST: "The model goes by the cast of colour: {}.",
    OPEN: "Whether the model takes a shortcut is unclear: {}.",
    NONE: "No shortcut found.",
    UNKNOWN: "Whether the model takes a shortcut cannot be told: {}.",
}
"""The verdict on the model by its kind, with the classes that it holds for."""

_OUTER: Final = f"{round(100 * BORDER_AREA)} %"
_HOT: Final = f"{round(100 * HOTTEST)} %"

LEGEND: Final = {
    "border": f"share of the evidence that lies on the photo's outermost {_OUTER} of the area",
    "hottest blurred": f"how much of the probability survives when the hottest {_HOT} is blurred",
    "rest blurred": "how much of it survives when all but the hottest is blurred",
    "outer part": (
        f"share of what tells the class that the outermost {_OUTER} carries, with its 95 % interval"
    ),
    "cast": "likewise the photo's cast of colour; asked where colours give the class away",
    "on subject": "by masks: share of the evidence that lies on the subject",
    "subject's area": "by masks: share of the photo's area that the subject takes",
    "from outside": "by masks: share of the score's variation that comes from around the subject",
}
"""What stands in the table, and what it means."""

NOTHING: Final = "-"
"""What stands where nothing was measured."""

_BY_MASKS: Final = frozenset({"on subject", "subject's area", "from outside"})
_INTERVAL: Final = re.compile(r" \(-?\d+ to -?\d+\)")
_NUMBER: Final = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Told:
    """A class by the name that people read, what was measured of it, and what is to be thought of it."""

    name: str
    found: Measured
    verdict: Verdict


@dataclass(frozen=True)
class Group:
    """Classes of which the same is to be said.

    Args:
        classes: one or more.
        kind: the verdict.
        reasons: sentences that hold for all of them; of numbers that differ, the least and the greatest.
    """

    classes: tuple[Told, ...]
    kind: str
    reasons: tuple[str, ...]


def gravest_first(classes: Sequence[tuple[Measured, Verdict]]) -> list[Told]:
    """Classes by verdict, the gravest first, and then by what their outer part carries, the most first.

    They are named as people read them; as their folders are named where that would make two of them one.

    Args:
        classes: in the order of the model's.
    """
    names = [readable(found.label) for found, _ in classes]
    told = [
        Told(name if names.count(name) == 1 else found.label, found, verdict)
        for name, (found, verdict) in zip(names, classes, strict=True)
    ]

    def order(each: Told) -> tuple[int, float]:
        carried = each.found.surroundings.share if each.found.surroundings else float("-inf")
        return GRAVEST.index(each.verdict.kind), -carried

    return sorted(told, key=order)


def model_told(kind: str, classes: Sequence[Told]) -> str:
    """The verdict on a model in one sentence.

    Args:
        kind: the verdict.
        classes: all of them.
    """
    return MODEL_WORDS[kind].format(listing([each.name for each in classes if each.verdict.kind == kind]))


def audit_text(told: str, classes: Sequence[Told], remark: str) -> str:
    """An audit in lines: the verdict, a table, what its columns mean, the reasons.

    Args:
        told: the verdict on the model.
        classes: the gravest first.
        remark: which photos the model learned from.
    """
    columns = columns_of(classes)
    parts = [
        _wrapped(told),
        *_tables(classes, columns),
        "\n".join(_legend(columns)),
        *map(_group_text, grouped(classes)),
        _wrapped(remark),
    ]
    return "\n\n".join(part for part in parts if part)


def columns_of(classes: Sequence[Told]) -> list[str]:
    """The columns of which any class has a number, in the order of `LEGEND`."""
    return [column for column in LEGEND if any(cell(each.found, column) != NOTHING for each in classes)]


def cell(found: Measured, column: str) -> str:
    """What stands for a class in a column.

    Args:
        found: the class.
        column: one of `LEGEND`.
    """
    inside, area = found.inside or (None, None)
    shares = {
        "border": found.border,
        "hottest blurred": found.without_hottest,
        "rest blurred": found.hottest_alone,
        "on subject": inside,
        "subject's area": area,
        "from outside": found.outside,
    }
    effects = {"outer part": found.surroundings, "cast": found.cast}
    return _share(shares[column]) if column in shares else _effect(effects[column])


def grouped(classes: Sequence[Told]) -> list[Group]:
    """Classes together whose verdict is the same and whose reasons differ in numbers alone.

    Args:
        classes: in the order in which they are told.
    """
    alike: dict[tuple[str, ...], list[Told]] = {}
    for each in classes:
        words = (_NUMBER.sub("#", _INTERVAL.sub("", reason)) for reason in each.verdict.reasons)
        alike.setdefault((each.verdict.kind, *words), []).append(each)
    return [
        Group(
            classes=tuple(group),
            kind=group[0].verdict.kind,
            reasons=tuple(map(_merged, zip(*(each.verdict.reasons for each in group), strict=True))),
        )
        for group in alike.values()
    ]


def _merged(sentences: Sequence[str]) -> str:
    """Sentences that differ in numbers alone as one: of each number the least and the greatest."""
    if len(set(sentences)) == 1:
        return sentences[0]
    plain = [_INTERVAL.sub("", each) for each in sentences]
    numbers = zip(*([int(each) for each in _NUMBER.findall(line)] for line in plain), strict=True)
    ranges = (f"{min(each)} to {max(each)}" if len(set(each)) > 1 else str(each[0]) for each in numbers)
    return _NUMBER.sub(lambda _: next(ranges), plain[0])


def _tables(classes: Sequence[Told], columns: Sequence[str]) -> list[str]:
    """The table, and one of what the masks told."""
    rows = _rows_shown(classes)
    kinds = [each.verdict.kind for each in rows]
    wide = max(map(len, kinds), default=0)
    marks = [[kind.ljust(wide), str(each.found.photos)] for kind, each in zip(kinds, rows, strict=True)]
    by_masks = [column for column in columns if column in _BY_MASKS]
    others = [column for column in columns if column not in _BY_MASKS]
    tables = [_table(["class", "verdict".ljust(wide), "photos"], marks, rows, others)]
    if by_masks:
        tables.append(_table(["by masks"], [[]] * len(rows), rows, by_masks))
    if len(rows) < len(classes):
        tables[-1] += f"\nand {len(classes) - len(rows)} more in which no shortcut was found"
    return tables


def _rows_shown(classes: Sequence[Told]) -> Sequence[Told]:
    grave = sum(each.verdict.kind not in (NONE, UNKNOWN) for each in classes)
    return classes[: grave + MOST_ROWS]


def _table(
    head: Sequence[str], marks: Sequence[Sequence[str]], rows: Sequence[Told], columns: Sequence[str]
) -> str:
    """A table whose head has two lines, so that it is narrow."""
    above = [*head, *(column.partition(" ")[0] for column in columns)]
    below = [*([""] * len(head)), *(column.partition(" ")[2] for column in columns)]
    cells = [
        [_shortened(each.name), *mark, *(cell(each.found, column) for column in columns)]
        for each, mark in zip(rows, marks, strict=True)
    ]
    lines = text_table(above, [below, *cells] if any(below) else cells).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _shortened(name: str) -> str:
    half = (LONGEST - 1) // 2
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1 - half]}…{name[-half:]}"


def _legend(columns: Sequence[str]) -> list[str]:
    wide = max(map(len, columns), default=0)
    return [f"{column:<{wide}}  {LEGEND[column]}" for column in columns]


def _group_text(group: Group) -> str:
    named = listing([each.name for each in group.classes], most=MOST_NAMED)
    head = textwrap.fill(f"{named}: {group.kind}", WIDTH)
    return "\n".join([head, *(_wrapped(each, indent="  ") for each in group.reasons)])


def _wrapped(text: str, *, indent: str = "") -> str:
    """A text in lines, of which paths stay whole."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _share(share: float | None) -> str:
    return NOTHING if share is None else f"{round(100 * share)} %"


def _effect(effect: Effect | None) -> str:
    if effect is None:
        return NOTHING
    share, low, high = (round(100 * each) for each in (effect.share, effect.low, effect.high))
    return f"{share} % ({low} to {high})"
