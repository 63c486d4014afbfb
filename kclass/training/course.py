"""The whole course of a training: its phases one after the other, kept after each epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.dataset.names import TRAIN, VALID
from kclass.dataset.splitting import assign_splits
from kclass.engines.training_device import TrainingDevice
from kclass.errors import DataError
from kclass.files import is_there
from kclass.progress import Progress, silent
from kclass.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from kclass.training.epochs import CPU, START, EpochResult, Phase, PhaseState, run_phase
from kclass.training.shown import Shown
from kclass.training.trainee import Trainee

HELD_OUT = 0.1


@dataclass(frozen=True, eq=False)
class Leg:
    """A phase with what it needs.

    Args:
        phase: what is to be done.
        make: makes what is learned of a network that earlier phases have trained.
        shown: the photos.
    """

    phase: Phase
    make: Callable[[Archive], Trainee]
    shown: Shown


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained network as its best epoch left it.

    Args:
        archive: the network with that epoch's weights; without a trace of the training.
        history: every epoch, in order.
        best_epoch: the one with the lowest loss on the photos held out, the first of equals; 0 if
            no epoch was better than the network as it was at the start.
        interrupted: whether Ctrl-C ended it before its time.
        summary: the layers of the last phase with their shapes and weights, and which are learned.
        parameters: how many weights the network has.
        learned: how many of them the last phase changes.
    """

    archive: Archive = field(repr=False)
    history: tuple[EpochResult, ...]
    best_epoch: int
    interrupted: bool
    summary: str = field(repr=False)
    parameters: int
    learned: int


def train(
    archive: Archive,
    legs: Sequence[Leg],
    *,
    judged_first: bool,
    checkpoint: Path | None = None,
    basis: str = "",
    device: TrainingDevice = CPU,
    progress: Progress = silent,
) -> TrainedNetwork:
    """Train a network through its phases; the lowest loss on the photos held out chooses the epoch.

    Args:
        archive: the whole network with its head.
        legs: the phases, in order, at least one. What one of them learns, those after it learn too.
        judged_first: whether the network is worth a look before it has learned anything.
        checkpoint: a file that is written after each epoch. If it is there, the training goes on
            where it says, and ends as if it had never been stopped.
        basis: a hash of the photos; a checkpoint of others is refused.
        device: what the legs' networks are made for.
        progress: is told how many steps of a phase are over.

    Raises:
        OptionError: a learning rate so high that the very first epoch ends without a finite loss.
        PhotoError: a photo cannot be read any more.
        ModelError: the checkpoint cannot be used.
        DataError: it is of other photos.
        OutputError: the checkpoint cannot be written.
        KeyboardInterrupt: Ctrl-C, before there was anything to keep.
    """
    found = _left_off(checkpoint, basis)
    standing = _Standing(found.earlier, found.earlier_best) if found else _Standing()
    first = found.phase if found else 0
    for number, leg in enumerate(legs[first:], first):
        phase = replace(leg.phase, before=standing.epochs)
        trainee = leg.make(archive)
        state = run_phase(
            trainee,
            leg.shown,
            phase,
            state=found.state if found and found.phase == number else None,
            look_first=judged_first or standing.best_epoch is not None,
            keep=standing.keeping(checkpoint, number, basis),
            progress=progress,
            device=device,
        )
        archive, standing = trainee.trained(), standing.after(state, phase)
        if state.interrupted:
            break
    assert standing.best_epoch is not None
    return TrainedNetwork(
        archive,
        standing.history,
        standing.best_epoch,
        state.interrupted,
        summary=trainee.summary(),
        parameters=trainee.whole.count_params(),
        learned=trainee.learned,
    )


def _left_off(path: Path | None, basis: str) -> Checkpoint | None:
    """The checkpoint to go on from, if there is one."""
    found = read_checkpoint(path) if path and is_there(path) else None
    if found and found.basis != basis:
        raise DataError(
            "the photos that are learned from or held out are not those that it was begun with",
            fix="Bring them back as they were, or start again.",
        )
    return found


@dataclass(frozen=True)
class _Standing:
    """The epochs of the phases that are over, and the best of them."""

    history: tuple[EpochResult, ...] = ()
    best_epoch: int | None = None

    def after(self, state: PhaseState, phase: Phase) -> "_Standing":
        """When one more phase is over: one that made nothing better leaves the best epoch where it was."""
        nothing_better = state.best_epoch == phase.before and self.best_epoch is not None
        looked = tuple(each for each in state.history if each.phase != START or not self.history)
        best_epoch = self.best_epoch if nothing_better else state.best_epoch
        return _Standing(self.history + looked, best_epoch)

    @property
    def epochs(self) -> int:
        """How many epochs that is."""
        return self.history[-1].epoch if self.history else 0

    def keeping(self, path: Path | None, phase: int, basis: str) -> Callable[[PhaseState], None]:
        """What writes the state of a phase into the checkpoint, if there is to be one."""

        def keep(state: PhaseState) -> None:
            if path:
                write_checkpoint(path, Checkpoint(phase, state, self.history, self.best_epoch, basis))

        return keep


def hold_out(
    labels: NDArray[np.int32], together: NDArray[np.int64], *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the photos to learn from, and of a tenth that is held out to judge the epochs by.

    Args:
        labels: int32 (photos,).
        together: int64 (photos,): photos with equal numbers stay on one side.
        seed: another one holds out others.

    Raises:
        DataError: there is no photo to hold out, as every class has but one; or a class would have none
            left to learn from.
    """
    splits = assign_splits(labels, valid=HELD_OUT, test=0, seed=seed, groups=together)
    train, held_out = np.flatnonzero(splits == TRAIN), np.flatnonzero(splits == VALID)
    if not held_out.size:
        raise DataError(
            f"{len(labels)} training photos and no class with two different ones: "
            "none can be held out to choose the best epoch",
            fix="Add photos, or use a frozen backbone with a linear head.",
        )
    lost = np.setdiff1d(labels[labels >= 0], labels[train])
    if lost.size:
        raise DataError(
            f"all training photos of class number {int(lost[0])} are copies of photos of other classes: none "
            "is left to learn it from when some are held out",
            fix="`kclass check DATA` names pictures under two labels.",
        )
    return train, held_out
