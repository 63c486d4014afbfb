"""Embeds photos with a frozen network, each once: what the cache remembers is not computed again."""

import contextlib
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.store import FeatureStore, FileState
from kclass.features.throughput import Decoded, Passed, through_engine
from kclass.photos.decoding import read_bytes
from kclass.photos.hashing import content_hash
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
    """A file that was read: its state then, and its content hash."""

    state: FileState
    content: str


@dataclass(frozen=True)
class _Seen:
    """A photo that the cache has under another name."""

    features: NDArray[np.float32]
    note: _File


_Outcome = Passed[_File] | _Seen | PhotoError


def embed(paths: Sequence[Path], *, extractor: Extractor, progress: Progress = silent) -> Embedding:
    """The features of photos, from the cache where it has them.

    Args:
        paths: files in any format that `kclass.photos` reads.
        extractor: the network, and how photos are prepared for it.
        progress: is told how many photos have been dealt with.

    Raises:
        OutputError: the cache cannot be used.
    """
    with FeatureStore() as store:
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


def _remembered(paths: Sequence[Path], store: FeatureStore, recipe: str) -> dict[int, NDArray[np.float32]]:
    """Features of the files that have not changed since they were embedded, by place."""
    states = [state for path in paths if (state := _state(path)) is not None]
    contents = store.content_hashes(states)
    features = store.features(recipe, sorted(set(contents.values())))
    by_place = ((index, contents.get(_key(path))) for index, path in enumerate(paths))
    return {index: features[content] for index, content in by_place if content in features}


def _outcomes(
    paths: Sequence[Path], store: FeatureStore, extractor: Extractor
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
    path: Path, store: FeatureStore, recipe: str, extractor: Extractor
) -> Decoded[_File] | _Seen | PhotoError:
    """The photo for the network; its features, if it was seen elsewhere; or what is wrong with it."""
    try:
        state, data = _state(path), read_bytes(path)
        if state is None:
            raise PhotoError(f"{path} appeared while it was read", fix="Try again.")
        file = _File(state, content_hash(data))
        found = store.features(recipe, [file.content])
        if file.content in found:
            return _Seen(found[file.content], file)
        return Decoded(extractor.decode(data, name=str(path)), file)
    except PhotoError as error:
        return error


def _state(path: Path) -> FileState | None:
    """What tells whether a file has changed; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _key(path), status.st_size, status.st_mtime_ns, status.st_ino


def _key(path: Path) -> str:
    """The file's place, links not followed: two links to one photo are two files."""
    # SQLite takes Unicode alone, and a name in an old encoding is none.
    return os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")  # noqa: PTH100


def _write(store: FeatureStore, recipe: str, new: list[Passed[_File] | _Seen]) -> None:
    computed = {each.note.content: each.features for each in new if isinstance(each, Passed)}
    store.add(recipe, computed, [(each.note.state, each.note.content) for each in new])
    new.clear()
