"""The optimizers: Keras's own, with a rate for each layer and weight decay apart from the gradient."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from kclass.errors import OptionError
from kclass.keras_import import import_keras, import_tensorflow

Optimizer = Literal["adam", "adamw", "sgd"]
OPTIMIZERS: Final[tuple[Optimizer, ...]] = get_args(Optimizer)
DEFAULT_DECAYS: Final[dict[Optimizer, float]] = {"adam": 0.0, "adamw": 0.01, "sgd": 0.0}
DEFAULT_MOMENTUM: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class OptimizerOptions:
    """How weights are changed by gradients.

    Args:
        optimizer: "adam", "adamw" or "sgd"; the first two differ in their default weight decay alone.
        momentum: of SGD, 0 to below 1; Adam's are Keras's, .9 and .999.
        weight_decay: by which share of itself, times the learning rate, a weight shrinks in each step,
            apart from the gradient; kernels alone, not biases and what norms have. None for the
            optimizer's own default.
        clip_norm: gradients of all layers together are made no longer than this; None leaves them.
        ema: decay of the moving average of the weights, in [0, 1), by which photos held out are
            judged and which is kept; None for the weights themselves.

    Raises:
        OptionError: out of these bounds.

    Source:
        Kingma and Ba 2015, "Adam". Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
        Pascanu et al. 2013, "On the difficulty of training recurrent neural networks" (clipping).
        Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging".
    """

    optimizer: Optimizer = "adamw"
    momentum: float = DEFAULT_MOMENTUM
    weight_decay: float | None = None
    clip_norm: float | None = None
    ema: float | None = None

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise OptionError.unknown("optimizer", str(self.optimizer), OPTIMIZERS)
        if not 0 <= self.momentum < 1:
            raise OptionError(f"momentum is {self.momentum:g}; it must be from 0 to below 1")
        if self.weight_decay is not None and not 0 <= self.weight_decay < math.inf:
            raise OptionError(f"weight_decay is {self.weight_decay:g}; it must be 0 or more")
        if self.clip_norm is not None and not 0 < self.clip_norm < math.inf:
            raise OptionError(f"clip_norm is {self.clip_norm:g}; it must be above 0")
        if self.ema is not None and not 0 <= self.ema < 1:
            raise OptionError(f"ema is {self.ema:g}; it must be from 0 to below 1")

    @property
    def decay(self) -> float:
        """The weight decay, asked for or the optimizer's own."""
        return DEFAULT_DECAYS[self.optimizer] if self.weight_decay is None else self.weight_decay


def build_optimizer(options: OptimizerOptions, shares: Sequence[float]) -> Any:
    """The Keras optimizer.

    Args:
        options: which one.
        shares: for each trainable variable, in the network's order, by what the learning rate is
            multiplied for it.
    """
    keras = import_keras()
    own: dict[str, Any] = {"learning_rate": 0.0, "global_clipnorm": options.clip_norm}
    if options.ema is not None:
        own |= {"use_ema": True, "ema_momentum": options.ema}
    if options.optimizer == "sgd":
        momentum = float(options.momentum)  # Keras takes no whole number
        return _staged(keras.optimizers.SGD)(shares, options.decay, momentum=momentum, **own)
    return _staged(keras.optimizers.Adam)(shares, options.decay, **own)


@functools.cache
def _staged(base: Any) -> Any:
    """A Keras optimizer that knows a rate for each variable, and decays kernels apart from gradients."""

    class Staged(base):  # type: ignore[misc]
        def __init__(self, shares: Sequence[float], decay: float, **options: Any) -> None:
            super().__init__(**options)
            self._shares, self._decay = tuple(shares), decay

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            rate = learning_rate * self._shares[self._get_variable_index(variable)]
            if self._decay and len(variable.shape) > 1:
                self.assign_sub(variable, variable * rate * self._decay)
            super().update_step(gradient, variable, rate)

        def _clip_gradients(self, gradients: Sequence[Any]) -> Sequence[Any]:
            # Keras would clip the part of each device by itself.
            tf = import_tensorflow()
            devices = tf.distribute.get_strategy().num_replicas_in_sync
            if devices == 1 or not self.global_clipnorm:
                return super()._clip_gradients(gradients)  # type: ignore[no-any-return]
            context, total = tf.distribute.get_replica_context(), tf.distribute.ReduceOp.SUM
            clipped = super()._clip_gradients(context.all_reduce(total, list(gradients)))
            return [gradient / devices for gradient in clipped]

        def finalize_variable_values(self, variables: Sequence[Any]) -> None:
            """Leave the weights as they are: Keras would put the averages in their place after each fit."""

        def average_variable_values(self, variables: Sequence[Any]) -> None:
            """Put the moving averages in the place of the weights, if there are any."""
            super().finalize_variable_values(variables)

    Staged.__name__ = f"Staged{base.__name__}"
    return Staged
