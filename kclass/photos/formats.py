"""The photo formats that are read, how each is recognised, and its header.

Pillow's classes are called directly. `Image.open` would try the formats by turns, warn from 89 and
refuse from 179 million pixels by a setting that belongs to the host program and to all its threads;
the classes only read the header, so that kclass can apply limits of its own before it decodes.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile, DibImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

JPEG_PIXELS = 500_000_000
OTHER_PIXELS = 100_000_000

_AV1_BRANDS = frozenset({b"avif", b"avis"})
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIF_BRANDS = frozenset({b"mif1", b"msf1"})


@dataclass(frozen=True)
class PhotoFormat:
    """One format: its name, its usual suffixes, its mark in the first bytes and its limit.

    Args:
        name: as people call it.
        suffixes: lower case, with the dot.
        recognises: whether data that starts with these bytes (64 at most) is of this format.
        header: reads the header alone; the image decodes when its `load` is called.
        max_pixels: more than these are not decoded.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    header: Callable[[IO[bytes]], ImageFile]
    max_pixels: int = OTHER_PIXELS


class _Jpeg(JpegImageFile):
    """The first picture of a JPEG or MPO file."""

    def _read_dpi_from_exif(self) -> None:
        """Leave the resolution alone: Pillow would warn of every damage that EXIF may have."""


class _Gif(GifImageFile):
    """The first picture of a GIF file, whatever is to become of it when the next one is shown.

    Pillow would paint what follows it while it reads the header, however large the file says it is.
    """

    @property
    def disposal_method(self) -> int:
        """Leave the picture as it is."""
        return 0

    @disposal_method.setter
    def disposal_method(self, _: int) -> None:
        """What the file says."""


class _Tiff(TiffImageFile):
    """The first picture of a TIFF file, as it is stored: not turned, its EXIF and GPS parts unread."""

    def load_prepare(self) -> None:
        if self._im is None:  # Pillow would warn of a size that kclass allows
            self.im = Image.new(self.mode, self._tile_size, None).im
        super().load_prepare()

    def load_end(self) -> None:
        self._size = self.im.size


def _avif_header(stream: IO[bytes]) -> ImageFile:
    return AvifImageFile(_without_metadata(stream))


def _heif_header(stream: IO[bytes]) -> ImageFile:
    from pi_heif import HeifImageFile

    image: ImageFile = HeifImageFile(_without_metadata(stream))
    return image


def _without_metadata(stream: IO[bytes]) -> IO[bytes]:
    """AVIF or HEIC whose EXIF and XMP nobody finds, because nothing says what they describe.

    In these formats not EXIF but the boxes irot and imir say which way is up (ISO/IEC 23008-12,
    6.5.10 and 6.5.12); and damage in EXIF is fatal to libavif, damage in its name to pi-heif: the
    whole process ends.
    """
    data = bytearray(stream.read())
    for box in _meta_boxes(data):
        data[box] = data[box].replace(b"cdsc", b"skip")  # "content describes"
    return io.BytesIO(data)


def _meta_boxes(data: bytearray) -> Iterator[slice]:
    """The places of the outermost boxes called meta (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        end = at + size if size >= 8 else len(data)
        if data[at + 4 : at + 8] == b"meta":
            yield slice(at, end)
        at = end


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _brands(head: bytes) -> tuple[bytes, frozenset[bytes]]:
    """The main brand of an ISO base media file, and the compatible ones (ISO/IEC 14496-12, 4.3)."""
    if head[4:8] != b"ftyp":
        return b"", frozenset()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return head[8:12], frozenset(head[at : at + 4] for at in range(16, end, 4))


def _is_avif(head: bytes) -> bool:
    main, others = _brands(head)
    return main in _AV1_BRANDS or (main in _HEIF_BRANDS and bool(others & _AV1_BRANDS))


def _is_heif(head: bytes) -> bool:
    main, _ = _brands(head)
    return main in _HEVC_BRANDS or (main in _HEIF_BRANDS and not _is_avif(head))


FORMATS = (
    PhotoFormat(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        _starts(b"\xff\xd8\xff"),
        _Jpeg,
        JPEG_PIXELS,
    ),
    PhotoFormat("PNG", (".png", ".apng"), _starts(b"\x89PNG\r\n\x1a\n"), PngImageFile),
    PhotoFormat("GIF", (".gif",), _starts(b"GIF87a", b"GIF89a"), _Gif),
    PhotoFormat("WebP", (".webp",), _is_webp, WebPImageFile),
    PhotoFormat("AVIF", (".avif", ".avifs"), _is_avif, _avif_header),
    PhotoFormat("HEIC", (".heic", ".heics", ".heif", ".heifs", ".hif"), _is_heif, _heif_header),
    PhotoFormat(
        "TIFF",
        (".tif", ".tiff"),
        _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*"),
        _Tiff,
    ),
    PhotoFormat("BMP", (".bmp",), _starts(b"BM"), BmpImageFile),
    PhotoFormat(
        "BMP without file header",
        (".dib",),
        _starts(*(bytes((size, 0, 0, 0)) for size in (12, 40, 52, 56, 64, 108, 124))),
        DibImageFile,
    ),
    PhotoFormat(
        "JPEG 2000",
        (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"),
        _starts(b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"),
        Jpeg2KImageFile,
    ),
)

SUFFIXES: frozenset[str] = frozenset(suffix for kind in FORMATS for suffix in kind.suffixes)


def recognise(data: bytes) -> PhotoFormat | None:
    """The format that the first bytes tell, whatever the file is called; None if none does."""
    head = data[:64]
    return next((kind for kind in FORMATS if kind.recognises(head)), None)


def read_header(data: bytes, kind: PhotoFormat) -> ImageFile:
    """Size and mode of a photo, nothing decoded yet.

    Raises:
        Exception: of any type, when the header is broken; Pillow names none.
    """
    return kind.header(io.BytesIO(data))
