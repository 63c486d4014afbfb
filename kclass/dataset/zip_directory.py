"""How many members a zip archive has, found before anybody makes an object of each.

The layout is that of PKWARE's APPNOTE, sections 4.3.12 to 4.3.16.
"""

import struct
from pathlib import Path
from typing import BinaryIO, Final

_END: Final = struct.Struct("<4s8xI6x")
"""The end of central directory record: its mark, and the size of the directory."""

_END_MARK: Final = b"PK\x05\x06"
_LONGEST_COMMENT: Final = 0xFFFF

_LOCATOR_SIZE: Final = 20
_LOCATOR_MARK: Final = b"PK\x06\x07"
_END_64: Final = struct.Struct("<4s36xQ8x")
"""The same of a zip64 archive, which stands before a locator of 20 bytes."""

_END_64_MARK: Final = b"PK\x06\x06"

_MEMBER: Final = struct.Struct("<4s24xHHH12x")
"""A member in the directory: its mark, and the lengths of its name, extra field and comment."""

_MEMBER_MARK: Final = b"PK\x01\x02"


def has_more_members(archive: Path, most: int) -> bool:
    """Whether a file is a zip archive with more members than so many.

    An archive's own count is not believed: `zipfile` makes an object of each member in the directory,
    and a million of them take ten seconds and half a gigabyte.

    Args:
        archive: the file. If it is something else, or damaged, it has no members here.
        most: members.

    Raises:
        OSError: it cannot be read.
    """
    with archive.open("rb") as file:
        place, size = _directory(file)
        file.seek(place)
        return _count(file, size, most) > most


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Where the central directory is, and its size in bytes; nothing of another file.

    The record at the end is looked for where `zipfile` does: first as if there were no comment.
    """
    whole = file.seek(0, 2)
    start = max(0, whole - _END.size - _LONGEST_COMMENT - _LOCATOR_SIZE - _END_64.size)
    file.seek(start)
    tail = file.read()
    end = len(tail) - _END.size
    if end < 0 or not (tail.startswith(_END_MARK, end) and tail.endswith(b"\0\0")):
        end = tail.rfind(_END_MARK)
    if end < 0 or end + _END.size > len(tail):
        return 0, 0
    _, size = _END.unpack_from(tail, end)
    locator = end - _LOCATOR_SIZE
    end_64 = locator - _END_64.size
    if end_64 >= 0 and tail.startswith(_LOCATOR_MARK, locator) and tail.startswith(_END_64_MARK, end_64):
        end = end_64
        _, size = _END_64.unpack_from(tail, end)
    return max(0, start + end - size), min(size, start + end)


def _count(file: BinaryIO, size: int, most: int) -> int:
    """Members in a directory of so many bytes, no more than one beyond so many."""
    count, left = 0, size
    while count <= most and left >= _MEMBER.size:
        record = file.read(_MEMBER.size)
        if len(record) < _MEMBER.size or not record.startswith(_MEMBER_MARK):
            break
        _, *lengths = _MEMBER.unpack(record)
        file.read(sum(lengths))
        left -= _MEMBER.size + sum(lengths)
        count += 1
    return count
