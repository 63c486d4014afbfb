"""Names for folders and files that come from classes and photos: safe, free, and short enough."""

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from kclass.classifier.prediction import UNSURE
from kclass.dataset.scanning import FOLDERS_OF_SYSTEMS

MOST_BYTES: Final = 255
"""Bytes of a name, by the limit of ext4, XFS, Btrfs, and about that of APFS and NTFS."""

LONGEST_SUFFIX: Final = 16

_UNUSABLE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]|^\.|[. ]$')
"""Signs that are no part of names on some system; a point in front hides, one at the end is lost."""

_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names of devices to Windows, whatever suffix they have: learn.microsoft.com, "Naming Files, Paths"."""

_LONE: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Halves of signs that stand for no byte of a name."""


@dataclass(frozen=True)
class FolderNames:
    """Folders for the photos of each class, and for those answered "unsure".

    Args:
        of: the name of each class's folder.
        unsure: the name of the folder of the others.
    """

    of: Mapping[str, str]
    unsure: str


def folder_names(classes: Sequence[str]) -> FolderNames:
    """A name for each class and for "unsure", each a folder of its own on every file system.

    Args:
        classes: their names, whatever these are; one that stands twice counts once.
    """
    taken: set[str] = set()
    of = {label: _free(usable_name(label), taken) for label in dict.fromkeys(classes)}
    return FolderNames(of, _free(UNSURE, taken))


def usable_name(words: str, *, most: int = MOST_BYTES) -> str:
    """A name for a file or folder that every file system takes, and no program passes over.

    Args:
        words: whatever it is to be called; other words may come to the same name.
        most: bytes that it may have.
    """
    name = _cut(_LONE.sub("_", _UNUSABLE.sub("_", words)), most)
    name = _UNUSABLE.sub("_", name) or "_"  # what is cut may end with a point
    if name in FOLDERS_OF_SYSTEMS or _RESERVED.fullmatch(name):
        return "_" + _cut(name, most - 1)
    return name


def numbered(name: str, count: int) -> str:
    """The name of a file with a number from the second on, before its suffix: `a.jpg`, `a-2.jpg`."""
    if count == 1:
        return name
    suffix = PurePath(name).suffix
    suffix = suffix if len(suffix) <= LONGEST_SUFFIX else ""
    ending = f"-{count}{suffix}"
    return _cut(name.removesuffix(suffix), MOST_BYTES - len(os.fsencode(ending))) + ending


def alike(name: str) -> str:
    """What is equal for names that are one to some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _free(name: str, taken: set[str]) -> str:
    """The name, or it with the first number that makes it differ from those taken; takes it."""
    found, count = name, 1
    while alike(found) in taken:
        count += 1
        ending = f"-{count}"
        found = _cut(name, MOST_BYTES - len(ending)) + ending
    taken.add(alike(found))
    return found


def _cut(name: str, most: int) -> str:
    """The beginning of a name, of so many bytes at most, of whole signs."""
    while len(os.fsencode(name)) > most:
        name = name[:-1]
    return name
