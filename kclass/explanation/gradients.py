"""One pass through a Keras network: a layer's activations, and how the class's score moves with them."""

import functools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import ModelError, OptionError
from kclass.explanation.inlining import FlatGraph, dependent, inlined, run
from kclass.explanation.layers import SPATIAL_RANK, explained_layer, flat_nodes
from kclass.explanation.network import BATCH, Pass
from kclass.explanation.score_layer import ScoredGraph, scored
from kclass.keras_import import import_keras, import_tensorflow

_PREDICTED: Final = -1
"""The target that stands for the class predicted."""


class GradientNetwork:
    """A network made ready for explanations; tracing it takes seconds, so keep it for many photos.

    The score is the logit, not the probability: through the softmax a class would also be
    explained by what speaks against the others, and certainty would make all gradients vanish.

    Args:
        model: a Keras 3 model, Functional or Sequential, with networks within it or without; it takes
            photos alone, channels last, and puts out scores of classes, which `scored` finds.
        layer: the layer to explain, see `explained_layer`; None for the last one with a spatial output.

    Raises:
        OptionError: it is no Keras model, there is no such layer, or its output is not spatial.
        ModelError: the network is not built, has no graph to follow, no photo as its one input, channels
            first, nothing that is known to be scores of classes, or no layer with a spatial output.
    """

    def __init__(self, model: Any, *, layer: str | None = None) -> None:
        graph = inlined(model)
        _check_photos_come_in(graph)
        self._scored = scored(graph)
        self.layer = explained_layer(flat_nodes(graph), wanted=layer)
        self.photo_shape: tuple[int | None, ...] = tuple(graph.input.shape[1:])
        """Rows, columns, channels; None for what may differ from photo to photo."""
        self.classes = self._scored.classes
        self._run = _traced_passes(self._scored, _value_of(graph, self.layer))
        self.map_shape: tuple[int, ...] = tuple(
            size or 0 for size in self._run.structured_outputs[0].shape[1:]
        )
        """Rows, columns, channels of the layer; 0 for what depends on the photo's size."""

    def passes(
        self, photos: NDArray[np.generic], *, targets: NDArray[np.int64] | None = None
    ) -> Iterator[Pass]:
        """Send photos through the network, `BATCH` at a time.

        Args:
            photos: in the range that the network takes, (n, height, width, channels), of any type that
                its input type can hold but for rounding: any number for networks that take floats.
            targets: int64 (n,), the class to explain for each; None for the class predicted.

        Raises:
            OptionError: the photos have another shape or type, or there is no such class.
        """
        self._check(photos, targets)
        wanted = np.full(len(photos), _PREDICTED, np.int64) if targets is None else targets
        for start in range(0, len(photos), BATCH):
            part = slice(start, start + BATCH)
            found = self._run(self._fed(photos[part]), import_tensorflow().constant(wanted[part]))
            yield Pass(photos[part], *(result.numpy() for result in found))

    def scores(self, photos: NDArray[np.generic]) -> NDArray[np.float32]:
        """The logits of photos, float32 (n, classes), without a gradient.

        Args:
            photos: as `passes` takes them.

        Raises:
            OptionError: the photos have another shape or type.
        """
        self._check(photos, None)
        parts = [
            self._score(self._fed(photos[start : start + BATCH])).numpy()
            for start in range(0, len(photos), BATCH)
        ]
        return np.concatenate([np.empty((0, self.classes), np.float32), *parts])

    def pixel_gradients(self, photos: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float32]:
        """The derivative of each photo's target logit with respect to its pixels.

        Args:
            photos: float32 (n, height, width, channels), in the range that the network takes; floats also
                where it takes whole numbers, because between these a derivative is taken.
            targets: int64 (n,).

        Returns:
            float32, the photos' shape.

        Raises:
            OptionError: the photos have another shape or type, or there is no such class.
        """
        self._check(photos, targets, dtype="float32")
        tf = import_tensorflow()
        parts = [
            self._pixel_gradient(
                tf.constant(photos[start : start + BATCH].astype(np.float32)),
                tf.constant(targets[start : start + BATCH]),
            ).numpy()
            for start in range(0, len(photos), BATCH)
        ]
        return np.concatenate([np.empty((0, *photos.shape[1:]), np.float32), *parts])

    @functools.cached_property
    def _score(self) -> Any:
        return _traced_scores(self._scored)

    @functools.cached_property
    def _pixel_gradient(self) -> Any:
        return _traced_pixel_gradients(self._scored)

    @property
    def _input_type(self) -> str:
        return str(import_keras().backend.standardize_dtype(self._scored.graph.input.dtype))

    def _fed(self, photos: NDArray[np.generic]) -> Any:
        """Photos as a tensor of the network's type, by way of one that NumPy has too."""
        kind = self._input_type
        known = kind if kind == "float64" or "float" not in kind else "float32"
        tf = import_tensorflow()
        return tf.cast(tf.constant(photos.astype(known)), kind)

    def _check(
        self, photos: NDArray[np.generic], targets: NDArray[np.int64] | None, *, dtype: str = ""
    ) -> None:
        _check_shape(photos, self.photo_shape)
        _check_type(photos, dtype or self._input_type)
        if targets is not None:
            _check_targets(targets, len(photos), self.classes)


