"""Photos that somebody has moved to another class, or given another name: they are followed there."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kclass.collecting.placing import Places
from kclass.collecting.state import Fetched, State
from kclass.files import is_folder, is_there

BY_HAND: Final = "by hand"
"""What the ledger calls the source of a photo that is wanted where somebody has put it."""

_NAME: Final = re.compile(r"(?:.*[^0-9a-f])?([0-9a-f]{32})(?:[^0-9a-f].*)?", re.DOTALL)


def adopt_moved(fetched: Sequence[Fetched], state: State, places: Places) -> list[Fetched]:
    """Take note of photos that lie no longer where they were put, but in another place of the collection.

    They are known by the hash in their names. One that is still where it was put is not looked for, so
    that a copy that somebody has made is left alone.

    Args:
        fetched: all photos that were ever wanted.
        state: what the collection remembers.
        places: the folders of its classes.

    Returns:
        Those that are now wanted for another class than they were found for.

    Raises:
        OutputError: a folder or the ledger cannot be used.
    """
    lost = {
        each.outcome.content: each
        for each in fetched
        if each.outcome.content and state.is_deleted(each.outcome.content, each.wanted.query.label)
    }
    for content in list(lost):
        if any(is_there(state.out / path) for path in state.ledger.places(content)):
            del lost[content]
    keys = {each.wanted.key for each in fetched}
    adopted = []
    for label, path in _files(places) if lost else ():
        name = _NAME.fullmatch(path.name)
        each = lost.pop(name[1], None) if name else None
        if each is not None:
            wanted = dataclasses.replace(
                each.wanted, query=dataclasses.replace(each.wanted.query, label=label)
            )
            _note(Fetched(wanted, each.outcome), path, state)
            if wanted.key not in keys:
                adopted.append(Fetched(wanted, each.outcome))
    return adopted


def _note(fetched: Fetched, path: Path, state: State) -> None:
    content, label = fetched.outcome.content, fetched.wanted.query.label
    place = path.relative_to(state.out).as_posix()
    state.ledger.note_wanted(BY_HAND, [(fetched.wanted.key, fetched.wanted.to_dict())])
    state.ledger.note_move(content, old="", new=place)
    state.ledger.note_placed(content, label, place)


def _files(places: Places) -> list[tuple[str, Path]]:
    """All files in class folders, split or not, with their classes."""
    return [
        (label, path)
        for label, folder in places.class_folders()
        if is_folder(folder)
        for path in sorted(folder.iterdir())
    ]
