"""Photos made ready for a training: each is decoded once before the first epoch, and kept or not.

What cannot be read is known then, before anything is learned. Decoding in every epoch would make
epochs of large photos three times as long on two cores: 40 photos of 12 megapixels are decoded in a
second, or 900 of 320 pixels; the scratch network learns from 100, and 5,000 are read back.
"""

import contextlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kclass.batches.cropping import WHOLE, Crop, decode_for_crops, reduced
from kclass.batches.photo_source import KeptPhotos, PhotoFiles, PhotoSource
from kclass.errors import DataError, OptionError, OutputError, PhotoError
from kclass.files import cache_folder, make_folder
from kclass.parallel import in_parallel
from kclass.photos.hashing import content_hash
from kclass.photos.loading import load
from kclass.photos.resizing import Resize, check_resize
from kclass.progress import Progress, silent, track

Cache = Literal["none", "memory", "disk"]
CACHES: Final[tuple[Cache, ...]] = get_args(Cache)
DEFAULT_CACHE: Final[Cache] = "disk"

STAGE = "decoding"


@dataclass(frozen=True)
class OpenedPhotos:
    """Photos ready for a network, and those that are not to be had.

    Args:
        photos: those that can be read, in the order of the paths given.
        readable: int64 (readable photos,): the place of each among the paths given.
        unreadable: what was wrong with the other photos, in that order too.
    """

    photos: PhotoSource
    readable: NDArray[np.int64]
    unreadable: tuple[PhotoError, ...]


def open_photos(
    paths: Sequence[Path],
    *,
    size: int,
    resize: Resize,
    threads: int,
    crop: Crop | None = None,
    cache: Cache = DEFAULT_CACHE,
    progress: Progress = silent,
) -> OpenedPhotos:
    """Decode photos once, and keep them for the epochs to come if asked.

    Args:
        paths: files in any format that `kclass.photos` reads.
        size: the side of the squares that are read.
        resize: how a photo becomes square, one of `kclass.photos.resizing.RESIZES`.
        threads: how many decode, at least 1.
        crop: what random crops are to be taken, so that photos are kept large enough; None for none.
        cache: "none": photos are decoded anew whenever they are read. "memory": their pixels are
            kept, 3 * size * size bytes a photo (up to four times as many with a crop): 1 GB for
            20,000 of 128 pixels. "disk": the same in a file without a name below kclass's cache,
            of which the system keeps in memory what fits; nothing is left of it after a crash. What
            is read is the same, but for crops, which are then taken from photos shrunk before.
        progress: is told how many photos have been dealt with.

    Raises:
        OptionError: `size` is below 1, or `resize` or `cache` is unknown.
        DataError: the photos do not fit into memory.
        OutputError: the file cannot be written.
    """
    check_resize(size=size, how=resize)
    if cache not in CACHES:
        raise OptionError.unknown("cache", str(cache), CACHES)

    def decoded(path: Path) -> NDArray[np.uint8] | PhotoError:
        try:
            if crop is None or cache == "none":
                return load(path, size=size, how=resize)
            image = decode_for_crops(path, crop, size=size)
            return reduced(image, side=crop.kept_side(size), how=resize)
        except PhotoError as error:
            return error

    found = _Found([], [], [])
    with in_parallel(decoded, paths, threads=threads) as outcomes:
        photos = found.sift(track(outcomes, STAGE, len(paths), progress))
        if cache == "none":
            hashes = [content_hash(photo.tobytes()) for photo in photos]
            files = [paths[place] for place in found.readable]
            return found.opened(PhotoFiles(files, size, resize, crop or WHOLE, hashes, threads))
        with _full(len(paths), cache), _store(cache) as file:
            for photo in photos:
                file.write(photo.data)
            pixels = _pixels(file)
    shapes = np.array(found.shapes, np.int64).reshape(-1, 2)
    return found.opened(KeptPhotos(pixels, shapes, size, resize, threads))


@dataclass(frozen=True)
class _Found:
    """What has come of the photos so far."""

    readable: list[int]
    shapes: list[tuple[int, int]]
    unreadable: list[PhotoError]

    def sift(self, outcomes: Iterator[NDArray[np.uint8] | PhotoError]) -> Iterator[NDArray[np.uint8]]:
        """The photos among the outcomes; all outcomes are taken note of."""
        for place, outcome in enumerate(outcomes):
            if isinstance(outcome, PhotoError):
                self.unreadable.append(outcome)
                continue
            self.readable.append(place)
            self.shapes.append((outcome.shape[0], outcome.shape[1]))
            yield outcome

    def opened(self, photos: PhotoSource) -> OpenedPhotos:
        return OpenedPhotos(photos, np.array(self.readable, dtype=np.int64), tuple(self.unreadable))


@contextlib.contextmanager
def _store(cache: Cache) -> Iterator[IO[bytes]]:
    """What the pixels are written into: a file without a name, or memory."""
    if cache == "memory":
        yield io.BytesIO()
        return
    with tempfile.TemporaryFile(dir=make_folder(cache_folder())) as file:
        yield file


def _pixels(file: IO[bytes]) -> NDArray[np.uint8]:
    """What was written, as a read-only array.

    A file was written before and not through its map: a full disk is then an error.
    """
    if isinstance(file, io.BytesIO):
        pixels = np.frombuffer(file.getbuffer(), np.uint8)
        pixels.flags.writeable = False
        return pixels
    file.flush()
    if not file.tell():
        return np.empty(0, np.uint8)
    return np.asarray(np.memmap(file, dtype=np.uint8, mode="r"))


@contextlib.contextmanager
def _full(photos: int, cache: Cache) -> Iterator[None]:
    """Name what is full."""
    try:
        yield
    except MemoryError as error:
        raise DataError(
            f"{photos} decoded photos do not fit into memory", fix="Keep them on disk: --cache disk."
        ) from error
    except OSError as error:
        raise OutputError(
            f"cannot write {photos} decoded photos below {cache_folder()}: {error.strerror or error}",
            fix="Free some space there, choose another place by KCLASS_CACHE, or keep none: --cache none.",
        ) from error
