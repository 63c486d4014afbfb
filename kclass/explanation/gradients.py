"""One pass through a network: a layer's activations, and how the class's score moves with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import LOGITS
from kclass.errors import ModelError, OptionError
from kclass.explanation.layers import explained_layer, keras_graph, keras_tensors
from kclass.keras_import import import_keras, import_tensorflow

BATCH: Final = 16
"""Photos that go through the network at once; an early layer's maps of one take 10 MB."""

_PREDICTED: Final = -1
"""The target that stands for the class predicted."""


@dataclass(frozen=True)
class Pass:
    """What a pass of some photos through a network gave.

    Args:
        activations: float32 (n, h, w, channels), the output of the layer that is explained.
        gradients: likewise, the derivative of the target's logit with respect to each of them.
        targets: int64 (n,), the class whose logit it is.
        logits: float32 (n, classes), the scores before the softmax.
        probabilities: float32 (n, classes), what the network puts out.
    """

    activations: NDArray[np.float32]
    gradients: NDArray[np.float32]
    targets: NDArray[np.int64]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]


class GradientNetwork:
    """A network made ready for explanations; tracing it takes seconds, so keep it for many photos.

    The score is the logit, not the probability: through the softmax a class would also be
    explained by what speaks against the others, and certainty would make all gradients vanish.

    Args:
        model: a Keras model whose score layer is called `logits`.
        layer: the layer to explain; None for that of `explained_layer`.

    Raises:
        OptionError: there is no such layer, or its output is not spatial.
        ModelError: the network has no layer `logits`, or none with a spatial output.
    """

    def __init__(self, model: Any, *, layer: str | None = None) -> None:
        tensors = keras_tensors(model)
        if LOGITS not in tensors:
            raise ModelError(
                f"the network has no layer called {LOGITS!r}, whose scores would be explained",
                fix="Give the model.keras of a run of `kclass fit`.",
            )
        self.layer = explained_layer(keras_graph(model), wanted=layer)
        self.photo_shape: tuple[int, ...] = tuple(model.inputs[0].shape[1:])
        self.map_shape: tuple[int, ...] = tuple(tensors[self.layer].shape[1:])
        self.classes = int(tensors[LOGITS].shape[-1])
        outputs = [tensors[self.layer], tensors[LOGITS], model.outputs[0]]
        self._run = _traced(import_keras().Model(model.inputs[0], outputs), self.photo_shape)

    def passes(
        self, photos: NDArray[np.uint8], *, targets: NDArray[np.int64] | None = None
    ) -> Iterator[Pass]:
        """Send photos through the network, `BATCH` at a time.

        Args:
            photos: raw RGB uint8 (n, size, size, 3).
            targets: int64 (n,), the class to explain for each; None for the class predicted.

        Raises:
            OptionError: the photos have another shape or type, or there is no such class.
        """
        self._check(photos, targets)
        wanted = np.full(len(photos), _PREDICTED, np.int64) if targets is None else targets
        for start in range(0, len(photos), BATCH):
            part = slice(start, start + BATCH)
            yield Pass(*(result.numpy() for result in self._run(photos[part], wanted[part])))

    def _check(self, photos: NDArray[np.uint8], targets: NDArray[np.int64] | None) -> None:
        if photos.dtype != np.uint8 or photos.shape[1:] != self.photo_shape:
            raise OptionError(
                f"photos are {photos.dtype} {photos.shape}; the network takes"
                f" uint8 (n, {', '.join(map(str, self.photo_shape))})"
            )
        if targets is None:
            return
        if targets.dtype != np.int64 or targets.shape != photos.shape[:1]:
            raise OptionError(
                f"targets are {targets.dtype} {targets.shape}; they must be int64 ({len(photos)},)"
            )
        outside = targets[(targets < 0) | (targets >= self.classes)]
        if outside.size:
            raise OptionError(f"target is {outside[0]}; the classes go from 0 to {self.classes - 1}")


def _traced(network: Any, photo_shape: tuple[int, ...]) -> Any:
    """The function from photos and targets to the fields of `Pass`, traced once for any number of photos."""
    tf = import_tensorflow()

    def run(photos: Any, targets: Any) -> tuple[Any, ...]:
        inputs = tf.cast(photos, tf.float32)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            # Watching the photos puts the layer on the tape whatever reads it or lies beside it;
            # what lies before the layer is not gone back through, because nothing asks for it.
            tape.watch(inputs)
            activations, logits, probabilities = network(inputs, training=False)
            classes = tf.where(targets == _PREDICTED, tf.argmax(logits, axis=1), targets)
            scores = tf.gather(logits, classes, batch_dims=1)
        unconnected = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(scores, activations, unconnected_gradients=unconnected)
        floats = (tf.cast(each, tf.float32) for each in (activations, gradients))
        return *floats, classes, tf.cast(logits, tf.float32), tf.cast(probabilities, tf.float32)

    signature = (tf.TensorSpec((None, *photo_shape), tf.uint8), tf.TensorSpec((None,), tf.int64))
    return tf.function(run, input_signature=signature)
