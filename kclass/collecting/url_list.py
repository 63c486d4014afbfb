"""Lists of addresses: a table with a photo a row."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from kclass.collecting.found import Found
from kclass.collecting.licences import licence_of
from kclass.collecting.wanted import Query, Searched
from kclass.dataset.csv_file import CsvFile, open_csv, read_columns
from kclass.errors import DataError

ADDRESS: Final = ("url", "address", "link")
LABEL: Final = ("class", "label")
OPTIONAL: Final = {
    "licence": ("licence", "license"),
    "licence_url": ("licence_url", "license_url"),
    "creator": ("creator", "author"),
    "page": ("page", "source_page", "foreign_landing_url"),
}


def listed(path: Path, *, licences: Collection[str] = ()) -> list[Searched]:
    """The photos of a table, by class, in the order of the rows.

    Args:
        path: a CSV file with the columns `url` and `class`; `licence`, `licence_url`, `creator` and
            `page` if they are known.
        licences: codes of those that are wanted; empty for all.

    Raises:
        DataError: the file cannot be read or lacks a column, or a row has no address or class.
    """
    table = open_csv(path)
    names = [_needed(table, ADDRESS), _needed(table, LABEL)]
    more = {role: found for role, words in OPTIONAL.items() if (found := _column(table, words))}
    columns = read_columns(table, [*names, *more.values()])
    results: dict[str, Searched] = {}
    for row, cells in enumerate(zip(*columns.values, strict=True)):
        address, label, *rest = (cell.strip() for cell in cells)
        if not address or not label:
            lacking = "address" if not address else "class"
            raise DataError(f"{path}, line {columns.lines[row]}: no {lacking}", fix="Fill it in.")
        told = dict(zip(more, rest, strict=True))
        result = results.setdefault(label, Searched(Query(label, provider=path.name), 0, str(path)))
        result.asked += 1
        result.take(_found(address, told), licences)
    return list(results.values())


def _found(address: str, told: dict[str, str]) -> Found:
    said = told.get("licence", "")
    licence = licence_of(code=said, name=said, address=told.get("licence_url", ""))
    return Found(address, page=told.get("page", ""), creator=told.get("creator", ""), licence=licence)


def _column(table: CsvFile, words: Sequence[str]) -> str:
    return next((name for name in table.columns if name.lower() in words), "")


def _needed(table: CsvFile, words: Sequence[str]) -> str:
    found = _column(table, words)
    if not found:
        columns = ", ".join(table.columns)
        raise DataError(
            f"{table.path} has no column {words[0]!r}; it has {columns}", fix=f"Name one {words[0]}."
        )
    return found
