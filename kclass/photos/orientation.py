"""Which way up a photo was taken, as its EXIF or XMP says."""

import re
import struct

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_NUMBERS = {1: "B", 3: "H", 4: "I"}
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation of an opened photo.

    EXIF goes before XMP. Damaged metadata says nothing. Nothing but this one entry is read, so
    damage elsewhere in EXIF, which is common, does no harm.

    Returns:
        1 to 8; 1 is upright, and is what photos without the entry are taken for.

    Source:
        Exif 2.32 (CIPA DC-008-2019), 4.6.4, tag 274: TIFF 6.0 structure and meaning of the values.
    """
    found = image.tag_v2.get(_TAG) if isinstance(image, TiffImageFile) else _in_exif(_exif(image.info))
    if found is None:
        found = _in_xmp(image.info)
    return found if found in _TURNS else 1


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """The photo turned and mirrored so that what was up is up."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _exif(info: dict[str | tuple[int, int], object]) -> bytes:
    exif = info.get("exif")
    if isinstance(exif, bytes):
        return exif
    profile = info.get("Raw profile type exif")  # PNGs written by ImageMagick: three lines, then hex
    if not isinstance(profile, str):
        return b""
    try:
        return bytes.fromhex("".join(profile.split("\n")[3:]))
    except ValueError:
        return b""


def _in_exif(exif: bytes) -> int | None:
    exif = exif.removeprefix(b"Exif\0\0")
    order = _BYTE_ORDERS.get(exif[:2])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", exif, entry)
            if tag == _TAG:
                return int(struct.unpack_from(order + _NUMBERS.get(kind, "H"), exif, entry + 8)[0])
    except struct.error:
        return None
    return None


def _in_xmp(info: dict[str | tuple[int, int], object]) -> int | None:
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    if isinstance(xmp, str):
        xmp = xmp.encode("utf-8", "replace")
    found = _XMP.search(xmp) if isinstance(xmp, bytes) else None
    return int(found[1]) if found else None
