"""Which number of a network is the score of a class: what its softmax or sigmoid reads."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from kclass.backbones.archive import LOGITS
from kclass.errors import ModelError
from kclass.explanation.inlining import FlatGraph, Step
from kclass.keras_import import import_keras, import_tensorflow

SOFTMAX, LOG_SOFTMAX, SIGMOID, LINEAR = "softmax", "log_softmax", "sigmoid", "linear"

_FUNCTIONS: Final = {
    "softmax": SOFTMAX,
    "softmax_v2": SOFTMAX,  # as TensorFlow calls its own
    "log_softmax": LOG_SOFTMAX,
    "log_softmax_v2": LOG_SOFTMAX,
    "sigmoid": SIGMOID,
    "linear": LINEAR,
}
"""Functions of the names that Keras and TensorFlow give them."""

_LAYERS: Final = {"Softmax": SOFTMAX, "LogSoftmax": LOG_SOFTMAX, "Sigmoid": SIGMOID}
"""Keras's layers and operations that are such a function."""

_DENSE: Final = ("Dense", "EinsumDense")
"""Keras's layers that end in an activation and can be the last of a classifier."""

_UNCHANGING: Final = frozenset({"Dropout", "Identity", "Cast", "ActivityRegularization"})
"""Layers and operations that leave scores as they are."""

_PHOTO_AND_CLASSES: Final = 2


@dataclass(frozen=True)
class ScoredGraph:
    """A network, and where in it the scores are.

    Args:
        graph: the network, with what makes the scores added to its end.
        logits: the number of the value that holds the scores, (n, classes).
        probabilities: likewise, of what they mean.
        classes: how many there are.
    """

    graph: FlatGraph
    logits: int
    probabilities: int
    classes: int


@dataclass(frozen=True)
class _End:
    """The last layer that makes scores, and the function that follows."""

    step: Step
    function: str


def scored(graph: FlatGraph) -> ScoredGraph:
    """Find the scores of the classes in a network, before what makes probabilities of them.

    What the network ends in decides; z is what softmax or sigmoid reads, exactly, and with a dense layer
    that has one as its activation, the layer without it.

    - Softmax or log-softmax: the score of class c is z[c], its probability softmax(z)[c].
    - Sigmoid of several units, which are classes that do not exclude each other: z[c], and sigmoid(z[c]).
    - Sigmoid of one unit, which is class 1 of two: z for class 1 and -z for class 0; with p = sigmoid(z)
      the probabilities are p and 1 - p.
    - A dense layer of several units without activation: its outputs are z, and the probabilities softmax(z).
    - Anything else, if a layer is called `logits`: likewise, of what that layer gives.

    With one unit z is the logarithm of the odds of class 1, log(p / (1 - p)), and -z that of class 0.

    Raises:
        ModelError: it puts out several things, or none that can be told to be scores of classes.
    """
    if len(graph.outputs) != 1:
        raise ModelError(
            f"the network puts out {len(graph.outputs)} things; it is not said which are scores of classes",
            fix="If it is the first, give keras.Model(model.inputs, model.outputs[0]).",
        )
    end = _end_of(graph, graph.outputs[0])
    if end is None:
        end = _called_logits(graph)
    if end is None:
        raise _not_understood(graph)
    return _with_scores(graph, end)


def _end_of(graph: FlatGraph, value: int) -> _End | None:
    step = graph.source(value)
    while step is not None and _leaves_alone(step):
        step = graph.source(step.reads[0])
    if step is None or len(step.shape) != _PHOTO_AND_CLASSES or len(step.gives) != 1:
        return None
    function = _function_of(step)
    return None if function is None else _End(step, function)


def _leaves_alone(step: Step) -> bool:
    kind = _kind_of_keras(step.operation)
    linear = kind == "Activation" and _function_named(step.operation.activation) == LINEAR
    return not step.name or kind in _UNCHANGING or linear


def _function_of(step: Step) -> str | None:
    """What makes a step's output: one of the functions, or None if that is not known."""
    kind = _kind_of_keras(step.operation)
    if kind in _LAYERS:
        return _LAYERS[kind] if getattr(step.operation, "axis", -1) in (-1, 1) else None
    if kind in ("Activation", *_DENSE):
        return _function_named(step.operation.activation)
    return None


def _kind_of_keras(operation: Any) -> str:
    """The class of Keras's whose code a layer runs; empty if it runs its own."""
    call = type(operation).call
    return str(call.__qualname__).partition(".")[0] if call.__module__.startswith("keras.") else ""


