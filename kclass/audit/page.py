"""An audit as one HTML page that needs nothing else, with thumbnails of what was found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.audit.findings import KINDS, Audit, Finding, Kind
from kclass.dataset.names import readable, split_name
from kclass.dataset.samples import Samples
from kclass.files import write_bytes
from kclass.photos.thumbnails import LONGER_SIDE, thumbnails
from kclass.progress import Progress, silent
from kclass.templates import template

TEMPLATE: Final = "audit/page.html"
MOST_FINDINGS: Final = 24
"""Findings of one kind that are shown with photos."""

MOST_PHOTOS: Final = 4
"""Photos of one finding that are shown."""

MOST_PICTURES: Final = 640
"""Thumbnails on the whole page; of findings of each kind fewer are shown if these do not suffice."""

MOST_LINES: Final = 1000
"""Photos of one kind that are listed without being shown."""

_BY_FEATURES: Final = frozenset({"label-suspect"})
"""Kinds that nobody can look for without features."""


@dataclass(frozen=True, slots=True)
class _Photo:
    """One photo of a finding: `thumbnail` is base64 of a JPEG, empty if it cannot be read."""

    path: str
    belongs: str
    thumbnail: str
    taken_out: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """One finding with photos, and the paths of `more` others, of which `unlisted` are left out."""

    detail: str
    photos: tuple[_Photo, ...]
    more: int
    lines: tuple[str, ...]
    unlisted: int


@dataclass(frozen=True, slots=True)
class _Section:
    """One kind: findings with photos, and lines for `more` others, of which `unlisted` are left out."""

    kind: Kind
    number: int
    shown: tuple[_Shown, ...]
    more: int
    lines: tuple[str, ...]
    unlisted: int


def write_page(audit: Audit, path: str | Path, *, progress: Progress = silent) -> None:
    """Write an audit as one HTML file without scripts that loads nothing from elsewhere.

    It shows the first findings of each kind with thumbnails and lists the paths of others, as far as
    it stays below about 10 MB.

    Args:
        audit: what was found.
        path: the HTML file.
        progress: told of each thumbnail.

    Raises:
        OutputError: the file cannot be written.
    """
    # Names of files may be no Unicode.
    write_bytes(Path(path), _html(audit, progress).encode("utf-8", "backslashreplace"))


def _html(audit: Audit, progress: Progress) -> str:
    from markupsafe import Markup

    most = _most_findings(audit)
    pictures = _thumbnails(audit, most, progress)
    found = [kind for kind in KINDS.values() if audit.of(kind.name)]
    looked_for = [kind for kind in KINDS.values() if audit.with_features or kind.name not in _BY_FEATURES]
    return template(TEMPLATE).render(
        audit=audit,
        data=Markup(audit.data._repr_html_()),  # escaped there
        sections=[_section(audit, kind, most, pictures) for kind in found],
        absent=[kind for kind in looked_for if kind not in found],
        skipped=[kind for kind in KINDS.values() if kind not in looked_for],
        side=LONGER_SIDE,
    )


def _most_findings(audit: Audit) -> int:
    """How many findings of each kind are shown, so that all thumbnails together are few enough."""
    most = MOST_FINDINGS
    while most > 1 and len(_rows_shown(audit, most)) > MOST_PICTURES:
        most //= 2
    return most


def _rows_shown(audit: Audit, most: int) -> list[int]:
    """The row of each photo that is shown; some are shown several times."""
    return [row for kind in KINDS for finding in audit.of(kind)[:most] for row in finding.rows[:MOST_PHOTOS]]


def _section(audit: Audit, kind: Kind, most: int, pictures: Mapping[int, str]) -> _Section:
    findings = audit.of(kind.name)
    more = findings[most:]
    lines = tuple(dict.fromkeys(line for finding in more for line in _lines(audit.data.samples, finding)))
    return _Section(
        kind=kind,
        number=len(findings),
        shown=tuple(_shown(audit.data.samples, each, pictures) for each in findings[:most]),
        more=len(more),
        lines=lines[:MOST_LINES],
        unlisted=len(lines[MOST_LINES:]),
    )


def _lines(samples: Samples, finding: Finding) -> Iterable[str]:
    """What stands for a finding that is not shown: the paths of its photos, or its words."""
    return [samples.paths[row] for row in finding.rows] or [finding.detail]


def _shown(samples: Samples, finding: Finding, pictures: Mapping[int, str]) -> _Shown:
    rows, others = finding.rows[:MOST_PHOTOS], finding.rows[MOST_PHOTOS:]
    photos = (
        _Photo(samples.paths[row], _belongs(samples, row), pictures[row], row in finding.remove)
        for row in rows
    )
    return _Shown(
        detail=_beside_photos(finding, samples),
        photos=tuple(photos),
        more=len(others),
        lines=tuple(samples.paths[row] for row in others[:MOST_LINES]),
        unlisted=len(others[MOST_LINES:]),
    )


def _beside_photos(finding: Finding, samples: Samples) -> str:
    """What a finding says, without the path that stands above it already."""
    if len(finding.rows) != 1:
        return finding.detail
    return finding.detail.removeprefix(samples.paths[finding.rows[0]]).removeprefix(":").strip()


def _belongs(samples: Samples, row: int) -> str:
    """A photo's class and split, as people read them."""
    label = int(samples.labels[row])
    words = [readable(samples.classes[label]) if label >= 0 else "unlabelled"]
    split = split_name(int(samples.splits[row]))
    return " · ".join([*words, *([split] if split else [])])


def _thumbnails(audit: Audit, most: int, progress: Progress) -> dict[int, str]:
    """The thumbnails of all photos that are shown, by their rows."""
    rows = list(dict.fromkeys(_rows_shown(audit, most)))
    return dict(zip(rows, thumbnails([*map(audit.data.samples.path, rows)], progress=progress), strict=True))
