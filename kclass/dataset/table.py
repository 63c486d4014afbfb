"""A table that names photos, whatever it came from, made into a data set."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path, PurePath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.cells import is_missing
from kclass.dataset.dataset import Dataset
from kclass.dataset.file_names import locate
from kclass.dataset.grouping import numbered
from kclass.dataset.labels import class_texts, encoded
from kclass.dataset.names import SPLITS, UNGROUPED, UNSPLIT, listing
from kclass.dataset.samples import Samples
from kclass.dataset.split_words import split_codes
from kclass.dataset.untrained import refuse_untrained
from kclass.errors import DataError, OptionError
from kclass.files import is_folder
from kclass.photos.decoding import SUFFIXES

_MOST_MISSING: Final = 0.5
"""If more than this share of the photos is not there, the table and the folder do not belong together."""


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a table, one value a photo, as they came.

    Args:
        source: what errors and remarks call the table.
        names: what it calls the photos' files; see `file_texts`.
        labels: their labels; None if it has none.
        where: what errors call a row.
        splits: their splits; None if it has none.
        groups: their groups; None if it has none.
        split_column: what the column of splits is called.
    """

    source: str
    names: Sequence[str]
    labels: Sequence[object] | None
    where: Callable[[int], str]
    splits: Sequence[object] | None = None
    groups: Sequence[object] | None = None
    split_column: str | None = None


def dataset_of(table: Table, root: Path, *, name: str) -> Dataset:
    """The photos that a table names, with its labels, splits and groups.

    Args:
        table: its columns.
        root: the folder that names start from.
        name: what the data set is called.

    Raises:
        DataError: the table names no photo, or half of them are not there; labels are no classes,
            or one class only; a split is unknown; a photo is named twice with different labels,
            splits or groups; or validation or test has a class that training lacks.
    """
    names = table.names
    if not names:
        raise DataError(f"{table.source} names no photos", fix="Give a row for each photo.")
    texts = [""] * len(names) if table.labels is None else _texts(table, table.labels)
    splits, groups = _split_codes(table), _groups(table)
    paths = locate(names, root, where=table.where)
    missing = [name for name, path in zip(names, paths, strict=True) if path is None]
    if len(missing) > _MOST_MISSING * len(names):
        raise _wrong_root(table.source, missing, len(names), root)
    rows, again = _first_rows(table, paths, texts, splits, groups)
    classes, labels = encoded(texts[row] for row in rows.tolist())
    if table.labels is not None:
        refuse_few_classes(table.source, classes)
    samples = Samples(
        paths=tuple(paths[row] or "" for row in rows.tolist()),
        labels=labels,
        classes=classes,
        root=root,
        splits=splits[rows],
        groups=groups[rows],
    )
    refuse_untrained(table.source, samples)
    empty = tuple(sorted(set(texts) - {"", *classes}))
    return Dataset(name, samples, empty_classes=empty, remarks=_remarks(table, root, missing, again))


def file_texts(
    values: Sequence[object], *, where: Callable[[int], str], suffix: str | None = None
) -> list[str]:
    """Names of files as text.

    Args:
        values: text, paths, or whole numbers, as files that are called by their number.
        where: what errors call a row.
        suffix: is added to names that do not end with it, with or without its dot.

    Raises:
        DataError: a row has no name, or something that is none.
        OptionError: the suffix is no text.
    """
    if suffix is None:
        return [_name(value, row, where) for row, value in enumerate(values)]
    if not isinstance(suffix, str):
        raise OptionError(f"suffix is {suffix!r}; it must be text", fix="Give one such as '.jpg'.")
    dotted = suffix if suffix.startswith(".") else f".{suffix}"
    names = (_name(value, row, where) for row, value in enumerate(values))
    return [name if name.lower().endswith(dotted.lower()) else name + dotted for name in names]


