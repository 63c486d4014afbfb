"""Photos decoded once, before the first epoch, however many epochs then read them.

On two cores 40 photos of 12 megapixels are decoded in a second, or 900 of 320 pixels; the scratch
network learns from 100, and 5,000 are read back. Decoding in every epoch would make epochs of
large photos three times as long, and a photo that vanishes halfway would stop the training.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OutputError, PhotoError
from kclass.files import cache_folder, make_folder
from kclass.parallel import in_parallel
from kclass.photos.loading import load
from kclass.photos.resizing import Resize, check_resize
from kclass.progress import Progress, silent, track

STAGE = "decoding"


@dataclass(frozen=True)
class DecodedPhotos:
    """Photos ready for a network, and those that are not to be had.

    Args:
        pixels: uint8 (readable photos, size, size, 3), RGB, 0 to 255, in the order of the paths
            given; read-only, and on disk rather than in memory.
        readable: int64 (readable photos,): the place of each among the paths given.
        unreadable: what was wrong with the other photos, in that order too.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    readable: NDArray[np.int64]
    unreadable: tuple[PhotoError, ...]


def decode_once(
    paths: Sequence[Path], *, size: int, resize: Resize, threads: int, progress: Progress = silent
) -> DecodedPhotos:
    """Decode photos into one file of raw pixels, which goes away with the array that is returned.

    The file has no name and lies on the disk of kclass's cache, so memory stays small however many
    photos there are, the system keeps what fits in memory, and nothing is left after a crash. It
    takes 3 * size * size bytes a photo: 1 GB for 20,000 of 128 pixels.

    Args:
        paths: files in any format that `kclass.photos` reads.
        size: the side of the square.
        resize: how a photo becomes square, one of `kclass.photos.resizing.RESIZES`.
        threads: how many decode, at least 1.
        progress: is told how many photos have been dealt with.

    Raises:
        OptionError: `size` is below 1, or `resize` is unknown.
        OutputError: the file cannot be written.
    """
    check_resize(size=size, how=resize)

    def decoded(path: Path) -> NDArray[np.uint8] | PhotoError:
        try:
            return load(path, size=size, how=resize)
        except PhotoError as error:
            return error

    readable: list[int] = []
    unreadable: list[PhotoError] = []
    folder = make_folder(cache_folder())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            outcomes = in_parallel(decoded, paths, threads=threads)
            for place, outcome in enumerate(track(outcomes, STAGE, len(paths), progress)):
                if isinstance(outcome, PhotoError):
                    unreadable.append(outcome)
                else:
                    file.write(outcome.tobytes())
                    readable.append(place)
            file.flush()
            pixels = _mapped(file, (len(readable), size, size, 3))
    except OSError as error:
        raise OutputError(
            f"cannot write {len(paths)} decoded photos below {folder}: {error.strerror or error}",
            fix="Free some space there, or choose another place by KCLASS_CACHE.",
        ) from error
    return DecodedPhotos(pixels, np.array(readable, dtype=np.int64), tuple(unreadable))


def _mapped(file: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The file as an array. It was written before and not through the map: a full disk is then an error."""
    if not shape[0]:
        return np.empty(shape, np.uint8)
    return np.asarray(np.memmap(file, dtype=np.uint8, mode="r", shape=shape))
