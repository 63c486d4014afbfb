"""What is done about findings when somebody asks: a table without the bad photos, or a quarantine."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from kclass.audit.findings import Audit
from kclass.audit.moving import Move, move_file, new_log, write_log
from kclass.dataset.dataset import Dataset
from kclass.dataset.manifest import write_manifest
from kclass.errors import DataError, OutputError
from kclass.progress import Progress, silent, track

QUARANTINE: Final = "-quarantine"
"""What is added to the data set's folder to name the folder that bad photos are moved to."""

OUTSIDE: Final = "outside"
"""The folder in the quarantine for photos from outside the data set's root."""


@dataclass(frozen=True)
class Moved:
    """What `move_bad` did.

    Args:
        folder: the quarantine.
        log: the CSV file that `undo_moves` takes; None if there was nothing to move.
        moves: the files that were moved.
        stayed: why others could not be; they are where they were.
    """

    folder: Path
    log: Path | None
    moves: tuple[Move, ...]
    stayed: tuple[OutputError, ...]

    def to_dict(self) -> dict[str, Any]:
        """What was done in plain values, ready for JSON: `folder`, `log`, `moved` and `stayed`."""
        return {
            "folder": str(self.folder),
            "log": None if self.log is None else str(self.log),
            "moved": [
                {"from": str(move.source), "to": str(move.target), "why": move.why} for move in self.moves
            ],
            "stayed": [error.message for error in self.stayed],
        }

    def __repr__(self) -> str:
        stayed = f", {len(self.stayed)} stayed" if self.stayed else ""
        photos = "1 photo" if len(self.moves) == 1 else f"{len(self.moves)} photos"
        return f"Moved {photos} into {self.folder}{stayed}; log: {self.log}"


def list_fixed(audit: Audit, path: str | Path) -> int:
    """Write a table of the data set without the photos that `audit.bad_rows` names.

    The file is a manifest, as `kclass.dataset.manifest.write_manifest` writes them: paths, classes,
    splits, and groups if there are any. Paths are relative to the folder that the file lies in where
    that leads to the photos, else absolute, so that it can be given to `fit` as it is. No photo is
    touched.

    Args:
        audit: what was found.
        path: the CSV file.

    Returns:
        How many photos it lists.

    Raises:
        DataError: none would be left.
        OutputError: the file cannot be written.
    """
    path = Path(path)
    samples = audit.data.samples
    kept = np.ones(len(samples), dtype=np.bool_)
    kept[list(audit.bad_rows)] = False
    if not kept.any():
        raise DataError(
            f"no photo of {audit.data.name} would be left", fix="Look at the findings; mend or add photos."
        )
    place = Path(os.path.abspath(path.parent))  # noqa: PTH100 - and no `..` in the table
    left = samples.select(kept)
    names = tuple(_seen_from(place, left.root, name) for name in left.paths)
    write_manifest(Dataset(audit.data.name, replace(left, paths=names, root=place)), path)
    return len(left)


def move_bad(audit: Audit, into: str | Path | None = None, *, progress: Progress = silent) -> Moved:
    """Move the files of `audit.bad_rows` into a quarantine folder.

    They keep their paths below the data set's root; photos from outside it come into a folder
    `outside` with all of their path. A log of all moves is written before the first one, so
    whatever interrupts them, `undo_moves` can move everything back. A name that is taken gets a
    number. A link is moved itself, as it is, and not what it leads to. Nothing is deleted.

    Args:
        audit: what was found.
        into: the quarantine; None is `NAME-quarantine` beside the data set's root.
        progress: told of each file.

    Raises:
        OutputError: the quarantine lies among the photos, or nothing can be written there.
    """
    root = Path(os.path.abspath(audit.data.root))  # noqa: PTH100 - a root of `..` has no name
    folder = root.with_name(root.name + QUARANTINE) if into is None else Path(into).absolute()
    _refuse_among_photos(audit, folder)
    plan = tuple(_planned(audit, root, folder))
    if not plan:
        return Moved(folder, None, (), ())
    log = new_log(folder, plan)
    stayed = []
    for move in track(plan, "moving", len(plan), progress):
        try:
            move_file(move.source, move.target)
        except (OSError, OutputError) as error:
            stayed.append(_cannot_move(move, error))
    if stayed:
        plan = tuple(move for move in plan if _has_moved(move))
        write_log(log, plan)
    return Moved(folder, log, plan, tuple(stayed))


def _seen_from(place: Path, root: Path, name: str) -> str:
    """A photo's path in a table that lies in another folder."""
    photo = Path(os.path.abspath(root / name))  # noqa: PTH100
    return photo.relative_to(place).as_posix() if photo.is_relative_to(place) else photo.as_posix()


def _refuse_among_photos(audit: Audit, folder: Path) -> None:
    """Refuse a quarantine in which the next audit or fit would find the photos again."""
    root = audit.data.root
    parents = {Path(name.rpartition("/")[0]) for name in audit.data.samples.paths}
    below = {parent for parent in parents if not parent.is_absolute() and ".." not in parent.parts}
    inside = {root / folder for parent in below for folder in (parent, *parent.parents)}
    wanted = Path(os.path.realpath(folder))
    if any(wanted.is_relative_to(place) for place in map(os.path.realpath, {root, *inside})):
        raise OutputError(
            f"the quarantine would lie among the photos: {folder}",
            fix="Choose a folder outside of the data set.",
        )


def _planned(audit: Audit, root: Path, folder: Path) -> Iterator[Move]:
    """Where each bad file is to go; a file that several rows name is moved once."""
    reasons = _reasons(audit)
    names: dict[Path, str] = {}
    whys: dict[Path, list[str]] = defaultdict(list)
    for row in audit.bad_rows:
        name = audit.data.samples.paths[row]
        photo = root / name
        # Where its folder really is tells one file under two names; the file itself may be a link.
        source = Path(os.path.realpath(photo.parent)) / photo.name
        names.setdefault(source, name)
        whys[source] += reasons[row]
    taken: set[str] = set()
    for source, name in names.items():
        yield Move(source, _free(folder / _below(root, name), taken), "; ".join(dict.fromkeys(whys[source])))


def _reasons(audit: Audit) -> dict[int, list[str]]:
    reasons: dict[int, list[str]] = defaultdict(list)
    for finding in audit.findings:
        for row in finding.remove:
            reasons[row].append(f"{finding.kind}: {finding.detail}")
    return reasons


def _below(root: Path, name: str) -> Path:
    """The path that a photo has in the quarantine."""
    photo = Path(os.path.abspath(root / name))  # noqa: PTH100
    if photo.is_relative_to(root):
        return photo.relative_to(root)
    return Path(OUTSIDE, "".join(filter(str.isalnum, photo.drive)), *photo.parts[1:])


def _free(target: Path, taken: set[str]) -> Path:
    """The path, with a number if it is taken, or would be to some file system."""
    free, number = target, 1
    while _alike(free) in taken or os.path.lexists(free):
        number += 1
        free = target.with_stem(f"{target.stem}-{number}")
    taken.add(_alike(free))
    return free


def _alike(path: Path) -> str:
    return unicodedata.normalize("NFC", str(path).casefold())


def _has_moved(move: Move) -> bool:
    """Whether the file is there and no more here: what is there may be another one."""
    return os.path.lexists(move.target) and not os.path.lexists(move.source)


def _cannot_move(move: Move, error: OSError | OutputError) -> OutputError:
    reason = error.message if isinstance(error, OutputError) else error.strerror or str(error)
    problem = OutputError(f"cannot move {move.source}: {reason}", fix="Move it by hand, or leave it.")
    problem.__cause__ = error
    return problem
