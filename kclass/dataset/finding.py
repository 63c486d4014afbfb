"""Photos to predict: from files, folders and patterns, as people name them."""

import glob
from collections.abc import Iterable
from pathlib import Path

from kclass.dataset.scanning import scan
from kclass.errors import DataError


def find_photos(places: Iterable[str | Path]) -> tuple[Path, ...]:
    """The photos that files, folders and patterns stand for, in that order, each once.

    A folder stands for all photos in and below it, by suffix. A pattern (`*`, `?`, `[…]`; `**` for
    any depth) stands for the files it matches. A name that is a file stands for it, whatever its
    suffix; so does a name that is not there, so that reading it says so.

    Args:
        places: paths and patterns.

    Raises:
        DataError: a folder holds no photo or cannot be read, or nothing matches a pattern.
    """
    found: dict[Path, None] = {}
    for place in places:
        found.update(dict.fromkeys(_found(Path(place))))
    return tuple(found)


def _found(place: Path) -> list[Path]:
    if place.is_dir():
        return _in_folder(place)
    if place.exists() or not glob.has_magic(str(place)):
        return [place]
    matches = [Path(match) for match in sorted(glob.glob(str(place), recursive=True))]  # noqa: PTH207
    if not matches:
        raise DataError(f"nothing matches {place}", fix="Look at the pattern; quotes keep the shell off it.")
    return [photo for match in matches for photo in (_in_folder(match) if match.is_dir() else [match])]


def _in_folder(folder: Path) -> list[Path]:
    photos = [folder / name for name in scan(folder).photos]
    if not photos:
        raise DataError(f"there is no photo in the folder {folder}", fix="Give a folder with photos.")
    return photos
