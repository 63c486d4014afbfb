"""`--recipe` on the command line."""

import json
from pathlib import Path

import pytest
from command_line import Command
from small_fits import SmallFit

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SMALL = ("--recipe", "landmarks-scratch", "--size", "8", "--epochs", "1")
SETS = (
    "The recipe landmarks-scratch sets --backbone scratch --augment landmarks --batch-size 32"
    " --balance sample --optimizer sgd --momentum 0.9 --lr 0.01 --schedule plateau"
    " --plateau-patience 10 --seed 1337"
)


def test_a_fit_says_what_its_recipe_sets_and_keeps_it(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("fit", fitted.data, *SMALL, "--out", "run")
    assert ended.code == 0, ended.err
    assert ended.err.splitlines()[:2] == [
        SETS,
        "Set by you: --epochs 1 --size 8; the recipe has --epochs 60 --size 224",
    ]
    options = json.loads((here / "run" / "config.json").read_text())["options"]
    assert (options["seed"], options["size"], options["optimizer"]) == (1337, 8, "sgd")
    assert options["recipe"]["given"] == {"size": 8, "epochs": 1}


def test_an_option_at_its_default_counts_if_it_is_given(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    ended = command("fit", fitted.data, *SMALL, "--seed", "0", "--out", "run", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    options = json.loads((here / "run" / "config.json").read_text())["options"]
    assert options["seed"] == 0
    assert options["recipe"]["overridden"] == {"size": 224, "epochs": 60, "seed": 1337}


def test_a_learning_rate_is_found_for_a_recipe(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("lr-find", fitted.data, *SMALL)
    assert ended.code == 0, ended.err
    assert ended.err.startswith(f"{SETS}\n")
    assert (here / "lr-find.png").is_file()


def test_an_unknown_recipe_is_refused_before_the_photos_are_looked_for(command: Command) -> None:
    ended = command("fit", "nowhere", "--recipe", "landmark")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: recipe is 'landmark'; it must be one of fiat-ferrari, lakes, ")


def test_an_option_that_the_recipe_makes_impossible_is_refused_with_what_the_recipe_set(
    command: Command, fitted: SmallFit
) -> None:
    ended = command("fit", fitted.data, "--recipe", "fiat-ferrari", "--backbone", "scratch")
    assert ended.code == 2
    first, second = ended.err.splitlines()
    assert first == "Error: epochs is 0; it must be 1 or more"
    assert second.startswith("  The recipe fiat-ferrari has set: --size 256 ")
