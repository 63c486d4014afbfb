"""Embeds photos with a frozen network, each once: what the cache remembers is not computed again."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.engines.engine import Engine
from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.store import FeatureStore, FileState
from kclass.parallel import in_parallel
from kclass.photos.decoding import read_bytes
from kclass.photos.hashing import content_hash
from kclass.photos.loading import load_bytes
from kclass.progress import Progress, silent

STAGE = "embedding"
WRITTEN_AT_ONCE = 256


@dataclass(frozen=True)
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
class _Photo:
    """One photo ready for the network."""

    state: FileState
    content: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class _Vector:
    """One photo's features, and whether they were computed just now."""

    state: FileState
    content: str
    features: NDArray[np.float32]
    fresh: bool


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
        rows: dict[int, NDArray[np.float32]] = _remembered(paths, store, extractor.recipe)
        missing = [index for index in range(len(paths)) if index not in rows]
        unreadable: dict[int, PhotoError] = {}
        computed = 0
        progress(STAGE, len(rows), len(paths))
        for index, outcome in _outcomes(paths, missing, store, extractor):
            if isinstance(outcome, PhotoError):
                unreadable[index] = outcome
            else:
                rows[index] = outcome.features
                computed += outcome.fresh
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
    paths: Sequence[Path], missing: Sequence[int], store: FeatureStore, extractor: Extractor
) -> Iterator[tuple[int, _Vector | PhotoError]]:
    """What became of each missing photo, in order; the cache is filled on the way."""
    if not missing:
        return
    engine, recipe = extractor.open(), extractor.recipe

    def work(group: Sequence[int]) -> list[tuple[int, _Vector | PhotoError]]:
        outcomes = [_prepared(paths[index], store, recipe, extractor) for index in group]
        return list(zip(group, _run(outcomes, engine), strict=True))

    groups = [missing[start : start + engine.batch] for start in range(0, len(missing), engine.batch)]
    fresh: list[_Vector] = []
    try:
        for outcomes in in_parallel(work, groups, threads=engine.workers):
            fresh.extend(outcome for _, outcome in outcomes if isinstance(outcome, _Vector))
            if len(fresh) >= WRITTEN_AT_ONCE:
                _write(store, recipe, fresh)
            yield from outcomes
    finally:
        _write(store, recipe, fresh)


def _prepared(
    path: Path, store: FeatureStore, recipe: str, extractor: Extractor
) -> _Photo | _Vector | PhotoError:
    """The photo for the network; its features, if it was seen elsewhere; or what is wrong with it."""
    try:
        state, data = _state(path), read_bytes(path)
        if state is None:
            raise PhotoError(f"{path} appeared while it was read", fix="Try again.")
        content = content_hash(data)
        found = store.features(recipe, [content])
        if content in found:
            return _Vector(state, content, found[content], fresh=False)
        size, how = extractor.archive.size, extractor.resize
        return _Photo(state, content, load_bytes(data, name=str(path), size=size, how=how))
    except PhotoError as error:
        return error


def _run(prepared: Sequence[_Photo | _Vector | PhotoError], engine: Engine) -> Iterator[_Vector | PhotoError]:
    """The outcomes in the same order, with the photos among them run through the network in one go."""
    photos = [each.pixels for each in prepared if isinstance(each, _Photo)]
    rows = iter(engine.run(np.stack(photos)) if photos else ())
    for each in prepared:
        if isinstance(each, _Photo):
            yield _Vector(each.state, each.content, next(rows), fresh=True)
        else:
            yield each


def _state(path: Path) -> FileState | None:
    """What tells whether a file has changed; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _key(path), status.st_size, status.st_mtime_ns, status.st_ino


def _key(path: Path) -> str:
    """The file's place, links not followed: two links to one photo are two files."""
    return os.path.abspath(path)  # noqa: PTH100


def _write(store: FeatureStore, recipe: str, vectors: list[_Vector]) -> None:
    features = {vector.content: vector.features for vector in vectors if vector.fresh}
    store.add(recipe, features, [(vector.state, vector.content) for vector in vectors])
    vectors.clear()
