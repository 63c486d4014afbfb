"""A data set from whatever place holds it: a folder, a table or an archive of either."""

import posixpath
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from kclass.dataset.columns import choose_columns
from kclass.dataset.csv_file import SUFFIXES_OF_TABLES, open_csv
from kclass.dataset.csv_source import from_csv
from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.named_photos import from_name_regex
from kclass.dataset.names import TRAIN, listing, split_code
from kclass.dataset.places import as_path, nearest
from kclass.dataset.scanning import scan
from kclass.dataset.unpacked import archive_name, unpacked
from kclass.errors import DataError, KClassError, OptionError
from kclass.files import is_folder, is_there

_OTHER_TABLES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".numbers", ".txt", ".json", ".parquet"})
"""What other programs keep tables in; some of these are zip archives inside."""

_OF_TABLES: Final = ("root", "path_column", "label_column", "split_column")


@dataclass(frozen=True, slots=True)
class _Options:
    root: str | Path | None
    path_column: str | None
    label_column: str | None
    split_column: str | None
    group: str | None
    label_regex: str | None

    def given(self) -> list[str]:
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]

    def as_text(self) -> dict[str, str]:
        """Those that were given, by name."""
        return {name: str(getattr(self, name)) for name in self.given()}


def open_data(
    place: str | Path,
    *,
    root: str | Path | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    group: str | None = None,
    label_regex: str | None = None,
) -> Dataset:
    """The photos of a folder, of a CSV file, or of a zip or tar archive with either in it.

    A folder of class folders is what `ImageFolder` makes of it. One without class folders that has a
    CSV file beside its photos is what `from_csv` makes of that; a folder is no class folder if that
    file names photos of several classes in it alone. An archive is unpacked into kclass's
    cache, once, and taken as a folder; a single folder in it is passed through.

    Args:
        place: the folder, the `.csv` or `.tsv` file, or the archive.
        root: of a CSV file: the folder that its names start from. In a folder or an archive it
            starts from there.
        path_column: of a CSV file: see `from_csv`.
        label_column: likewise.
        split_column: likewise.
        group: what no split parts: a column of the CSV file, "" for none; or a regular expression,
            whose first group (or whole match) in a photo's path below the root names its group.
        label_regex: of a folder: a regular expression, whose first group (or whole match) in a
            photo's name is its class; see `from_name_regex`.

    Raises:
        DataError: there is nothing at `place`, or what is there cannot be used.
        OptionError: an option has no effect on what is there, or cannot be used.
        OutputError: an archive cannot be unpacked into the cache.
    """
    path = as_path(place, option="place", fix="Give a folder, a CSV file or an archive.")
    options = _Options(root, path_column, label_column, split_column, group, label_regex)
    data = _of_place(path, options)
    origin = {"place": str(path.absolute()), **options.as_text()}
    if root is not None and path.suffix.lower() in SUFFIXES_OF_TABLES:  # elsewhere it starts from the place
        origin["root"] = str(Path(root).absolute())
    told = (data.name, data.samples, data.empty_classes, data.loose_photos, data.remarks, data.searched)
    return data if data.origin == origin else Dataset(*told, origin)


def _of_place(path: Path, options: _Options) -> Dataset:
    if is_folder(path):
        return _named(_of_folder(path, options), path.resolve().name, searched=path.absolute())
    if not is_there(path):
        raise DataError(f"there is no folder or file {path}", fix=nearest(path, among=is_there))
    if path.suffix.lower() in SUFFIXES_OF_TABLES:
        return _of_table(path, options)
    if path.suffix.lower() in _OTHER_TABLES:
        raise DataError(
            f"{path} is no table that kclass reads",
            fix="Save it as CSV in UTF-8; its name must end with .csv.",
        )
    if not path.is_file():  # a pipe would be waited for
        raise DataError(
            f"{path} is neither a folder nor a file", fix="Give the folder that holds the photos."
        )
    return _of_archive(path, options)


def _of_archive(path: Path, options: _Options) -> Dataset:
    folder = unpacked(path)
    try:
        data = _of_folder(folder, options)
    except (DataError, OptionError) as error:
        raise _within(path, folder, error) from error
    outside = [
        name for name in data.samples.paths if name.startswith(("/", "../")) or Path(name).is_absolute()
    ]
    if outside:
        raise DataError(
            f"a table in {path} names photos outside of it: {listing(outside, most=3)}",
            fix="Unpack it yourself, look through it, and give the folder.",
        )
    return _named(data, archive_name(path), searched=folder)


def _within(archive: Path, folder: Path, error: DataError | OptionError) -> KClassError:
    """The error in the words of the archive's owner, who does not know where it is unpacked."""
    message, fix = (text.replace(str(folder), str(archive)) for text in (error.message, error.fix))
    return type(error)(message, fix=fix if fix == error.fix else f"Unpack the archive. {fix}")


