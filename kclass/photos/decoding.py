"""The one decoder: the bytes of a photo become upright sRGB pixels, or one clear error."""

import contextlib
import functools
import os
import stat
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from kclass.errors import KClassError, OptionError, PhotoError
from kclass.files import is_folder
from kclass.photos.camera import camera_of
from kclass.photos.colour import in_srgb, opaque, profile_of
from kclass.photos.formats import FORMATS, OTHER_PIXELS, PhotoFormat, read_header, recognise
from kclass.photos.formats import SUFFIXES as SUFFIXES
from kclass.photos.orientation import orientation_of, turned_upright

# Part of every cache key: raise it when the same file would give other pixels.
DECODER_VERSION: int = 2

# Above the largest photo within the pixel limits: 100 million pixels of 16-bit RGBA are 0.8 GB.
MAX_BYTES = 2**30

# How many times smaller JPEG can be decoded. Pillow takes the first that leaves both sides as wanted.
_JPEG_SCALES = (8, 4, 2)

_REPLACE = "Fetch or save it again, or take it out of the folder."


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo, and what its file says of it.

    Args:
        stored: as it lies in the file and in its own colours: mode L, RGB or CMYK.
        profile: the ICC profile of those colours; None if the file has none.
        format: the name of its format in `kclass.photos.formats`.
        width: of the upright photo in pixels, before any reduction.
        height: likewise.
        orientation: how it lies in the file, 1 to 8 as in EXIF.
        camera: make and model; empty if the file names none.
    """

    stored: Image.Image
    profile: bytes | None
    format: str
    width: int
    height: int
    orientation: int
    camera: str

    @functools.cached_property
    def image(self) -> Image.Image:
        """The photo upright, in mode RGB and the colours of sRGB."""
        upright = turned_upright(in_srgb(self.stored, self.profile), self.orientation)
        upright.info = {}  # its profile and EXIF have been used up: kept, they would be applied twice
        return upright

    def is_as_with(self, at_least: int) -> bool:
        """Whether `decode` with that `at_least` gives the very same image."""
        if self.format != "JPEG":
            return True
        room = min(self.width, self.height) // at_least
        scale = next((scale for scale in _JPEG_SCALES if scale <= room), 1)
        reduced = (-(-self.width // scale), -(-self.height // scale))
        return _turned(self.stored.size, self.orientation) == reduced


def read_bytes(path: Path) -> bytes:
    """The bytes of a photo's file; the file is closed again.

    Raises:
        PhotoError: the file is missing, a folder, a pipe or a device, not permitted, or larger than
            1 GiB.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise PhotoError(f"{path} is not a regular file", fix="Give the file of a photo.")
            _check_bytes(path, status.st_size)
            data = file.read(status.st_size + 1)
            if len(data) > status.st_size:  # it grows, or its system does not know its size
                data += file.read(MAX_BYTES + 1 - len(data))
                _check_bytes(path, len(data))
            return data
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = "it is a folder" if is_folder(path) else _reason(error)
        raise PhotoError(
            f"cannot read {path}: {reason}", fix="Check the path and who may read it."
        ) from error


def decode(data: bytes, *, name: str, at_least: int | None = None) -> Image.Image:
    """The first picture of a photo's file, upright, in mode RGB and the colours of sRGB.

    EXIF orientation and ICC profile are followed where they are sound and ignored where not.
    Animations give their first frame. Transparency lies over white.

    Args:
        data: the whole file.
        name: what errors call the photo.
        at_least: the least width and height of the result. JPEG is then decoded at 1/2, 1/4 or 1/8
            of its size, whichever is the smallest that keeps both; other formats, and photos that
            are smaller to begin with, keep their size. None keeps every photo's size.

    Raises:
        PhotoError: the data are empty, not a photo, truncated, broken or too large: above 500 million
            pixels for JPEG, 100 million for progressive JPEG and the rest, as the header says, before
            anything is decoded.
        OptionError: `at_least` is below 1.
    """
    _check_at_least(at_least)
    kind = _recognised(data, name)
    with _photo_errors(name, kind):
        return _decoded(data, kind, name, at_least).image


