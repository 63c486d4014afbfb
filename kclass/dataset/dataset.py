"""A data set: photos, their classes, and which of them train, validate and test."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.dividing import deal_out, rows_to_deal
from kclass.dataset.fingerprint import fingerprint
from kclass.dataset.grouping import Grouping, group_numbers
from kclass.dataset.joining import joined
from kclass.dataset.manifest_file import resplit
from kclass.dataset.names import TEST, TRAIN, UNLABELLED, UNSPLIT, VALID
from kclass.dataset.places import as_path
from kclass.dataset.samples import Samples
from kclass.dataset.splitting import check_options
from kclass.dataset.summary import (
    class_counts,
    class_table,
    headline,
    missing_split,
    number_of_groups,
    remark_lines,
    split_masks,
)
from kclass.dataset.tables import html_table, text_table
from kclass.dataset.untrained import refuse_untrained
from kclass.errors import OptionError
from kclass.inspection.inspecting import inspect
from kclass.inspection.matching import groups_of
from kclass.inspection.remembering import remembered_matches


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Photos with their classes, split into training, validation and test or not yet.

    Args:
        name: what the data set is called.
        samples: all its photos; their `splits` say which belongs where.
        empty_classes: class folders that hold no photo and were left out.
        loose_photos: photos outside any class folder that were left out, as in `Samples.paths`.
        remarks: what else is to be told of where it came from, a sentence each.
        searched: the folder in which all photos were looked for, so that others put there would be
            found too; None if they were named one by one.
        origin: what `kclass.open_data` was called with, by name, to open it again; None if it was made
            or changed otherwise.
    """

    name: str
    samples: Samples
    empty_classes: tuple[str, ...] = ()
    loose_photos: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    searched: Path | None = None
    origin: Mapping[str, Any] | None = None

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
        return all((self.samples.splits == code).any() for code in (TRAIN, VALID))

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

    def split(
        self,
        *,
        valid: float = 0.2,
        test: float = 0.0,
        seed: int = 0,
        copies: NDArray[np.int64] | None = None,
    ) -> "Dataset":
        """Split at random, each class in the same proportions; copies and groups stay on one side.

        Each photo is looked at once, and the cache remembers that: identical files, resized,
        recompressed, turned and mirrored ones are copies, and so is what shows most of another.

        A data set that has training photos but no validation photos (folders `train` and `test`
        alone) has them taken out of its training photos.

        Args:
            valid: fraction of the photos for validation, in [0, 1).
            test: fraction of the photos for test, in [0, 1); `valid` + `test` < 1.
            seed: another seed gives another split, the same one the same.
            copies: int64 (photos,): photos with equal numbers are copies of each other, as found
                elsewhere; left out, photos are looked at.

        Returns:
            A new data set with the same photos.

        Raises:
            DataError: the data set is split already, or a class has too few different photos.
            OptionError: a fraction or seed out of range, or not as many numbers as photos.
            OutputError: the cache cannot be used.
        """
        check_options(valid=valid, test=test, seed=seed)  # before any file is read
        rows = rows_to_deal(self.name, self.samples, test=test)
        if copies is None:
            matches = remembered_matches(inspect(self.samples.select(rows).files))
            pictures = groups_of(matches, len(rows))
        else:
            pictures = self._checked(copies)[rows]
        return self._with(
            deal_out(self.name, self.samples, rows, pictures, valid=valid, test=test, seed=seed)
        )

    def grouped(self, by: Grouping) -> "Dataset":
        r"""Say which photos belong together, so that a split keeps them on one side.

        Args:
            by: a regular expression, whose first group (or whole match, if it has none) in a
                photo's path below `root` names its group, as in `r"patient\\d+"`; or a function
                that is given a photo's file and gives back what its group is called, None for none;
                or such names, one a photo.

        Returns:
            A new data set with the same photos; groups that it had before are forgotten.

        Raises:
            DataError: the expression does not match some photo's path.
            OptionError: no such expression, not as many names as photos, or a name that cannot be
                compared with others.
        """
        return self._with(replace(self.samples, groups=group_numbers(self.samples, by)))

    def with_split(self, manifest: str | Path) -> "Dataset":
        """Split exactly as a manifest says, such as the `split.csv` of a run.

        Its columns `path` and `split` count, and `group` if it has that; classes stay as they are.

        Args:
            manifest: a CSV file with the columns `path` (below `root`), `class` and `split`.

        Returns:
            A new data set with the same photos; those that are not listed are in no split.

        Raises:
            DataError: the manifest cannot be read, names an unknown split or a photo that is not
                there, or gives validation or test a class that training lacks.
            OptionError: `manifest` is neither text nor a path.
        """
        path = as_path(manifest, option="manifest", fix="Give the split.csv of a run.")
        samples, remarks = resplit(self.samples, path)
        refuse_untrained(str(path), samples)
        return self._with(samples, *remarks)

    def with_valid(self, other: "Dataset") -> "Dataset":
        """Validate with the photos of another data set, such as another folder.

        Args:
            other: all its photos are taken, whatever their splits.

        Returns:
            A new data set with the photos of both. If this one was not split, all its own train.

        Raises:
            DataError: there are validation photos already; a class is not known here; a photo is in
                both; or one has no label.
            OptionError: `other` is no data set.
        """
        return self._joined(other, split=VALID)

    def with_test(self, other: "Dataset") -> "Dataset":
        """Test with the photos of another data set, such as another folder.

        Args:
            other: all its photos are taken, whatever their splits; they may be unlabelled.

        Returns:
            A new data set with the photos of both. If this one was not split, all its own train,
            until `split` takes validation photos out of them.

        Raises:
            DataError: there are test photos already; a class is not known here; or a photo is in
                both.
            OptionError: `other` is no data set.
        """
        return self._joined(other, split=TEST)

    def show(self, **options: Any) -> Any:
        """A grid of its photos as a network sees them, augmented on request.

        Args:
            options: those of `kclass.show`.

        Returns:
            What `kclass.show` gives back: a notebook draws it, and its `save` writes it.

        Raises:
            KClassError: see there.
        """
        import kclass  # the room that shows photos comes later; it is asked when it is called

        return kclass.show(self, **options)

    def fingerprint(self) -> str:
        """A hash of classes, paths below `root`, labels and splits, in hexadecimal digits.

        No photo is read: it changes with names and not with what they hold. It stays the same
        when the whole folder moves. Groups are not part of it: they are how a split came about.
        """
        return fingerprint(self.samples)

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        table = text_table(*class_table(self.samples))
        return "\n".join([self._headline(), table, *self._remark_lines()])

    def _repr_html_(self) -> str:
        caption = " ".join([self._headline(), *self._remark_lines()])
        return html_table(caption, *class_table(self.samples))

    def to_dict(self) -> dict[str, Any]:
        """What the data set is, in plain values, ready for JSON; rows are in `samples.to_dict()`."""
        return {
            "name": self.name,
            "root": self.root.as_posix(),
            "photos": len(self),
            "classes": list(self.classes),
            "counts": {
                name: class_counts(self.samples, mask) for name, mask in split_masks(self.samples).items()
            },
            "unlabelled": self.samples.unlabelled,
            "groups": number_of_groups(self.samples),
            "empty_classes": list(self.empty_classes),
            "loose_photos": list(self.loose_photos),
            "remarks": list(self.remarks),
            "fingerprint": self.fingerprint(),
        }

    def _part(self, code: int) -> Samples:
        rows = np.flatnonzero(self.samples.splits == code)
        if rows.size:
            return self.samples.select(rows)
        raise missing_split(self.name, self.samples, code)

    def _checked(self, copies: NDArray[np.int64]) -> NDArray[np.int64]:
        numbers = np.asarray(copies)
        if numbers.shape != (len(self),) or not np.issubdtype(numbers.dtype, np.integer):
            raise OptionError(
                f"copies has the shape {numbers.shape} and the type {numbers.dtype}; it must be "
                f"({len(self)},), an integer for each photo"
            )
        return numbers

    def _headline(self) -> str:
        return headline(type(self).__name__, self.name, self.samples)

    def _joined(self, other: "Dataset", *, split: int) -> "Dataset":
        if not isinstance(other, Dataset):
            raise OptionError(
                f"other is {other!r}; it must be a data set",
                fix="Open it first: kclass.ImageFolder(...) or another source.",
            )
        return self._with(joined(self.name, self.samples, other.samples, split=split), *other.remarks)

    def _with(self, samples: Samples, *remarks: str) -> "Dataset":
        """The data set with other rows, and more remarks on them."""
        told = (*self.remarks, *remarks)
        return Dataset(self.name, samples, self.empty_classes, self.loose_photos, told, self.searched)

    def _remark_lines(self) -> list[str]:
        return list(remark_lines(self.samples, self.empty_classes, self.loose_photos, self.remarks))
