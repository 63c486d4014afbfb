"""Recipes: what four well-known exercises chose, each under a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from kclass.backbones.efficientnet_lite import EMBEDDED
from kclass.errors import OptionError


@dataclass(frozen=True)
class Recipe:
    """The options that an exercise chose.

    Args:
        name: what it is asked for by.
        title: what it does, in a line.
        sets: options of a fit, by name.
        remarks: where it cannot be had as it was, and what stands in.
    """

    name: str
    title: str
    sets: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


NO_RESNET34: Final = "Keras has no ResNet34, which the exercise took; resnet50 is the nearest."
STAND_IN: Final = EMBEDDED
"""What takes the place of a recipe's backbone whose weights cannot be had."""

_LANDMARKS: Final = {
    "size": 224,
    "augment": "landmarks",
    "batch_size": 32,
    "balance": "sample",
    "optimizer": "sgd",
    "momentum": 0.9,
    "lr": 0.01,
    "schedule": "plateau",
    "plateau_patience": 10,
    "seed": 1337,
}
_ROWS: Final = (
    Recipe(
        "fiat-ferrari",
        "two cars told apart by the last block of MobileNetV2 and a head of 500 units, in three epochs",
        {
            "backbone": "mobilenet_v2",
            "size": 256,
            "augment": "fiat-ferrari",
            "batch_size": 10,
            "hidden": (500,),
            "activation": "relu",
            "dropout": 0.5,
            "epochs": 0,
            "fine_tune": 3,
            "unfreeze": "last-8",  # block_16 and Conv_1: four convolutions, each with its batch norm
            "fine_tune_lr": 1e-4,
            "stage_lr": 1.0,
            "optimizer": "adam",
            "schedule": "constant",
        },
    ),
    Recipe(
        "uffizi",
        "works of art told apart by one epoch of the head and four of the whole network",
        {
            "backbone": "resnet50",
            "size": 224,
            "resize": "crop",
            "augment": "none",
            "batch_size": 5,
            "head": "dense",
            "epochs": 1,
            "lr": 2e-3,
            "fine_tune": 4,
            "unfreeze": "all",
            "fine_tune_lr": 1e-3,
            "stage_lr": 0.01,
            "schedule": "one-cycle",
        },
        (NO_RESNET34,),
    ),
    Recipe(
        "landmarks-scratch",
        "landmarks told apart by a network of their photos alone, in 60 epochs",
        {"backbone": "scratch", "epochs": 60, **_LANDMARKS},
    ),
    Recipe(
        "landmarks-transfer",
        "the same by a head of 512 units on a frozen network, in 50 epochs",
        {
            "backbone": "resnet50",
            "hidden": (512,),
            "activation": "relu",
            "dropout": 0.15,
            "epochs": 50,
            **_LANDMARKS,
        },
    ),
    Recipe(
        "lakes",
        "lakes told apart by four epochs of the head and four of the whole network, never mirrored",
        {
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
        (NO_RESNET34,),
    ),
)

RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType({each.name: each for each in _ROWS})


def recipe_named(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        OptionError: there is none, and it names all; or it is no name.
    """
    if not isinstance(name, str):
        raise OptionError(f"recipe is {name!r}; it must be the name of one")
    if name not in RECIPES:
        raise OptionError.unknown("recipe", name, RECIPES)
    return RECIPES[name]
