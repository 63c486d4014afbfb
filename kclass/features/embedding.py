"""Embeds photos with a frozen network, each once: what the cache remembers is not computed again."""

import contextlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.features.extractor import Extractor
from kclass.features.filling import FeatureRows
from kclass.features.preparing import Known, Preparation, SeenFile
from kclass.features.stored import from_bytes, to_bytes
from kclass.features.throughput import Decoded, Passed, through_engine
from kclass.inspection.inspection import RECIPE
from kclass.progress import Progress, silent

STAGE = "embedding"
WRITTEN_AT_ONCE = 256
READ_AT_ONCE = 8000


@dataclass(frozen=True, eq=False)
class Embedding:
    """The features of photos.

    Args:
        features: float32 (readable photos, features), in the order of the paths given, and rounded as
            the cache keeps them, see `kclass.features.stored`.
        readable: int64 (readable photos,): the place of each row among the paths given.
        unreadable: what was wrong with the other photos, in that order too.
        computed: how many photos went through the network; the cache had the others.
    """

    features: NDArray[np.float32]
    readable: NDArray[np.int64]
    unreadable: tuple[PhotoError, ...]
    computed: int


@dataclass(frozen=True, slots=True)
class _Row:
    """Features as the cache keeps them, the file that they are of, and whether they were computed now.

    Whoever takes them from here has what a later run has from the cache.
    """

    value: bytes
    note: SeenFile
    computed: bool

    @classmethod
    def of(cls, outcome: Passed[SeenFile] | Known) -> "_Row":
        if isinstance(outcome, Known):
            return cls(outcome.value, outcome.note, computed=False)
        return cls(to_bytes(outcome.features), outcome.note, computed=True)


def embed(paths: Sequence[Path], *, extractor: Extractor, progress: Progress = silent) -> Embedding:
    """The features of photos, from the cache where it has them.

    Memory grows by the matrix of features and by some tens of bytes a photo. A photo that is decoded
    for it is inspected on the way, so that `kclass.inspection` has it in the cache and need not decode
    it again.

    Args:
        paths: files in any format that `kclass.photos` reads.
        extractor: the network, and how photos are prepared for it.
        progress: is told how many photos have been dealt with.

    Raises:
        OutputError: the cache cannot be used.
    """
    rows = FeatureRows(len(paths))
    unreadable: list[PhotoError] = []
    computed = 0
    with ContentStore() as store:
        for place, features in look_up(store, extractor.recipe, _unchanged(paths, store)):
            rows.put(place, features)
        missing = rows.missing()
        known = len(paths) - len(missing)
        progress(STAGE, known, len(paths))
        # Closed before the store is, so that after an interruption what was computed is still written.
        with contextlib.closing(_outcomes(paths, missing, store, extractor)) as outcomes:
            for done, (place, outcome) in enumerate(zip(missing, outcomes, strict=True), start=known + 1):
                if isinstance(outcome, PhotoError):
                    unreadable.append(outcome)
                else:
                    rows.put(place, from_bytes(outcome.value))
                    computed += outcome.computed
                progress(STAGE, done, len(paths))
    readable, matrix = rows.close()
    return Embedding(matrix, readable, tuple(unreadable), computed)


def look_up(
    store: ContentStore, recipe: str, contents: Iterable[Mapping[int, str]]
) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """The features that the cache has, with the places of their photos: (features,) each.

    Args:
        store: the cache.
        recipe: of the features.
        contents: content hashes by place, in parts of some thousands. A part is in memory at once, its
            features are not; the larger it is, the less often a page of the cache is read.

    Raises:
        OutputError: the cache cannot be used.
    """
    for part in contents:
        places: dict[str, list[int]] = {}
        for place, content in part.items():
            places.setdefault(content, []).append(place)
        for content, value in store.stream(recipe, list(places)):
            features = from_bytes(value)
            for place in places[content]:
                yield place, features


def _unchanged(paths: Sequence[Path], store: ContentStore) -> Iterator[dict[int, str]]:
    """The content hashes of files that have not changed since they were read, by place, in parts."""
    for start in range(0, len(paths), READ_AT_ONCE):
        part = store.unchanged(paths[start : start + READ_AT_ONCE])
        yield {start + place: content for place, content in part.items()}


def _outcomes(
    paths: Sequence[Path], places: NDArray[np.int64], store: ContentStore, extractor: Extractor
) -> Generator[_Row | PhotoError, None, None]:
    """What became of the photos at some places, in order; the cache is filled on the way."""
    if not len(places):
        return
    preparation = Preparation(store, extractor)

    def prepare(place: int) -> Decoded[SeenFile] | Known | PhotoError:
        return preparation.prepare(paths[place])

    new: list[_Row] = []
    outcomes: Generator[Passed[SeenFile] | Known | PhotoError, None, None]
    outcomes = through_engine(places.tolist(), engine=extractor.open_lazily(), prepare=prepare)
    try:
        with contextlib.closing(outcomes):
            for outcome in outcomes:
                if isinstance(outcome, PhotoError):
                    yield outcome
                    continue
                row = _Row.of(outcome)
                new.append(row)
                if len(new) >= WRITTEN_AT_ONCE:
                    _write(store, extractor.recipe, new)
                yield row
    finally:
        _write(store, extractor.recipe, new)


def _write(store: ContentStore, recipe: str, new: list[_Row]) -> None:
    computed = {each.note.content: each.value for each in new if each.computed}
    store.add(recipe, computed, [(each.note.state, each.note.content) for each in new])
    inspections = [each.note.inspection for each in new if each.note.inspection is not None]
    store.add(RECIPE, {each.content: each.to_bytes() for each in inspections})
    new.clear()
