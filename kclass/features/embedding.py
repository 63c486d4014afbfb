"""Embeds photos with a frozen network, each once: what the cache remembers is not computed again."""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kclass.cache.files import FileState, ReadFile, read_file
from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.throughput import Decoded, Passed, through_engine
from kclass.inspection.inspection import RECIPE, Inspection
from kclass.inspection.measuring import AT_LEAST, SIDE, measured
from kclass.photos.decoding import Photo
from kclass.photos.loading import square_image
from kclass.progress import Progress, silent

STAGE = "embedding"
WRITTEN_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Embedding:
    """The features of photos.

    Args:
        features: float32 (readable photos, features), in the order of the paths given.
        readable: int64 (readable photos,): the place of each row among the paths given.
        unreadable: what was wrong with the other photos, in that order too.
        computed: how many photos went through the network; the cache had the others.
    """

    features: NDArray[np.float32]
    readable: NDArray[np.int64]
    unreadable: tuple[PhotoError, ...]
    computed: int


@dataclass(frozen=True)
class _File:
    """A file that was read: its state then, its content hash, and its inspection if that is new."""

    state: FileState
    content: str
    inspection: Inspection | None = None


@dataclass(frozen=True)
class _Seen:
    """A photo that the cache has under another name."""

    features: NDArray[np.float32]
    note: _File


_Outcome = Passed[_File] | _Seen | PhotoError


def embed(paths: Sequence[Path], *, extractor: Extractor, progress: Progress = silent) -> Embedding:
    """The features of photos, from the cache where it has them.

    A photo that is decoded for it is inspected on the way, so that `kclass.inspection` has it in the
    cache and need not decode it again.

    Args:
        paths: files in any format that `kclass.photos` reads.
        extractor: the network, and how photos are prepared for it.
        progress: is told how many photos have been dealt with.

    Raises:
        OutputError: the cache cannot be used.
    """
    with ContentStore() as store:
        rows = _remembered(paths, store, extractor.recipe)
        missing = [index for index in range(len(paths)) if index not in rows]
        unreadable: dict[int, PhotoError] = {}
        computed = 0
        progress(STAGE, len(rows), len(paths))
        # Closed before the store is, so that after an interruption what was computed is still written.
        with contextlib.closing(_outcomes([paths[index] for index in missing], store, extractor)) as outcomes:
            for index, outcome in zip(missing, outcomes, strict=True):
                if isinstance(outcome, PhotoError):
                    unreadable[index] = outcome
                else:
                    rows[index] = outcome.features
                    computed += isinstance(outcome, Passed)
                progress(STAGE, len(rows) + len(unreadable), len(paths))
    readable = sorted(rows)
    features = np.stack([rows[index] for index in readable]) if rows else np.empty((0, 0), np.float32)
    errors = tuple(unreadable[index] for index in sorted(unreadable))
    return Embedding(features, np.array(readable, dtype=np.int64), errors, computed)


def _remembered(paths: Sequence[Path], store: ContentStore, recipe: str) -> dict[int, NDArray[np.float32]]:
    """Features of the files that have not changed since they were embedded, by place."""
    contents = store.unchanged(paths)
    values = store.values(recipe, sorted(set(contents.values())))
    return {place: _vector(values[content]) for place, content in contents.items() if content in values}


def _outcomes(
    paths: Sequence[Path], store: ContentStore, extractor: Extractor
) -> Generator[_Outcome, None, None]:
    """What became of each photo, in order; the cache is filled on the way."""
    if not paths:
        return
    recipe = extractor.recipe

    def prepare(path: Path) -> Decoded[_File] | _Seen | PhotoError:
        return _prepared(path, store, recipe, extractor)

    new: list[Passed[_File] | _Seen] = []
    outcomes: Generator[_Outcome, None, None]
    outcomes = through_engine(paths, engine=extractor.open_lazily(), prepare=prepare)
    try:
        with contextlib.closing(outcomes):
            for outcome in outcomes:
                if not isinstance(outcome, PhotoError):
                    new.append(outcome)
                if len(new) >= WRITTEN_AT_ONCE:
                    _write(store, recipe, new)
                yield outcome
    finally:
        _write(store, recipe, new)


def _prepared(
    path: Path, store: ContentStore, recipe: str, extractor: Extractor
) -> Decoded[_File] | _Seen | PhotoError:
    """The photo for the network; its features, if it was seen elsewhere; or what is wrong with it."""
    try:
        file = read_file(path)
        found = store.values(recipe, [file.content])
        if file.content in found:
            return _Seen(_vector(found[file.content]), _File(file.state, file.content))
        image, photo = extractor.decode_with_photo(file.data, name=str(path))
        inspection = _inspection(photo, image, extractor, file, store)
        return Decoded(np.array(image), _File(file.state, file.content, inspection))
    except PhotoError as error:
        return error


def _inspection(
    photo: Photo, image: Image.Image, extractor: Extractor, file: ReadFile, store: ContentStore
) -> Inspection | None:
    """What `inspect` would tell of a photo that is decoded anyway; None if it is known or is not to be had.

    Not to be had where `inspect` decodes at another scale: what it tells must not depend on who asks.
    """
    if not photo.is_as_with(AT_LEAST) or store.values(RECIPE, [file.content]):
        return None
    if (extractor.archive.size, extractor.resize) != (SIDE, "squash"):
        image = square_image(photo, size=SIDE)
    return measured(photo, image, content=file.content, file_bytes=len(file.data))


def _vector(value: bytes) -> NDArray[np.float32]:
    return np.frombuffer(value, np.float32)


def _write(store: ContentStore, recipe: str, new: list[Passed[_File] | _Seen]) -> None:
    computed = {each.note.content: each.features.tobytes() for each in new if isinstance(each, Passed)}
    store.add(recipe, computed, [(each.note.state, each.note.content) for each in new])
    inspections = [each.note.inspection for each in new if each.note.inspection is not None]
    store.add(RECIPE, {each.content: each.to_bytes() for each in inspections})
    new.clear()
