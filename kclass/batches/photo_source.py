"""Where the photos of a training come from, epoch after epoch: files, memory or disk."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.batches.cropping import WHOLE, Crop, cropped, decode_for_crops
from kclass.batches.views import AS_THEY_ARE, Views
from kclass.errors import PhotoError
from kclass.parallel import usable_cores
from kclass.photos.hashing import content_hash
from kclass.photos.loading import load
from kclass.photos.resizing import Resize, resize


class PhotoSource(Protocol):
    """Photos that are read in batches, each as a square of one size."""

    @property
    def size(self) -> int:
        """The side of the squares, in pixels."""

    @property
    def hashes(self) -> Sequence[str]:
        """A hash of each photo's pixels: of two photos that look the same, the same."""

    @property
    def failures(self) -> list[PhotoError]:
        """What went wrong in reading, for whoever is told by TensorFlow that something did."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, rows: NDArray[np.int64], views: Views = AS_THEY_ARE) -> NDArray[np.uint8]:
        """Photos as they are to be shown.

        Args:
            rows: int64 (photos read,): places of photos; each may come several times.
            views: how each of them is shown.

        Returns:
            uint8 (photos read, size, size, 3), RGB, 0 to 255, an array of its own.

        Raises:
            PhotoError: one cannot be read any more.
        """


@dataclass(frozen=True, eq=False)
class PhotoFiles:
    """Files that are decoded anew each time they are read.

    Args:
        paths: files that could be read when the source was made.
        size: the side of the squares.
        how: how a photo becomes square.
        crop: what crops are taken; smaller ones are enlarged.
        hashes: of their pixels, in the same order.
        threads: how many decode, at least 1.
    """

    paths: Sequence[Path] = field(repr=False)
    size: int
    how: Resize
    crop: Crop = WHOLE
    hashes: Sequence[str] = field(default=(), repr=False)
    threads: int = field(default_factory=usable_cores)
    failures: list[PhotoError] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """The threads, which several batches share; they end with the source."""
        return ThreadPoolExecutor(self.threads)

    def read(self, rows: NDArray[np.int64], views: Views = AS_THEY_ARE) -> NDArray[np.uint8]:
        """See `PhotoSource`."""

        def one(place: int) -> NDArray[np.uint8]:
            path = self.paths[rows[place]]
            if views.crops is None:
                return load(path, size=self.size, how=self.how)
            image = decode_for_crops(path, self.crop, size=self.size)
            return cropped(image, views.crops[place], size=self.size, how=self.how)

        try:
            photos = _stacked(self._pool, one, len(rows))
        except PhotoError as error:
            gone = PhotoError(
                f"{error.message}; it could be read before the first epoch",
                fix="Put it back and start again, or have photos kept by --cache disk.",
            )
            self.failures.append(gone)
            raise gone from error
        return views.flipped(photos)


@dataclass(frozen=True, eq=False)
class KeptPhotos:
    """Photos that have been decoded once, as squares or larger, in memory or on disk.

    Args:
        pixels: uint8 (bytes,), photo after photo, each (height, width, 3), RGB, 0 to 255.
        shapes: int64 (photos, 2): height and width of each.
        size: the side of the squares that are read.
        how: how a photo becomes square, if it is none.
        threads: how many crop, at least 1.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    shapes: NDArray[np.int64] = field(repr=False)
    size: int
    how: Resize = "squash"
    threads: int = field(default_factory=usable_cores)
    failures: list[PhotoError] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, squares: NDArray[np.uint8]) -> "KeptPhotos":
        """Photos that are squares already.

        Args:
            squares: uint8 (photos, size, size, 3), RGB, 0 to 255.
        """
        shapes = np.full((len(squares), 2), squares.shape[1], np.int64)
        return cls(squares.reshape(-1), shapes, squares.shape[1])

    def __len__(self) -> int:
        return len(self.shapes)

    def photo(self, row: int) -> NDArray[np.uint8]:
        """One photo as it is kept: uint8 (height, width, 3)."""
        height, width = self.shapes[row]
        start = self._starts[row]
        return self.pixels[start : start + 3 * height * width].reshape(height, width, 3)

    @cached_property
    def hashes(self) -> Sequence[str]:
        """See `PhotoSource`."""
        return [content_hash(self.photo(row).tobytes()) for row in range(len(self))]

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """The threads, which several batches share; they end with the source."""
        return ThreadPoolExecutor(self.threads)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """int64 (photos,): where each begins among the bytes."""
        sizes = 3 * self.shapes.prod(axis=1)
        starts: NDArray[np.int64] = sizes.cumsum() - sizes
        return starts

    @cached_property
    def _squares(self) -> NDArray[np.uint8] | None:
        """The photos as one array, if they are kept just as they are read."""
        if (self.shapes != self.size).any():
            return None
        return self.pixels.reshape(-1, self.size, self.size, 3)

    def read(self, rows: NDArray[np.int64], views: Views = AS_THEY_ARE) -> NDArray[np.uint8]:
        """See `PhotoSource`."""
        if views.crops is None and self._squares is not None:
            return views.flipped(self._squares[rows])

        def one(place: int) -> NDArray[np.uint8]:
            image = Image.fromarray(self.photo(int(rows[place])))
            if views.crops is None:
                return resize(image, size=self.size, how=self.how)
            return cropped(image, views.crops[place], size=self.size, how=self.how)

        return views.flipped(_stacked(self._pool, one, len(rows)))


def _stacked(
    pool: ThreadPoolExecutor, one: Callable[[int], NDArray[np.uint8]], number: int
) -> NDArray[np.uint8]:
    """Photos by their places, in order, as one array."""
    return np.stack([*pool.map(one, range(number))])
