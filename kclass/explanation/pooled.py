"""Grad-CAM without a gradient, of networks that end in mean pooling and one dense layer."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import LOGITS, Archive
from kclass.engines.network import convert, features_layer
from kclass.engines.openvino import OpenVinoEngine
from kclass.explanation.gradcam import GRAD_CAM
from kclass.explanation.layers import archive_graph, explained_layer
from kclass.explanation.maps import Explanation
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
    weights W[k, c] / Z: its map is that of class activation mapping.

    Args:
        archive: the network with its head.
        layer: what `pooled_layer` says of it.

    Source: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization, ICCV 2017, section 3.1; Zhou et al., Learning Deep Features for Discriminative
    Localization, CVPR 2016, equation 2.
    """

    def __init__(self, archive: Archive, layer: str) -> None:
        self.layer = layer
        kernel, bias = archive.layer_weights[LOGITS]
        self._kernel, self._bias = kernel.astype(np.float64), bias.astype(np.float64)
        network = convert(archive, output=layer)
        self._engine = OpenVinoEngine(network, precision="f32", streams=usable_cores())

    def grad_cam(self, photos: NDArray[np.uint8], *, targets: NDArray[np.int64] | None = None) -> Explanation:
        """Explain some photos, at least one, by Grad-CAM.

        Args:
            photos: raw RGB uint8 (n, size, size, 3).
            targets: int64 (n,), the class to explain for each; None for the class predicted.
        """
        with ThreadPoolExecutor(self._engine.workers) as pool:
            activations = np.concatenate([*pool.map(self._engine.run, np.split(photos, len(photos)))])
        logits = activations.mean(axis=(1, 2), dtype=np.float64) @ self._kernel + self._bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        chosen = logits.argmax(axis=1) if targets is None else targets
        weights = (self._kernel[:, chosen] / np.prod(activations.shape[1:3])).astype(np.float32)
        maps: NDArray[np.float32] = np.einsum("nijk,kn->nij", activations, weights)
        return Explanation(
            maps=np.maximum(maps, np.float32(0)),
            targets=chosen,
            logits=logits.astype(np.float32),
            probabilities=(powers / powers.sum(axis=1, keepdims=True)).astype(np.float32),
            layer=self.layer,
            method=GRAD_CAM.name,
        )
