"""Photos dealt out to folds, for heads that are each solved on all folds but one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_type_hints

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.dataset import Dataset
from kclass.dataset.folding import LEFT_IN, assign_folds, check_folds
from kclass.dataset.grouping import merged
from kclass.dataset.names import SPLITS, UNLABELLED, split_name
from kclass.errors import DataError, OptionError, PhotoError
from kclass.progress import Progress
from kclass.runs.fitting import opened
from kclass.runs.frozen import FrozenFeatures
from kclass.runs.keywords import HeadKeywords
from kclass.runs.options import FitOptions
from kclass.runs.preparing import Prepared, looked_at
from kclass.runs.values import one_of, whole

DEFAULT_FOLDS: Final = 5
ALL: Final = "all"
TAKEN: Final = (ALL, *SPLITS)
"""What `split` may be: which labelled photos take part."""

HEAD_OPTIONS: Final = tuple(get_type_hints(HeadKeywords))
_DEALING: Final = ("valid", "test", "manifest")


@dataclass(frozen=True, eq=False)
class Folded:
    """Photos in folds.

    Args:
        prepared: the data set as it was given, and what a look at its photos showed.
        frozen: what the network saw.
        rows: int64 (photos,): the rows of the readable photos that take part, ascending.
        fold_of: int64 (photos,): the fold that holds each of them out, -1 for none.
        folds: how many there are.
        options: of the heads.
    """

    prepared: Prepared
    frozen: FrozenFeatures = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    fold_of: NDArray[np.int64] = field(repr=False)
    folds: int
    options: FitOptions

    @property
    def data(self) -> Dataset:
        """The data set as it was given."""
        return self.prepared.data

    @property
    def labels(self) -> NDArray[np.int32]:
        """int32 (photos,): the classes of the photos that take part."""
        return self.data.samples.labels[self.rows]

    @property
    def held_out(self) -> NDArray[np.int64]:
        """int64 (photos that some fold holds out,): their places among those that take part."""
        return np.flatnonzero(self.fold_of != LEFT_IN)

    @property
    def left_in(self) -> tuple[str, ...]:
        """The paths of photos that every head is solved on and none is judged by."""
        paths = self.data.samples.paths
        return tuple(paths[row] for row in self.rows[self.fold_of == LEFT_IN].tolist())

    @property
    def unreadable(self) -> tuple[PhotoError, ...]:
        """What is wrong with the photos that cannot be read, in their order."""
        return tuple(self.prepared.errors[row] for row in sorted(self.prepared.errors))

    @property
    def together(self) -> NDArray[np.int64]:
        """int64 (photos,): those with equal numbers are copies or of one group."""
        return merged(self.prepared.copies[self.rows], self.data.samples.groups[self.rows])

    def parts(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each fold that holds any out the places of the photos outside it and of those in it."""
        for fold in np.unique(self.fold_of[self.held_out]).tolist():
            yield np.flatnonzero(self.fold_of != fold), np.flatnonzero(self.fold_of == fold)


def head_options(given: Mapping[str, Any], *, task: str) -> FitOptions:
    """The options of heads on a frozen network, from keywords.

    Args:
        given: of `HEAD_OPTIONS`.
        task: what solves the heads, for errors.

    Raises:
        OptionError: an option that has no effect here, or a value that cannot be used.
    """
    known = {each.name for each in fields(FitOptions)}
    for name in given:
        if name in _DEALING:
            raise OptionError(f"{name} has no effect on {task}, which deals out the photos itself", fix=_OUT)
        if name in known and name not in HEAD_OPTIONS:
            raise needs_epochs(name, task=task)
    options = FitOptions(**given)
    if not options.frozen:
        raise OptionError(
            f"backbone is {options.backbone}, all of which is trained by epochs; {task} solves heads on a"
            " network that is trained already",
            fix="Choose another backbone: `kclass backbones` lists them.",
        )
    return options


def needs_epochs(option: str, *, task: str) -> OptionError:
    """The error for an option that only training by epochs has a use for."""
    return OptionError(
        f"{option} needs epochs, and {task} has none: its heads are solved on a frozen network", fix=_OUT
    )


_OUT: Final = "Leave it out."


def folded(
    data: str | Path | Dataset, options: FitOptions, *, folds: int, split: str, progress: Progress
) -> Folded:
    """Look at photos once, and deal them out to folds; copies and groups stay in one.

    Args:
        data: as in `fit`.
        options: of the heads; its seed deals out.
        folds: how many, 2 or more.
        split: "all" for every labelled photo, whatever its split; or the split that takes part.
        progress: is told how far each stage is.

    Raises:
        OptionError: an option cannot be used, or there are more folds than photos that may be parted.
        DataError: fewer than two classes have photos, or none can be held out.
    """
    check_folds(folds)
    number = whole("folds", folds) or 0
    one_of("split", split, TAKEN)
    source = opened(data)
    rows = taken_rows(source, split)
    _refuse_one_class(source, rows)
    prepared = looked_at(source, rows, options, progress)
    frozen = prepared.frozen
    assert frozen is not None
    readable = frozen.rows
    if not readable.size:
        first = prepared.errors[min(prepared.errors)].message
        raise DataError(f"none of the photos of {source.name} can be read", fix=f"The first: {first}")
    _refuse_one_class(source, readable)
    samples = source.samples
    together = merged(prepared.copies[readable], samples.groups[readable])
    fold_of = assign_folds(samples.labels[readable], together, folds=number, seed=options.seed)
    return Folded(prepared, frozen, readable, fold_of, number, options)


def taken_rows(data: Dataset, split: str) -> NDArray[np.int64]:
    """The rows of the labelled photos that take part.

    Raises:
        DataError: there are none.
    """
    samples = data.samples
    chosen = samples.labels != UNLABELLED
    if split != ALL:
        chosen &= samples.splits == SPLITS.index(split)
    rows = np.flatnonzero(chosen)
    if not rows.size:
        raise _none_labelled(data, split)
    return rows


def _none_labelled(data: Dataset, split: str) -> DataError:
    codes = np.unique(data.samples.splits[data.samples.labels != UNLABELLED]).tolist()
    if split == ALL or not codes:
        return DataError(f"{data.name} has no labelled photo", fix="Give photos that lie in class folders.")
    present = [name for code in codes if (name := split_name(code)) is not None]
    if not present:
        return DataError(
            f"{data.name} is not split, so it has no labelled photo in a split {split}",
            fix="Leave split out, and all its photos take part; or give photos in folders named for splits.",
        )
    return DataError(
        f"{data.name} has no labelled photo in its split {split}",
        fix=f"It has some in {' and '.join(present)}: choose one of these, or leave split out for all.",
    )


def _refuse_one_class(data: Dataset, rows: NDArray[np.int64]) -> None:
    there = np.unique(data.samples.labels[rows])
    if there.size < 2:
        raise DataError(
            f"{data.name} has photos of one class only: {data.classes[there[0]]}",
            fix="Give photos of two classes or more.",
        )
