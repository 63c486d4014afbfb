"""Builds EfficientNet-Lite with keras_cv, as flat graphs that name none of its classes.

`python -m kclass.backbones.keras_cv_graph` writes their JSON files anew.
"""

import json
from pathlib import Path
from typing import Any

from kclass.backbones.efficientnet_lite import LITES, STORED_SIZE
from kclass.backbones.keras_archive import archive_of
from kclass.files import write_text
from kclass.keras_import import import_keras

SCALE, MEAN = 1 / 128, 127
EPSILON = 1e-3


def build_lite(name: str, size: int) -> Any:
    """The Keras model without weights: raw RGB (n, size, size, 3) to `features` (n, 1280).

    Args:
        name: one of `LITES`.
        size: side of the photos in pixels.

    Calling the backbone's own `call` on the scaled photo makes a graph of plain layers;
    `net(x)` would nest the backbone, and the file would need keras_cv to be opened.

    Source: `efficientnet_lite_builder.py` and the README of EfficientNet-Lite in tensorflow/tpu
    (widths, depths, input (x - 127) / 128, batch norm epsilon 1e-3).
    """
    keras = import_keras()
    from keras_cv.models import EfficientNetLiteBackbone

    net = EfficientNetLiteBackbone(
        include_rescaling=False,
        width_coefficient=LITES[name].width,
        depth_coefficient=LITES[name].depth,
        stackwise_kernel_sizes=[3, 3, 5, 3, 5, 5, 3],
        stackwise_num_repeats=[1, 2, 2, 3, 3, 4, 1],
        stackwise_input_filters=[32, 16, 24, 40, 80, 112, 192],
        stackwise_output_filters=[16, 24, 40, 80, 112, 192, 320],
        stackwise_expansion_ratios=[1, 6, 6, 6, 6, 6, 6],
        stackwise_strides=[1, 2, 2, 2, 1, 2, 1],
        input_shape=(size, size, 3),
    )
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = EPSILON
    photo = keras.Input((size, size, 3), name="photo")
    scaled = keras.layers.Rescaling(SCALE, -MEAN * SCALE, name="scaling")(photo)
    features = keras.layers.GlobalAveragePooling2D(name="features")(net.call(scaled))
    model = keras.Model(photo, features, name=name)
    model.trainable = False
    return model


def lite_graph_from_keras_cv(name: str, size: int) -> Any:
    """The graph of `build_lite` as its file holds it, whatever was built before."""
    import_keras().backend.clear_session()  # Keras counts the names it makes up
    return archive_of(build_lite(name, size)).graph


if __name__ == "__main__":
    for name in LITES:
        graph = lite_graph_from_keras_cv(name, STORED_SIZE)
        path = Path(__file__).with_name(f"{name}.json")
        write_text(path, json.dumps(graph, separators=(",", ":")) + "\n")
