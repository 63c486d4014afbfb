"""Photos from addresses into files: whole, within limits, and photos indeed."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from kclass.collecting.fetching import Fetcher
from kclass.collecting.refusals import RefusalError
from kclass.errors import PhotoError
from kclass.files import output_errors, whole_file
from kclass.parallel import usable_cores
from kclass.photos.decoding import decode, photo_size, read_bytes
from kclass.photos.formats import recognise
from kclass.photos.hashing import content_hash

PIECE: Final = 1 << 16


@dataclass(frozen=True)
class Limits:
    """How large a photo may be.

    Args:
        size: bytes of its file.
        pixels: width times height.
    """

    size: int = 50_000_000
    pixels: int = 100_000_000


@dataclass(frozen=True)
class Kept:
    """A photo that is in a file.

    Args:
        content: the content hash of its bytes.
        suffix: the usual one of its format, whatever its address ended in.
    """

    content: str
    suffix: str


class Downloads:
    """Puts what lies at addresses into files, if it is a photo.

    Args:
        fetcher: asks hosts.
        limits: how large a photo may be.
    """

    def __init__(self, fetcher: Fetcher, limits: Limits) -> None:
        self._fetcher, self._limits = fetcher, limits
        # Decoding takes memory and a core; waiting for hosts takes neither.
        self._decoding = threading.Semaphore(usable_cores())

    def keep(self, address: str, path: Path) -> Kept:
        """Fetch a photo into a file, whole or not at all.

        Args:
            address: http or https.
            path: the file.

        Raises:
            RefusalError: it cannot be had, is no photo, or too large.
            OutputError: the file cannot be written.
        """
        with whole_file(path) as part:
            self._fetcher.fetch(address, lambda answer: stream(answer, part, most=self._limits.size))
            return self.examined(part)

    def examined(self, path: Path) -> Kept:
        """What a file turns out to be.

        Raises:
            RefusalError: it cannot be read, is no photo, or too large.
        """
        with self._decoding:
            try:
                if path.stat().st_size > self._limits.size:
                    raise _too_many_bytes(self._limits.size)
                data = read_bytes(path)
            except (OSError, PhotoError) as error:
                raise RefusalError("not there any more", lasting=False) from error
            return Kept(content_hash(data), photo_suffix(data, self._limits))

    def stop(self) -> None:
        """Ask nothing more; who waits for an answer is refused."""
        self._fetcher.stop()


def stream(answer: requests.Response, path: Path, *, most: int, decode_content: bool = True) -> None:
    """Write the body of an answer into a file.

    Args:
        answer: whose body has not been read.
        path: the file.
        most: bytes that it may have.
        decode_content: whether to undo the compression that the host says it has added.

    Raises:
        RefusalError: it has more bytes.
        OutputError: the file cannot be written.
    """
    said = answer.headers.get("Content-Length", "")
    if said.isdecimal() and int(said) > most:
        raise _too_many_bytes(most)
    written = 0
    with output_errors(path):
        file = path.open("wb")
    try:
        while piece := answer.raw.read1(PIECE, decode_content=decode_content):
            written += len(piece)
            if written > most:
                raise _too_many_bytes(most)
            with output_errors(path):
                file.write(piece)
    finally:
        with output_errors(path):  # the last piece may have no room on the disk
            file.close()


def photo_suffix(data: bytes, limits: Limits) -> str:
    """The usual suffix of a photo's format, once the whole photo has been decoded.

    Raises:
        RefusalError: it is no photo, broken, or has too many pixels.
    """
    kind = recognise(data)
    if kind is None:
        # A page may be in the place of photos for a while: where one must sign in, for instance.
        page = _is_page(data)
        raise RefusalError("a page, not a photo" if page else "not a photo", lasting=not page)
    try:
        width, height = photo_size(data, name="it")
        if width * height > limits.pixels:
            raise RefusalError(f"more than {limits.pixels:,} pixels")
        decode(data, name="it")
    except PhotoError as error:
        raise RefusalError("a broken photo") from error
    return kind.suffixes[0]


def _is_page(data: bytes) -> bool:
    head = data[:512].lstrip().lower()
    return head.startswith(b"<") and (b"<html" in head or b"<!doctype html" in head)


def _too_many_bytes(most: int) -> RefusalError:
    return RefusalError(f"more than {most:,} bytes")
