"""The GPU's engine: TensorFlow, in batches; on a CPU the reference that others are held against."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive
from kclass.backbones.keras_archive import keras_model
from kclass.engines.network import features_layer
from kclass.errors import OptionError
from kclass.keras_import import import_keras, import_tensorflow

DECODING_THREADS = 8


class TensorFlowEngine:
    """Runs a network by TensorFlow, on the GPU if there is one.

    Args:
        archive: the network, with or without head.
        precision: "f32"; other precisions belong to OpenVINO.

    Raises:
        OptionError: another precision was asked for.
    """

    batch = 32
    workers = DECODING_THREADS

    def __init__(self, archive: Archive, *, precision: str) -> None:
        if precision != "f32":
            raise OptionError(
                f"precision {precision} is not available on this device", fix="Use --precision f32."
            )
        keras = import_keras()
        tf = import_tensorflow()

        whole = keras_model(archive)
        model = keras.Model(whole.inputs[0], whole.get_layer(features_layer(archive)).output)
        self._run: Any = tf.function(lambda photos: model(photos, training=False), reduce_retracing=True)
        self._turn = threading.Lock()

    def run(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of photos: raw RGB uint8 (n, size, size, 3) to float32 (n, features)."""
        with self._turn:
            features: NDArray[np.float32] = self._run(photos.astype(np.float32)).numpy()
        return features
