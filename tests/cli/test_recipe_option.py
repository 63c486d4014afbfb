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
TITLE = "Recipe landmarks-scratch: landmarks told apart by a network of their photos alone, in 60 epochs"
SETS = (
    "It sets --backbone scratch --augment landmarks --batch-size 32"
    " --balance sample --optimizer sgd --momentum 0.9 --lr 0.01 --schedule plateau"
    " --plateau-patience 10 --seed 1337"
)


@pytest.mark.slow
def test_a_fit_says_what_its_recipe_sets_and_keeps_it(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("fit", fitted.data, *SMALL, "--out", "run")
    assert ended.code == 0, ended.err
    assert ended.err.splitlines()[:3] == [
        TITLE,
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


@pytest.mark.slow
def test_a_learning_rate_is_found_for_a_recipe(command: Command, fitted: SmallFit, here: Path) -> None:
    ended = command("lr-find", fitted.data, *SMALL)
    assert ended.code == 0, ended.err
    assert ended.err.startswith(f"{TITLE}\n{SETS}\n")
    assert (here / "lr-find.png").is_file()


def test_an_unknown_recipe_is_refused_before_the_photos_are_looked_for(command: Command) -> None:
    ended = command("fit", "nowhere", "--recipe", "landmark")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: recipe is 'landmark'; it must be one of fiat-ferrari, lakes, ")


def test_an_option_that_the_recipe_leaves_without_effect_is_refused_with_what_the_recipe_set(
    command: Command, fitted: SmallFit
) -> None:
    ended = command("fit", fitted.data, "--recipe", "landmarks-scratch", "--hidden", "8")
    assert ended.code == 2
    first, _, third = ended.err.splitlines()
    assert first == "Error: hidden has no effect on scratch: all of it is trained from scratch"
    assert third.startswith("  The recipe landmarks-scratch has set: --backbone scratch ")


def test_what_a_recipe_sets_is_told_without_photos_too(command: Command) -> None:
    ended = command("fit", *SMALL[:2])
    assert ended.code == 2
    assert ended.err.startswith(f"{TITLE}\nIt sets --backbone scratch ")
    assert "Error: DATA is missing\n" in ended.err


@pytest.mark.slow
def test_a_stand_in_is_told_once_before_the_training_even_if_asked_to_be_quiet(
    command: Command, fitted: SmallFit, here: Path
) -> None:
    options = ("--size", "32", "--epochs", "1", "--fine-tune", "0")
    ended = command("fit", fitted.data, "--recipe", "lakes", *options, "--out", "run", "--quiet")
    assert ended.code == 0
    # What Keras says of its download goes to the file of libraries' noise but for tests in one process.
    (line,) = (line for line in ended.err.splitlines() if not line.startswith("Downloading data from "))
    assert "; efficientnet_lite0 takes the place of resnet50. Go online once, " in line
    assert line in (here / "run" / "log.txt").read_text()
    recipe = json.loads((here / "run" / "config.json").read_text())["options"]["recipe"]
    assert recipe["sets"]["backbone"] == "resnet50"
    assert recipe["replaced"] == {"backbone": "efficientnet_lite0"}
