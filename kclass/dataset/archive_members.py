"""What zip and tar archives hold, read member by member and never past a limit."""

import bz2
import contextlib
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from kclass.errors import DataError

_CHUNK: Final = 1 << 20

_ENCRYPTED: Final = 0x1
_UTF8: Final = 0x800
"""Flags of a zip's member, from PKWARE's APPNOTE 4.4.4."""

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways to pack a zip's member that give back no more at a time than is asked for. By bzip2 and LZMA a
kilobyte may become a gigabyte in one step, before anyone could count it."""

_OTHER_METHODS: Final = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}

_LONGEST_HEADER: Final = 1 << 20
"""Bytes of a tar's header that goes with a member, such as a long name; it is read in one piece."""

_EXTENSIONS: Final = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)

_COMPRESSIONS: Final = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))

_ENDS: Final = frozenset({"EOFHeaderError", "EmptyHeaderError"})
"""What tarfile calls the mark at the end of an archive, and its lack; it has more names than types."""

_UNPACK = "Unpack it with another program, and give the folder."


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive.

    Args:
        name: as the archive has it.
        is_folder: whether it is a folder; otherwise it is a file.
        chunks: gives what the file holds, once, before the next member is asked for.
    """

    name: str
    is_folder: bool
    chunks: Callable[[], Iterator[bytes]]


class Meter(Protocol):
    """Is told how much there is to unpack and how much has been, and raises when it is too much."""

    def expect(self, number: int) -> None:
        """Take note of so many bytes that the archive says it holds."""

    def count(self, number: int) -> None:
        """Take note of so many bytes more that have come out of it."""


def archive_members(path: Path, *, meter: Meter) -> Generator[Member, None, None]:
    """The files and folders in a zip or tar archive, the latter packed by gzip, bzip2 or xz or not.

    Args:
        path: the archive; what it is, is told by its content.
        meter: is told of all bytes that the archive says it holds, and that come out of it.

    Yields:
        Each member, in the order of the archive.

    Raises:
        DataError: the file cannot be read, is no such archive, is broken or encrypted, or holds a
            link, a device or anything else that is neither file nor folder.
    """
    with _reading(path):
        is_zip = zipfile.is_zipfile(path)
    return _zip_members(path, meter) if is_zip else _tar_members(path, meter)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        UnicodeError,  # in a zip's names
    ) as error:
        raise _broken(path, error) from error
    except (NotImplementedError, RuntimeError) as error:  # how a zip's member is packed
        raise DataError(f"cannot unpack {path}: {error}", fix=_UNPACK) from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.strerror is None:  # gzip's and bzip2's
            raise _broken(path, error) from error
        reason = getattr(error, "strerror", error)
        raise DataError(f"cannot read {path}: {reason}", fix="Check the path and who may read it.") from error


def _broken(path: Path, error: Exception) -> DataError:
    reason = str(error) or "it ends too early"
    return DataError(f"the archive {path} is broken: {reason}", fix="Fetch it again.")


def _zip_members(path: Path, meter: Meter) -> Generator[Member, None, None]:
    with _reading(path), zipfile.ZipFile(path) as archive:
        meter.expect(sum(info.file_size for info in archive.infolist()))
        for info in archive.infolist():
            if info.flag_bits & _ENCRYPTED:
                raise DataError(
                    f"{path} is encrypted", fix="Unpack it with its password, and give the folder."
                )
            if info.compress_type not in _METHODS:
                method = _OTHER_METHODS.get(info.compress_type, f"method {info.compress_type}")
                raise DataError(f"cannot unpack {path}: it is a zip packed by {method}", fix=_UNPACK)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _neither(path, info.filename)
            is_folder = info.is_dir() or kind == stat.S_IFDIR
            yield Member(_zip_name(info), is_folder, _zip_chunks(path, archive, info, meter))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name in UTF-8 where it is some, though the archive does not say so; else in code page 437."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _zip_chunks(
    path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter
) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        with _reading(path), archive.open(info) as file:
            while chunk := file.read(_CHUNK):
                meter.count(len(chunk))
                yield chunk

    return chunks


def _tar_members(path: Path, meter: Meter) -> Generator[Member, None, None]:
    with _reading(path), _decompressed(path, meter) as stream:
        try:
            archive = tarfile.open(fileobj=stream, mode="r|", tarinfo=_Strict)  # noqa: SIM115
        except tarfile.ReadError as error:
            raise DataError(f"{path} is no zip or tar archive: {error}", fix=_UNPACK) from error
        with archive:
            for info in archive:
                if not (info.isdir() or (info.isreg() and not info.issparse())):
                    raise _neither(path, info.name)
                meter.expect(info.size)
                yield Member(_tar_name(info), info.isdir(), _tar_chunks(path, archive, info))
        while stream.read(_CHUNK):  # to the end, where the sum of all bytes is checked
            pass


class _Strict(tarfile.TarInfo):
    """A header that is not taken for the end of the archive if it is damaged or cut off, nor endless."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str | None, errors: str) -> Any:
        """The header in a block."""
        info = super().frombuf(buf, encoding, errors)  # type: ignore[arg-type]
        if info.type in _EXTENSIONS and info.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {info.size} bytes")
        if info.size < 0:  # it would lead back, and pass over other members
            raise tarfile.ReadError(f"a member of {info.size} bytes")
        return info

    @classmethod
    def fromtarfile(cls, archive: Any) -> Any:
        """The next header."""
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in _ENDS:
                raise
            raise tarfile.ReadError(str(error)) from error


def _tar_name(info: tarfile.TarInfo) -> str:
    """The name, in Latin-1 where it is no UTF-8."""
    try:
        info.name.encode("utf-8")
    except UnicodeEncodeError:
        return info.name.encode("utf-8", "surrogateescape").decode("latin-1")
    return info.name


def _tar_chunks(path: Path, archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        file = archive.extractfile(info)
        with _reading(path), file or contextlib.nullcontext():
            while file and (chunk := file.read(_CHUNK)):
                yield chunk

    return chunks


class _Metered:
    """A stream that tells how much is read from it."""

    def __init__(self, stream: io.BufferedIOBase, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._meter.count(len(data))
        return data


@contextlib.contextmanager
def _decompressed(path: Path, meter: Meter) -> Iterator[Any]:
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(0)
        for mark, opened in _COMPRESSIONS:
            if start.startswith(mark):
                with opened(file, "rb") as stream:
                    yield _Metered(stream, meter)
                return
        yield _Metered(file, meter)


def _neither(path: Path, name: str) -> DataError:
    return DataError(
        f"{path} holds {name!r}, which is a link or a device",
        fix="Pack the photos themselves, or unpack it with another program and give the folder.",
    )
