"""Following a recipe: who sets which option, and what takes the place of what cannot be had."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_fits import SmallFit

import kclass
from kclass.backbones import imagenet
from kclass.runs.followed import followed_of
from kclass.runs.following import fit_options
from kclass.runs.recipes import RECIPES
from kclass.runs.unfinished import Begun, read_begun, unfinished_run

pytestmark = pytest.mark.filterwarnings(
    # Keras writes models with an array protocol from before NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

OTHERS: dict[str, Any] = {
    "activation": "tanh",
    "augment": "flip",
    "backbone": "efficientnet_lite0",
    "balance": "none",
    "batch_size": 7,
    "dropout": 0.1,
    "epochs": 2,
    "fine_tune": 2,
    "fine_tune_lr": 5e-4,
    "head": "linear",
    "hidden": 9,
    "lr": 5e-3,
    "momentum": 0.5,
    "optimizer": "adamw",
    "plateau_patience": 3,
    "resize": "pad",
    "schedule": "cosine",
    "seed": 0,
    "size": 160,
    "stage_lr": 0.5,
    "unfreeze": "last-3",
}
"""Something else than what the recipes set; some are kclass's own defaults, which count if they are given."""


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keras's folder with files that stand for the weights of every network with one."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    for name in ("mobilenet_v2", "resnet50"):
        facts = imagenet.FACTS[name]
        monkeypatch.setitem(imagenet.FACTS, name, replace(facts, weights_hash=""))
        (folder / facts.weights_file).write_bytes(b"weights")
    return folder


def record(options: kclass.FitOptions) -> kclass.Followed:
    assert options.recipe is not None
    return options.recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sets_what_it_says_and_the_rest_is_as_ever(name: str) -> None:
    options = kclass.follow_recipe(name)
    plain = kclass.FitOptions(**RECIPES[name].sets)
    assert {**options.to_dict(), "recipe": None} == {**plain.to_dict(), "recipe": None}
    assert options.to_dict()["recipe"] == {
        "name": name,
        "sets": dict(RECIPES[name].sets),
        "given": {},
        "overridden": {},
        "left_out": {},
        "remarks": list(RECIPES[name].remarks),
    }


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name, each in RECIPES.items() for option in each.sets]
)
def test_any_option_of_a_recipe_can_be_another(name: str, option: str) -> None:
    other = OTHERS[option]
    options = kclass.follow_recipe(name, **{option: other})
    told, followed = options.to_dict(), record(options)
    assert told.get(option) == {"balance": None, "hidden": [other]}.get(option, other)
    assert followed.given == {option: other}
    assert followed.overridden == {option: RECIPES[name].sets[option]}
    assert option not in followed.sets
    assert {*followed.sets, *followed.left_out, option} == set(RECIPES[name].sets)


def test_what_has_no_effect_any_more_is_left_out_and_said() -> None:
    followed = record(kclass.follow_recipe("fiat-ferrari", head="linear"))
    assert set(followed.left_out) == {"hidden", "activation", "dropout", "epochs"}
    assert followed.left_out["hidden"] == "on a linear head, which is solved"
    assert record(kclass.follow_recipe("landmarks-scratch", optimizer="adam")).left_out == {
        "momentum": "on Adam"
    }


def test_without_epochs_of_fine_tuning_the_head_alone_is_trained() -> None:
    options = kclass.follow_recipe("lakes", fine_tune=0)
    assert (options.fine_tune, options.epochs, options.dense) == (None, 4, True)
    assert record(options).left_out == {"unfreeze": "without fine_tune"}


def test_what_is_given_and_has_no_effect_is_refused_as_ever() -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.follow_recipe("landmarks-scratch", hidden=8)
    assert raised.value.message == "hidden has no effect on scratch: all of it is trained from scratch"


def test_an_option_that_the_recipe_makes_impossible_comes_with_what_the_recipe_set() -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.follow_recipe("fiat-ferrari", backbone="scratch-small")
    assert raised.value.message == "epochs is 0; it must be 1 or more"
    (note,) = raised.value.__notes__
    assert note.startswith(
        "The recipe fiat-ferrari has set: --size 256 --augment fiat-ferrari --batch-size 10 "
    )
    assert "--epochs 0" in note
    assert kclass.follow_recipe("fiat-ferrari", backbone="scratch-small", epochs=3).to_dict()["epochs"] == 3


def test_none_stands_for_what_the_recipe_sets() -> None:
    assert kclass.follow_recipe("uffizi", batch_size=None, size=None) == kclass.follow_recipe("uffizi")