def _of_folder(folder: Path, options: _Options) -> Dataset:
    if options.label_regex is not None:
        _refuse(options, _OF_TABLES, "photos that are labelled by their names")
        return _grouped(from_name_regex(folder, options.label_regex), options.group)
    table = _table_in(folder, options)
    if table is None:
        return _grouped(ImageFolder(folder), options.group)
    if options.root is not None:
        options = replace(options, root=folder / as_path(options.root, option="root"))
    return _of_table(table, options)


def _of_table(path: Path, options: _Options) -> Dataset:
    _refuse(options, ("label_regex",), "a table, which has a column of labels")
    columns = open_csv(path).columns
    by_column = options.group in columns
    if options.group is not None and not by_column and re.fullmatch(r"\w+", options.group):
        # A single word is no expression that would group anything.
        raise OptionError.unknown("group", options.group, columns)
    data = from_csv(
        path,
        root=options.root,
        path_column=options.path_column,
        label_column=options.label_column,
        split_column=options.split_column,
        group_column=options.group if by_column or options.group is None else "",
    )
    return data if by_column else _grouped(data, options.group or None)


def _grouped(data: Dataset, group: str | None) -> Dataset:
    return data if group is None else data.grouped(group)


def _table_in(folder: Path, options: _Options) -> Path | None:
    """The CSV file that labels the photos in a folder, None if class folders do."""
    asked = [name for name in _OF_TABLES if name in options.given()]
    tables = _tables(folder)
    if not asked and not tables:
        return None
    usable = [table for table in tables if _is_usable(table)] if len(tables) > 1 else tables
    if not asked and _has_class_folders(folder):
        parting = [table for table in usable if _parts_one_folder(table, folder)]
        return parting[0] if len(parting) == 1 and _may_belong_to_a_table(folder) else None
    if len(usable) == 1:
        return usable[0]
    if usable or (asked and tables):
        raise OptionError(
            f"there are several tables in {folder}: {listing([table.name for table in usable or tables])}",
            fix=f"Give the one that names the photos, such as {(usable or tables)[0]}.",
        )
    if asked:
        raise OptionError(f"{asked[0]} has no effect: there is no CSV file in {folder}", fix="Leave it out.")
    return None


def _tables(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(
            f"cannot read the folder {folder}: {error.strerror or error}", fix="Make it readable."
        ) from error
    return [
        entry
        for entry in entries
        if entry.suffix.lower() in SUFFIXES_OF_TABLES and entry.name[0] != "." and entry.is_file()
    ]


def _is_usable(table: Path) -> bool:
    """Whether a CSV file has columns of names and labels."""
    nothing: dict[str, Any] = dict.fromkeys(("path_column", "label_column", "split_column", "group_column"))
    try:
        choose_columns(open_csv(table).columns, source=table.name, **nothing)
    except (DataError, OptionError):
        return False
    return True


def _has_class_folders(folder: Path) -> bool:
    """Whether there are two folders with photos, or a training folder that has folders with photos.

    Split folders without folders in them, as they come with a table, are no class folders.
    """
    photos = [name.split("/") for name in scan(folder).photos]
    tops = {parts[0] for parts in photos if len(parts) > 1}
    if any(split_code(parts[0]) == TRAIN for parts in photos if len(parts) > 2):
        return True
    return len(tops) > 1 and any(split_code(top) is None for top in tops)


def _may_belong_to_a_table(folder: Path) -> bool:
    """Whether folders are like those of data sets that a table labels: `train_images`, `test_images`.

    Folders of photos alone: a training folder with class folders in it needs no table. Either all are
    named as splits, or there are two at most, as `images` and `masks`: beside several class folders a
    table may be about anything.
    """
    photos = [name.split("/") for name in scan(folder).photos]
    tops = {parts[0] for parts in photos if len(parts) > 1}
    if any(len(parts) > 2 for parts in photos):
        return False
    return len(tops) <= 2 or all(re.match(r"train|test|val|dev", top.casefold()) for top in tops)


def _parts_one_folder(table: Path, folder: Path) -> bool:
    """Whether a table has several classes for photos that lie in one folder, which is then no class.

    Data sets often come so: `train_images`, `test_images`, and a table that labels the former.
    """
    try:
        data = from_csv(table)
    except (DataError, OptionError):
        return False
    below = {posixpath.dirname(path) for path in data.samples.paths}
    return len(below) == 1 and (data.root != folder.absolute() or "" not in below)


def _refuse(options: _Options, names: tuple[str, ...], what: str) -> None:
    useless = [name for name in names if name in options.given()]
    if useless:
        raise OptionError(f"{useless[0]} has no effect on {what}", fix="Leave it out.")


def _named(data: Dataset, name: str, *, searched: Path) -> Dataset:
    if (data.name, data.searched) == (name, searched):
        return data
    return Dataset(name, data.samples, data.empty_classes, data.loose_photos, data.remarks, searched)