def _check_photos_come_in(graph: FlatGraph) -> None:
    shape = graph.input.shape
    if len(shape) != SPATIAL_RANK:
        raise ModelError(
            f"the network takes {_shape_in_words(shape[1:])}; photos are (n, height, width, channels)",
            fix="Put a keras.Input((height, width, channels)) and a Reshape before it.",
        )
    for step in graph.steps:
        if getattr(step.operation, "data_format", None) == "channels_first":
            raise ModelError(
                f"layer {step.name} has channels first; kclass explains networks with channels last",
                fix="Build the network with data_format='channels_last'; the weights are the same.",
            )


def _check_shape(photos: NDArray[np.generic], expected: tuple[int | None, ...]) -> None:
    fits = len(photos.shape) == 1 + len(expected) and all(
        size in (None, given) for size, given in zip(expected, photos.shape[1:], strict=True)
    )
    if not fits:
        raise OptionError(
            f"photos are {photos.dtype} {photos.shape}; the network takes {_shape_in_words(expected)}"
        )


def _check_type(photos: NDArray[np.generic], expected: str) -> None:
    holds = (
        photos.dtype.kind in "buif"
        if "float" in expected
        else np.can_cast(photos.dtype, expected, "same_kind")
    )
    if not holds:
        raise OptionError(f"photos are {photos.dtype}, which does not fit the network's {expected}")


def _check_targets(targets: NDArray[np.int64], photos: int, classes: int) -> None:
    if targets.dtype != np.int64 or targets.shape != (photos,):
        raise OptionError(f"targets are {targets.dtype} {targets.shape}; they must be int64 ({photos},)")
    outside = targets[(targets < 0) | (targets >= classes)]
    if outside.size:
        raise OptionError(f"target is {outside[0]}; the classes go from 0 to {classes - 1}")


def _shape_in_words(shape: tuple[int | None, ...]) -> str:
    return f"(n, {', '.join('any' if size is None else str(size) for size in shape)})"


def _value_of(graph: FlatGraph, layer: str) -> int:
    """The number of the value that a layer gives."""
    return next((step.gives[0] for step in graph.steps if step.name == layer), 0)


def _traced_passes(found: ScoredGraph, layer: int) -> Any:
    """What makes the other fields of `Pass` of photos and targets, traced once for any number of photos.

    Only what depends on the layer is on the tape, so nothing goes back through what lies before it.
    """
    tf = import_tensorflow()
    steps = found.graph.needed((layer, found.logits, found.probabilities))
    apart, after = dependent(steps, layer)

    def passed(photos: Any, targets: Any) -> tuple[Any, ...]:
        values = {0: photos}
        run(apart, values)
        values[layer] = activations = _floating(values[layer])
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(activations)
            run(after, values)
            logits = values[found.logits]
            classes = tf.where(targets == _PREDICTED, tf.argmax(logits, axis=1), targets)
            scores = tf.gather(logits, classes, batch_dims=1)
        gradients = tape.gradient(scores, activations, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        floats = (tf.cast(each, tf.float32) for each in (activations, gradients))
        return *floats, classes, logits, values[found.probabilities]

    signature = (_photos_of(found), tf.TensorSpec((None,), tf.int64))
    return tf.function(passed, input_signature=signature).get_concrete_function()


def _traced_scores(found: ScoredGraph) -> Any:
    """The function from photos to logits, traced once for any number of photos."""
    tf = import_tensorflow()
    steps = found.graph.needed((found.logits,))

    def scores(photos: Any) -> Any:
        values = {0: photos}
        run(steps, values)
        return values[found.logits]

    return tf.function(scores, input_signature=(_photos_of(found),)).get_concrete_function()


def _traced_pixel_gradients(found: ScoredGraph) -> Any:
    """The function from photos and targets to the pixels' gradients, traced once for any number of photos."""
    tf = import_tensorflow()
    steps = found.graph.needed((found.logits,))

    def pixel_gradients(photos: Any, targets: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(photos)
            values = {0: photos}
            run(steps, values)
            scores = tf.gather(values[found.logits], targets, batch_dims=1)
        return tape.gradient(scores, photos, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    signature = (_photos_of(found, "float32"), tf.TensorSpec((None,), tf.int64))
    return tf.function(pixel_gradients, input_signature=signature).get_concrete_function()


def _photos_of(found: ScoredGraph, dtype: str = "") -> Any:
    shape = (None, *found.graph.input.shape[1:])
    return import_tensorflow().TensorSpec(shape, dtype or found.graph.input.dtype)


def _floating(tensor: Any) -> Any:
    """A tensor that has derivatives: whole numbers as floats."""
    return tensor if tensor.dtype.is_floating else import_tensorflow().cast(tensor, "float32")
