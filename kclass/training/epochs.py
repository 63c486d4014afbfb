"""Phases of a training, epoch by epoch: each learned, judged by photos held out, and kept to be resumed."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.batches.rows import photo_errors
from kclass.engines.training_device import FLOAT16, FLOAT32, TrainingDevice, evenly_shared
from kclass.errors import ModelError, OptionError
from kclass.keras_import import import_keras, import_tensorflow
from kclass.progress import Progress
from kclass.training.interruption import remembered_interrupt
from kclass.training.optimizers import OptimizerOptions, build_optimizer
from kclass.training.schedules import RatePlan
from kclass.training.shown import Shown
from kclass.training.softmax_regression import log_softmax
from kclass.training.stepping import seed_dropout, stepping
from kclass.training.trainee import Trainee

STAGE = "training"
START = "start"
CPU = TrainingDevice("cpu", FLOAT32, False, ("CPU:0",))

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of a training in which the same layers are learned.

    Args:
        name: what it is called in the history.
        epochs: how many, at least 1.
        plan: the learning rate of the head, step by step.
        optimizer: how weights are changed.
        stage_lr: the share of that rate which the first stage has; see `Trainee.shares`.
        patience: epochs in a row without a lower loss that end the phase; None for no such end.
        before: epochs that were gone through before this phase.
    """

    name: str
    epochs: int
    plan: RatePlan
    optimizer: OptimizerOptions
    stage_lr: float = 1.0
    patience: int | None = None
    before: int = 0


