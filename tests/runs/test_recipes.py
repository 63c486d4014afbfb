"""What the recipes set."""

import pytest

import kclass
from kclass.backbones.facts import FACTS
from kclass.backbones.keras_archive import archive_of
from kclass.backbones.registry import build_network, open_backbone
from kclass.batches.augmentation import PRESETS
from kclass.batches.cropping import Crop
from kclass.runs.options import FitOptions
from kclass.runs.recipes import RECIPES, recipe_named
from kclass.runs.values import plain
from kclass.training.unfreezing import unfrozen

pytestmark = pytest.mark.filterwarnings(
    # Keras hands out weights with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_followed_and_each_of_its_options_has_an_effect(name: str) -> None:
    told = FitOptions(**RECIPES[name].sets).to_dict()
    wanted = {option: plain(value) for option, value in RECIPES[name].sets.items()}
    assert {option: told.get(option) for option in wanted} == wanted


LANDMARKS = {
    "size": 224,
    "augment": "landmarks",
    "batch_size": 32,
    "balance": "sample",
    "optimizer": "sgd",
    "lr": 0.01,
    "momentum": 0.9,
    "schedule": "plateau",
    "plateau_patience": 10,
    "seed": 1337,
}
CHOSEN = {
    # What the exercises chose, written down once more.
    "fiat-ferrari": {
        "backbone": "mobilenet_v2",
        "size": 256,
        "augment": "fiat-ferrari",
        "batch_size": 10,
        "hidden": (500,),
        "activation": "relu",
        "dropout": 0.5,
        "unfreeze": "last-8",
        "optimizer": "adam",
        "fine_tune_lr": 0.0001,
        "stage_lr": 1,
        "schedule": "constant",
        "epochs": 0,
        "fine_tune": 3,
    },
    "uffizi": {
        "backbone": "resnet50",
        "size": 224,
        "resize": "crop",
        "augment": "none",
        "batch_size": 5,
        "head": "dense",
        "epochs": 1,
        "lr": 0.002,
        "fine_tune": 4,
        "fine_tune_lr": 0.002 / 2,
        "stage_lr": 1 / 100,
        "unfreeze": "all",
        "schedule": "one-cycle",
    },
    "landmarks-scratch": {"backbone": "scratch", "epochs": 60, **LANDMARKS},
    "landmarks-transfer": {
        "backbone": "resnet50",
        "hidden": (512,),
        "activation": "relu",
        "dropout": 0.15,
        "epochs": 50,
        **LANDMARKS,
    },
    "lakes": {
        "backbone": "resnet50",
        "size": 224,
        "augment": "lakes",
        "batch_size": 16,
        "head": "dense",
        "epochs": 4,
        "fine_tune": 4,
        "unfreeze": "all",
        "schedule": "one-cycle",
    },
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sets_what_the_exercise_chose(name: str) -> None:
    assert dict(RECIPES[name].sets) == CHOSEN[name]


def test_the_presets_of_recipes_do_what_the_exercises_chose() -> None:
    assert PRESETS["fiat-ferrari"].crop == Crop((0.8, 1), (1, 1))
    assert PRESETS["fiat-ferrari"].flips == ("left to right",)
    assert str(PRESETS["landmarks"]).startswith(
        "landmarks: half mirrored left to right, half mirrored upside down, "
    )
    assert str(PRESETS["lakes"]) == "lakes: rotation ±10°, zoom to 1.1, warp ±0.2, light ±0.2"


def test_the_recipes_are_named_for_the_exercises() -> None:
    assert list(RECIPES) == ["fiat-ferrari", "uffizi", "landmarks-scratch", "landmarks-transfer", "lakes"]
    assert {name: each.name for name, each in RECIPES.items()} == {name: name for name in RECIPES}


@pytest.mark.slow
def test_fiat_ferrari_unfreezes_block_16_and_the_last_convolution_of_mobilenet_v2() -> None:
    sets = RECIPES["fiat-ferrari"].sets
    network = open_backbone(sets["backbone"], weights="none", size=32, seed=0)
    learned = [name for names in unfrozen(network, sets["unfreeze"]).stages.values() for name in names]
    with_weights = [
        layer.name
        for layer in network.layers
        if layer.name in network.layer_weights and layer.name in learned
    ]
    convolutions = ["block_16_expand", "block_16_depthwise", "block_16_project", "Conv_1"]
    norms = ["block_16_expand_BN", "block_16_depthwise_BN", "block_16_project_BN", "Conv_1_bn"]
    assert set(with_weights) == {*convolutions, *norms}


def test_the_two_networks_for_landmarks_are_trained_alike() -> None:
    scratch, transfer = (RECIPES[f"landmarks-{name}"].sets for name in ("scratch", "transfer"))
    apart = {name for name in {**scratch, **transfer} if scratch.get(name) != transfer.get(name)}
    assert apart == {"backbone", "epochs", "hidden", "activation", "dropout"}


def test_photos_for_landmarks_are_scaled_from_minus_one_to_one() -> None:
    network = archive_of(build_network("scratch", size=8, classes=2, seed=0))
    scaling = next(layer for layer in network.layers if layer.kind == "Rescaling")
    assert [scaling.config["scale"] * value + scaling.config["offset"] for value in (0, 255)] == [-1, 1]


def test_recipes_that_stand_in_for_resnet34_say_so() -> None:
    assert not any("resnet34" in name for name in FACTS)
    saying = {name for name, each in RECIPES.items() if any("ResNet34" in line for line in each.remarks)}
    assert saying == {"uffizi", "lakes"}


def test_an_unknown_recipe_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(kclass.OptionError) as raised:
        recipe_named("ufizi")
    named = "fiat-ferrari, lakes, landmarks-scratch, landmarks-transfer, uffizi"
    assert raised.value.message == f"recipe is 'ufizi'; it must be one of {named}"
    assert raised.value.fix == "Did you mean uffizi?"
