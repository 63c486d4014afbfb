"""What shows when files are read: unreadable ones, wrong suffixes, photos stored turned."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from kclass.audit.findings import Finding
from kclass.dataset.samples import Samples
from kclass.errors import PhotoError
from kclass.inspection.inspection import Inspection
from kclass.photos.formats import FORMATS

_FORMATS_OF: Final = {suffix: kind.name for kind in FORMATS for suffix in kind.suffixes}

_TURNS: Final = {
    2: "mirrored",
    3: "upside down",
    4: "mirrored and upside down",
    5: "mirrored and on the side",
    6: "on the left side",
    7: "mirrored and on the side",
    8: "on the right side",
}


def unreadable(samples: Samples, errors: Mapping[int, PhotoError]) -> Iterator[Finding]:
    """Each photo that cannot be read, and why.

    Args:
        samples: the table.
        errors: by row.
    """
    for row, error in errors.items():
        # The error names the whole path, all other findings the one below the root.
        detail = error.message.replace(str(samples.path(row)), samples.paths[row], 1)
        yield Finding("unreadable", (row,), detail, remove=(row,))


def wrong_suffixes(samples: Samples, inspections: Mapping[int, Inspection]) -> Iterator[Finding]:
    """Each photo whose name has the suffix of another format.

    A suffix that no format has, or none, claims nothing.

    Args:
        samples: the table.
        inspections: by row.
    """
    for row, inspection in inspections.items():
        claimed = _FORMATS_OF.get(PurePosixPath(samples.paths[row]).suffix.lower())
        if claimed not in (None, inspection.format):
            detail = f"{samples.paths[row]} is {inspection.format}, not {claimed}"
            yield Finding("wrong-suffix", (row,), detail)


def turned(inspections: Mapping[int, Inspection]) -> Iterator[Finding]:
    """The photos that lie in their files otherwise than they are to be seen, in one finding.

    Args:
        inspections: by row.
    """
    rows = tuple(row for row, inspection in inspections.items() if inspection.orientation in _TURNS)
    if rows:
        counts = Counter(_TURNS[inspections[row].orientation] for row in rows)
        told = ", ".join(f"{number} {words}" for words, number in counts.most_common())
        yield Finding("turned", rows, f"{len(rows)} of {len(inspections)} photos: {told}")
