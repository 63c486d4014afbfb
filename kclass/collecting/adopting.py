"""Photos that somebody has moved to another class or split, or renamed: they are followed there."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from kclass.classifier.folder_names import folder_names
from kclass.collecting.placing import SPLITS
from kclass.collecting.state import Fetched, State
from kclass.collecting.wanted import Wanted
from kclass.dataset.names import split_code
from kclass.dataset.scanning import scan
from kclass.files import is_there

_NAME: Final = re.compile(r"(?:.*[^0-9a-f])?([0-9a-f]{32})", re.DOTALL)


def adopt_moved(state: State) -> None:
    """Take note of photos that lie no longer where they were put, but elsewhere in the collection.

    They are known by the hash at the end of their names. One that is still where it was put is not looked
    for, so that a copy that somebody has made is left alone.

    Args:
        state: what the collection remembers.

    Raises:
        DataError: a folder cannot be read.
        OutputError: the ledger cannot be used.
    """
    lost = _lost(state)
    found = _found_again(lost, state.out) if lost else {}
    if not found:
        return
    wanted = [Wanted.from_dict(each) for each in state.ledger.wanted()]
    labels = {
        folder: label for label, folder in folder_names([each.query.label for each in wanted]).of.items()
    }
    known = _known(wanted, state)
    for content, path in found.items():
        split, folder = _split_and_folder(path)
        is_split_folder = split_code(folder) is not None and folder not in labels
        if content in known and folder and not is_split_folder:
            _adopt(known[content], labels.get(folder, folder), split, path, state)


def _lost(state: State) -> dict[str, PurePosixPath]:
    """Contents that are in none of their places, with the last."""
    missing = {content: PurePosixPath(path) for content, _, path in state.deleted()}
    return {
        content: path
        for content, path in missing.items()
        if not any(is_there(state.out / place) for place in state.ledger.places(content))
    }


def _found_again(lost: Mapping[str, PurePosixPath], out: Path) -> dict[str, PurePosixPath]:
    """Where contents lie now: under the name they had, or else under one that ends as it did."""
    found: dict[str, PurePosixPath] = {}
    for path in map(PurePosixPath, scan(out).photos):
        name = _NAME.fullmatch(path.stem)
        content = name[1] if name else ""
        if content not in lost or path.suffix != lost[content].suffix:
            continue
        if content not in found or path.name == lost[content].name:
            found[content] = path
    return found


def _known(wanted: list[Wanted], state: State) -> dict[str, Fetched]:
    """Photos by their content, those that were moved before among them."""
    known: dict[str, Fetched] = {}
    for each in wanted:
        outcome = state.ledger.outcome(each.found.address)
        if outcome is not None:
            known.setdefault(outcome.content, Fetched(each, dataclasses.replace(outcome, refused="")))
    moved = map(Fetched.from_dict, state.ledger.moved())
    return known | {each.outcome.content: each for each in moved}


def _split_and_folder(path: PurePosixPath) -> tuple[str, str]:
    """The split, empty if there is none, and the class folder that a photo lies in; empty if in none."""
    *above, folder = path.parts[:-1] or ("",)
    codes = [split_code(part) for part in above]
    if len(above) > 1 or None in codes:
        return "", ""
    return (SPLITS[codes[0]] if codes and codes[0] is not None else ""), folder


def _adopt(fetched: Fetched, label: str, split: str, path: PurePosixPath, state: State) -> None:
    wanted, outcome = fetched.wanted, fetched.outcome
    there = Wanted(
        dataclasses.replace(wanted.query, label=label),
        dataclasses.replace(wanted.found, split=split or wanted.found.split),
    )
    state.ledger.note_moved(outcome.content, label, path.as_posix(), Fetched(there, outcome).to_dict())