def refuse_few_classes(source: str, classes: Sequence[str]) -> None:
    """Check that there are two classes or more.

    Raises:
        DataError: there is one, or none.
    """
    if len(classes) < 2:
        raise DataError(
            f"{source} has one class only: {classes[0]}" if classes else f"{source} has no labels",
            fix="There must be two classes to tell apart; look whether these are the right labels.",
        )


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted; hidden ones and those that may not be read are left out."""
    if not _is_readable(folder):
        return []
    return sorted(entry for entry in folder.iterdir() if entry.name[0] != "." and _is_readable(entry))


def _is_readable(folder: Path) -> bool:
    """Whether there is such a folder, and what is in it can be listed."""
    try:
        os.scandir(folder).close()
    except (OSError, ValueError):  # ValueError: a path with a null character
        return False
    return True


def _folders_with(name: str, folders: Iterable[Path]) -> list[Path]:
    """Those of some folders in which a name stands for a photo."""
    readable = filter(_is_readable, folders)
    return [folder for folder in readable if locate([name], folder, where=lambda _: name)[0] is not None]


def _name(value: object, row: int, where: Callable[[int], str]) -> str:
    if isinstance(value, str):
        name = value
    elif is_missing(value):
        name = ""
    elif isinstance(value, PurePath):
        name = value.as_posix()
    elif not isinstance(value, bool) and isinstance(value, Real) and float(value).is_integer():
        name = str(int(value)) if isinstance(value, Integral) else str(int(float(value)))
    else:
        raise DataError(f"{where(row)} has {value!r} for a file name", fix="Give names as text.")
    if not name.strip():
        raise DataError(f"{where(row)} has no path", fix="Fill it in, or take it out.")
    return name


def _texts(table: Table, labels: Sequence[object]) -> list[str]:
    return class_texts(labels, source=table.source, where=table.where)


def _split_codes(table: Table) -> NDArray[np.int8]:
    if table.splits is None:
        return np.full(len(table.names), UNSPLIT, dtype=np.int8)
    return split_codes(table.splits, column=table.split_column, where=table.where)


def _groups(table: Table) -> NDArray[np.int32]:
    if table.groups is None:
        return np.full(len(table.names), UNGROUPED, dtype=np.int32)
    return numbered(table.groups)


def _first_rows(
    table: Table,
    paths: Sequence[str | None],
    texts: Sequence[str],
    splits: NDArray[np.int8],
    groups: NDArray[np.int32],
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The rows of photos that are there, each once, and the photos that come again."""
    first: dict[str, int] = {}
    again: dict[str, None] = {}
    for row, path in enumerate(paths):
        if path is None or first.setdefault(path, row) == row:
            continue
        again[path] = None
        before = first[path]
        if texts[row] != texts[before]:
            both = f"as {texts[before] or 'unlabelled'} and as {texts[row] or 'unlabelled'}"
        elif splits[row] != splits[before]:
            both = f"in {_split(splits[before])} and in {_split(splits[row])}"
        elif groups[row] != groups[before]:
            both = "in two groups"
        else:
            continue
        raise DataError(
            f"{table.source} names {path} twice, {both}: {table.where(before)} and {table.where(row)}",
            fix="Leave the one that is right.",
        )
    return np.fromiter(first.values(), dtype=np.int64, count=len(first)), tuple(again)


def _split(code: int) -> str:
    return (*SPLITS, "no split")[code]


def _wrong_root(source: str, missing: Sequence[str], names: int, root: Path) -> DataError:
    name = missing[0]
    suffix = "" if name.lower().endswith(tuple(SUFFIXES)) else ", with any suffix of a photo"
    place = f"in {root}" if is_folder(root) else "there"
    near = _folders_with(name, [root.parent, *subfolders(root)])
    front = "" if near else _strange_front(name, root)
    fix = "Give the folder that the names start from as root, or mend the names."
    if near:
        fix = f"Did you mean root={str(near[0])!r}?"
    elif front:
        fix = f"Take {front} off the front of the names: the rest of this one is there."
    elif len(name.splitlines()) > 1:
        fix = "A quotation mark that opens a name is not closed: double it, or take it out."
    return DataError(
        f"{len(missing)} of the {names} photos that {source} names are not {place}: "
        f"looked for {' '.join(name.splitlines())}{suffix}",
        fix=fix,
    )


def _strange_front(name: str, root: Path) -> str:
    """What a name starts with on another computer, if the rest of it stands for a photo here."""
    ends = [place for place, sign in enumerate(name, start=1) if sign in "/\\"]
    rests = locate([name[end:] for end in ends], root, where=lambda _: name)
    return next((name[:end] for end, rest in zip(ends, rests, strict=True) if rest is not None), "")


def _remarks(table: Table, root: Path, missing: Sequence[str], again: Sequence[str]) -> tuple[str, ...]:
    remarks = []
    if missing:
        remarks.append(f"Left out, named in {table.source} but not in {root}: {listing(missing, most=3)}.")
    if again:
        remarks.append(f"Named more than once in {table.source}, taken once: {listing(again, most=3)}.")
    return tuple(remarks)
