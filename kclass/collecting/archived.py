"""Photos in archives that lie at addresses: fetched once, unpacked once, then wanted like others."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from kclass.collecting.archive_address import ArchiveAddress, checksums
from kclass.collecting.connections import PRIVATE
from kclass.collecting.downloading import stream
from kclass.collecting.fetching import Fetcher
from kclass.collecting.found import Found
from kclass.collecting.placing import SPLITS
from kclass.collecting.refusals import RefusalError
from kclass.collecting.state import State, address_hash
from kclass.collecting.wanted import Query, Searched
from kclass.dataset.archives import Limits, unpack
from kclass.dataset.csv_file import SUFFIXES_OF_TABLES
from kclass.dataset.names import TRAIN, UNLABELLED, UNSPLIT, split_code
from kclass.dataset.opening import open_data
from kclass.dataset.scanning import scan
from kclass.dataset.unpacked import archive_name, innermost
from kclass.errors import DataError, KClassError, OptionError
from kclass.files import is_there, output_errors, whole_file

UNPACKED: Final = "unpacked"
MEMBERS: Final = 200_000
BYTES: Final = 64 * 2**30
"""An archive may hold so much: several times what people have of photos, and far from filling a disk."""

SECONDS: Final = 6 * 60 * 60.0
"""For one archive, however slowly it comes."""

NO_CLASS: Final = "no class"

_Row = tuple[Path, str, int]
"""A photo, its class (empty if it has none) and the code of its split."""


@dataclass(frozen=True)
class _Listed:
    """A photo of an archive, as the ledger remembers it.

    Args:
        file: below the archive's own folder.
        label: its class; empty if it has none.
        split: as in `Found`.
    """

    file: str
    label: str
    split: str


def archived(given: ArchiveAddress, *, state: State, fetcher: Fetcher, most: int) -> list[Searched]:
    """The photos of an archive, by class.

    Args:
        given: where it is.
        state: what the collection remembers.
        fetcher: asks its host.
        most: bytes that it may have.

    Raises:
        DataError: it cannot be fetched, is no archive, holds what may do harm, has another checksum, or
            nothing tells the classes of its photos.
        OutputError: the folder cannot be written.
    """
    asked = f"archive {given.address}"
    answer = state.ledger.answer(asked)
    if answer is None:
        answer = _looked_into(given, state, fetcher, most)
        state.ledger.note_answer(asked, answer)
    _remove(_archive(given, state))
    given.check(answer["checksums"])
    return _by_class(given.address, [_Listed(*each) for each in answer["photos"]])


def _by_class(address: str, photos: list[_Listed]) -> list[Searched]:
    name = archive_name(Path(address.rpartition("/")[2]))
    folder = f"{UNPACKED}/{address_hash(address)}"
    results: dict[str, Searched] = {}
    for photo in photos:
        # Photos without a class are counted, with the archive for a query.
        query = Query(photo.label or name, provider=name)
        result = results.setdefault(photo.label, Searched(query, 0))
        result.asked += 1
        if photo.label:
            file = f"{folder}/{photo.file}"
            found = Found(f"{address}#{photo.file}", page=address, split=photo.split, file=file)
            result.take(found, ())
        else:
            result.refused[NO_CLASS] += 1
    return list(results.values())


def _looked_into(given: ArchiveAddress, state: State, fetcher: Fetcher, most: int) -> dict[str, Any]:
    """What the ledger is to remember of an archive, which is unpacked then."""
    archive = _archive(given, state)
    if not is_there(archive):
        _fetch(given, archive, fetcher, most)
    found = checksums(archive)
    folder = state.hidden / UNPACKED / address_hash(given.address)
    # From a process that was killed before it could note what is in there.
    shutil.rmtree(folder, ignore_errors=True)
    try:
        given.check(found)
        unpack(archive, folder, limits=Limits(members=MEMBERS, size=BYTES))
        return {"checksums": found, "photos": _photos(folder)}
    except (DataError, OptionError) as error:
        _remove(archive)  # it is no use
        place = innermost(folder) if is_there(folder) else archive
        told = _in_their_words(error, place, given.shown)
        shutil.rmtree(folder, ignore_errors=True)
        raise told from error


def _archive(given: ArchiveAddress, state: State) -> Path:
    return state.hidden / UNPACKED / f"{address_hash(given.address)}.archive"


def _remove(archive: Path) -> None:
    with output_errors(archive):
        archive.unlink(missing_ok=True)


def _fetch(given: ArchiveAddress, path: Path, fetcher: Fetcher, most: int) -> None:
    with whole_file(path) as part:

        def read(answer: requests.Response) -> None:
            # Hosts call the compression of a .tgz one that they have added; checksums are of the file.
            stream(answer, part, most=most, decode_content=False)

        try:
            fetcher.fetch(given.address, read, seconds=SECONDS)
        except RefusalError as error:
            raise DataError(
                f"cannot fetch the archive {given.shown}: {error.reason}", fix=_fix(error.reason)
            ) from error


def _fix(reason: str) -> str:
    if reason.startswith("more than"):
        return "Allow more with max_archive_bytes."
    if reason == PRIVATE:
        return "If you trust who gave it, set allow_private."
    return "Check the address, or try again later."


def _photos(folder: Path) -> list[Any]:
    inner = innermost(folder)
    split = _split_above(inner.relative_to(folder).parts)
    listed = []
    for path, name, code in _of_only_class(folder, inner) or _of_classes(inner):
        place = path.resolve()
        if not place.is_relative_to(folder.resolve()):
            raise DataError(f"{inner} has a table that names photos outside of it, such as {path}")
        which = SPLITS[code] if code >= 0 else split
        listed.append([place.relative_to(folder.resolve()).as_posix(), name, which])
    return listed


def _split_above(parts: Sequence[str]) -> str:
    """The split that all of an archive is, by a folder around all the others; "train" is none.

    For if it holds training photos alone, it leaves open which of them are for validation.
    """
    codes = [code for part in parts if (code := split_code(part)) is not None]
    return SPLITS[codes[0]] if codes and codes[0] != TRAIN else ""


def _of_classes(folder: Path) -> list[_Row]:
    samples = open_data(folder).samples
    names = [samples.classes[code] if code != UNLABELLED else "" for code in samples.labels.tolist()]
    paths = (samples.root / path for path in samples.paths)
    return list(zip(paths, names, samples.splits.tolist(), strict=True))


def _of_only_class(folder: Path, inner: Path) -> list[_Row]:
    """The photos of an archive that has one class folder, split or not; none if it has others.

    Args:
        folder: that it was unpacked into.
        inner: in it, the first that holds more than a folder.
    """
    if any(path.suffix.lower() in SUFFIXES_OF_TABLES for path in inner.iterdir()):
        return []
    names = scan(inner).photos
    if inner != folder and split_code(inner.name) is None and not any("/" in name for name in names):
        return [(inner / name, inner.name, UNSPLIT) for name in names]
    rows = []
    for name in names:
        *above, _ = name.split("/")
        codes = [code for part in above if (code := split_code(part)) is not None]
        classes = [part for part in above if split_code(part) is None]
        rows.append((inner / name, classes[0] if classes else "", codes[0] if codes else UNSPLIT))
    labels = {label for _, label, _ in rows}
    return rows if len(labels) == 1 and "" not in labels else []


def _in_their_words(error: KClassError, place: Path, address: str) -> DataError:
    """An error about files that nobody knows of, in the words of who gave the address."""
    message, fix = (text.replace(str(place), address) for text in (error.message, error.fix))
    return DataError(message, fix=fix)
