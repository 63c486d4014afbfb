"""The folders of a collection as they ought to be, whatever was there from a run before."""

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.collecting.choosing import Choice
from kclass.collecting.placing import Places
from kclass.collecting.state import Fetched, State
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


def located(fetched: Sequence[Fetched], state: State, places: Places) -> list[There]:
    """The photos that are there: as they came, or where they were put before.

    One that somebody has deleted stays away, and so do its copies.
    """
    paths = _paths(fetched, state)
    deleted = {content for content, path in paths.items() if path is None}
    found = []
    for each in fetched:
        outcome = each.outcome
        path = paths.get(outcome.content)
        if path is not None and state.ledger.original(outcome.content) not in deleted:
            found.append(There(each, path, places.of(each.wanted, outcome.content, outcome.suffix)))
    return found


def _paths(fetched: Sequence[Fetched], state: State) -> dict[str, Path | None]:
    """Where the bytes of each content are; several addresses may have brought them."""
    paths: dict[str, Path | None] = {}
    for each in fetched:
        content = each.outcome.content
        if content and paths.get(content) is None:
            paths[content] = state.whereabouts(each)
    return paths


def known_copies(there: Sequence[There], state: State) -> list[tuple[int, int]]:
    """Places of photos of the same bytes as they came, and of those that were found to be copies before.

    Their files may have been changed since by whoever looked through them.
    """
    firsts: dict[str, int] = {}
    pairs = [(firsts.setdefault(each.content, place), place) for place, each in enumerate(there)]
    for content, place in firsts.items():
        original = state.ledger.original(content)
        if original in firsts:
            pairs.append((firsts[original], place))
    return pairs


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
        state.ledger.note_placed(each.content)
    for copy, original in choice.again.items():
        if there[copy].content != there[original].content:
            state.ledger.note_copy(there[copy].content, there[original].content)
    _remove_what_was_placed(there, state)


def _put(photo: There, place: Path, state: State, places: Places) -> None:
    # Noted first: wherever the process ends, the photo is in one of the places that are known.
    state.ledger.note_place(photo.content, place.relative_to(state.out).as_posix())
    places.put(photo.path, place, is_new=not state.ledger.was_placed(photo.content))


def _remove_what_was_placed(there: Iterable[There], state: State) -> None:
    """Remove the same bytes from other addresses, and what a process that was killed could not."""
    for each in there:
        come = state.come(each.fetched.wanted.found)
        if is_there(come) and state.ledger.was_placed(each.content):
            with output_errors(come):
                come.unlink()


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
