"""A Keras model, networks within it included, as one flat sequence of calls on the model's own layers.

`keras.models.clone_model` copies weights or, given the layers themselves, leaves the networks within as
they are; and calling layers on new symbolic tensors adds to the record of calls that every layer keeps, for
good, and is refused where two networks within have layers of one name. So the calls that Keras recorded are
listed here, and made on tensors when they are needed. The model is left as it was.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kclass.errors import ModelError, OptionError
from kclass.keras_import import import_keras

_FOLLOWED: Final = frozenset({"Functional.call", "Sequential.call"})
"""The methods of Keras that do no more than call what the graph holds."""


@dataclass(frozen=True, eq=False)
class Step:
    """One call of a layer or of a plain operation.

    Args:
        name: its path: the names of the networks around it and its own, with `/` between. Where a layer
            is called several times in one network, `:1`, `:2` and so on follow its name. Empty for what
            Keras does between layers.
        operation: the layer.
        call: makes the tensors it gives of those it reads, as in use: dropout and augmentation do nothing.
        reads: numbers of the values it reads.
        gives: numbers of the values it gives.
        shape: of the first of these, the axis of the photos included; None where it is not known.
    """

    name: str
    operation: Any
    call: Callable[..., Any] = field(repr=False)
    reads: tuple[int, ...]
    gives: tuple[int, ...]
    shape: tuple[int | None, ...]

    @property
    def kind(self) -> str:
        """The class of its layer."""
        return type(self.operation).__name__


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """A model as steps, each after those it reads; its values are numbered, and 0 is the input.

    Args:
        input: the symbolic tensor that the model takes.
        steps: in an order in which they can be made.
        outputs: numbers of the values that the model puts out.
        networks: the networks within the model by path, and the number of the value each gives.
    """

    input: Any
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    networks: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many values there are."""
        return 1 + sum(len(step.gives) for step in self.steps)

    def source(self, value: int) -> Step | None:
        """The step that gives a value; None for the input."""
        return next((step for step in self.steps if value in step.gives), None)

    def needed(self, values: Iterable[int]) -> tuple[Step, ...]:
        """The steps that some values depend on."""
        wanted, found = set(values), []
        for step in reversed(self.steps):
            if wanted.intersection(step.gives):
                wanted.update(step.reads)
                found.append(step)
        return tuple(reversed(found))


def run(steps: Iterable[Step], values: dict[int, Any]) -> None:
    """Make steps on tensors.

    Args:
        steps: each after those it reads.
        values: tensors by the number of the value; what the steps give is added.
    """
    flatten = import_keras().tree.flatten
    for step in steps:
        given = flatten(step.call(*(values[value] for value in step.reads)))
        values.update(zip(step.gives, given, strict=True))


def dependent(steps: Iterable[Step], value: int) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps that do not depend on a value, and those that do."""
    moved, apart, after = {value}, [], []
    for step in steps:
        if moved.intersection(step.reads):
            moved.update(step.gives)
            after.append(step)
        else:
            apart.append(step)
    return tuple(apart), tuple(after)


def inlined(model: Any) -> FlatGraph:
    """A Functional or Sequential model of one input as a flat graph.

    Networks within it are followed if they are Functional or Sequential too. Any other layer is one step,
    whatever it does within.

    Raises:
        OptionError: it is not a Keras model.
        ModelError: it is not built, has no graph or takes several inputs.
    """
    network = _network_of(model)
    if len(network.inputs) != 1:
        raise ModelError(
            f"the network takes {len(network.inputs)} inputs; one that takes a photo alone can be explained",
            fix="Make a model of it in which the others are constants.",
        )
    inlining = _Inlining()
    photo = inlining.entered(model, network.inputs, (0,)) if _is_float(network.inputs[0]) else (0,)
    outputs = inlining.follow(network, photo, path="")
    return FlatGraph(network.inputs[0], tuple(inlining.steps), outputs, inlining.networks)


def _network_of(model: Any) -> Any:
    """The graph of the model that was given to be explained."""
    keras = import_keras()
    if not isinstance(model, keras.Model):
        raise OptionError(
            f"model is of type {type(model).__name__}; it must be a Keras 3 model",
            fix="What kclass.load gives explains photos by a method of its own, `explain`.",
        )
    network = _graph_within(model)
    if network is not None:
        return network
    if isinstance(model, keras.Sequential) and not model.built:
        raise ModelError(
            f"the network {model.name} is not built, so it has no weights yet",
            fix="Let its first layer be a keras.Input((height, width, channels)), and train it.",
        )
    raise ModelError(
        f"the network {model.name} is a {type(model).__name__}, whose own code leaves no graph to follow",
        fix="Make a keras.Sequential or keras.Model(inputs, outputs) of its parts.",
    )


def _graph_within(operation: Any) -> Any:
    """The Functional network that a layer is, or that it wraps; None if it is none or does more."""
    call = getattr(type(operation), "call", None)
    if getattr(call, "__qualname__", "") not in _FOLLOWED or not call.__module__.startswith("keras."):
        return None
    return operation if hasattr(operation, "operations") else getattr(operation, "_functional", None)


class _Inlining:
    """What has been listed so far."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.networks: dict[str, int] = {}
        self._values = 1

    def follow(self, network: Any, given: Sequence[int], *, path: str) -> tuple[int, ...]:
        """List the calls of a network; the numbers of what it puts out."""
        values = {id(tensor): value for tensor, value in zip(network.inputs, given, strict=True)}
        nodes = [*_nodes(network)]
        for node, name in zip(nodes, _names(nodes), strict=True):
            found = self._listed(node, path + name, values)
            values.update(zip(map(id, node.outputs), found, strict=True))
        return tuple(values[id(tensor)] for tensor in network.outputs)

    def _listed(self, node: Any, name: str, values: dict[int, int]) -> tuple[int, ...]:
        within, tensors = _graph_within(node.operation), node.input_tensors
        given = None if within is None else _given(node.arguments, within)
        if given is None:
            reads = tuple(values[id(tensor)] for tensor in tensors)
            return self._step(name, node.operation, _calling(node), reads, node.outputs)
        numbers = tuple(values[id(tensor)] for tensor in given)
        entered = self.entered(node.operation, within.inputs, numbers)
        outputs = self.follow(within, entered, path=f"{name}/")
        self.networks[name] = outputs[0]
        return outputs

    def entered(self, owner: Any, inputs: Sequence[Any], numbers: Sequence[int]) -> tuple[int, ...]:
        """List what Keras does to tensors on their way into a network."""
        return tuple(
            self._step("", owner, _entering(owner, reference), (number,), [reference])[0]
            for reference, number in zip(inputs, numbers, strict=True)
        )

    def _step(
        self, name: str, operation: Any, call: Callable[..., Any], reads: tuple[int, ...], outputs: Any
    ) -> tuple[int, ...]:
        gives = tuple(range(self._values, self._values + len(outputs)))
        self._values += len(outputs)
        self.steps.append(Step(name, operation, call, reads, gives, tuple(outputs[0].shape)))
        return gives


