"""A data set: photos, their classes, and which of them train, validate and test."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.duplicates import identical_groups
from kclass.dataset.names import SPLITS, TEST, TRAIN, UNLABELLED, UNSPLIT, VALID, listing
from kclass.dataset.names import readable as readable
from kclass.dataset.samples import Samples
from kclass.dataset.splitting import assign_splits, check_options
from kclass.dataset.tables import html_table, text_table
from kclass.errors import DataError

MOST_ROWS: Final = 60
"""Classes that are shown one by one; of a larger data set the first ones are."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Photos with their classes, split into training, validation and test or not yet.

    Args:
        name: what the data set is called.
        samples: all its photos; their `splits` say which belongs where.
        empty_classes: class folders that hold no photo and were left out.
        loose_photos: photos outside any class folder that were left out, as in `Samples.paths`.
    """

    name: str
    samples: Samples
    empty_classes: tuple[str, ...] = ()
    loose_photos: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """The folder that the paths of the photos start from."""
        return self.samples.root

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes as folders carry them; a label is a place in this row."""
        return self.samples.classes

    @property
    def splits(self) -> NDArray[np.int8] | None:
        """int8 (photos,): 0 train, 1 valid, 2 test, -1 none; None if no photo has a split."""
        codes = self.samples.splits
        return codes if (codes != UNSPLIT).any() else None

    @property
    def is_split(self) -> bool:
        """Whether training and validation photos are told apart."""
        return all(self._number_in(code) > 0 for code in (TRAIN, VALID))

    @property
    def train(self) -> Samples:
        """The training photos.

        Raises:
            DataError: the data set is not split yet.
        """
        return self._part(TRAIN)

    @property
    def valid(self) -> Samples:
        """The validation photos.

        Raises:
            DataError: the data set is not split yet, or has no validation photos.
        """
        return self._part(VALID)

    @property
    def test(self) -> Samples:
        """The test photos, with labels or without.

        Raises:
            DataError: the data set is not split yet, or has no test photos.
        """
        return self._part(TEST)

    @property
    def unlabelled(self) -> Samples:
        """The photos whose class is not known; often there are none."""
        return self.samples.select(self.samples.labels == UNLABELLED)

    def split(self, *, valid: float = 0.2, test: float = 0.0, seed: int = 0) -> "Dataset":
        """Split at random, each class in the same proportions, identical files on one side.

        A data set that has training photos but no validation photos (folders `train` and `test`
        alone) has them taken out of its training photos.

        Args:
            valid: fraction of the photos for validation, in [0, 1).
            test: fraction of the photos for test, in [0, 1); `valid` + `test` < 1.
            seed: another seed gives another split, the same one the same.

        Returns:
            A new data set with the same photos.

        Raises:
            DataError: the data set is split already, or a class has too few different photos.
            OptionError: a fraction or seed out of range.
        """
        check_options(valid=valid, test=test, seed=seed)  # before any file is read
        pool = self._pool(test)
        self._refuse_single_photos(pool)
        labels = np.where(pool, self.samples.labels, UNLABELLED).astype(np.int32)
        rows = np.flatnonzero(pool)
        groups = np.arange(len(pool), dtype=np.int64)
        groups[rows] = rows[identical_groups([self.samples.path(row) for row in rows.tolist()])]
        dealt = assign_splits(labels, valid=valid, test=test, seed=seed, groups=groups)
        self._refuse_bare_classes(dealt, valid=valid)
        splits = np.where(pool, dealt, self.samples.splits)
        return Dataset(
            name=self.name,
            samples=replace(self.samples, splits=splits),
            empty_classes=self.empty_classes,
            loose_photos=self.loose_photos,
        )

    def fingerprint(self) -> str:
        """A hash of classes, paths below `root`, labels and splits, in hexadecimal digits.

        No photo is read: it changes with names and not with what they hold. It stays the same
        when the whole folder moves.
        """
        digest = hashlib.sha256()
        for names in (self.classes, self.samples.paths):
            # No file name holds a NUL; a name that is no Unicode at all still has bytes.
            digest.update("\0".join(names).encode("utf-8", "surrogatepass") + b"\0\0")
        digest.update(self.samples.labels.astype("<i4").tobytes())
        digest.update(self.samples.splits.tobytes())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return "\n".join([self._headline(), text_table(*self._table()), *self._remarks()])

    def _repr_html_(self) -> str:
        return html_table(" ".join([self._headline(), *self._remarks()]), *self._table())

    def to_dict(self) -> dict[str, Any]:
        """What the data set is, in plain values, ready for JSON; rows are in `samples.to_dict()`."""
        return {
            "name": self.name,
            "root": self.root.as_posix(),
            "photos": len(self),
            "classes": list(self.classes),
            "counts": {name: part.counts() for name, part in self._parts().items()},
            "unlabelled": self.samples.unlabelled,
            "empty_classes": list(self.empty_classes),
            "loose_photos": list(self.loose_photos),
            "fingerprint": self.fingerprint(),
        }

    def _number_in(self, code: int) -> int:
        return int(np.count_nonzero(self.samples.splits == code))

    def _parts(self) -> dict[str, Samples]:
        """The splits that hold photos, in their order; `photos` for those that belong to none."""
        parts = {
            name: self.samples.select(self.samples.splits == code)
            for code, name in enumerate(SPLITS)
            if self._number_in(code)
        }
        if self._number_in(UNSPLIT):
            parts["photos"] = self.samples.select(self.samples.splits == UNSPLIT)
        return parts

    def _part(self, code: int) -> Samples:
        if self._number_in(code):
            return self.samples.select(self.samples.splits == code)
        if self.splits is None:
            raise DataError(
                f"{self.name} is not split into training and validation photos yet",
                fix="Call data.split(valid=0.2).",
            )
        fraction = "test=0.1" if code == TEST else "valid=0.2"
        raise DataError(
            f"{self.name} has no {SPLITS[code]} photos; it has {self._sizes()}",
            fix=f"Make them a folder {SPLITS[code]}/, or split an unsplit data set with {fraction}."
            if self.is_split or code == TEST
            else f"Call data.split({fraction}) to take them out of the training photos.",
        )

    def _sizes(self) -> str:
        return ", ".join(f"{name} ({len(part)})" for name, part in self._parts().items())

    def _pool(self, test: float) -> NDArray[np.bool_]:
        """Which photos are to be dealt out: bool (photos,)."""
        if self.is_split:
            raise DataError(
                f"{self.name} is split already: {self._sizes()}",
                fix="Use data.train and data.valid as they are.",
            )
        if test and self._number_in(TEST):
            raise DataError(
                f"{self.name} has test photos already: {self._sizes()}",
                fix="Leave test out; only validation photos are taken from the training photos.",
            )
        pool: NDArray[np.bool_] = self.samples.labels != UNLABELLED
        if self.splits is not None:
            pool &= self.samples.splits == TRAIN
        return pool

    def _refuse_single_photos(self, pool: NDArray[np.bool_]) -> None:
        counts = self.samples.select(pool).counts()
        single = [name for name, number in counts.items() if number == 1]
        if single:
            raise DataError(
                f"{self.name} cannot be split, because a class has one photo only: {listing(single)}",
                fix="Add photos to it, or take it out: training and validation need one each.",
            )

    def _refuse_bare_classes(self, dealt: NDArray[np.int8], *, valid: float) -> None:
        needed = (TRAIN, VALID) if valid > 0 else (TRAIN,)
        have = [set(self.samples.labels[dealt == code].tolist()) for code in needed]
        everywhere = set.intersection(*have)
        bare = sorted(set.union(*have) - everywhere)
        if bare:
            raise DataError(
                f"{self.name} cannot be split, because all photos of a class are copies of one "
                f"file: {listing([self.classes[label] for label in bare])}",
                fix="Add other photos to it, or take it out: copies stay on one side of a split.",
            )

    def _headline(self) -> str:
        return f"{type(self).__name__} {self.name}: {len(self)} photos, {len(self.classes)} classes"

    def _table(self) -> tuple[list[str], list[list[str]]]:
        parts = self._parts()
        counts = [part.counts() for part in parts.values()]
        rows = [
            [readable(name), *(str(count[name]) for count in counts)] for name in self.classes[:MOST_ROWS]
        ]
        if len(self.classes) > MOST_ROWS:
            rows.append([f"and {len(self.classes) - MOST_ROWS} more", *("" for _ in parts)])
        if self.samples.unlabelled:
            rows.append(["(unlabelled)", *(str(part.unlabelled) for part in parts.values())])
        rows.append(["total", *(str(len(part)) for part in parts.values())])
        return ["class", *parts], rows

    def _remarks(self) -> list[str]:
        remarks = []
        if self.empty_classes:
            remarks.append(f"Left out, without photos: {listing(self.empty_classes)}.")
        if self.loose_photos:
            remarks.append(f"Left out, outside class folders: {listing(self.loose_photos, most=3)}.")
        return remarks
