"""A split written to a CSV file, and read back so that it can be used again."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from kclass.dataset.dataset import Dataset
from kclass.dataset.file_names import locate
from kclass.dataset.labels import encoded
from kclass.dataset.manifest_file import COLUMNS, GROUP, gone_photos, read_rows
from kclass.dataset.names import SPLITS
from kclass.dataset.samples import Samples
from kclass.files import whole_file


def write_manifest(dataset: Dataset, path: Path) -> None:
    """Write which photo has which class and belongs to which split.

    The file is CSV in UTF-8 with the columns `path` (relative to the data set's root, with
    forward slashes), `class` (the folder's name, empty if it is not known) and `split` (`train`,
    `valid`, `test` or empty), one row a photo; and `group` (a number, or empty), if there are
    groups.

    Raises:
        OutputError: the file cannot be written.
    """
    grouped = bool((dataset.samples.groups >= 0).any())
    with (
        whole_file(path) as part,
        part.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n", quoting=_quoting(dataset.samples))
        width = len(COLUMNS) + grouped
        writer.writerow((*COLUMNS, GROUP)[:width])
        writer.writerows(row[:width] for row in _rows(dataset.samples))


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
    rows = read_rows(path)
    paths = locate(rows.paths, root, where=lambda row: f"the manifest {path}")
    gone = [name for name, found in zip(rows.paths, paths, strict=True) if found is None]
    if gone:
        raise gone_photos(path, gone, len(paths), root)
    classes, labels = encoded(rows.classes)
    samples = Samples(
        paths=tuple(found for found in paths if found is not None),
        labels=labels,
        classes=classes,
        root=root.absolute(),
        splits=rows.splits,
        groups=rows.groups,
    )
    return Dataset(name=root.resolve().name, samples=samples)


def _rows(samples: Samples) -> Iterator[tuple[str, str, str, str]]:
    # A label or code of -1 takes the empty word at the end.
    classes = (*samples.classes, "")
    splits = (*SPLITS, "")
    columns = (samples.labels.tolist(), samples.splits.tolist(), samples.groups.tolist())
    for name, label, code, group in zip(samples.paths, *columns, strict=True):
        yield name, classes[label], splits[code], "" if group < 0 else str(group)


def _quoting(samples: Samples) -> Literal[0, 1]:
    """Quotation marks where they are needed; around all if a name has a carriage return.

    Python's `csv` leaves that one bare where lines do not end with it, and takes it for the end of a
    line when it reads.
    """
    names = (*samples.classes, *samples.paths)
    return csv.QUOTE_ALL if any("\r" in name for name in names) else csv.QUOTE_MINIMAL
