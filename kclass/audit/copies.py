"""Photos of one picture: copies within one split, on both sides of it, or under two labels."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kclass.audit.findings import Finding
from kclass.dataset.names import UNGROUPED, UNLABELLED, UNSPLIT, readable, split_name
from kclass.dataset.samples import Samples
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import COPY, CROP, IDENTICAL, TURNED, Match, groups_of

_WORDS: Final = {COPY: "a copy", TURNED: "a copy turned or mirrored", CROP: "one is a part of the other"}


@dataclass(frozen=True, slots=True)
class _Picture:
    """The photos of one picture, two or more.

    Args:
        rows: in the order in which they are worth keeping: test photos, validation photos, others;
            labelled before unlabelled ones.
        files: the rows again, those that are the same file together.
        matches: between different files, by the rows of both.
    """

    rows: tuple[int, ...]
    files: tuple[tuple[int, ...], ...]
    matches: Mapping[frozenset[int], Match]

    @property
    def similarity(self) -> float:
        """That of the closest two files; 1 if there is but one."""
        return max((match.similarity for match in self.matches.values()), default=1.0)

    def alike(self, one: int, other: int) -> str:
        """How two of the photos are alike."""
        files = [file for file in self.files if one in file or other in file]
        if len(files) == 1:
            return "the same file"
        # Of each file the first row is matched with others.
        match = self.matches.get(frozenset(map(min, files)))
        if match is None:
            return "copies of one picture, through others"
        return f"{_WORDS[match.kind]}, similarity {match.similarity:.2f}"


def copy_findings(
    samples: Samples, inspections: Mapping[int, Inspection], matches: Sequence[Match]
) -> Iterator[Finding]:
    """Each picture of which there are several photos, as the gravest that can be said of it.

    A picture in several splits is a leak, and one under several labels is that too. What is left are
    copies in one split under one label: identical files, and different files of one picture. Photos
    that are joined through others are of one picture.

    Args:
        samples: the table.
        inspections: by row, of the photos that can be read.
        matches: between rows.
    """
    for picture in _pictures(samples, matches):
        splits = {int(samples.splits[row]) for row in picture.rows} - {UNSPLIT}
        labels = {int(samples.labels[row]) for row in picture.rows} - {UNLABELLED}
        if len(splits) > 1:
            yield _leak(samples, picture, decided=len(labels) < 2)
        if len(labels) > 1:
            yield _two_labels(samples, picture)
        if len(splits) < 2 and len(labels) < 2:
            yield from (_identical(samples, rows) for rows in picture.files if len(rows) > 1)
            if len(picture.files) > 1:
                yield _near_identical(samples, inspections, picture)


def parted_groups(samples: Samples, taken_out: Collection[int] = ()) -> Iterator[Finding]:
    """Each group that the table keeps together and its splits do not.

    A person decides what goes, since each photo is one of its own.

    Args:
        samples: the table.
        taken_out: rows that go anyhow: what cannot be read, and copies that have been told already.
    """
    stays = (samples.groups != UNGROUPED) & (samples.splits != UNSPLIT)
    stays[list(taken_out)] = False
    grouped = np.flatnonzero(stays)
    order = grouped[np.argsort(samples.groups[grouped], kind="stable")]
    starts = np.flatnonzero(np.diff(samples.groups[order])) + 1
    for rows in np.split(order, starts):
        codes = samples.splits[rows]
        if len(np.unique(codes)) > 1:
            last = rows[np.argsort(-codes, kind="stable")].tolist()
            kept, other = last[0], next(row for row in last if samples.splits[row] != samples.splits[last[0]])
            rest = [row for row in last if row not in (kept, other)]
            told = f"{_in_split(samples, kept)} and {_in_split(samples, other)}"
            yield Finding("leak", (kept, other, *rest), f"{told}: of one group{_more(rest)}")


def _pictures(samples: Samples, matches: Sequence[Match]) -> Iterator[_Picture]:
    """Every picture of which there are several photos, in the order of their first rows."""
    pictures = groups_of(matches, len(samples))
    files = groups_of([match for match in matches if match.kind == IDENTICAL], len(samples))
    rows_of: dict[int, set[int]] = defaultdict(set)
    matches_of: dict[int, dict[frozenset[int], Match]] = defaultdict(dict)
    for match in matches:
        picture = int(pictures[match.first])
        rows_of[picture] |= {match.first, match.second}
        if match.kind != IDENTICAL:
            matches_of[picture][frozenset((match.first, match.second))] = match
    for picture in sorted(rows_of):
        rows = sorted(rows_of[picture], key=lambda row: _worth_keeping(samples, row))
        by_file: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_file[int(files[row])].append(row)
        yield _Picture(tuple(rows), tuple(map(tuple, by_file.values())), matches_of[picture])


def _worth_keeping(samples: Samples, row: int) -> tuple[int, bool, int]:
    """What sorts the photos of a picture, the one to keep first."""
    return -int(samples.splits[row]), int(samples.labels[row]) == UNLABELLED, row


def _leak(samples: Samples, picture: _Picture, *, decided: bool) -> Finding:
    """A picture in several splits: the last of them keeps it, if the labels agree."""
    split = {row: int(samples.splits[row]) for row in picture.rows if samples.splits[row] != UNSPLIT}
    kept = next(iter(split))
    other = next(row for row in split if split[row] != split[kept])
    told = [_in_split(samples, row) for row in (kept, other)]
    rest = [row for row in split if row not in (kept, other)]
    again = {row for file in picture.files for row in file[1:]}
    remove = [row for row in split if split[row] < split[kept] or row in again]
    return Finding(
        "leak",
        (kept, other, *rest),
        f"{' and '.join(told)}: {picture.alike(kept, other)}{_more(rest)}",
        remove=tuple(remove) if decided else (),
        score=picture.similarity,
    )


def _two_labels(samples: Samples, picture: _Picture) -> Finding:
    """A picture under several labels, of which a person must say which is right."""
    label = {row: int(samples.labels[row]) for row in picture.rows if samples.labels[row] != UNLABELLED}
    first = next(iter(label))
    other = next(row for row in label if label[row] != label[first])
    told = [f"{samples.paths[row]} ({readable(samples.classes[label[row]])})" for row in (first, other)]
    rest = [row for row in label if row not in (first, other)]
    return Finding(
        "two-labels",
        (first, other, *rest),
        f"{' and '.join(told)}: {picture.alike(first, other)}{_more(rest)}",
        score=picture.similarity,
    )


def _identical(samples: Samples, rows: Sequence[int]) -> Finding:
    """The same file several times: the first is kept."""
    kept, other, *rest = rows
    detail = f"{samples.paths[kept]} and {samples.paths[other]}: the same file{_more(rest)}"
    return Finding("identical", tuple(rows), detail, remove=tuple(rows[1:]), score=1.0)


def _near_identical(samples: Samples, inspections: Mapping[int, Inspection], picture: _Picture) -> Finding:
    """Different files of one picture, the largest first: a person decides, since each is a photo."""

    def pixels(row: int) -> int:
        return inspections[row].width * inspections[row].height

    kept, other, *rest = sorted((file[0] for file in picture.files), key=pixels, reverse=True)
    told = [
        f"{samples.paths[row]} ({inspections[row].width} × {inspections[row].height})"  # noqa: RUF001
        for row in (kept, other)
    ]
    return Finding(
        "near-identical",
        (kept, other, *rest),
        f"{' and '.join(told)}: {picture.alike(kept, other)}{_more(rest)}",
        score=picture.similarity,
    )


def _in_split(samples: Samples, row: int) -> str:
    return f"{samples.paths[row]} ({split_name(int(samples.splits[row]))})"


def _more(rows: Sequence[int]) -> str:
    return f"; and {len(rows)} more" if rows else ""
