"""The table of samples: one row a photo, kept in columns so that a million rows stay small."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.names import SPLITS, UNGROUPED, UNLABELLED, UNSPLIT, listing, readable, split_name
from kclass.errors import OptionError


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the table.

    Args:
        path: the photo's file.
        label: its class as a place in the table's `classes`; None if it is not known.
        split: `train`, `valid` or `test`; None if it belongs to none.
    """

    path: Path
    label: int | None
    split: str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Samples:
    """Photos with their labels, in a fixed order. A million rows take about 100 MB.

    Args:
        paths: names of the files relative to `root`, with forward slashes; an absolute path
            stands for itself.
        labels: int32 (photos,): place of the class in `classes`, -1 if it is not known.
        classes: names of the classes as folders carry them, each once.
        root: the folder that `paths` start from.
        splits: int8 (photos,): 0 train, 1 valid, 2 test, -1 none; empty or left out,
            all are -1.
        groups: int32 (photos,): photos with equal numbers stay on one side of a split, -1 none;
            empty or left out, all are -1.

    Raises:
        OptionError: columns of different lengths, a class named twice, a label, split code or
            group that does not exist.
    """

    paths: tuple[str, ...]
    labels: NDArray[np.int32]
    classes: tuple[str, ...]
    root: Path
    splits: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    groups: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def __post_init__(self) -> None:
        splits = self.splits if self.splits.size else np.full(len(self.paths), UNSPLIT)
        groups = self.groups if self.groups.size else np.full(len(self.paths), UNGROUPED)
        object.__setattr__(self, "paths", tuple(self.paths))
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "root", Path(self.root))
        object.__setattr__(self, "labels", _column(self.labels, np.int32))
        object.__setattr__(self, "splits", _column(splits, np.int8))
        object.__setattr__(self, "groups", _column(groups, np.int32))
        self._check()

    def _check(self) -> None:
        lengths = {len(self.paths), self.labels.size, self.splits.size, self.groups.size}
        if len(lengths) > 1:
            raise OptionError(
                f"a table of samples has {len(self.paths)} paths, {self.labels.size} labels, "
                f"{self.splits.size} splits and {self.groups.size} groups; they must be as many"
            )
        if len(set(self.classes)) < len(self.classes):
            raise OptionError(f"a class is named twice: {listing(sorted(self.classes))}")
        _check_codes("label", self.labels, len(self.classes))
        _check_codes("split code", self.splits, len(SPLITS))
        if self.groups.size and self.groups.min() < UNGROUPED:
            raise OptionError(f"group {self.groups.min()} does not exist; they go from -1 on")

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Sample]:
        rows = zip(self.paths, self.labels.tolist(), self.splits.tolist(), strict=True)
        for path, label, split in rows:
            yield Sample(self.root / path, None if label < 0 else label, split_name(split))

    def path(self, i: int) -> Path:
        """The file of row `i`."""
        return self.root / self.paths[i]

    @property
    def files(self) -> Sequence[Path]:
        """The files of all rows, each made when it is asked for: a million paths would take 0.5 GB."""
        return _Files(self.root, self.paths)

    def select(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_] | Sequence[int]) -> "Samples":
        """Some of the rows.

        Args:
            rows: places of rows, in the order wanted, or a bool mask of shape (photos,).

        Raises:
            OptionError: a mask of another length, or a place outside the table.
        """
        places = self._places(np.asarray(rows))
        return Samples(
            paths=tuple(map(self.paths.__getitem__, places.tolist())),
            labels=self.labels[places],
            classes=self.classes,
            root=self.root,
            splits=self.splits[places],
            groups=self.groups[places],
        )

    def _places(self, rows: NDArray[Any]) -> NDArray[np.int64]:
        if rows.dtype == np.bool_:
            if rows.shape != (len(self),):
                raise OptionError(f"a mask of shape {rows.shape} for a table of {len(self)} photos")
            return np.flatnonzero(rows)
        places = rows.astype(np.int64)
        if places.size and not (-len(self) <= places.min() and places.max() < len(self)):
            raise OptionError(f"row {places.max()} of a table of {len(self)} photos")
        return places

    def counts(self) -> dict[str, int]:
        """How many photos each class has, in the order of `classes`; unlabelled ones are left out."""
        labelled = self.labels[self.labels != UNLABELLED]
        numbers = np.bincount(labelled, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, numbers, strict=True))

    @property
    def unlabelled(self) -> int:
        """How many photos have no label."""
        return int(np.count_nonzero(self.labels == UNLABELLED))

    def __repr__(self) -> str:
        parts = [f"{readable(name)} {number}" for name, number in self.counts().items()]
        if self.unlabelled:
            parts.append(f"unlabelled {self.unlabelled}")
        return f"Samples({len(self)} photos: {listing(parts, most=10)})"

    def to_dict(self) -> dict[str, Any]:
        """The whole table in plain values, column by column, ready for JSON."""
        return {
            "root": self.root.as_posix(),
            "classes": list(self.classes),
            "paths": list(self.paths),
            "labels": [None if label < 0 else label for label in self.labels.tolist()],
            "splits": [split_name(code) for code in self.splits.tolist()],
            "groups": [None if group < 0 else group for group in self.groups.tolist()],
        }


@dataclass(frozen=True, slots=True)
class _Files(Sequence[Path]):
    root: Path
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> Path: ...
    @overload
    def __getitem__(self, place: slice) -> "_Files": ...
    def __getitem__(self, place: int | slice) -> "Path | _Files":
        if isinstance(place, slice):
            return _Files(self.root, self.names[place])
        return self.root / self.names[place]


def _column(values: NDArray[Any], kind: type[np.integer[Any]]) -> NDArray[Any]:
    """A copy that nobody can write to, so that a frozen table stays as it is."""
    column = np.array(values, dtype=kind)
    column.flags.writeable = False
    return column


def _check_codes(what: str, codes: NDArray[np.integer[Any]], number: int) -> None:
    if codes.size and not (codes.min() >= -1 and codes.max() < number):
        wrong = int(codes.max() if codes.max() >= number else codes.min())
        raise OptionError(f"{what} {wrong} does not exist; they go from -1 to {number - 1}")
