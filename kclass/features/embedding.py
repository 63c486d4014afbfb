"""Embeds photos with a frozen network, each once: what the cache remembers is not computed again."""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.preparing import Known, Preparation, SeenFile, vector
from kclass.features.throughput import Passed, through_engine
from kclass.inspection.inspection import RECIPE
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


_Outcome = Passed[SeenFile] | Known | PhotoError


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
    return {place: vector(values[content]) for place, content in contents.items() if content in values}


def _outcomes(
    paths: Sequence[Path], store: ContentStore, extractor: Extractor
) -> Generator[_Outcome, None, None]:
    """What became of each photo, in order; the cache is filled on the way."""
    if not paths:
        return
    recipe = extractor.recipe
    prepare = Preparation.of(paths, store=store, extractor=extractor).prepare
    new: list[Passed[SeenFile] | Known] = []
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


def _write(store: ContentStore, recipe: str, new: list[Passed[SeenFile] | Known]) -> None:
    computed = {each.note.content: each.features.tobytes() for each in new if isinstance(each, Passed)}
    store.add(recipe, computed, [(each.note.state, each.note.content) for each in new])
    inspections = [each.note.inspection for each in new if each.note.inspection is not None]
    store.add(RECIPE, {each.content: each.to_bytes() for each in inspections})
    new.clear()
