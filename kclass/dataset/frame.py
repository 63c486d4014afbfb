"""A data frame that names photos and their classes, as a data set."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from kclass.dataset.columns import choose_columns
from kclass.dataset.dataset import Dataset
from kclass.dataset.places import as_path, existing_folder
from kclass.dataset.table import Table, dataset_of, file_texts
from kclass.errors import OptionError

_SOURCE = "the frame"


class Frame(Protocol):
    """What a data frame of pandas, and others like it, can do: name its columns and hand them out."""

    @property
    def columns(self) -> Any:
        """The names of its columns."""

    def __getitem__(self, name: Any, /) -> Any:
        """A column by its name."""


def from_frame(
    frame: Frame | Mapping[str, Sequence[object]],
    *,
    root: str | Path,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    suffix: str | None = None,
) -> Dataset:
    """The photos that a data frame names, with their classes, and splits and groups if it has them.

    What holds for `from_csv` holds here. Gaps (None, NaN, NA) are no label, no split, no group.

    Args:
        frame: a frame of pandas, or any other with columns; or a mapping of columns, such as a dict
            of lists.
        root: the folder that names start from.
        path_column: as in `from_csv`, and so are the others.
        label_column: likewise.
        split_column: likewise.
        group_column: likewise.
        suffix: likewise.

    Raises:
        DataError: as `from_csv`.
        OptionError: as `from_csv`; or `frame` is none, or its columns are not equally long.
    """
    columns = _columns(frame)
    folder = existing_folder(as_path(root, option="root"))
    roles = choose_columns(
        list(columns),
        source=_SOURCE,
        path_column=path_column,
        label_column=label_column,
        split_column=split_column,
        group_column=group_column,
    )
    wanted = filter(None, (roles.path, roles.label, roles.split, roles.group))
    chosen = {name: _values(name, frame[columns[name]]) for name in wanted}
    _check_lengths(chosen)
    table = Table(
        source=_SOURCE,
        names=file_texts(chosen[roles.path], where=_where, suffix=suffix),
        labels=chosen[roles.label],
        where=_where,
        splits=chosen.get(roles.split or ""),
        groups=chosen.get(roles.group or ""),
        split_column=roles.split,
    )
    return dataset_of(table, folder, name=folder.resolve().name)


def _where(row: int) -> str:
    return f"row {row} of {_SOURCE}"


def _columns(frame: object) -> dict[str, Any]:
    """The columns' names as text, each with the name that the frame knows it by."""
    names = getattr(frame, "columns", frame if isinstance(frame, Mapping) else None)
    if names is None or not hasattr(frame, "__getitem__"):
        raise OptionError(
            f"frame is {type(frame).__name__}; it must be a data frame or a mapping of columns",
            fix="kclass.from_csv reads a file, kclass.from_lists takes lists.",
        )
    listed = list(names)
    columns = {str(name): name for name in listed}
    if len(columns) < len(listed):
        twice = sorted({str(name) for name in listed if listed.count(name) > 1})
        raise OptionError(f"several columns of {_SOURCE} are called {', '.join(twice)}")
    return columns


def _values(name: str, column: object) -> list[object]:
    if isinstance(column, Iterable) and not isinstance(column, str | bytes):
        return list(column)
    raise OptionError(f"the column {name} of {_SOURCE} is {column!r}; it must have an entry for each photo")


def _check_lengths(columns: Mapping[str, Sequence[object]]) -> None:
    if len({len(values) for values in columns.values()}) > 1:
        lengths = ", ".join(f"{name} ({len(values)})" for name, values in columns.items())
        raise OptionError(f"the columns of {_SOURCE} are not equally long: {lengths}")
