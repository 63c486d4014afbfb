"""Photos made small and put into words, for pages that hold all that they show."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from kclass.errors import PhotoError
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.decoding import decode, read_bytes
from kclass.progress import Progress, silent, track

LONGER_SIDE: Final = 160
QUALITY: Final = 60  # of JPEG: noise, the worst there is, then takes 8 kB


def thumbnails(photos: Sequence[Path], *, side: int = LONGER_SIDE, progress: Progress = silent) -> list[str]:
    """Small JPEGs of photos, as `thumbnail` makes them.

    Args:
        photos: their files.
        side: the longer side of each, in pixels.
        progress: is told how many are made.
    """

    def made_of(photo: Path) -> str:
        return thumbnail(photo, side=side)

    with in_parallel(made_of, photos, threads=usable_cores()) as made:
        return [*track(made, "thumbnails", len(photos), progress)]


def thumbnail(photo: Path, *, side: int = LONGER_SIDE) -> str:
    """A small JPEG of a photo, whole, upright and in shape, in base64; empty if it cannot be read.

    Args:
        photo: its file.
        side: the longer side, in pixels.
    """
    try:
        image = decode(read_bytes(photo), name=str(photo), at_least=side)
    except PhotoError:  # the page says so where the picture would be
        return ""
    image.thumbnail((side, side), Image.Resampling.BILINEAR)
    return jpeg_text(image)


def jpeg_text(image: Image.Image) -> str:
    """A picture, RGB, as a JPEG in base64."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return base64.b64encode(stream.getvalue()).decode("ascii")
