"""What collecting came to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kclass.dataset.tables import text_table


@dataclass(frozen=True)
class QueryCount:
    """What one query came to.

    Args:
        label: the class.
        query: what was searched for; the class itself if its photos were listed.
        asked: how many photos were asked for.
        found: how many the provider knows.
        downloaded: how many of those are there, or were once.
        duplicates: how many of those are left out as copies of others.
        deleted: how many of those somebody has deleted since.
        refused: how many were not taken, by the reason.
        kept: how many photos of it the collection has.
    """

    label: str
    query: str
    asked: int
    found: int = 0
    downloaded: int = 0
    duplicates: int = 0
    deleted: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    kept: int = 0


@dataclass(frozen=True)
class Left:
    """A photo that was fetched and is not in the collection.

    Args:
        address: where it came from.
        label: the class it was found for.
        reason: why it is left out.
        other: the photo or the classes that it collides with.
    """

    address: str
    label: str
    reason: str
    other: str


@dataclass(frozen=True)
class Collection:
    """Photos in class folders, and how they came there.

    Args:
        folder: of the collection.
        photos: all files in it, relative, in the order of their names.
        counts: what each query came to.
        left_out: photos that were fetched but are copies of others.
    """

    folder: Path
    photos: tuple[str, ...]
    counts: tuple[QueryCount, ...]
    left_out: tuple[Left, ...]

    @property
    def refused(self) -> dict[str, int]:
        """How many photos were not taken, by the reason, the most frequent first."""
        total: Counter[str] = Counter()
        for each in self.counts:
            total.update(each.refused)
        return dict(total.most_common())

    @property
    def came(self) -> int:
        """How many photos came of these queries, now or before, whether they stayed or not."""
        return sum(each.downloaded for each in self.counts)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "folder": str(self.folder),
            "photos": list(self.photos),
            "counts": [{**vars(each), "refused": dict(each.refused)} for each in self.counts],
            "left_out": [vars(each) for each in self.left_out],
        }

    def __repr__(self) -> str:
        rows = [_row(each.query, [each]) for each in self.counts]
        if len(rows) > 1:
            rows.append(_row("total", self.counts))
        # Most collections are left as they are.
        shown = [name for name in _COLUMNS if name != "deleted" or any(each.deleted for each in self.counts)]
        lines = [
            text_table(["query", *shown], [[row["query"], *(row[name] for name in shown)] for row in rows])
        ]
        lines += [f"refused: {reason} ({number:,})" for reason, number in self.refused.items()]
        return "\n".join(lines)


_COLUMNS: Final = ("asked", "found", "downloaded", "duplicates", "deleted", "refused", "kept")


def _row(name: str, counts: Sequence[QueryCount]) -> dict[str, str]:
    def total(column: str) -> int:
        values = [getattr(each, column) for each in counts]
        return sum(sum(value.values()) if column == "refused" else value for value in values)

    return {"query": name, **{column: f"{total(column):,}" for column in _COLUMNS}}
