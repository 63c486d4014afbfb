import functools
from collections.abc import Collection
from typing import Any

import pytest

from kclass.backbones.archive import Archive
from kclass.backbones.efficientnet_lite import lite_graph
from kclass.backbones.graph import Layer
from kclass.backbones.keras_archive import archive_of
from kclass.backbones.registry import open_backbone
from kclass.backbones.stages import graph_of, shared_places, strides
from kclass.errors import OptionError
from kclass.keras_import import import_keras
from kclass.training.unfreezing import Unfrozen, check_unfreeze, unfrozen

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras, when it saves
)


@functools.cache
def lite() -> Archive:
    return Archive(lite_graph("efficientnet_lite0", 32), b"")


@functools.cache
def mobilenet() -> Archive:
    return open_backbone("mobilenet", weights="none", size=32, seed=0)


def reached(layers: Collection[Layer], *, without: str) -> set[str]:
    """The layers that a photo still gets to if one of them lets nothing through."""
    found = {next(layer.name for layer in layers if not layer.inputs)} - {without}
    for layer in layers:
        if layer.name != without and found.intersection(layer.inputs):
            found.add(layer.name)
    return found


def parts_in(found: Unfrozen) -> dict[str, int]:
    return {stage: len(names) for stage, names in found.stages.items()}


def test_all_trains_every_layer_that_has_weights() -> None:
    found = unfrozen(mobilenet(), "all")
    assert found.layers == set(mobilenet().layer_weights)
    assert list(found.stages) == ["stage1", "stage2", "stage3", "stage4", "stage5"]
    assert found.cut is None


def test_a_stage_is_trained_with_all_after_it() -> None:
    every = unfrozen(mobilenet(), "all").stages
    for place, stage in enumerate(every):
        assert unfrozen(mobilenet(), stage).stages == dict(list(every.items())[place:])


def test_the_last_layers_are_those_with_weights_batch_norm_included() -> None:
    found = unfrozen(mobilenet(), "last-5")
    assert found.stages == {
        "stage5": ("conv_pw_12_bn", "conv_dw_13", "conv_dw_13_bn", "conv_pw_13", "conv_pw_13_bn")
    }
    assert unfrozen(lite(), "last-1").layers == {"top_bn"}


def test_the_last_layers_may_reach_into_several_stages() -> None:
    # Stage 5 is the blocks 12 and 13 but for the padding: 8 layers with weights.
    assert parts_in(unfrozen(mobilenet(), "stage5")) == {"stage5": 8}
    assert parts_in(unfrozen(mobilenet(), "last-10")) == {"stage4": 2, "stage5": 8}
    assert unfrozen(mobilenet(), "last-10").stages["stage4"] == ("conv_pw_11", "conv_pw_11_bn")


@pytest.mark.parametrize("make", [lite, mobilenet])
@pytest.mark.parametrize("word", ["stage2", "stage3", "stage5", "last-1", "last-7", "last-23", "last-40"])
def test_all_paths_lead_through_the_cut_before_the_first_trained_layer(make: Any, word: str) -> None:
    layers = graph_of(make())
    names = [layer.name for layer in layers]
    found = unfrozen(make(), word)
    assert found.cut is not None
    assert not reached(layers, without=found.cut).intersection({*found.layers, names[-1]})
    before = min(map(names.index, found.layers))
    assert names.index(found.cut) < before


def test_the_cut_lies_where_what_is_copied_for_each_photo_is_small() -> None:
    names = [layer.name for layer in lite().layers]
    # The last stage begins within a block: its expansion makes 672 channels of 112 before it reduces.
    assert min(unfrozen(lite(), "stage5").layers, key=names.index) == "block6a_dwconv"
    assert unfrozen(lite(), "stage5").cut == "block5c_add"
    # Before `top_bn` lies `top_conv`, which makes 1280 channels of 320.
    assert unfrozen(lite(), "last-1").cut == "block7a_project_bn"
    # `conv_pw_12` makes 1024 channels of 512; of layers as narrow the last counts, so that TensorFlow has
    # less to do.
    assert unfrozen(mobilenet(), "last-2").cut == "conv_dw_12_relu"


def test_the_cut_is_never_where_photos_are_finer_than_before_the_first_trained_layer() -> None:
    layers = graph_of(lite())
    names, coarse = [layer.name for layer in layers], strides(layers)
    for word in ("stage2", "stage3", "stage4", "stage5", "last-30"):
        found = unfrozen(lite(), word)
        first = min(map(names.index, found.layers))
        last = max(place for place in shared_places(layers) if place < first)
        assert found.cut is not None
        assert coarse[found.cut] == coarse[names[last]]


def test_a_cut_never_lies_within_a_block_that_is_jumped_over() -> None:
    # Block 4b adds what it was given to what it makes of it, so its layers are passed by.
    found = unfrozen(lite(), "last-60")
    assert min(found.layers, key=[layer.name for layer in lite().layers].index) == "block4b_dwconv"
    assert found.cut == "block4a_project_bn"  # not block4b_expand_bn, which the addition passes by


@pytest.mark.parametrize("word", ["all", "stage1", "last-54"])
def test_there_is_no_cut_if_nothing_with_weights_is_frozen(word: str) -> None:
    found = unfrozen(mobilenet(), word)
    assert found.cut is None
    assert found == unfrozen(mobilenet(), "all")


def test_of_two_branches_one_of_which_is_trained_both_come_after_the_cut() -> None:
    keras = import_keras()
    layers = keras.layers
    photo = keras.Input((8, 8, 3), name="photo")
    found = layers.Conv2D(4, 3, padding="same", name="first")(photo)
    found = layers.ReLU(name="relu")(found)
    left = layers.Conv2D(4, 3, padding="same", name="left")(found)
    right = layers.Conv2D(4, 3, padding="same", name="right")(found)
    found = layers.Add(name="both")([left, right])
    network = keras.Model(photo, layers.GlobalAveragePooling2D(name="features")(found))
    assert unfrozen(archive_of(network), "last-1") == Unfrozen({"stage1": ("right",)}, "relu")


def test_more_layers_than_there_are_cannot_be_trained() -> None:
    with pytest.raises(OptionError) as caught:
        unfrozen(mobilenet(), "last-55")
    assert caught.value.message == "unfreeze is last-55, but the backbone has 54 layers with weights"
    assert caught.value.fix == "Use --unfreeze all."


@pytest.mark.parametrize(
    "word", ["stage6", "stage", "last-0", "last-", "last--1", "last-1.5", "last-3 ", "ALL", ""]
)
def test_a_word_that_means_nothing_is_refused_with_those_that_do(word: str) -> None:
    message = (
        f"unfreeze is {word!r}; it must be all, last-N with a number of layers, or one of "
        "stage1, stage2, stage3, stage4, stage5"
    )
    with pytest.raises(OptionError) as caught:
        unfrozen(mobilenet(), word)
    assert caught.value.message == message
    with pytest.raises(OptionError) as caught:
        check_unfreeze(word, ["stage1", "stage2", "stage3", "stage4", "stage5"])
    assert caught.value.message == message


@pytest.mark.parametrize("word", ["all", "stage2", "last-1", "last-9999"])
def test_without_the_network_words_are_checked_as_far_as_can_be(word: str) -> None:
    check_unfreeze(word, ["stage1", "stage2"])
