from pathlib import Path
from typing import Any

import pytest

from kclass.backbones.applications import build_application
from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import lite_graph
from kclass.backbones.keras_archive import archive_of
from kclass.backbones.scratch import build_scratch
from kclass.backbones.stages import stages_of
from kclass.keras_import import import_keras

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


def ends(network: Any) -> dict[str, tuple[str, str]]:
    """The first and the last layer of each stage."""
    return {name: (layers[0], layers[-1]) for name, layers in stages_of(network).items()}


def leave(net: Any) -> None:
    """Leave the network its random weights."""


def test_the_stages_of_resnet50_are_its_stem_and_its_four_groups_of_blocks() -> None:
    network = build_application("resnet50", 32, leave)
    assert ends(network) == {
        "stage1": ("photo", "pool1_pad"),
        "stage2": ("pool1_pool", "conv2_block3_out"),
        "stage3": ("conv3_block1_1_conv", "conv3_block4_out"),
        "stage4": ("conv4_block1_1_conv", "conv4_block6_out"),
        "stage5": ("conv5_block1_1_conv", "features"),
    }
    stages = stages_of(network)
    for number in (3, 4, 5):
        blocks = {name.partition("_")[0] for name in stages[f"stage{number}"]} - {"features"}
        assert blocks == {f"conv{number}"}


def test_a_stage_of_mobilenet_v2_ends_before_the_convolution_that_halves() -> None:
    """By Keras's names: blocks 1, 3, 6 and 13 halve in their depthwise convolution, after a padding."""
    network = build_application("mobilenet_v2", 32, leave)
    assert ends(network) == {
        "stage1": ("photo", "block_1_pad"),
        "stage2": ("block_1_depthwise", "block_3_pad"),
        "stage3": ("block_3_depthwise", "block_6_pad"),
        "stage4": ("block_6_depthwise", "block_13_pad"),
        "stage5": ("block_13_depthwise", "features"),
    }


def test_every_layer_is_in_one_stage_and_they_follow_the_graph() -> None:
    network = build_application("mobilenet_v3_small", 32, leave)
    listed = [name for layers in stages_of(network).values() for name in layers]
    assert listed == [layer.name for layer in archive_of(network).layers]


def test_a_file_and_its_model_have_the_same_stages(tmp_path: Path) -> None:
    network = build_application("mobilenet_v3_small", 33, leave)
    assert stages_of(archive_of(network)) == stages_of(network)


@pytest.mark.parametrize("size", [32, 97, 224])
def test_stages_are_the_same_at_every_size(size: int) -> None:
    graph = Archive(lite_graph("efficientnet_lite0", size), b"")
    assert ends(graph)["stage3"] == ("block3a_dwconv", "block4a_dwconv_pad")


def test_the_head_is_in_no_stage() -> None:
    network = build_scratch(size=32, classes=3, seed=0)
    assert stages_of(network) == {
        "stage1": ("photo", "scaling", "conv16"),
        "stage2": ("pool16", "conv32"),
        "stage3": ("pool32", "conv64"),
        "stage4": (
            *("pool64", "flatten", "dropout1024", "dense1024", "leaky1024"),
            *("dropout512", "dense512", "leaky512", "dropout_logits"),
        ),
    }


def test_a_pooling_at_the_end_belongs_to_the_last_stage_with_weights() -> None:
    stages = stages_of(build_application("vgg16", 32, leave))
    assert len(stages) == 5
    assert stages["stage5"][-3:] == ("block5_conv3", "block5_pool", "features")


def test_where_paths_pass_each_other_across_a_reduction_the_stage_goes_on() -> None:
    """Two paths halve on their own and meet afterwards; nothing between them is common to both."""
    keras = import_keras()
    layers = keras.layers
    photo = keras.Input((16, 16, 3), name="photo")
    x = layers.Conv2D(4, 3, padding="same", name="first")(photo)
    left = layers.Conv2D(4, 3, padding="same", name="left")(x)
    left = layers.Conv2D(4, 3, strides=2, padding="same", name="left_halved")(left)
    right = layers.AveragePooling2D(2, name="right_halved")(x)
    x = layers.Add(name="both")([left, right])
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="halved")(x)
    network = keras.Model(photo, layers.GlobalAveragePooling2D(name="features")(x))
    assert ends(network) == {
        "stage1": ("photo", "first"),
        "stage2": ("left", "both"),
        "stage3": ("halved", "features"),
    }


def test_a_vector_that_weighs_channels_does_not_end_a_stage() -> None:
    keras = import_keras()
    layers = keras.layers
    photo = keras.Input((16, 16, 3), name="photo")
    x = layers.Conv2D(4, 3, padding="same", name="first")(photo)
    weights = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    weights = layers.Conv2D(4, 1, activation="sigmoid", name="excite")(weights)
    x = layers.Multiply(name="weighed")([x, weights])
    x = layers.Conv2D(4, 3, strides=2, name="halved")(x)
    network = keras.Model(photo, layers.GlobalMaxPooling2D(name="features")(x))
    assert ends(network) == {"stage1": ("photo", "weighed"), "stage2": ("halved", "features")}