def test_the_record_is_told_in_lines() -> None:
    options = kclass.follow_recipe("uffizi", batch_size=10, fine_tune=0, hidden=(20, 10))
    assert record(options).lines == (
        "The recipe uffizi sets --backbone resnet50 --size 224 --resize crop --augment none --head dense"
        " --epochs 1 --lr 0.002 --schedule one-cycle",
        "Set by you: --batch-size 10 --fine-tune 0; the recipe has --batch-size 5 --fine-tune 4",
        "Left out: --unfreeze has no effect without fine_tune",
        "Left out: --fine-tune-lr has no effect without fine_tune",
        "Left out: --stage-lr has no effect without fine_tune",
        "Keras has no ResNet34, which the exercise took; resnet50 is the nearest.",
    )


# Weights


def test_the_installed_network_takes_the_place_of_one_whose_weights_cannot_be_had(weights: Path) -> None:
    file = weights / imagenet.FACTS["resnet50"].weights_file
    assert kclass.follow_recipe("uffizi").backbone == "resnet50"
    file.unlink()
    options = kclass.follow_recipe("uffizi", batch_size=10)
    assert (options.backbone, options.photo_size, options.batch_size) == ("efficientnet_lite0", 224, 10)
    assert record(options).sets["backbone"] == "efficientnet_lite0"
    said = record(options).remarks[-1]
    assert said.startswith("the ImageNet weights of resnet50 cannot be downloaded (")
    assert said.endswith("; efficientnet_lite0 takes its place.")


@pytest.mark.parametrize("given", [{"backbone": "resnet50"}, {"weights": "none"}], ids=str)
def test_a_network_or_weights_that_were_asked_for_are_not_replaced(given: Any, weights: Path) -> None:
    (weights / imagenet.FACTS["resnet50"].weights_file).unlink()
    assert kclass.follow_recipe("uffizi", **given).backbone == "resnet50"


def test_another_network_needs_no_remark_on_that_of_the_recipe() -> None:
    assert record(kclass.follow_recipe("lakes", backbone="efficientnet_lite0")).remarks == ()


# From `fit`, and through files


def test_fit_takes_the_name_of_a_recipe_and_its_run_tells_who_set_what(
    fitted: SmallFit, tmp_path: Path
) -> None:
    classifier = kclass.fit(
        fitted.data,
        recipe="uffizi",
        backbone="efficientnet_lite0",
        size=32,
        batch_size=4,
        fine_tune=1,
        unfreeze="last-1",
        out=tmp_path / "run",
    )
    told = json.loads((tmp_path / "run" / "config.json").read_text())["options"]
    assert told == dict(classifier.record.trained)
    recipe = told["recipe"]
    assert recipe["sets"]["resize"] == told["resize"] == "crop"
    assert recipe["given"] == {
        "backbone": "efficientnet_lite0",
        "size": 32,
        "batch_size": 4,
        "fine_tune": 1,
        "unfreeze": "last-1",
    }
    assert recipe["overridden"]["batch_size"] == 5


def test_a_fit_without_a_recipe_tells_of_none() -> None:
    assert "recipe" not in kclass.FitOptions().to_dict()
    assert fit_options({"recipe": None, "size": 96}) == kclass.FitOptions(size=96)


@pytest.mark.parametrize("name", [3, ["uffizi"]], ids=str)
def test_a_recipe_is_given_by_its_name(name: Any) -> None:
    with pytest.raises(kclass.OptionError, match=r"^recipe is .*; it must be the name of one$"):
        fit_options({"recipe": name})


def test_options_do_not_take_a_name_that_was_not_followed() -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(recipe="uffizi")  # type: ignore[arg-type]
    assert raised.value.message == "recipe is 'uffizi'; options hold what came of following one"
    assert raised.value.fix == "Use kclass.follow_recipe, or give the name to kclass.fit."


def test_an_unfinished_run_knows_its_recipe(tmp_path: Path) -> None:
    options = kclass.follow_recipe("fiat-ferrari", hidden=(9, 8), valid=tmp_path)
    begun = Begun(options, {"name": "trees", "fingerprint": "5eed", "origin": None}, {}, named=True)
    with unfinished_run("trees", tmp_path / "run", begun) as (part, _):
        found = read_begun(part).options
    assert found.to_dict() == options.to_dict()
    assert found.hidden == (9, 8)


def test_a_record_can_be_read_back() -> None:
    followed = record(kclass.follow_recipe("lakes", fine_tune=0))
    assert followed_of(json.loads(json.dumps(followed.to_dict()))) == followed
