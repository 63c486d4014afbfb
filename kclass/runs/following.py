"""Following a recipe: its options, those that a person set otherwise, and a record of who set what."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Unpack

from kclass.backbones.imagenet import UnreachableWeightsError, fetch_weights
from kclass.backbones.registry import IMAGENET, backbone
from kclass.errors import OptionError
from kclass.runs.applicability import NoEffectError
from kclass.runs.followed import Followed
from kclass.runs.keywords import OptionKeywords
from kclass.runs.options import FitOptions
from kclass.runs.recipes import STAND_IN, Recipe, recipe_named


def follow_recipe(recipe: str, **options: Unpack[OptionKeywords]) -> FitOptions:
    """The options of a recipe, where no others are given; `recipe` of what is returned tells who set what.

    What a recipe sets and has no effect with the options given is left out. If the weights of its
    backbone are neither here nor can be downloaded, the backbone that is installed takes its place.

    Args:
        recipe: one of `kclass.runs.recipes.RECIPES`.
        options: of a fit, each in the place of what the recipe sets; None stands for what it sets.

    Raises:
        OptionError: no such recipe, or options that cannot be used.
    """
    chosen = recipe_named(recipe)
    given = {name: value for name, value in options.items() if value is not None}
    return _with_weights(_combined(chosen, given))


def fit_options(given: Mapping[str, Any]) -> FitOptions:
    """The options of a fit from the keywords that `fit` takes, `recipe` among them.

    Raises:
        OptionError: options that cannot be used.
    """
    others = {name: value for name, value in given.items() if name != "recipe"}
    recipe = given.get("recipe")
    if recipe is None:
        return FitOptions(**others)
    if not isinstance(recipe, str):
        raise OptionError(f"recipe is {recipe!r}; it must be the name of one")
    return follow_recipe(recipe, **others)


def _combined(recipe: Recipe, given: Mapping[str, Any]) -> FitOptions:
    kept = {name: value for name, value in recipe.sets.items() if name not in given}
    overridden = {name: value for name, value in recipe.sets.items() if name in given}
    left_out: dict[str, str] = {}
    while True:
        followed = Followed(
            name=recipe.name,
            sets=dict(kept),
            given=dict(given),
            overridden=overridden,
            left_out=dict(left_out),
            remarks=recipe.remarks if "backbone" in kept else (),
        )
        try:
            return FitOptions(**{**kept, **given}, recipe=followed)
        except NoEffectError as error:
            if error.option not in kept:
                raise
            del kept[error.option]
            left_out[error.option] = error.reason
        except OptionError as error:
            error.add_note(f"The recipe {recipe.name} has set: {followed.flags}")
            raise


def _with_weights(options: FitOptions) -> FitOptions:
    """The same with the stand-in, if the recipe's backbone is one whose weights cannot be had."""
    followed = options.recipe
    assert followed is not None
    known = backbone(options.backbone)
    if "backbone" not in followed.sets or options.weight_source != IMAGENET or not known.weights_file:
        return options
    try:
        fetch_weights(options.backbone)
    except UnreachableWeightsError as error:
        remark = f"{error.message}; {STAND_IN} takes its place."
        sets = {**followed.sets, "backbone": STAND_IN}
        record = replace(followed, sets=sets, remarks=(*followed.remarks, remark))
        return replace(options, backbone=STAND_IN, recipe=record)
    return options
