"""The folders of a collection as they ought to be, whatever was there from a run before."""

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.collecting.placing import Places
from kclass.collecting.state import Fetched, State
from kclass.errors import OutputError
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
        """Its content hash, as it came."""
        return self.fetched.outcome.content


def located(fetched: Sequence[Fetched], state: State, places: Places) -> list[There]:
    """The photos that are there: where they are now, and where they belong."""
    paths: dict[str, Path | None] = {}
    for each in fetched:
        content = each.outcome.content
        if content and paths.get(content) is None:  # several addresses may have brought it
            paths[content] = state.whereabouts(each.wanted, content)
    found = []
    for each in fetched:
        outcome = each.outcome
        path = paths.get(outcome.content)
        if path is not None:
            found.append(There(each, path, places.of(each.wanted, outcome.content, outcome.suffix)))
    return found


def lay_out(there: Sequence[There], chosen: Sequence[There], state: State, places: Places) -> None:
    """Bring each photo to where it belongs; what does not stay is put aside, and not deleted.

    Args:
        there: photos that came.
        chosen: those of them that stay.
        state: what the collection remembers.
        places: where photos go.

    Raises:
        OutputError: a file cannot be written or moved.
        PhotoError: a file has become unreadable.
    """
    _put_aside({each.content: each.path for each in chosen}, state, places)
    for each in chosen:
        if each.path != each.place:
            _put(each.content, each.path, each.place, state, places, label=each.label)
        place = _relative(each.place, state)
        if state.ledger.placed(each.content, each.label) != (place, ""):
            state.ledger.note_placed(each.content, each.label, place)
    _remove_what_was_placed(there, state)


def _put_aside(staying: Mapping[str, Path], state: State, places: Places) -> None:
    """What does not stay goes first: its place may be another's now.

    That may be a photo that no table lists any more, or one that was brought back from the trash.
    """
    for content, relative in state.ledger.all_places():
        path = state.out / relative
        if path != staying.get(content) and not path.is_relative_to(state.hidden) and is_there(path):
            _put(content, path, state.left_out(path), state, places)


def _put(content: str, path: Path, place: Path, state: State, places: Places, *, label: str = "") -> None:
    known, old, new = state.ledger.places(content), _relative(path, state), _relative(place, state)
    is_new = old not in known
    # A file that has a photo's name, hash and all, is that photo, moved there by hand.
    is_by_hand = is_there(place) and new not in known
    if is_by_hand and not is_new:
        raise OutputError(
            f"{place} is there already, and was not put there by kclass collect",
            fix=f"Move it elsewhere, or delete it or {path}.",
        )
    # Noted first: wherever the process ends, the photo is in one of the places that are known.
    state.ledger.note_move(content, old=old, new=new, label=label)
    if not is_by_hand:
        places.put(path, place, is_new=is_new)


def _relative(path: Path, state: State) -> str:
    return path.relative_to(state.out).as_posix()


def _remove_what_was_placed(there: Iterable[There], state: State) -> None:
    """Remove the same bytes from other addresses, and what a process that was killed could not."""
    for each in there:
        come = state.come(each.fetched.wanted.found)
        if is_there(come) and any(is_there(state.out / path) for path in state.ledger.places(each.content)):
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


def remove_empty_folders(there: Iterable[There], chosen: Iterable[There], out: Path) -> None:
    """Remove folders that all photos were moved out of; others are left.

    Args:
        there: photos where they were.
        chosen: those that stay, in their places.
        out: the folder of the collection.

    Raises:
        OutputError: a folder cannot be removed.
    """
    left = {each.path.parent for each in there} - {each.place.parent for each in chosen}
    for folder in sorted(left, reverse=True):
        while folder != out and folder.is_dir() and not any(folder.iterdir()):
            with output_errors(folder):
                folder.rmdir()
            folder = folder.parent
