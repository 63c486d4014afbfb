"""Archives of photos, each unpacked once into kclass's cache."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Final

from kclass.dataset.archives import unpack
from kclass.errors import DataError, OutputError
from kclass.files import cache_folder, is_folder, write_text

_CHUNK: Final = 1 << 20

_VERSION: Final = 1
"""Raise it when the same archive would be unpacked differently."""

_SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def unpacked(archive: Path) -> Path:
    """The folder that holds what is in an archive: in the cache, from before if it is there and whole.

    If all lies in a single folder, it is that one.

    Raises:
        DataError: as `unpack`.
        OutputError: the cache cannot be written.
    """
    folder = cache_folder() / "archives" / _content_hash(archive)
    if not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            unpack(archive, folder)
        except OutputError:
            if not is_folder(folder):
                raise
            # Another process has unpacked it meanwhile.
        write_text(_note(folder), json.dumps(_content(folder)))
    return _innermost(folder)


def archive_name(archive: Path) -> str:
    """What an archive is called without its suffixes."""
    lower = archive.name.lower()
    longest = max((suffix for suffix in _SUFFIXES if lower.endswith(suffix)), key=len, default="")
    return archive.name[: len(lower) - len(longest)] or archive.name


def _content_hash(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}", fix="Check the path and who may read it.") from error
    return digest.hexdigest()


def _note(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _is_whole(folder: Path) -> bool:
    """Whether a folder holds what was unpacked into it: caches are cleaned by those who need space."""
    try:
        noted = json.loads(_note(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never unpacked to the end
        return False
    return bool(noted == _content(folder))


def _content(folder: Path) -> dict[str, int]:
    sizes = [(Path(place) / name).stat().st_size for place, _, names in os.walk(folder) for name in names]
    return {"version": _VERSION, "files": len(sizes), "bytes": sum(sizes)}


def _innermost(folder: Path) -> Path:
    entries = list(folder.iterdir())
    while len(entries) == 1 and is_folder(entries[0]):
        (folder,) = entries
        entries = list(folder.iterdir())
    return folder
