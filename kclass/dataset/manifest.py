"""A split written to a CSV file, and read back so that it can be used again."""

import csv
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from kclass.dataset.dataset import Dataset
from kclass.dataset.names import SPLITS, UNLABELLED, UNSPLIT, listing, split_code
from kclass.dataset.samples import Samples
from kclass.errors import DataError
from kclass.files import whole_file

COLUMNS: Final = ("path", "class", "split")


def write_manifest(dataset: Dataset, path: Path) -> None:
    """Write which photo has which class and belongs to which split.

    The file is CSV in UTF-8 with the columns `path` (relative to the data set's root, with
    forward slashes), `class` (the folder's name, empty if it is not known) and `split` (`train`,
    `valid`, `test` or empty), one row a photo.

    Raises:
        OutputError: the file cannot be written.
    """
    samples = dataset.samples
    # A label or code of -1 takes the empty word at the end.
    classes = (*samples.classes, "")
    splits = (*SPLITS, "")
    rows = zip(samples.paths, samples.labels.tolist(), samples.splits.tolist(), strict=True)
    with (
        whole_file(path) as part,
        part.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((name, classes[label], splits[code]) for name, label, code in rows)


def read_manifest(path: Path, *, root: Path) -> Dataset:
    """Read a manifest back: the same photos, classes and splits, in the same order.

    Columns may be in any order and others may stand between them. Splits may be written with any
    word that a split folder may have. Classes are sorted.

    Args:
        path: the CSV file.
        root: the folder that its paths start from.

    Raises:
        DataError: the file is missing, no CSV in UTF-8 or without photos; a column is missing, a
            split is unknown, a photo is listed twice, or its file is gone.
    """
    rows = list(_rows(path))
    _check_photos(path, rows, root)
    classes = tuple(sorted({row.folder for row in rows} - {""}))
    labels = {name: label for label, name in enumerate(classes)} | {"": UNLABELLED}
    samples = Samples(
        paths=tuple(row.path for row in rows),
        labels=np.array([labels[row.folder] for row in rows], dtype=np.int32),
        classes=classes,
        root=root.absolute(),
        splits=np.array([row.split for row in rows], dtype=np.int8),
    )
    return Dataset(name=root.resolve().name, samples=samples)


@dataclass(frozen=True, slots=True)
class _Row:
    path: str
    folder: str
    split: int


def _rows(path: Path) -> Iterator[_Row]:
    try:
        # "utf-8-sig" also takes the mark that spreadsheets put in front.
        with path.open(encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
            reader = csv.DictReader(file)
            _check_columns(path, reader.fieldnames or [])
            for row in reader:
                yield _row(path, reader.line_num, row)
    except OSError as error:
        raise DataError(
            f"cannot read the manifest {path}: {error.strerror or error}",
            fix="Give the split.csv of a run, or split the data set again.",
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} is not a CSV file in UTF-8: {error}",
            fix="Save it as CSV in UTF-8, with the columns path, class and split.",
        ) from error


def _check_columns(path: Path, received: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in received]
    if missing:
        raise DataError(
            f"the manifest {path} has no column {' and no column '.join(missing)}; it has: "
            f"{', '.join(received) or 'nothing'}",
            fix=f"The first line must name the columns {','.join(COLUMNS)}.",
        )


def _row(path: Path, line: int, row: dict[str, str | None]) -> _Row:
    name, folder, word = (row[column] or "" for column in COLUMNS)
    split = split_code(word) if word else UNSPLIT
    if split is None:
        raise DataError(
            f"line {line} of {path} has the unknown split {word!r}",
            fix=f"Write one of {', '.join(SPLITS)}, or nothing.",
        )
    if not name:
        raise DataError(f"line {line} of {path} has no path", fix="Fill it in, or take the line out.")
    return _Row(name, folder, split)


def _check_photos(path: Path, rows: list[_Row], root: Path) -> None:
    if not rows:
        raise DataError(f"the manifest {path} lists no photos", fix="Split the data set again.")
    twice = [name for name, times in Counter(row.path for row in rows).items() if times > 1]
    if twice:
        raise DataError(
            f"the manifest {path} lists a photo twice: {listing(twice)}",
            fix="Leave one of the lines, or a photo may be trained on and tested on.",
        )
    gone = [row.path for row in rows if not _is_there(root / row.path)]
    if gone:
        raise DataError(
            f"{len(gone)} of {len(rows)} photos in {path} are not in {root}: {listing(gone, most=3)}",
            fix="Put them back, give the folder that the paths start from, or split again.",
        )


def _is_there(photo: Path) -> bool:
    # A broken link is there: the decoder names it, as it does when the folder is scanned.
    return os.path.isfile(photo) or os.path.islink(photo)  # noqa: PTH113, PTH114 - these never raise
