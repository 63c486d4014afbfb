"""Which way up a photo was taken, as its EXIF or XMP says."""

import re
import struct

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from kclass.photos.exif import entries, exif_of

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
# Where the stored photo's left edge is the right or the bottom of the upright one, and where its top is.
LEFT_IS_FAR = frozenset({2, 3, 7, 8})
TOP_IS_FAR = frozenset({3, 4, 6, 7})

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
    found = image.tag_v2.get(_TAG) if isinstance(image, TiffImageFile) else _in_exif(exif_of(image))
    if found is None:
        found = _in_xmp(image.info)
    return found if found in _TURNS else 1


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """The photo turned and mirrored so that what was up is up."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _in_exif(exif: bytes) -> int | None:
    try:
        return next((entry.number() for entry in entries(exif) if entry.tag == _TAG), None)
    except struct.error:
        return None


def _in_xmp(info: dict[str | tuple[int, int], object]) -> int | None:
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    if isinstance(xmp, str):
        xmp = xmp.encode("utf-8", "replace")
    found = _XMP.search(xmp) if isinstance(xmp, bytes) else None
    return int(found[1]) if found else None
