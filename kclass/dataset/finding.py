"""Photos to predict: from files, folders and patterns, as people name them."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from kclass.dataset.scanning import scan
from kclass.errors import DataError, OptionError
from kclass.files import is_folder
from kclass.photos.decoding import SUFFIXES


def find_photos(places: str | Path | Iterable[str | Path]) -> tuple[Path, ...]:
    """The photos that files, folders and patterns stand for, in that order, each once.

    A folder stands for all photos in and below it, by suffix. A pattern (`*`, `?`, `[…]`; `**` for
    any depth) stands for the files it matches and the photos in folders it matches. A name that is
    a file stands for it, whatever its suffix; so does a photo's name that is not there, so that
    reading it says so, even if it has brackets, as in `photo[1].jpg`.

    Args:
        places: paths and patterns, or a single one.

    Raises:
        DataError: a folder holds no photo or cannot be read, or a pattern matches nothing, or only
            folders without photos.
        OptionError: a place is neither text nor a path.
    """
    found: dict[Path, None] = {}
    for place in _each(places):
        found.update(dict.fromkeys(_found(place)))
    return tuple(found)


def _each(places: str | Path | Iterable[str | Path]) -> list[Path]:
    if isinstance(places, (str, Path)):
        return [Path(places)]
    try:
        return [Path(place) for place in places]
    except TypeError as error:
        raise OptionError(
            f"places is {places!r}; it must be paths and patterns, as text or Path",
            fix="Give one such as 'photos', or a list of them.",
        ) from error


def _found(place: Path) -> list[Path]:
    if is_folder(place):
        photos = _in_folder(place)
        if not photos:
            raise DataError(f"there is no photo in the folder {place}", fix="Give a folder with photos.")
        return photos
    if os.path.lexists(place) or not glob.has_magic(str(place)):
        return [place]
    return _matched(place)


def _matched(pattern: Path) -> list[Path]:
    matches = [Path(match) for match in sorted(glob.glob(str(pattern), recursive=True))]  # noqa: PTH207
    if not matches:
        if _names_a_photo(pattern):
            return [pattern]
        raise DataError(
            f"nothing matches {pattern}", fix="Look at the pattern; quotes keep the shell off it."
        )
    photos = [photo for match in matches for photo in (_in_folder(match) if is_folder(match) else [match])]
    if not photos:
        raise DataError(f"there is no photo in the folders {pattern}", fix="Give a folder with photos.")
    return photos


def _names_a_photo(pattern: Path) -> bool:
    """Whether brackets may belong to a photo's name, as browsers number copies."""
    return pattern.suffix.lower() in SUFFIXES and not set("*?") & set(str(pattern))


def _in_folder(folder: Path) -> list[Path]:
    return [folder / name for name in scan(folder).photos]
