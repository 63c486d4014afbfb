"""Gradients without a tape, of networks that end in mean pooling and one dense layer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import LOGITS, Archive
from kclass.engines.network import Network, features_layer
from kclass.engines.openvino import OpenVinoEngine
from kclass.explanation.layers import archive_graph, explained_layer
from kclass.explanation.network import BATCH, Pass
from kclass.parallel import usable_cores


def pooled_layer(archive: Archive) -> str | None:
    """The layer whose mean over all places `logits` reads, if that is the one explained; else None."""
    layers = {layer.name: layer for layer in archive.layers}
    if LOGITS not in layers:
        return None
    features = layers[features_layer(archive)]
    while features.kind == "Dropout":  # in use it does nothing
        features = layers[features.inputs[0]]
    if features.kind != "GlobalAveragePooling2D" or features.config.get("data_format") == "channels_first":
        return None
    if features.config.get("keepdims") or features.inputs[0] != explained_layer(archive_graph(archive)):
        return None
    return features.inputs[0]


class PooledNetwork:
    """Explains the layer that is pooled, by the CPU's engine in f32: Keras and TensorFlow stay away.

    The logit of class c is y[c] = 1/Z sum over i, j, k of W[k, c] A[i, j, k], plus a bias. So the
    derivative of y[c] with respect to A[i, j, k] is W[k, c] / Z at every place, which makes Grad-CAM's
    map that of class activation mapping.

    Args:
        archive: the network with its head.
        layer: what `pooled_layer` says of it.
        network: the archive's network up to that layer, converted.

    Source: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization, ICCV 2017, section 3.1; Zhou et al., Learning Deep Features for Discriminative
    Localization, CVPR 2016, equation 2.
    """

    def __init__(self, archive: Archive, layer: str, network: Network) -> None:
        self.layer = layer
        kernel, bias = archive.weights_of(LOGITS)
        self._kernel, self._bias = kernel.astype(np.float64), bias.astype(np.float64)
        self.classes = len(bias)
        self.map_shape: tuple[int, ...] = network.shapes[1][1:]
        self._engine = OpenVinoEngine(network, precision="f32", streams=usable_cores())
        self._threads = ThreadPoolExecutor(self._engine.workers)

    def passes(
        self, photos: NDArray[np.generic], *, targets: NDArray[np.int64] | None = None
    ) -> Iterator[Pass]:
        """Send photos through the network, `BATCH` at a time.

        Args:
            photos: raw RGB uint8 (n, size, size, 3).
            targets: int64 (n,), the class to explain for each; None for the class predicted.
        """
        for start in range(0, len(photos), BATCH):
            part = slice(start, start + BATCH)
            yield self._pass(photos[part], None if targets is None else targets[part])

    def scores(self, photos: NDArray[np.generic]) -> NDArray[np.float32]:
        """The logits of photos, float32 (n, classes).

        Args:
            photos: raw RGB uint8 (n, size, size, 3).
        """
        parts = [
            self._logits(self._activations(photos[start : start + BATCH]))
            for start in range(0, len(photos), BATCH)
        ]
        return np.concatenate([np.empty((0, self.classes), np.float32), *parts]).astype(np.float32)

    def _pass(self, photos: NDArray[np.generic], targets: NDArray[np.int64] | None) -> Pass:
        activations = self._activations(photos)
        logits = self._logits(activations)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        chosen = logits.argmax(axis=1) if targets is None else targets
        weights = (self._kernel[:, chosen] / np.prod(activations.shape[1:3])).astype(np.float32)
        return Pass(
            photos=photos,
            activations=activations,
            gradients=np.broadcast_to(weights.T[:, None, None], activations.shape),
            targets=chosen,
            logits=logits.astype(np.float32),
            probabilities=(powers / powers.sum(axis=1, keepdims=True)).astype(np.float32),
        )

    def _activations(self, photos: NDArray[np.generic]) -> NDArray[np.float32]:
        activations = np.empty((len(photos), *self.map_shape), np.float32)

        def fill(place: int) -> None:
            activations[place] = self._engine.run(photos[place : place + 1].astype(np.uint8, copy=False))[0]

        for _ in self._threads.map(fill, range(len(photos))):
            pass
        return activations

    def _logits(self, activations: NDArray[np.float32]) -> NDArray[np.float64]:
        logits: NDArray[np.float64] = (
            activations.mean(axis=(1, 2), dtype=np.float64) @ self._kernel + self._bias
        )
        return logits
