"""The folders of a collection as they ought to be, whatever was there from a run before."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.collecting.attribution import Credit, without_password
from kclass.collecting.choosing import Choice
from kclass.collecting.collection import Left, QueryCount
from kclass.collecting.ledger import Outcome
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


def credit_of(there: There, out: Path) -> Credit:
    """Whose a photo is."""
    wanted, outcome = there.fetched.wanted, there.fetched.outcome
    found = wanted.found
    return Credit(
        file=there.place.relative_to(out).as_posix(),
        label=there.label,
        query=wanted.query.text,
        provider=wanted.query.provider,
        page=without_password(found.page),
        address=without_password(found.address),
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
    found: Sequence[Searched], fetched: Sequence[Fetched], there: Sequence[There], choice: Choice
) -> tuple[QueryCount, ...]:
    """What became of what each query found."""
    outcomes = {each.wanted.key: each.outcome for each in fetched}
    here = {each.fetched.wanted.key for each in there}
    chosen = {there[number].fetched.wanted.key for number in choice.chosen}
    return tuple(_counted(search, outcomes, here, chosen) for search in found)


def _counted(
    search: Searched, outcomes: Mapping[str, Outcome], here: Set[str], chosen: set[str]
) -> QueryCount:
    keys = [each.key for each in search.wanted]
    own = [outcomes[key] for key in keys]
    come = sum(bool(each.content) for each in own)
    kept = {key for key in keys if key in chosen}
    chosen -= kept  # a photo that two lists have is a duplicate in the second
    deleted = come - sum(key in here for key in keys)
    refused = search.refused + Counter(each.refused for each in own if each.refused)
    return QueryCount(
        label=search.query.label,
        query=search.query.text,
        asked=search.asked,
        found=len(keys),
        downloaded=come,
        duplicates=come - deleted - len(kept),
        deleted=deleted,
        refused=dict(refused.most_common()),
        kept=len(kept),
    )
