"""Lists of files and labels as a data set."""

import os
import posixpath
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from kclass.dataset.dataset import Dataset
from kclass.dataset.places import as_path, existing_folder
from kclass.dataset.table import Table, dataset_of, file_texts
from kclass.errors import OptionError


def from_lists(
    files: Iterable[str | Path],
    labels: Iterable[object] | None = None,
    *,
    root: str | Path | None = None,
    splits: Iterable[object] | None = None,
    groups: Iterable[Hashable] | None = None,
) -> Dataset:
    """The photos of a list of files, with their labels in another list.

    Args:
        files: a path for each photo, from `root` on or absolute; what holds for names in `from_csv`
            holds here.
        labels: the class of each, None where it is not known; left out, no photo has a label, as
            those that are to be tested on may be.
        root: the folder that paths start from; default the current folder. Paths are then kept from
            the innermost folder on that has all the photos.
        splits: the split of each, in words: train, valid, test or None; left out, there is none.
        groups: what each belongs together with, which no split parts: anything that can be
            compared, None for nothing; left out, there are no groups.

    Raises:
        DataError: as `from_csv`.
        OptionError: the lists are not equally long, or something is no list.
    """
    names = file_texts(_listed("files", files), where=_where)
    columns = {
        option: None if values is None else _listed(option, values)
        for option, values in (("labels", labels), ("splits", splits), ("groups", groups))
    }
    for option, values in columns.items():
        if values is not None and len(values) != len(names):
            raise OptionError(f"{len(names)} files, but {len(values)} {option}; there must be one for each")
    if root is None:
        here = Path.cwd().as_posix()
        names = [posixpath.join(here, name) for name in names]
        folder = _innermost_folder(names)
    else:
        folder = existing_folder(as_path(root, option="root"))
    table = Table(source="the list", names=names, where=_where, **columns)  # type: ignore[arg-type]
    return dataset_of(table, folder, name=folder.resolve().name)


def _where(row: int) -> str:
    return f"files[{row}]"


def _listed(option: str, values: object) -> Sequence[object]:
    if not isinstance(values, str | bytes | os.PathLike) and isinstance(values, Iterable):
        return list(values)
    raise OptionError(f"{option} is {values!r}; it must be a list with an entry for each photo")


def _innermost_folder(files: Sequence[str]) -> Path:
    """The folder that has all of some files in or below it."""
    folders = {posixpath.dirname(posixpath.normpath(file)) for file in files}
    return Path(posixpath.commonpath(folders)) if folders else Path.cwd()
