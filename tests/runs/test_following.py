"""Following a recipe: who sets which option, and what takes the place of what cannot be had."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_fits import SmallFit

import kclass
from kclass.backbones import imagenet
from kclass.runs.following import fit_options
from kclass.runs.recipe_record import followed_of
from kclass.runs.recipes import RECIPES
from kclass.runs.unfinished import Begun, read_begun, unfinished_run
from kclass.runs.values import plain

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
    "hidden": (9,),
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
    usual = kclass.FitOptions(**RECIPES[name].sets)
    assert {**options.to_dict(), "recipe": None} == {**usual.to_dict(), "recipe": None}
    assert options.to_dict()["recipe"] == {
        "name": name,
        "title": RECIPES[name].title,
        "sets": {option: plain(value) for option, value in RECIPES[name].sets.items()},
        "given": {},
        "overridden": {},
        "left_out": {},
        "replaced": {},
        "remarks": list(RECIPES[name].remarks),
    }


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name, each in RECIPES.items() for option in each.sets]
)
def test_any_option_of_a_recipe_can_be_another(name: str, option: str) -> None:
    other = OTHERS[option]
    options = kclass.follow_recipe(name, **{option: other})
    told, followed = options.to_dict(), record(options)
    assert told.get(option) == {"balance": None, "hidden": [9]}.get(option, other)
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


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("landmarks-scratch", {"hidden": 8}, "hidden has no effect on scratch: all of it is trained from"),
        ("landmarks-scratch", {"warmup": 0.1}, "warmup has no effect on the schedule plateau, which does"),
        ("fiat-ferrari", {"lr": 1e-3}, "lr has no effect without epochs"),
        ("landmarks-scratch", {"size": 4}, None),
        ("fiat-ferrari", {"augment": "fiat"}, None),
        ("fiat-ferrari", {"dropout": 1.5}, None),
    ],
)
def test_an_error_that_comes_of_the_recipe_says_what_the_recipe_has_set(
    name: str, given: Any, message: str | None
) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.follow_recipe(name, **given)
    notes = getattr(raised.value, "__notes__", [])
    if message is None:
        assert not notes
        return
    assert raised.value.message.startswith(message)
    (note,) = notes
    assert note.startswith(f"The recipe {name} has set: --backbone ")


@pytest.mark.parametrize("given", [{"fine_tune": 0}, {"backbone": "scratch"}], ids=str)
def test_no_epochs_of_the_head_are_left_out_where_nothing_is_fine_tuned(given: Any) -> None:
    options = kclass.follow_recipe("fiat-ferrari", **given)
    assert options.to_dict()["epochs"] == 20
    assert record(options).left_out["epochs"] == "as 0 where nothing is fine-tuned"
    assert "epochs" not in record(kclass.follow_recipe("fiat-ferrari")).left_out


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_followed_without_fine_tuning(name: str) -> None:
    given: Any = {"fine_tune": 0} if "fine_tune" in RECIPES[name].sets else {}
    assert kclass.follow_recipe(name, **given).to_dict()["epochs"] > 0


def test_the_record_holds_values_as_options_have_them(tmp_path: Path) -> None:
    options = kclass.follow_recipe(
        "fiat-ferrari",
        size=np.int64(96),  # type: ignore[typeddict-item]
        dropout=np.float32(0.5),  # type: ignore[typeddict-item]
        hidden=np.array([4, 3]),  # type: ignore[typeddict-item]
        valid=tmp_path,
        fine_tune=np.int64(2),  # type: ignore[typeddict-item]
    )
    told = json.loads(json.dumps(options.to_dict()))["recipe"]["given"]
    assert told == {"size": 96, "dropout": 0.5, "hidden": [4, 3], "valid": str(tmp_path), "fine_tune": 2}


def test_the_same_value_as_the_recipe_has_is_no_change() -> None:
    followed = record(kclass.follow_recipe("uffizi", size=224))
    assert followed.given == {"size": 224}
    assert followed.overridden == {}
    assert not any("Set by you" in line for line in followed.lines)


def test_none_stands_for_what_the_recipe_sets() -> None:
    assert kclass.follow_recipe("uffizi", batch_size=None, size=None) == kclass.follow_recipe("uffizi")


def test_the_record_is_told_in_lines() -> None:
    options = kclass.follow_recipe("uffizi", batch_size=10, fine_tune=0, hidden=(20, 10))
    assert record(options).lines == (
        "Recipe uffizi: works of art told apart by one epoch of the head and four of the whole network",
        "It sets --backbone resnet50 --size 224 --resize crop --augment none --head dense --epochs 1"
        " --lr 0.002 --schedule one-cycle",
        "Set by you: --batch-size 10 --fine-tune 0; the recipe has --batch-size 5 --fine-tune 4",
        "Left out: --unfreeze, --fine-tune-lr, --stage-lr have no effect without fine_tune",
        "Keras has no ResNet34, which the exercise took; resnet50 is the nearest.",
    )
    all_given: Any = {**RECIPES["landmarks-scratch"].sets, "epochs": 3}
    every = record(kclass.follow_recipe("landmarks-scratch", **all_given))
    assert every.lines[1] == "It sets nothing beside what you set"
    one = record(kclass.follow_recipe("landmarks-scratch", optimizer="adam"))
    assert "Left out: --momentum has no effect on Adam" in one.lines


# Weights


def test_the_installed_network_takes_the_place_of_one_whose_weights_cannot_be_had(weights: Path) -> None:
    file = weights / imagenet.FACTS["resnet50"].weights_file
    options = kclass.follow_recipe("uffizi", batch_size=10)
    assert kclass.with_weights_at_hand(options) == options
    file.unlink()
    found = kclass.with_weights_at_hand(options)
    assert replace(found, backbone="resnet50", recipe=None) == replace(options, recipe=None)
    assert found.backbone == "efficientnet_lite0"
    assert record(found).sets["backbone"] == "resnet50"
    assert record(found).replaced == {"backbone": "efficientnet_lite0"}
    said = record(found).remarks[-1]
    assert said.startswith("the ImageNet weights of resnet50 cannot be downloaded (")
    advice = f"Go online once, or put {file.name} into {weights}."
    assert said.endswith(f"; efficientnet_lite0 takes the place of resnet50. {advice}")
    assert kclass.with_weights_at_hand(found) == found


def test_weights_that_cannot_be_put_anywhere_are_replaced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    found = kclass.with_weights_at_hand(kclass.follow_recipe("lakes"))
    assert found.backbone == "efficientnet_lite0"
    assert record(found).remarks[-1].endswith("Set KERAS_HOME to a folder that you may write.")


@pytest.mark.parametrize("given", [{"backbone": "resnet50"}, {"weights": "none"}], ids=str)
def test_a_network_or_weights_that_were_asked_for_are_not_replaced(given: Any, weights: Path) -> None:
    (weights / imagenet.FACTS["resnet50"].weights_file).unlink()
    options = kclass.follow_recipe("uffizi", **given)
    assert kclass.with_weights_at_hand(options) == options


def test_imagenet_weights_are_those_of_the_stand_in_if_they_were_asked_for(weights: Path) -> None:
    (weights / imagenet.FACTS["resnet50"].weights_file).unlink()
    found = kclass.with_weights_at_hand(kclass.follow_recipe("uffizi", weights="imagenet"))
    assert (found.backbone, found.weight_source) == ("efficientnet_lite0", "imagenet")


def test_options_without_a_recipe_stay_as_they_are() -> None:
    options = kclass.FitOptions(backbone="resnet50")
    assert kclass.with_weights_at_hand(options) == options


def test_another_network_needs_no_remark_on_that_of_the_recipe() -> None:
    assert record(kclass.follow_recipe("lakes", backbone="efficientnet_lite0")).remarks == ()


# From `fit`, and through files


@pytest.mark.slow
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
