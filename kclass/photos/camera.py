"""Which camera a photo was taken with, as its EXIF says."""

import struct
from collections.abc import Iterator

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from kclass.photos.exif import TEXT, entries, exif_of, one_row

_MAKE, _MODEL = 0x010F, 0x0110


def camera_of(image: Image.Image) -> str:
    """Make and model in one row of words; empty if the file names neither.

    Most makers repeat their name in the model: it is then said once. AVIF and HEIC have no camera
    here, because their EXIF is not read (see `kclass.photos.formats`).

    Source:
        Exif 2.32 (CIPA DC-008-2019), 4.6.4, tags 271 and 272.
    """
    names = dict(_in_tiff(image) if isinstance(image, TiffImageFile) else _in_exif(exif_of(image)))
    make, model = names.get(_MAKE, ""), names.get(_MODEL, "")
    repeated = make and model.lower().startswith(make.split()[0].lower())
    return model if repeated else f"{make} {model}".strip()


def _in_exif(exif: bytes) -> Iterator[tuple[int, str]]:
    for entry in entries(exif):
        if entry.tag in (_MAKE, _MODEL):
            try:
                yield entry.tag, entry.text()
            except struct.error:
                return


def _in_tiff(image: TiffImageFile) -> Iterator[tuple[int, str]]:
    for tag in (_MAKE, _MODEL):
        if image.tag_v2.tagtype.get(tag) == TEXT:  # of other types Pillow may warn or raise
            yield tag, one_row(str(image.tag_v2[tag]))