def _function_named(activation: Any) -> str | None:
    if type(activation).__name__ in _LAYERS:  # a layer may be given as another's activation
        return _LAYERS[type(activation).__name__]
    return LINEAR if activation is None else _FUNCTIONS.get(getattr(activation, "__name__", ""))


def _called_logits(graph: FlatGraph) -> _End | None:
    """The layer that says by its name that it gives scores."""
    for step in reversed(graph.steps):
        plain = len(step.shape) == _PHOTO_AND_CLASSES and len(step.gives) == 1
        if step.name == LOGITS and plain and _function_of(step) in (None, LINEAR):
            return _End(step, LINEAR)
    return None


def _not_understood(graph: FlatGraph) -> ModelError:
    value = graph.outputs[0]
    step = graph.source(value)
    while step is not None and not step.name:
        step = graph.source(step.reads[0])
    last = "its input" if step is None else f"{step.kind} {step.name}"
    return ModelError(
        f"the network ends in {last}, from which scores of classes cannot be told",
        fix=f"Let it end in a softmax, a sigmoid or a Dense layer, or call the scores' layer {LOGITS!r}.",
    )


def _with_scores(graph: FlatGraph, end: _End) -> ScoredGraph:
    units = end.step.shape[-1]
    one = units == 1
    if units is None or (one and end.function != SIGMOID):
        raise _no_classes(end, units)
    graph, z = _before(graph, end)
    output = graph.outputs[0]
    if end.function == SIGMOID and one:
        graph, logits = _added(graph, _both(lambda score: -score), z, 2)
        graph, probabilities = _added(graph, _both(lambda share: 1 - share), output, 2)
    else:
        graph, logits = _added(graph, _in_float, z, units)
        ready = end.function in (SOFTMAX, SIGMOID)
        graph, probabilities = _added(
            graph, _in_float if ready else _softmax, output if ready else logits, units
        )
    return ScoredGraph(graph, logits, probabilities, 2 if one else units)


def _no_classes(end: _End, units: int | None) -> ModelError:
    where = f"{end.step.kind} {end.step.name}"
    if units is None:
        return ModelError(
            f"{where} gives an unknown number of scores",
            fix="Let the network end in a Dense layer and a softmax.",
        )
    if end.function == LINEAR:
        return ModelError(
            f"{where} gives one number, and nothing says that it is the score of a class",
            fix="If it is the log odds of the second of two classes, give"
            " keras.Sequential([model, keras.layers.Activation('sigmoid')]).",
        )
    return ModelError(
        f"{where} is a softmax of one unit, which is 1 for every photo",
        fix="Train with a sigmoid of one unit, or a softmax of two.",
    )


def _before(graph: FlatGraph, end: _End) -> tuple[FlatGraph, int]:
    """The graph in which what the function reads is a value, and its number."""
    if end.function == LINEAR:
        return graph, end.step.gives[0]
    if _kind_of_keras(end.step.operation) not in _DENSE:
        return graph, end.step.reads[0]
    z = graph.size
    bare = replace(end.step, call=_without_activation(end.step), gives=(z,))
    function = replace(end.step, name="", call=end.step.operation.activation, reads=(z,))
    parts = {id(end.step): (bare, function)}
    steps = [part for step in graph.steps for part in parts.get(id(step), (step,))]
    return replace(graph, steps=tuple(steps)), z


def _without_activation(step: Step) -> Callable[..., Any]:
    """The call of a dense layer up to its activation, on the layer's own weights, by its own code.

    The layer is without its activation while it is traced, and has it back afterwards.
    """
    layer = step.operation

    def call(*tensors: Any) -> Any:
        activation = layer.activation
        layer.activation = None
        try:
            return step.call(*tensors)
        finally:
            layer.activation = activation

    return call


def _added(graph: FlatGraph, call: Callable[[Any], Any], read: int, width: int) -> tuple[FlatGraph, int]:
    value = graph.size
    step = Step("", call, call, (read,), (value,), (None, width))
    return replace(graph, steps=(*graph.steps, step)), value


def _in_float(tensor: Any) -> Any:
    return import_tensorflow().cast(tensor, "float32")


def _softmax(logits: Any) -> Any:
    return import_keras().ops.softmax(logits)


def _both(other: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What makes two columns of one, class 0's and class 1's."""

    def call(tensor: Any) -> Any:
        first = _in_float(tensor)
        return import_tensorflow().concat([other(first), first], axis=-1)

    return call
