"""A learning-rate range test: steps whose rate rises until the loss runs away."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from kclass.batches.rows import photo_errors
from kclass.engines.training_device import TrainingDevice
from kclass.progress import Progress
from kclass.training.epochs import CPU, Phase, compiled
from kclass.training.lr_suggestion import LrCurve, diverged, lr_curve
from kclass.training.shown import Shown
from kclass.training.stepping import seed_dropout
from kclass.training.trainee import Trainee

STAGE = "raising the learning rate"
STEPS = 200
LOWEST, HIGHEST = 1e-6, 10.0


def sweep(
    trainee: Trainee, shown: Shown, phase: Phase, *, progress: Progress, device: TrainingDevice = CPU
) -> LrCurve:
    """Raise the learning rate from step to step by the same factor, and note the loss of each batch.

    Args:
        trainee: what is learned; it is of no use afterwards.
        shown: the photos; epoch after epoch, until the steps are over.
        phase: its optimizer, and the shares of its stages.
        progress: is told how many steps are over.
        device: what the trainee was made for; of several GPUs the first is used.

    Raises:
        PhotoError: a photo cannot be read any more.

    Source:
        Smith 2017, "Cyclical learning rates for training neural networks".
    """
    trainer = compiled(trainee, shown, phase, device)
    rates = np.geomspace(LOWEST, HIGHEST, STEPS)
    losses: list[float] = []
    progress(STAGE, 0, STEPS)
    with photo_errors(shown):
        for rate, batch in zip(rates, _batches(trainee, shown), strict=False):
            trainer.optimizer.learning_rate = rate
            losses.append(float(trainer.train_on_batch(*batch)))
            progress(STAGE, len(losses), STEPS)
            if diverged(np.array(losses)):
                break
    return lr_curve(rates[: len(losses)], np.array(losses))


def _batches(trainee: Trainee, shown: Shown) -> Iterator[tuple[Any, ...]]:
    for epoch in itertools.count(1):
        seed_dropout(trainee.whole, seed=shown.lesson.seed, epoch=epoch)
        yield from shown.training(epoch)
