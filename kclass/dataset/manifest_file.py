"""The rows of a manifest: which photo has which class and belongs to which split."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.csv_file import open_csv, read_columns
from kclass.dataset.grouping import numbered
from kclass.dataset.names import UNGROUPED, UNSPLIT, composed, listing
from kclass.dataset.samples import Samples
from kclass.dataset.split_words import split_codes
from kclass.errors import DataError

COLUMNS: Final = ("path", "class", "split")
GROUP: Final = "group"
"""The column that a manifest has besides if photos are in groups."""


@dataclass(frozen=True, slots=True)
class ManifestRows:
    """What a manifest says, one entry a photo.

    Args:
        paths: as in `Samples.paths`, each once.
        classes: names of classes, empty where it is not known.
        splits: int8 (photos,), -1 for none.
        groups: int32 (photos,), -1 for none.
    """

    paths: Sequence[str]
    classes: Sequence[str]
    splits: NDArray[np.int8]
    groups: NDArray[np.int32]


def read_rows(path: Path) -> ManifestRows:
    """Read a manifest. Columns may be in any order, and others may stand between them.

    Raises:
        DataError: the file is missing, no CSV in UTF-8 or without photos; a column is missing, a
            split is unknown, or a photo is listed twice.
    """
    table = open_csv(path)
    _check_columns(path, table.columns)
    grouped = GROUP in table.columns
    columns = read_columns(table, (*COLUMNS, GROUP) if grouped else COLUMNS)
    names, classes, words, *groups = columns.values

    def where(row: int) -> str:
        return f"line {columns.lines[row]} of {path}"

    _check_names(path, names, where=where)
    return ManifestRows(
        paths=names,
        classes=classes,
        splits=split_codes(words, column=None, where=where),
        groups=numbered(groups[0]) if grouped else np.full(len(names), UNGROUPED, np.int32),
    )


def resplit(samples: Samples, path: Path) -> tuple[Samples, tuple[str, ...]]:
    """Photos with the splits that a manifest gives them, and with its groups if it has any.

    Returns:
        The photos, and what is to be told of those that the manifest does not list.

    Raises:
        DataError: as `read_rows`; or it lists a photo that is not among these, or no split.
    """
    rows = read_rows(path)
    if (rows.splits == UNSPLIT).all():
        raise DataError(f"the manifest {path} gives no photo a split", fix="Give the split.csv of a run.")
    places = _places(rows.paths, samples)
    gone = [name for name, place in zip(rows.paths, places, strict=True) if place is None]
    if gone:
        raise gone_photos(path, gone, len(rows.paths), samples.root)
    order = np.array(places, dtype=np.int64)
    _refuse_again(path, rows.paths, order)
    splits = np.full(len(samples), UNSPLIT, dtype=np.int8)
    splits[order] = rows.splits
    groups = samples.groups
    if (rows.groups != UNGROUPED).any():
        groups = np.full(len(samples), UNGROUPED, dtype=np.int32)
        groups[order] = rows.groups
    return replace(samples, splits=splits, groups=groups), _unlisted(path, samples, order)


def _places(names: Sequence[str], samples: Samples) -> list[int | None]:
    """The rows of photos by their paths; None if there is none.

    What has crossed systems may have Unicode's other composition, or backslashes for slashes.
    """
    places = {name: place for place, name in enumerate(samples.paths)}
    found = [places.get(name) for name in names]
    if None in found:
        respelt = {composed(name): place for name, place in places.items()}
        found = [
            respelt.get(composed(name.replace("\\", "/"))) if place is None else place
            for name, place in zip(names, found, strict=True)
        ]
    return found


def gone_photos(path: Path, gone: Sequence[str], photos: int, root: Path) -> DataError:
    """The error for photos that a manifest lists and that are not there."""
    return DataError(
        f"{len(gone)} of {photos} photos in {path} are not in {root}: {listing(gone, most=3)}",
        fix="Put them back, give the folder that the paths start from, or split again.",
    )


def _unlisted(path: Path, samples: Samples, listed: NDArray[np.int64]) -> tuple[str, ...]:
    left = np.setdiff1d(np.arange(len(samples)), listed).tolist()
    if not left:
        return ()
    names = listing([samples.paths[row] for row in left], most=3)
    return (f"In no split, as {path.name} does not list them: {names}.",)


def _check_columns(path: Path, received: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in received]
    if missing:
        raise DataError(
            f"the manifest {path} has no column {' and no column '.join(missing)}; it has: "
            f"{', '.join(received)}",
            fix=f"The first line must name the columns {','.join(COLUMNS)}.",
        )


def _refuse_again(path: Path, names: Sequence[str], places: NDArray[np.int64]) -> None:
    rows, times = np.unique(places, return_counts=True)
    if rows.size < places.size:
        twice = np.flatnonzero(np.isin(places, rows[times > 1])).tolist()
        raise _listed_twice(path, [names[row] for row in twice])


def _listed_twice(path: Path, names: Sequence[str]) -> DataError:
    return DataError(
        f"the manifest {path} lists a photo twice: {listing(names)}",
        fix="Leave one of the lines, or a photo may be trained on and tested on.",
    )


def _check_names(path: Path, names: Sequence[str], *, where: Callable[[int], str]) -> None:
    if not names:
        raise DataError(f"the manifest {path} lists no photos", fix="Split the data set again.")
    if "" in names:
        raise DataError(f"{where(names.index(''))} has no path", fix="Fill it in, or take the line out.")
    if len(set(names)) < len(names):
        twice = [name for name, times in Counter(names).items() if times > 1]
        raise _listed_twice(path, twice)
