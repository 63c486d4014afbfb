"""A CSV file that names photos and their classes, as a data set."""

from collections.abc import Sequence
from pathlib import Path

from kclass.dataset.columns import Roles, choose_columns
from kclass.dataset.csv_file import CsvFile, open_csv, read_columns
from kclass.dataset.dataset import Dataset
from kclass.dataset.file_names import locate
from kclass.dataset.names import listing
from kclass.dataset.places import as_path, existing_folder
from kclass.dataset.table import Table, dataset_of, file_texts, subfolders
from kclass.errors import DataError, OptionError

_HEADER = "The first line of the file must name its columns."

_TRIED = 20
"""Names that are looked for to find out where they start from."""


def from_csv(
    path: str | Path,
    *,
    root: str | Path | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    suffix: str | None = None,
) -> Dataset:
    """The photos that a CSV file names, with their classes, and splits and groups if it has them.

    Its first line names the columns; fields are parted by commas, semicolons or tabs; the text is
    UTF-8. Names may have their suffix or not, and differ in its capitals, in Unicode's composition
    and in backslashes. Photos that are not there are left out, and so is a second row that says the
    same; `remarks` tells of both. Photos that no row names are not used. The `split.csv` of a run is
    such a file.

    Args:
        path: the file.
        root: the folder that its names start from; default the folder it lies in, or the only folder
            in that one which has photos of these names.
        path_column: the column of names; default the only one that is called `path`, `file`,
            `filename`, `image`, `name`, `id` or the like.
        label_column: the column of classes, one a photo; default the only one that is called
            `label`, `class`, `category`, `target`, `species` or the like.
        split_column: the column of splits, with the words that split folders may have, or called
            `is_valid`, with true or false; default the only one that is called `split`, `set`,
            `subset`, `is_valid` or the like, if there is one; "" for none.
        group_column: the column of groups, which no split parts; default the only one that is called
            `group`, `patient`, `subject` or the like, if there is one; "" for none.
        suffix: is added to names that do not end with it.

    Raises:
        DataError: the file cannot be read or has no header; names no photo, or more than half of
            them are not there; its labels are numbers to be estimated or several a photo, or one
            class only; a photo has two labels, splits or groups; or a split is unknown.
        OptionError: no such column, or none or several that it may be.
    """
    file = open_csv(as_path(path, fix="Give the path of a CSV file."))
    try:
        roles = choose_columns(
            file.columns,
            source=file.path.name,
            path_column=path_column,
            label_column=label_column,
            split_column=split_column,
            group_column=group_column,
        )
    except OptionError as error:
        raise OptionError(error.message, fix=f"{error.fix} {_HEADER}".strip()) from error
    table = _table(file, roles, suffix)
    above = file.path.absolute().parent
    if root is not None:
        folder = existing_folder(as_path(root, option="root"))
        return dataset_of(table, folder, name=folder.resolve().name)
    return dataset_of(table, _start_of_names(table, above), name=above.resolve().name)


def _table(file: CsvFile, roles: Roles, suffix: str | None) -> Table:
    wanted = list(dict.fromkeys(filter(None, (roles.path, roles.label, roles.split, roles.group))))
    columns = read_columns(file, wanted)
    values = dict(zip(wanted, columns.values, strict=True))

    def where(row: int) -> str:
        return f"line {columns.lines[row]} of {file.path}"

    return Table(
        source=file.path.name,
        names=file_texts(values[roles.path], where=where, suffix=suffix),
        labels=values[roles.label],
        where=where,
        splits=values.get(roles.split or ""),
        groups=values.get(roles.group or ""),
        split_column=roles.split,
    )


def _start_of_names(table: Table, above: Path) -> Path:
    """The folder that names start from: the one of the table, or the only one in it that has them."""
    names = table.names[:_TRIED]
    if _has_any(names, above):
        return above
    folders = [folder for folder in subfolders(above) if _has_any(names, folder)]
    if len(folders) > 1:
        raise DataError(
            f"several folders have photos that {table.source} names: "
            f"{listing([folder.name for folder in folders])}",
            fix=f"Say which: root={str(folders[0])!r}.",
        )
    return folders[0] if folders else above


def _has_any(names: Sequence[str], folder: Path) -> bool:
    return any(locate(names, folder, where=lambda row: names[row]))
