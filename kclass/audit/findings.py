"""What an audit says: kinds of findings, the findings, and the whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from kclass.audit import thresholds
from kclass.dataset.dataset import Dataset
from kclass.dataset.tables import html_table, text_table

Severity = Literal["error", "warning", "note"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")
"""The gravest first."""

ADVICE: Final[Mapping[Severity | None, str]] = {
    "error": "{}: mend the errors before you train.",
    "warning": "{}: look at the warnings before you train.",
    "note": "{}: nothing that stands in the way of training.",
    None: "Nothing found that stands in the way of training.",
}
"""The verdict by the gravest severity that occurs; the braces are for the counts."""

BY_EXAMPLE: Final = frozenset({"shortcut"})
"""Kinds whose findings are about all photos, of which they name examples."""

MOST_DETAILS: Final = 3
"""Findings of one kind that `repr` shows one by one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding.

    Args:
        name: its short name, as in JSON.
        title: as a heading reads.
        severity: an error spoils what is measured or trained; a warning may; a note is to be known.
        meaning: why it matters and what to do, in one sentence.
        origin: where its threshold comes from; empty if it has none.
    """

    name: str
    title: str
    severity: Severity
    meaning: str
    origin: str = ""


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "unreadable",
            "unreadable photos",
            "error",
            "They are left out of training and cannot be predicted: fetch or save them again.",
        ),
        Kind(
            "leak",
            "leaks between splits",
            "error",
            "A photo that is judged was learned before, so scores are too good: take the training copy out.",
            thresholds.SAME_PICTURE_ORIGIN,
        ),
        Kind(
            "two-labels",
            "one photo under two labels",
            "error",
            "One of the labels is wrong and teaches the opposite of the other: look, and keep the right one.",
            thresholds.SAME_PICTURE_ORIGIN,
        ),
        Kind(
            "identical",
            "identical photos",
            "warning",
            "The same file counts several times in one split: keep one of them.",
        ),
        Kind(
            "near-identical",
            "nearly identical photos",
            "warning",
            "Copies resized, recompressed, turned or cropped make a class look better known than it is: "
            "keep the largest.",
            thresholds.SAME_PICTURE_ORIGIN,
        ),
        Kind(
            "label-suspect",
            "labels to look at",
            "warning",
            "To classifiers that had not seen the photo another class is likelier: look whether its label is "
            "right.",
            thresholds.LABEL_SUSPECT_ORIGIN,
        ),
        Kind(
            "shortcut",
            "shortcuts to the label",
            "warning",
            "A network may learn this property instead of what the photos show: mix it between the classes.",
            thresholds.SHORTCUT_ORIGIN,
        ),
        Kind(
            "imbalance",
            "imbalance between classes",
            "warning",
            "Rare classes are learned and measured badly: add photos to them, or weigh classes in training.",
            thresholds.IMBALANCE_ORIGIN,
        ),
        Kind(
            "tiny",
            "tiny photos",
            "warning",
            "Enlarged for the network they show little: fetch larger ones, or take them out.",
            thresholds.TINY_ORIGIN,
        ),
        Kind(
            "nearly-uniform",
            "nearly uniform photos",
            "warning",
            "Nearly all of each is equally bright: a placeholder of a missing photo, an empty frame, or a "
            "small subject on plain ground; look, and take out those that show nothing.",
            thresholds.NEARLY_UNIFORM_ORIGIN,
        ),
        Kind(
            "dark",
            "very dark photos",
            "warning",
            "Little can be seen in them: look whether they are worth learning from.",
            thresholds.DARK_ORIGIN,
        ),
        Kind(
            "bright",
            "very bright photos",
            "warning",
            "Little can be seen in them: look whether they are worth learning from.",
            thresholds.BRIGHT_ORIGIN,
        ),
        Kind(
            "blurred",
            "blurred photos",
            "warning",
            "What tells the classes apart may be lost in them: look whether they are worth learning from.",
            thresholds.BLURRED_ORIGIN,
        ),
        Kind(
            "empty-class",
            "class folders without photos",
            "warning",
            "They are no classes of the data set: put photos into them, or remove them.",
        ),
        Kind(
            "loose",
            "photos outside class folders",
            "warning",
            "They have no label and are not used: move them into the folders of their classes.",
        ),
        Kind(
            "wrong-suffix",
            "wrong suffixes",
            "note",
            "They are read all the same, but other tools may refuse them: rename them.",
        ),
        Kind(
            "turned",
            "photos stored turned",
            "note",
            "kclass turns them upright as their EXIF says; other tools will see these lying on their side.",
        ),
    )
}
"""Every kind by its name, in the order they are shown: the gravest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Args:
        kind: the name of its kind, one of `KINDS`.
        rows: rows of `data.samples` that it is about, or examples of them for the kinds in
            `BY_EXAMPLE`; the first is the one to look at. Empty for findings about a class or the
            whole data set.
        detail: what it is, in one line with names and figures.
        remove: rows that fixing takes out; empty where a person must decide.
        score: a figure that findings of this kind are ranked by, if they are.
    """

    kind: str
    rows: tuple[int, ...]
    detail: str
    remove: tuple[int, ...] = ()
    score: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What `check` found in a data set.

    Args:
        data: the data set.
        findings: in the order of `KINDS`; within a kind, the first is to be looked at first.
        photos: how many were looked at.
        with_features: whether a network looked at them too.
        seconds: that it took.
    """

    data: Dataset
    findings: tuple[Finding, ...]
    photos: int
    with_features: bool
    seconds: float

    def of(self, kind: str) -> tuple[Finding, ...]:
        """The findings of one kind; an unknown kind has none."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    @property
    def bad_rows(self) -> tuple[int, ...]:
        """Rows of `data.samples` that fixing takes out, ascending, each once."""
        return tuple(sorted({row for finding in self.findings for row in finding.remove}))

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        counts = dict.fromkeys(SEVERITIES, 0)
        for finding in self.findings:
            counts[KINDS[finding.kind].severity] += 1
        return counts

    @property
    def verdict(self) -> str:
        """What to make of it, in one sentence that starts with the counts."""
        gravest = next((severity for severity, number in self.counts.items() if number), None)
        return ADVICE[gravest].format(self._counts_in_words())

    def to_dict(self) -> dict[str, Any]:
        """The audit in plain values, ready for JSON.

        Keys: `data` (its name), `root`, `remarks` (on what the data set left out), `photos`,
        `with_features`, `seconds`, `kinds` (for every kind `name`, `title`, `severity`, `meaning`,
        `origin`, `findings` and `photos`: how many; no photos where paths are but examples),
        `findings` (`kind`, `detail`, `paths`, `remove`, `score` or null; paths as in
        `Samples.paths`), `remove` (paths that fixing takes out) and `without_findings` (paths that no
        finding names), so that each photo's verdict is here.
        """
        named = {row for finding in self.findings for row in finding.rows}
        return {
            "data": self.data.name,
            "root": self.data.root.as_posix(),
            "remarks": list(self.data.remarks),
            "photos": self.photos,
            "with_features": self.with_features,
            "seconds": round(self.seconds, 3),
            "kinds": [self._kind_to_dict(kind) for kind in KINDS.values()],
            "findings": [self._finding_to_dict(finding) for finding in self.findings],
            "remove": self._paths(self.bad_rows),
            "without_findings": [
                path for row, path in enumerate(self.data.samples.paths) if row not in named
            ],
        }

    def __repr__(self) -> str:
        lines = [self._headline()]
        if self.findings:
            lines += [text_table(*self._table()), *self._details()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return html_table(self._headline(), *self._table()) + html_table(
            "", ["kind", "what was found"], [[each.kind, each.detail] for each in self._first_findings()]
        )

    def _kind_to_dict(self, kind: Kind) -> dict[str, Any]:
        return {
            "name": kind.name,
            "title": kind.title,
            "severity": kind.severity,
            "meaning": kind.meaning,
            "origin": kind.origin,
            "findings": len(self.of(kind.name)),
            "photos": self._photos_in(kind.name),
        }

    def _finding_to_dict(self, finding: Finding) -> dict[str, Any]:
        return {
            "kind": finding.kind,
            "detail": finding.detail,
            "paths": self._paths(finding.rows),
            "remove": self._paths(finding.remove),
            "score": finding.score,
        }

    def _paths(self, rows: tuple[int, ...]) -> list[str]:
        return [self.data.samples.paths[row] for row in rows]

    def _photos_in(self, kind: str) -> int:
        if kind in BY_EXAMPLE:
            return 0
        return len({row for finding in self.of(kind) for row in finding.rows})

    def _found_kinds(self) -> list[Kind]:
        return [kind for kind in KINDS.values() if self.of(kind.name)]

    def _headline(self) -> str:
        counts = self._counts_in_words() or "nothing found"
        return f"Audit of {self.data.name}: {self.photos} photos, {counts}"

    def _counts_in_words(self) -> str:
        counts = self.counts.items()
        return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for word, number in counts if number)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [kind.title, kind.severity, str(len(self.of(kind.name))), str(self._photos_in(kind.name) or "")]
            for kind in self._found_kinds()
        ]
        return ["kind", "severity", "findings", "photos"], rows

    def _first_findings(self) -> list[Finding]:
        return [finding for kind in self._found_kinds() for finding in self.of(kind.name)[:MOST_DETAILS]]

    def _details(self) -> list[str]:
        lines = []
        for kind in self._found_kinds():
            findings = self.of(kind.name)
            lines += [f"{kind.name}: {finding.detail}" for finding in findings[:MOST_DETAILS]]
            if len(findings) > MOST_DETAILS:
                lines.append(f"{kind.name}: and {len(findings) - MOST_DETAILS} more")
        return lines
