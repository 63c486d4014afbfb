"""The folders of a collection as they ought to be, whatever was there from a run before."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.collecting.attribution import Credit
from kclass.collecting.choosing import Choice
from kclass.collecting.collection import Left, QueryCount
from kclass.collecting.placing import Places
from kclass.collecting.state import Fetched, State
from kclass.collecting.wanted import Searched
from kclass.files import is_there, output_errors

_PART: Final = re.compile(r"\.part-[0-9a-f]{32}")


@dataclass(frozen=True)
class There:
    """A photo that is there.

    Args:
        fetched: how it came.
        path: where it lies now.
        place: where it belongs if it stays.
    """

    fetched: Fetched
    path: Path
    place: Path

    @property
    def label(self) -> str:
        """Its class."""
        return self.fetched.wanted.query.label

    @property
    def content(self) -> str:
        """Its content hash."""
        return self.fetched.outcome.content


def located(fetched: Iterable[Fetched], state: State, places: Places) -> list[There]:
    """The photos that are there: as they came, or where they were put before.

    One that somebody has deleted stays away, and so do its copies.
    """
    paths = {each.outcome.content: state.whereabouts(each) for each in fetched if each.outcome.content}
    found = []
    for each in fetched:
        outcome = each.outcome
        path = state.whereabouts(each) if outcome.content else None
        original = state.ledger.original(outcome.content)
        if path is not None and paths.get(original, path) is not None:
            found.append(There(each, path, places.of(each.wanted, outcome.content, outcome.suffix)))
    return found


def lay_out(there: Sequence[There], choice: Choice, state: State, places: Places) -> None:
    """Bring each photo to where it belongs; what does not stay is put aside, and not deleted.

    Raises:
        OutputError: a file cannot be written or moved.
        PhotoError: a file has become unreadable.
    """
    chosen = [there[number] for number in choice.chosen]
    staying = {each.path for each in chosen}
    # What does not stay goes first: its place may be another's now.
    for each in there:
        if each.path not in staying and not each.path.is_relative_to(state.hidden):
            _put(each, state.left_out(each.path), state, places)
            staying.add(each.path)  # once, though it was found by several queries
    for each in chosen:
        if each.path != each.place:
            _put(each, each.place, state, places)
    for copy, original in choice.again.items():
        _note_copy(there[copy], there[original], state)


def _note_copy(copy: There, original: There, state: State) -> None:
    if copy.content != original.content:
        state.ledger.note_copy(copy.content, original.content)
    elif copy.path.is_relative_to(state.hidden):
        with output_errors(copy.path):
            copy.path.unlink(missing_ok=True)  # the same bytes are in their place now


def _put(photo: There, place: Path, state: State, places: Places) -> None:
    # Noted first: wherever the process ends, the photo is in one of the places that are known.
    state.ledger.note_place(photo.content, place.relative_to(state.out).as_posix())
    is_new = photo.path == state.come(photo.fetched.wanted.found)
    places.put(photo.path, place, is_new=is_new)


def remove_half_files(out: Path) -> None:
    """Remove what a process that was killed was writing; another cannot be at work here.

    Raises:
        OutputError: it cannot be removed.
    """
    for path in sorted(out.rglob(".part-*")):
        with output_errors(path):
            if not _PART.match(path.name) or not is_there(path):
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def remove_empty_folders(there: Iterable[There], out: Path) -> None:
    """Remove folders that all photos were moved out of; others are left.

    Raises:
        OutputError: a folder cannot be removed.
    """
    left = {each.path.parent for each in there} - {each.place.parent for each in there}
    for folder in sorted(left, reverse=True):
        while folder != out and folder.is_dir() and not any(folder.iterdir()):
            with output_errors(folder):
                folder.rmdir()
            folder = folder.parent


def credit_of(there: There, out: Path) -> Credit:
    """Whose a photo is."""
    wanted, outcome = there.fetched.wanted, there.fetched.outcome
    found = wanted.found
    return Credit(
        file=there.place.relative_to(out).as_posix(),
        label=there.label,
        query=wanted.query.text,
        provider=wanted.query.provider,
        page=found.page,
        address=found.address,
        title=found.title,
        creator=found.creator,
        licence=found.licence.code,
        licence_name=found.licence.name,
        licence_url=found.licence.address,
        time=outcome.time,
        content=outcome.content,
    )


def left_out(there: Sequence[There], choice: Choice, out: Path) -> tuple[Left, ...]:
    """The photos that were fetched and do not stay, with what they collide with."""
    reasons: dict[int, tuple[str, str]] = {}
    for number, other in choice.again.items():
        reasons[number] = "copy", there[other].place.relative_to(out).as_posix()
    for number, labels in choice.torn.items():
        reasons[number] = "several classes", ", ".join(labels)
    for number, photo in choice.aside.items():
        reasons[number] = "set aside", str(photo)
    return tuple(
        Left(there[number].fetched.wanted.found.address, there[number].label, *reasons[number])
        for number in sorted(reasons)
    )


def counted(
    search: Searched, fetched: Sequence[Fetched], there: Sequence[There], choice: Choice
) -> QueryCount:
    """What became of what one query found."""
    own = [each for each in fetched if each.wanted.query == search.query]
    mine = [number for number, each in enumerate(there) if each.fetched.wanted.query == search.query]
    chosen = set(choice.chosen)
    refused = search.refused + Counter(each.outcome.refused for each in own if each.outcome.refused)
    kept = sum(number in chosen for number in mine)
    come = sum(bool(each.outcome.content) for each in own)
    return QueryCount(
        label=search.query.label,
        query=search.query.text,
        asked=search.asked,
        found=len(search.wanted),
        downloaded=come,
        duplicates=len(mine) - kept,
        deleted=come - len(mine),
        refused=dict(refused.most_common()),
        kept=kept,
    )