def _nodes(network: Any) -> Iterator[Any]:
    """The calls that a network is made of, each after those it reads."""
    done = {id(tensor) for tensor in network.inputs}
    waiting = list(network.outputs)
    while waiting:
        tensor = waiting[-1]
        node = _maker(tensor)
        missing = [] if id(tensor) in done else [read for read in node.input_tensors if id(read) not in done]
        waiting.extend(missing)
        if missing:
            continue
        waiting.pop()
        if id(tensor) not in done:
            done.update(id(output) for output in node.outputs)
            yield node


def _maker(tensor: Any) -> Any:
    """The call that a symbolic tensor comes from."""
    operation, call, _ = tensor._keras_history
    return operation._inbound_nodes[call]


def _names(nodes: Sequence[Any]) -> Iterator[str]:
    calls = Counter(id(node.operation) for node in nodes)
    seen: Counter[int] = Counter()
    for node in nodes:
        key = id(node.operation)
        seen[key] += 1
        yield node.operation.name if calls[key] == 1 else f"{node.operation.name}:{seen[key]}"


def _given(arguments: Any, network: Any) -> list[Any] | None:
    """The tensors that a network within is called on, in the order of its inputs; None if they are not plain.

    Not plain are masks, which go beside the inputs, and inputs that are left out.
    """
    named = {key: value for key, value in arguments.kwargs.items() if key != "training"}
    given = arguments.args[0] if arguments.args else named.pop("inputs", None)
    flatten = import_keras().tree.flatten
    if len(arguments.args) > 1 or any(part is not None for part in flatten(named)):
        return None
    if isinstance(given, dict) and not isinstance(network.input, dict):
        given = [given.get(tensor.name) for tensor in network.inputs]
    tensors: list[Any] = flatten(given)
    known = {id(tensor) for tensor in arguments.keras_tensors}
    if len(tensors) != len(network.inputs) or any(id(tensor) not in known for tensor in tensors):
        return None
    return tensors


def _calling(node: Any) -> Callable[..., Any]:
    """The call with the arguments it had, but on other tensors, and never to train."""
    keys = [id(tensor) for tensor in node.input_tensors]

    def call(*tensors: Any) -> Any:
        args, kwargs = node.arguments.fill_in(dict(zip(keys, tensors, strict=True)))
        if "training" in getattr(node.operation, "_call_context_args", ()):
            kwargs = {**kwargs, "training": False}
        return node.operation(*args, **kwargs)

    return call


def _entering(owner: Any, reference: Any) -> Callable[[Any], Any]:
    """What Keras does to a tensor on its way into a network: type and rank become those of its input."""
    keras = import_keras()

    def call(tensor: Any) -> Any:
        if isinstance(owner, keras.Sequential):  # other than Functional ones they also round to their policy
            tensor = owner.dtype_policy.convert_input(tensor, owner.autocast, owner.input_dtype)
        tensor = keras.ops.cast(tensor, reference.dtype)
        if len(tensor.shape) == len(reference.shape) + 1:
            return keras.ops.squeeze(tensor, axis=-1)
        if len(tensor.shape) == len(reference.shape) - 1:
            return keras.ops.expand_dims(tensor, axis=-1)
        return tensor

    return call


def _is_float(tensor: Any) -> bool:
    """Whether a network's input takes floats; what takes whole numbers is given pixels as they are."""
    return bool(import_keras().backend.is_float_dtype(tensor.dtype))
