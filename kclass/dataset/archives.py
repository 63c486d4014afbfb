"""Archives unpacked so that nothing in them can do harm: whole or not at all, and never elsewhere."""

import contextlib
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.dataset.archive_members import Member, archive_members
from kclass.dataset.names import composed
from kclass.dataset.scanning import FOLDERS_OF_SYSTEMS
from kclass.dataset.zip_directory import has_more_members
from kclass.errors import DataError, OutputError
from kclass.files import is_there, output_errors

_BY_HAND: Final = "Unpack it with another program, look through it, and give the folder."

_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an archive may hold before it is taken for one that was made to do harm.

    ImageNet, the largest set of photos that is commonly trained on by one machine, has 1.4 million
    files in 155 GB. Photos hardly shrink when they are packed; what shrinks to less than a hundredth
    is made of zeros, unless it is small.

    Args:
        members: files and folders.
        size: bytes of all files.
        ratio: bytes of all files for each byte of the archive.
        small: so many bytes are never too many for the ratio.
    """

    members: int = 2_000_000
    size: int = 256 * 2**30
    ratio: int = 100
    small: int = 2**30


def unpack(archive: str | Path, into: str | Path, *, limits: Limits | None = None) -> Path:
    """Unpack a zip or tar archive (the latter packed by gzip, bzip2 or xz, or not).

    Hidden files and what macOS adds are left out. Permissions and times are not taken over. Members
    are written by kclass itself, one after the other, so that no archive decides where and what.

    Args:
        archive: the file; what it is, is told by its content.
        into: the folder that will hold what is in it. It must not be there yet.
        limits: how much it may hold.

    Returns:
        `into`, which is made in one step once everything is unpacked.

    Raises:
        DataError: the file cannot be read, is no such archive, broken, encrypted or empty; it holds
            links, devices, paths that lead outside, two members of which some systems would write
            one over the other, or more than the limits allow.
        OutputError: `into` is there already or cannot be written.
    """
    source, target = Path(archive), Path(into)
    if is_there(target):
        raise OutputError(f"{target} is there already", fix="Choose another folder, or remove it.")
    staging = target.parent / f".part-{uuid.uuid4().hex}"
    try:
        with output_errors(target):
            staging.mkdir(parents=True)
        with output_errors(target):
            _write_members(source, staging, limits or Limits())
            staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _write_members(source: Path, staging: Path, limits: Limits) -> None:
    """Write all members that are no hidden ones."""
    _refuse_too_many(source, limits)
    meter = _Meter(source, limits)
    names = _Names(source)
    files = 0
    with contextlib.closing(archive_members(source, meter=meter)) as members:
        for number, member in enumerate(members, start=1):
            if number > limits.members:
                raise _too_many(source, limits)
            parts = _parts(source, member.name)
            if not parts or any(part.startswith(".") or part in FOLDERS_OF_SYSTEMS for part in parts):
                continue
            names.add(parts, is_folder=member.is_folder)
            files += not member.is_folder
            _write(member, staging.joinpath(*parts))
    if not files:
        raise DataError(f"there is no file in {source}", fix="Look through it with another program.")


def _refuse_too_many(source: Path, limits: Limits) -> None:
    """Refuse members beyond count before any is looked at, where a directory tells how many there are."""
    # What cannot be read has errors of its own where it is read.
    with contextlib.suppress(OSError, ValueError):
        if has_more_members(source, limits.members):
            raise _too_many(source, limits)


def _write(member: Member, path: Path) -> None:
    if member.is_folder:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.writelines(member.chunks())


def _parts(source: Path, name: str) -> list[str]:
    """The folders and the file that a member's name leads through.

    Windows takes backslashes for slashes, and cuts full stops and spaces off the ends of names; a part
    such as `C:x`, wherever it stands, leads it to another drive.
    """
    path = name.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or "\0" in path or any(_DRIVE.match(p) or not p.strip(" .") for p in parts):
        raise DataError(f"{source} holds {name!r}, which would lie outside of its folder", fix=_BY_HAND)
    return parts


class _Names:
    """Names that have been unpacked, in the spelling that all systems tell apart."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._folders: dict[str, str] = {}
        self._files: dict[str, str] = {}

    def add(self, parts: list[str], *, is_folder: bool) -> None:
        """Take note of a member.

        Raises:
            DataError: another one has its name, or one that some systems do not tell apart.
        """
        *folders, path = _paths(parts)
        for folder in (*folders, path) if is_folder else folders:
            self._refuse_twin(folder, self._files)
            if self._folders.setdefault(_key(folder), folder) != folder:
                raise self._twins(folder, self._folders[_key(folder)])
        if not is_folder:
            self._refuse_twin(path, self._folders)
            self._refuse_twin(path, self._files)
            self._files[_key(path)] = path

    def _refuse_twin(self, path: str, others: dict[str, str]) -> None:
        if _key(path) in others:
            raise self._twins(path, others[_key(path)])

    def _twins(self, path: str, other: str) -> DataError:
        names = path if path == other else f"{other} and {path}"
        return DataError(
            f"{self._source} holds members that some systems would write one over the other: {names}",
            fix="Unpack it with another program, and give the folder.",
        )


def _paths(parts: Iterable[str]) -> Iterator[str]:
    path = ""
    for part in parts:
        path = f"{path}/{part}" if path else part
        yield path


def _key(path: str) -> str:
    return composed(path).casefold()


class _Meter:
    """Refuses an archive that says it holds too much, and one out of which too much comes."""

    def __init__(self, source: Path, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._unpacked = 0

    def expect(self, number: int) -> None:
        """Refuse so many bytes if they are too many."""
        if number > self._limits.size:
            raise _too_much(self._source, f"more than {self._limits.size / 2**30:.0f} GiB")
        if number > max(self._limits.small, self._limits.ratio * self._source.stat().st_size):
            raise _too_much(self._source, f"more than {self._limits.ratio} bytes for each of its own")

    def count(self, number: int) -> None:
        """Refuse all bytes that have come out so far if they are too many."""
        self._unpacked += number
        self.expect(self._unpacked)


def _too_many(source: Path, limits: Limits) -> DataError:
    return _too_much(source, f"more than {limits.members:,} members")


def _too_much(source: Path, what: str) -> DataError:
    return DataError(f"{source} holds {what}; it may have been made to do harm", fix=_BY_HAND)
