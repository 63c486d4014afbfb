"""The entries of a photo's EXIF, found one by one so that damage elsewhere does no harm."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_NUMBERS = {1: "B", 3: "H", 4: "I"}
TEXT = 2
_LONGEST = 200  # bytes of a text that are read; a damaged length may claim millions


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of EXIF's first directory.

    Args:
        exif: all of the EXIF, from the byte order mark on.
        order: "<" if the least byte of a number comes first, else ">".
        place: where the entry lies in it.
        tag: what it says.
        kind: the type of its value, as TIFF numbers them.
    """

    exif: bytes
    order: str
    place: int
    tag: int
    kind: int

    def number(self) -> int:
        """Its value as a whole number; a type that is none is read as SHORT.

        Raises:
            struct.error: the EXIF ends before it.
        """
        form = self.order + _NUMBERS.get(self.kind, "H")
        return int(struct.unpack_from(form, self.exif, self.place + 8)[0])

    def text(self) -> str:
        """Its value as text in one row, at most 200 bytes of it; empty if it is none.

        Raises:
            struct.error: the EXIF ends before it.
        """
        if self.kind != TEXT:
            return ""
        count, at = struct.unpack_from(self.order + "II", self.exif, self.place + 4)
        if count <= 4:  # it lies in the entry itself
            at = self.place + 8
        return one_row(self.exif[at : at + min(count, _LONGEST)].decode("utf-8", "replace"))


def one_row(text: str) -> str:
    """The words of a text up to its first null character, in one row and printable."""
    words = ("".join(filter(str.isprintable, word)) for word in text.partition("\0")[0].split())
    return " ".join(filter(None, words))[:_LONGEST]


def exif_of(image: Image.Image) -> bytes:
    """The EXIF of an opened photo, or what its file has in that place; empty if there is none."""
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        return exif
    profile = image.info.get("Raw profile type exif")  # PNGs written by ImageMagick: three lines, then hex
    if not isinstance(profile, str):
        return b""
    try:
        return bytes.fromhex("".join(profile.split("\n")[3:]))
    except ValueError:
        return b""


def entries(exif: bytes) -> Iterator[Entry]:
    """The entries of the first directory, as far as it is sound.

    Source:
        TIFF 6.0, section 2, which Exif 2.32 (CIPA DC-008-2019), 4.5, takes over.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = _BYTE_ORDERS.get(exif[:2])
    if order is None:
        return
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for place in range(start + 2, start + 2 + 12 * count, 12):
            yield Entry(exif, order, place, *struct.unpack_from(order + "HH", exif, place))
    except struct.error:
        return