def decode_photo(data: bytes, *, name: str, at_least: int | None = None) -> Photo:
    """What `decode` gives, and what the file says besides; options and errors are the same."""
    _check_at_least(at_least)
    kind = _recognised(data, name)
    with _photo_errors(name, kind):
        return _decoded(data, kind, name, at_least)


def photo_size(data: bytes, *, name: str) -> tuple[int, int]:
    """Width and height in pixels as the photo lies in its file; nothing is decoded, whatever they are.

    Args:
        data: the whole file.
        name: what errors call the photo.

    Raises:
        PhotoError: the data are empty, not a photo, or their header is broken.
    """
    kind = _recognised(data, name)
    with _photo_errors(name, kind):
        return read_header(data, kind).size


def _decoded(data: bytes, kind: PhotoFormat, name: str, at_least: int | None) -> Photo:
    image: Image.Image = read_header(data, kind)
    _check_pixels(image, name, kind)
    whole = image.size
    if at_least is not None:
        image.draft(None, (at_least, at_least))
    reduced = image.size != whole
    image.load()
    orientation = orientation_of(image)
    width, height = _turned(whole if reduced else image.size, orientation)
    return Photo(
        stored=opaque(image),
        profile=profile_of(image),
        format=kind.name,
        width=width,
        height=height,
        orientation=orientation,
        camera=camera_of(image),
    )


def _turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height of a photo once it is upright: from orientation 5 on it lies on its side."""
    width, height = size
    return (height, width) if orientation >= 5 else (width, height)


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for whoever might write into a pipe; to files it makes no difference."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_bytes(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise PhotoError(f"{path} has {size:,} bytes; the limit is {MAX_BYTES:,}", fix=_REPLACE)


def _check_at_least(at_least: int | None) -> None:
    if at_least is not None and at_least < 1:
        raise OptionError(f"at_least is {at_least}; it must be 1 or more")


def _recognised(data: bytes, name: str) -> PhotoFormat:
    if not data:
        raise PhotoError(f"{name} is empty", fix=_REPLACE)
    kind = recognise(data)
    if kind is None:
        readable = ", ".join(kind.name for kind in FORMATS)
        raise PhotoError(f"{name} is not a photo", fix=f"Formats that are read: {readable}.")
    return kind


def _check_pixels(image: Image.Image, name: str, kind: PhotoFormat) -> None:
    # The scans of a progressive JPEG are gathered at full size, whatever the scale: 1.5 GB measured
    # for 500 million pixels, where the usual sort takes 40 MB.
    limit = OTHER_PIXELS if image.info.get("progressive") else kind.max_pixels
    pixels = image.width * image.height
    if pixels > limit:
        raise _too_large(f"{name} has {pixels:,} pixels", limit)


def _too_large(what: str, limit: int) -> PhotoError:
    return PhotoError(f"{what}; the limit is {limit:,}", fix="Make a smaller copy of it.")


@contextlib.contextmanager
def _photo_errors(name: str, kind: PhotoFormat) -> Iterator[None]:
    """Turn whatever decoding raises into one PhotoError; broken files raise nearly every type.

    A fault of kclass itself stays what it is: the photo is not to blame for it.
    """
    try:
        yield
    except KClassError:
        raise
    except ImportError as error:
        raise PhotoError(
            f"{name} is {kind.name}, and what reads that is not installed",
            fix="Run `pip install pi-heif`.",
        ) from error
    except Image.DecompressionBombError as error:  # sizes that Pillow itself finds while it reads
        raise _too_large(f"{name} has too many pixels", kind.max_pixels) from error
    except MemoryError as error:
        raise PhotoError(
            f"{name} needs more memory than is free", fix="Make a smaller copy of it."
        ) from error
    except Exception as error:
        if _raised_here(error):
            raise
        raise PhotoError(f"{name} is truncated or broken: {_reason(error)}", fix=_REPLACE) from error


def _raised_here(error: Exception) -> bool:
    """Whether an error comes from a line of kclass, and not from within what it calls."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).split(".")[0] == __name__.split(".")[0]


def _reason(error: Exception) -> str:
    """An error's own words, in one line."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split()) or type(error).__name__
