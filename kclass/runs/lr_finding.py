"""`lr_find`: which learning rate to train with."""

import contextlib
from pathlib import Path
from typing import Unpack

from kclass.dataset.dataset import Dataset
from kclass.errors import OptionError
from kclass.keras_import import check_backend
from kclass.progress import Progress, silent
from kclass.runs.applicability import TRAINED
from kclass.runs.epoch_training import training_of
from kclass.runs.fitting import opened
from kclass.runs.following import fit_options, with_weights_at_hand
from kclass.runs.keywords import FitKeywords, signature_with_options
from kclass.runs.options import FitOptions
from kclass.runs.preparing import prepare
from kclass.training.course import train
from kclass.training.lr_suggestion import LrCurve
from kclass.training.lr_sweep import sweep


def lr_find(
    data: str | Path | Dataset, *, progress: Progress = silent, **options: Unpack[FitKeywords]
) -> LrCurve:
    """Raise the learning rate step by step on training photos, and see where the loss falls fastest.

    It is the rate of the last phase of what the options ask for: `fine_tune_lr` with `fine_tune`, else
    `lr`. Phases before it are trained. Nothing is kept.

    Args:
        data: as in `fit`.
        progress: is told how far each stage is.
        options: those of `fit`; photos that validate are never looked at.

    Raises:
        OptionError: nothing is trained by steps.
        KClassError: as in `fit`.
    """
    return run_lr_find(data, fit_options(options), progress=progress)


lr_find.__signature__ = signature_with_options(lr_find)  # type: ignore[attr-defined]


def run_lr_find(data: str | Path | Dataset, options: FitOptions, *, progress: Progress = silent) -> LrCurve:
    """What `lr_find` does; see there."""
    check_backend()
    if not options.stepped:
        raise OptionError(
            f"{options.backbone} has no learning rate here: its head is solved, without steps",
            fix=f"To train by steps, {TRAINED}.",
        )
    if options.tensorboard:
        raise OptionError("tensorboard has no effect on lr_find: it keeps no run", fix="Leave it out.")
    source, options = opened(data), with_weights_at_hand(options)
    training = training_of(prepare(source, options, progress), options, progress)
    *before, last = training.legs()
    archive, device = training.start(), training.device
    with training.device_scope() if device.device == "cpu" else contextlib.nullcontext():
        if before:
            trained = train(archive, before, judged_first=False, device=device, progress=progress)
            if trained.interrupted:
                raise KeyboardInterrupt
            archive = trained.archive
        return sweep(last.make(archive), last.shown, last.phase, device=device, progress=progress)
