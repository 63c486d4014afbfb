"""CSV files as spreadsheets and programs write them: their header, and columns read one by one."""

import contextlib
import csv
import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from kclass.dataset.names import listing
from kclass.errors import DataError
from kclass.photos.decoding import SUFFIXES

SUFFIXES_OF_TABLES: Final = (".csv", ".tsv")

DELIMITERS: Final = (",", ";", "\t")

_MOST_KNOWN: Final = 10_000
"""Different texts of a column that are kept once each; beyond it they are names, which never repeat."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file whose header has been read.

    Args:
        path: the file.
        columns: the names in its first line, without spaces around them.
        delimiter: what stands between its fields.
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str


@dataclass(frozen=True, slots=True)
class CsvColumns:
    """Some columns of a CSV file.

    Args:
        values: a list for each column, one text a row.
        lines: the line of the file that each row ends in.
    """

    values: tuple[list[str], ...]
    lines: Sequence[int]


def open_csv(path: Path) -> CsvFile:
    """Read the header of a CSV file in UTF-8, with or without a mark in front.

    Fields may be parted by commas, semicolons or tabs, whichever parts the header into most.

    Raises:
        DataError: the file cannot be read, is no CSV in UTF-8, is empty, or its first line is no
            header but names a photo.
    """
    with _reading(path) as file:
        line = next((line for line in file if line.strip()), "")
        if not line:
            raise DataError(f"{path} is empty", fix="Its first line must name the columns.")
        delimiter = max(DELIMITERS, key=lambda sign: len(next(csv.reader([line], delimiter=sign))))
        file.seek(0)
        columns = tuple(field.strip() for field in next(_rows(csv.reader(file, delimiter=delimiter)), []))
    _refuse_photos(path, columns)
    return CsvFile(path, columns, delimiter)


def read_columns(table: CsvFile, wanted: Sequence[str]) -> CsvColumns:
    """Read some columns of a CSV file; what a short line lacks is empty.

    Args:
        table: the file.
        wanted: names of its columns.

    Raises:
        DataError: the file cannot be read, is no CSV in UTF-8, has a wanted column twice, or a line
            with more fields than the header.
    """
    places = [_place(table, name) for name in wanted]
    values: tuple[list[str], ...] = tuple([] for _ in wanted)
    lines = array("q")
    known: tuple[dict[str, str], ...] = tuple({} for _ in wanted)
    with _reading(table.path) as file:
        reader = csv.reader(file, delimiter=table.delimiter)
        for row in itertools.islice(_rows(reader), 1, None):
            if len(row) > len(table.columns) and any(row[len(table.columns) :]):
                raise _too_long(table, reader.line_num, row)
            lines.append(reader.line_num)
            for column, place, texts in zip(values, places, known, strict=True):
                column.append(_once(row[place] if place < len(row) else "", texts))
    return CsvColumns(values, lines)


def _rows(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    """The rows in which anything stands; spreadsheets leave empty ones."""
    return (row for row in reader if any(map(str.strip, row)))


def _once(text: str, known: dict[str, str]) -> str:
    """The same text as one object for all rows, in a column that repeats few of them."""
    if len(known) < _MOST_KNOWN:
        return known.setdefault(text, text)
    return known.get(text, text)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[IO[str]]:
    try:
        # "utf-8-sig" also takes the mark that spreadsheets put in front; names of files that are no
        # Unicode are written as surrogates.
        with path.open(encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
            yield file
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} is not a CSV file in UTF-8: {error}", fix="Save it as CSV in UTF-8, with a header."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}", fix="Check the path and who may read it.") from error


def _refuse_photos(path: Path, columns: Sequence[str]) -> None:
    photos = [name for name in columns if name.lower().endswith(tuple(SUFFIXES))]
    if photos:
        raise DataError(
            f"{path} has no header: its first line names a photo ({listing(photos, most=1)})",
            fix="Put a line with the names of the columns in front, such as path,label.",
        )


def _place(table: CsvFile, name: str) -> int:
    if table.columns.count(name) > 1:
        raise DataError(f"{table.path} has several columns called {name}", fix="Rename all but one of them.")
    return table.columns.index(name)


def _too_long(table: CsvFile, line: int, row: Sequence[str]) -> DataError:
    return DataError(
        f"line {line} of {table.path} has {len(row)} fields, but its header names "
        f"{len(table.columns)} columns",
        fix='Put names that hold a delimiter into quotation marks, as in "a, b.jpg".',
    )
