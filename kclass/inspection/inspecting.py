"""Looks at photos, each once: what the cache remembers is not looked at again."""

import contextlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kclass.cache.files import FileState, read_file
from kclass.cache.store import ContentStore
from kclass.errors import PhotoError
from kclass.inspection.inspection import RECIPE, Inspection
from kclass.inspection.measuring import SIDE, measured
from kclass.parallel import in_parallel, usable_cores
from kclass.photos.hashing import content_hash
from kclass.photos.loading import load_with_photo
from kclass.progress import Progress, silent

STAGE = "inspecting"
WRITTEN_AT_ONCE = 256
READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file's state when it was read, and what it holds; `new` if the cache did not know it."""

    state: FileState
    inspection: Inspection
    new: bool


def inspect(paths: Sequence[Path], *, progress: Progress = silent) -> tuple[Inspection | PhotoError, ...]:
    """What one look at each photo tells, from the cache where it has it.

    Args:
        paths: files in any format that `kclass.photos` reads.
        progress: is told how many photos have been dealt with.

    Returns:
        For each path, in order, its inspection, or what is wrong with the file.

    Raises:
        OutputError: the cache cannot be used.
    """
    with ContentStore() as store:
        found: list[Inspection | PhotoError | None] = list(_remembered(paths, store))
        missing = [place for place, each in enumerate(found) if each is None]
        known = len(paths) - len(missing)
        progress(STAGE, known, len(paths))
        # Closed before the store is, so that after an interruption what was seen is still written.
        with contextlib.closing(_outcomes(map(paths.__getitem__, missing), store)) as outcomes:
            for done, (place, outcome) in enumerate(zip(missing, outcomes, strict=True), start=known + 1):
                found[place] = outcome
                progress(STAGE, done, len(paths))
    return tuple(each for each in found if each is not None)


def inspect_bytes(data: bytes, *, name: str) -> Inspection:
    """What one look at a photo tells, from the bytes of its file; the cache has no part in it.

    Args:
        data: the whole file.
        name: what errors call the photo.

    Raises:
        PhotoError: the data cannot be read as a photo.
    """
    return _inspected(data, name=name, content=content_hash(data))


def _inspected(data: bytes, *, name: str, content: str) -> Inspection:
    small, photo = load_with_photo(data, name=name, size=SIDE)
    return measured(photo, small, content=content, file_bytes=len(data))


def _remembered(paths: Sequence[Path], store: ContentStore) -> Iterator[Inspection | None]:
    """For each file its inspection, if it has not changed since it was seen."""
    for start in range(0, len(paths), READ_AT_ONCE):
        part = paths[start : start + READ_AT_ONCE]
        contents = store.unchanged(part)
        values = store.values(RECIPE, list(set(contents.values())))
        known = {content: Inspection.from_bytes(content, value) for content, value in values.items()}
        for place in range(len(part)):
            yield known.get(contents.get(place, ""))


def _outcomes(paths: Iterable[Path], store: ContentStore) -> Generator[Inspection | PhotoError, None, None]:
    """What became of each photo, in order; the cache is filled on the way."""

    def look(path: Path) -> _Seen | PhotoError:
        return _looked_at(path, store)

    seen: list[_Seen] = []
    try:
        with in_parallel(look, paths, threads=usable_cores()) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, PhotoError):
                    yield outcome
                    continue
                seen.append(outcome)
                if len(seen) >= WRITTEN_AT_ONCE:
                    _write(store, seen)
                yield outcome.inspection
    finally:
        _write(store, seen)


def _looked_at(path: Path, store: ContentStore) -> _Seen | PhotoError:
    """A file as it is now: from the cache, if that has it under another name."""
    try:
        file = read_file(path)
        known = store.values(RECIPE, [file.content]).get(file.content)
        if known is not None:
            return _Seen(file.state, Inspection.from_bytes(file.content, known), new=False)
        return _Seen(file.state, _inspected(file.data, name=str(path), content=file.content), new=True)
    except PhotoError as error:
        return error


def _write(store: ContentStore, seen: list[_Seen]) -> None:
    new = {each.inspection.content: each.inspection.to_bytes() for each in seen if each.new}
    store.add(RECIPE, new, [(each.state, each.inspection.content) for each in seen])
    seen.clear()