@dataclass(frozen=True)
class EpochResult:
    """One pass over the photos.

    Args:
        phase: the phase that it belongs to.
        epoch: which one, from 1 on through all phases; 0 for the network as it was at the start.
        learning_rate: of the head, the mean of its steps; None at the start.
        train_loss: mean cross-entropy in nats of the photos learned from, augmented, mixed, smoothed
            and weighed as asked, with dropout, each as the network was when its batch came; None at
            the start.
        held_out_loss: the same of the photos held out, as they are, after the epoch. With `balance`
            each class counts as much as any other.
        error_rate: share of the held-out photos classified wrongly then, 0 to 1.
        seconds: how long it took, with the look at the held-out photos.
    """

    phase: str
    epoch: int
    learning_rate: float | None
    train_loss: float | None
    held_out_loss: float
    error_rate: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The epoch as plain data, ready for JSON: None for losses that are not finite."""
        values = asdict(self)
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }


@dataclass(frozen=True, eq=False)
class PhaseState:
    """A phase between two epochs: all that its future depends on.

    Args:
        history: its epochs so far, the look at the start included.
        weights: of the trainer, as the last epoch left them.
        optimizer: the variables of the optimizer.
        best: the trainer's weights of the lowest loss on the photos held out, the first of equals.
        best_epoch: which epoch that was.
        interrupted: whether it was stopped in the middle of the epoch after these.
    """

    history: tuple[EpochResult, ...]
    weights: Arrays = field(repr=False)
    optimizer: Arrays = field(repr=False)
    best: Arrays = field(repr=False)
    best_epoch: int
    interrupted: bool = False

    @property
    def losses(self) -> list[float]:
        """The losses of the photos held out after each epoch, without that of the start."""
        return [each.held_out_loss for each in self.history if each.train_loss is not None]

    def ended(self, phase: Phase) -> bool:
        """Whether nothing is left to do: its epochs or its patience are over, or it has diverged."""
        if len(self.losses) == phase.epochs or self.interrupted:
            return True
        if not math.isfinite(self.history[-1].held_out_loss):
            return True
        return phase.patience is not None and self._without_gain >= phase.patience

    @property
    def _without_gain(self) -> int:
        return self.history[-1].epoch - self.best_epoch


def run_phase(
    trainee: Trainee,
    shown: Shown,
    phase: Phase,
    *,
    state: PhaseState | None,
    look_first: bool,
    keep: Callable[[PhaseState], None],
    progress: Progress,
    device: TrainingDevice = CPU,
) -> PhaseState:
    """Go through the epochs of a phase that are left. The trainer ends with the best weights.

    The same network, photos, phase and machine give the same weights, on a CPU to the last bit,
    whether a phase was stopped after some epoch and taken up again or not. Ctrl-C stops it in the
    middle of an epoch, which then does not count.

    Args:
        trainee: what is learned; its weights are changed.
        shown: the photos.
        phase: what is to be done.
        state: where to go on; None for the beginning.
        look_first: whether the network is judged before it learns anything, as epoch 0.
        keep: is given the state after each epoch.
        progress: is told how many steps are over.
        device: what the trainee was made for.

    Raises:
        OptionError: the learning rate is so high that the first epoch ends without a finite loss, and
            there was no look at the start that could be kept.
        PhotoError: a photo cannot be read any more.
        ModelError: the state belongs to another network.
        KeyboardInterrupt: Ctrl-C outside of an epoch, or before there was anything to keep.
    """
    with remembered_interrupt() as check_interrupt:
        trainer = compiled(trainee, shown, phase, device)
        learner = _Learner(trainee, shown, phase, progress, device, trainer, check_interrupt)
        if state is None and look_first:
            state = learner.look_at_start()
            keep(state)
        elif state is not None:
            learner.take_up(state)
        state = _gone_through(learner, state, keep)
    trainee.trainer.set_weights(state.best)
    return state


def _gone_through(
    learner: "_Learner", state: PhaseState | None, keep: Callable[[PhaseState], None]
) -> PhaseState:
    """The state after the epochs that are left."""
    while state is None or not state.ended(learner.phase):
        try:
            state = _next(learner, state)
            keep(state)  # an epoch that is over counts, though Ctrl-C comes while it is kept
        except KeyboardInterrupt as error:
            # Others that end the process, such as signals turned into errors, are of classes of their own.
            if state is None or type(error) is not KeyboardInterrupt:
                raise
            state = replace(state, interrupted=True)
    return state


def _next(learner: "_Learner", state: PhaseState | None) -> PhaseState:
    try:
        return learner.next(state)
    except Exception:
        learner.check_interrupt()  # what stops Python that TensorFlow calls comes out as an error of its own
        raise


@dataclass(frozen=True, eq=False)
class _Learner:
    """A phase at work."""

    trainee: Trainee
    shown: Shown
    phase: Phase
    progress: Progress
    device: TrainingDevice
    trainer: Any
    check_interrupt: Callable[[], None]

    @cached_property
    def _logits(self) -> Any:
        """What gives the logits of a batch; on the first of several devices."""
        tf = import_tensorflow()
        return tf.function(lambda given: self.trainer(given, training=False), reduce_retracing=True)

    def look_at_start(self) -> PhaseState:
        start = time.perf_counter()
        with photo_errors(self.shown):
            loss, errors = self._look()
        result = EpochResult(START, self.phase.before, None, None, loss, errors, time.perf_counter() - start)
        now = self._weights()
        return PhaseState((result,), now, self._optimizer_variables(), now, result.epoch)

    def take_up(self, state: PhaseState) -> None:
        variables = self.trainer.optimizer.variables
        found = [each.shape for each in (*state.weights, *state.optimizer)]
        wanted = [tuple(each.shape) for each in (*self.trainer.weights, *variables)]
        if found != wanted:
            raise ModelError(
                "the checkpoint belongs to another network: its weights have other shapes",
                fix="Go on where the run was begun: on the same kind of device, with the same versions.",
            )
        self.trainer.set_weights(state.weights)
        for variable, value in zip(variables, state.optimizer, strict=True):
            variable.assign(value)

    def next(self, state: PhaseState | None) -> PhaseState:
        """The state after one more epoch."""
        history = () if state is None else state.history
        losses = [] if state is None else state.losses
        number, rates = self.phase.before + len(losses) + 1, self._rates(losses)
        start = time.perf_counter()
        with photo_errors(self.shown):
            train_loss = self._learn(number, rates, history)
            now, judged, (loss, errors) = self._judged()
        took = time.perf_counter() - start
        if state is None and not math.isfinite(loss):
            raise _diverged(self.phase.plan.peak)
        result = EpochResult(self.phase.name, number, float(np.mean(rates)), train_loss, loss, errors, took)
        if state is None or loss < min(each.held_out_loss for each in history):
            best, best_epoch = judged, number
        else:
            best, best_epoch = state.best, state.best_epoch
        return PhaseState((*history, result), now, self._optimizer_variables(), best, best_epoch)

    def _judged(self) -> tuple[Arrays, Arrays, tuple[float, float]]:
        """The weights as they are; those that are judged, averages if asked; and what is said of them."""
        now = self._weights()
        if self.phase.optimizer.ema is None:
            return now, now, self._look()
        optimizer = self.trainer.optimizer
        getattr(optimizer, "inner_optimizer", optimizer).average_variable_values(
            self.trainer.trainable_variables
        )
        averages, found = self._weights(), self._look()
        self.trainer.set_weights(now)
        return now, averages, found

    def _rates(self, losses: Sequence[float]) -> list[float]:
        steps = self.shown.lesson.steps
        return [
            self.phase.plan.rate(
                epoch=len(losses) + 1, batch=batch, batches=steps, epochs=self.phase.epochs, losses=losses
            )
            for batch in range(steps)
        ]

    def _learn(self, number: int, rates: Sequence[float], history: Sequence[EpochResult]) -> float:
        seed_dropout(self.trainee.whole, seed=self.shown.lesson.seed, epoch=number)
        done = (number - 1 - self.phase.before) * len(rates)

        def told(batch: int, loss: float) -> None:
            note = _note(self.phase, number, loss, history)
            self.progress(STAGE, done + batch + 1, len(rates) * self.phase.epochs, note)
            self.check_interrupt()

        batches = evenly_shared(self.shown.training(number), self.device)
        fitted = self.trainer.fit(batches, shuffle=False, verbose=0, callbacks=[stepping(rates, told)])
        return float(fitted.history["loss"][0])

    def _look(self) -> tuple[float, float]:
        lesson = self.shown.lesson
        logits = np.concatenate([self._logits(given).numpy() for given, _ in self.shown.judging()])
        return measured(logits, lesson.held_out_labels, lesson.held_out_weights)

    def _weights(self) -> Arrays:
        return tuple(np.array(each) for each in self.trainer.get_weights())

    def _optimizer_variables(self) -> Arrays:
        return tuple(np.array(each) for each in self.trainer.optimizer.variables)


def compiled(trainee: Trainee, shown: Shown, phase: Phase, device: TrainingDevice) -> Any:
    """The trainer with its optimizer and loss, ready for the first step."""
    losses = import_keras().losses
    soft = shown.lesson.batches.soft
    kind = losses.CategoricalCrossentropy if soft else losses.SparseCategoricalCrossentropy
    optimizer = build_optimizer(phase.optimizer, trainee.shares(phase.stage_lr))
    if device.policy == FLOAT16:  # small gradients would be 0; Keras looks at the outermost model alone
        optimizer = import_keras().optimizers.LossScaleOptimizer(optimizer)
    # From logits the cross-entropy and its gradient are exact; behind a softmax that rounds to 0 or
    # 1 they would be cut off.
    trainee.trainer.compile(optimizer=optimizer, loss=kind(from_logits=True), jit_compile=device.jit)
    optimizer.build(trainee.trainer.trainable_variables)
    return trainee.trainer


def measured(
    logits: NDArray[np.float32], labels: NDArray[np.int32], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Mean cross-entropy in nats, photos weighed, and the share of wrong labels."""
    with np.errstate(invalid="ignore"):  # the logits of a network that has diverged may be infinite
        log_probabilities = log_softmax(logits.astype(np.float64))
    losses = -log_probabilities[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weights)), float(np.mean(logits.argmax(axis=1) != labels))


def _note(phase: Phase, number: int, loss: float, history: Sequence[EpochResult]) -> str:
    note = f"{phase.name} {number - phase.before}/{phase.epochs}, loss {loss:.3f}"
    if not history:
        return note
    last = history[-1]
    return f"{note}, held out {last.held_out_loss:.3f} ({100 * last.error_rate:.1f} % wrong)"


def _diverged(rate: float) -> OptionError:
    return OptionError(
        f"the learning rate is {rate:g}; the first epoch ended without a finite loss",
        fix=f"Use a smaller one, {rate / 10:g} for instance.",
    )
