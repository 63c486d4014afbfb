"""From a data set to photos that are split without leaks, each looked at once."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.dataset import Dataset
from kclass.dataset.names import UNLABELLED, UNSPLIT
from kclass.errors import PhotoError
from kclass.inspection.inspecting import inspect
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import Match, groups_of
from kclass.inspection.remembering import Features, remembered_matches
from kclass.progress import Progress
from kclass.runs.copies import without_copies
from kclass.runs.frozen import FrozenFeatures, frozen_features
from kclass.runs.options import FitOptions
from kclass.runs.split_options import fractions_to_deal, planned


@dataclass(frozen=True, eq=False)
class Prepared:
    """A data set that is ready to be trained on, and what a look at its photos showed.

    Args:
        data: split; training copies of validation and test photos are in no split.
        left_out: the paths of those copies, as in `Samples.paths`.
        inspections: by row, of the labelled photos that can be read and take part.
        errors: by row, what is wrong with those that cannot.
        matches: which rows show the same picture.
        frozen: what the network saw, if a head is to be solved on that.
    """

    data: Dataset
    left_out: tuple[str, ...]
    inspections: Mapping[int, Inspection]
    errors: Mapping[int, PhotoError]
    matches: tuple[Match, ...]
    frozen: FrozenFeatures | None

    @functools.cached_property
    def copies(self) -> NDArray[np.int64]:
        """int64 (photos,): rows of one picture have one number."""
        return groups_of(self.matches, len(self.data))

    def errors_in(self, split: int) -> tuple[PhotoError, ...]:
        """What is wrong with the photos of a split that cannot be read, in their order."""
        splits = self.data.samples.splits
        return tuple(self.errors[row] for row in sorted(self.errors) if splits[row] == split)


def prepare(data: Dataset, options: FitOptions, progress: Progress) -> Prepared:
    """Look at every labelled photo once, split the data set, and part no picture from its copies.

    A data set without validation photos is dealt out at random; photos of one picture stay on one
    side. Of a split that was given, training photos of pictures that validate or test are left out.

    Raises:
        KClassError: an option or the data cannot be used; all that can be told without looking at
            photos is told before.
    """
    table = planned(data, options)
    fractions = fractions_to_deal(table, options)
    looked = looked_at(table, _taking_part(table), options, progress)
    if fractions:
        table = table.split(**fractions, seed=options.seed, copies=looked.copies)
    table, left_out = without_copies(table, looked.copies)
    return replace(looked, data=table, left_out=left_out)


def looked_at(data: Dataset, rows: NDArray[np.int64], options: FitOptions, progress: Progress) -> Prepared:
    """Look at some photos of a data set once, and leave it as it is: none gets a split or loses one.

    Args:
        data: split or not.
        rows: int64 (photos,): those to look at, ascending.
        options: of the fit.
        progress: is told how far each stage is.

    Raises:
        KClassError: the backbone cannot be used, or a photo cannot be read and the options are strict.
    """
    frozen = frozen_features(data.samples, rows, options, progress) if options.frozen else None
    inspections, errors = _inspected(data, rows, progress)
    refuse_unreadable(errors, strict=options.strict)
    matches = _matches(len(data), inspections, frozen, progress)
    return Prepared(data, (), inspections, errors, matches, frozen)


def refuse_unreadable(errors: Mapping[int, PhotoError], *, strict: bool) -> None:
    """Refuse photos that cannot be read if the options say so, before anything is trained.

    Raises:
        PhotoError: there are any, and `strict` is true.
    """
    if errors and strict:
        raise PhotoError(
            f"{len(errors)} of the photos cannot be read. The first: {errors[min(errors)].message}",
            fix="Mend or remove them, or leave out --strict.",
        )


def _taking_part(data: Dataset) -> NDArray[np.int64]:
    """The rows of photos that are trained on or scored. Those without a label are neither."""
    samples = data.samples
    listed = samples.splits != UNSPLIT if data.splits is not None else np.ones(len(samples), np.bool_)
    return np.flatnonzero((samples.labels != UNLABELLED) & listed)


def _inspected(
    data: Dataset, rows: NDArray[np.int64], progress: Progress
) -> tuple[dict[int, Inspection], dict[int, PhotoError]]:
    """What the photos of the rows look like, or what is wrong with them."""
    looked = dict(
        zip(rows.tolist(), inspect(data.samples.select(rows).files, progress=progress), strict=True)
    )
    inspections = {row: each for row, each in looked.items() if isinstance(each, Inspection)}
    return inspections, {row: each for row, each in looked.items() if isinstance(each, PhotoError)}


def _matches(
    photos: int, inspections: Mapping[int, Inspection], frozen: FrozenFeatures | None, progress: Progress
) -> tuple[Match, ...]:
    """The matches between rows, of photos that are known by their rows."""
    rows = np.array(sorted(inspections), dtype=np.int64)
    features = _features(rows, frozen) if frozen else None
    found = remembered_matches(
        [inspections[row] for row in rows.tolist()], features=features, progress=progress
    )
    return tuple(replace(each, first=int(rows[each.first]), second=int(rows[each.second])) for each in found)


def _features(rows: NDArray[np.int64], frozen: FrozenFeatures) -> Features:
    """What the network saw in the photos of some rows, by their places among those."""
    there = np.isin(frozen.rows, rows)  # a file may have become unreadable since
    values = frozen.features if there.all() else frozen.features[there]
    return Features(np.searchsorted(rows, frozen.rows[there]), values, frozen.recipe)
