"""What differs from step to step and from epoch to epoch: the learning rate, and what dropout draws."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kclass.keras_import import import_keras


def stepping(rates: Sequence[float], told: Callable[[int, float], object]) -> Any:
    """A Keras callback that sets the learning rate of each step, and tells the loss after it."""
    keras = import_keras()

    class Stepping(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = rates[batch]

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told(batch, float(logs["loss"]))

    return Stepping()


def seed_dropout(network: Any, *, seed: int, epoch: int) -> None:
    """Have the random layers draw what belongs to this epoch, whatever they drew before."""
    random = [layer.seed_generator for layer in network.layers if hasattr(layer, "seed_generator")]
    for place, generator in enumerate(random):
        generator.state.assign(np.random.SeedSequence([seed, epoch, place]).generate_state(2))
