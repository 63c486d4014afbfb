"""A training between two epochs, as a file: all that is needed to go on to the last bit."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kclass.backbones.archive import DAMAGE
from kclass.errors import ModelError
from kclass.files import whole_file
from kclass.training.epochs import Arrays, EpochResult, PhaseState

FORMAT = 2
PARTS = ("weights", "optimizer", "best")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Where a training stands.

    Args:
        phase: which of its phases is at work, from 0 on.
        state: of that phase.
        earlier: the epochs of the phases before.
        earlier_best: the best epoch of those; None if there was none.
        basis: a hash of the photos that are learned from and held out.
    """

    phase: int
    state: PhaseState
    earlier: tuple[EpochResult, ...] = ()
    earlier_best: int | None = None
    basis: str = ""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all, in the place of the one before.

    Raises:
        OutputError: the file cannot be written.
    """
    state = checkpoint.state
    arrays = {f"{part}{place}": each for part in PARTS for place, each in enumerate(getattr(state, part))}
    story = {
        "format": FORMAT,
        "arrays": {part: len(getattr(state, part)) for part in PARTS},
        "phase": checkpoint.phase,
        "best_epoch": state.best_epoch,
        "history": [asdict(each) for each in state.history],
        "earlier": [asdict(each) for each in checkpoint.earlier],
        "earlier_best": checkpoint.earlier_best,
        "basis": checkpoint.basis,
    }
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, story=np.frombuffer(json.dumps(story).encode(), np.uint8), **arrays)
        file.flush()
        os.fsync(file.fileno())  # it takes the place of the only one that there is


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. Nothing of it is run.

    Raises:
        ModelError: it is not there, is damaged, or is of another version.
    """
    try:
        # Given a path, NumPy leaves the file of a damaged archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            story = json.loads(found["story"].tobytes())
            if story["format"] != FORMAT:
                raise ValueError(f"its format is {story['format']}, and not {FORMAT}")
            weights, optimizer, best = (_numbered(found, part, story["arrays"][part]) for part in PARTS)
        state = PhaseState(_results(story["history"]), weights, optimizer, best, story["best_epoch"])
        earlier = _results(story["earlier"])
        return Checkpoint(story["phase"], state, earlier, story["earlier_best"], story["basis"])
    except (OSError, *DAMAGE) as error:
        raise ModelError(
            f"{path} is no checkpoint that can be gone on with ({error})",
            fix="Start again with `kclass fit DATA`.",
        ) from error


def _numbered(found: Any, part: str, number: int) -> Arrays:
    return tuple(found[f"{part}{place}"] for place in range(number))


def _results(rows: list[dict[str, Any]]) -> tuple[EpochResult, ...]:
    return tuple(EpochResult(**row) for row in rows)
