"""Following a recipe: its options, those that a person set otherwise, and a record of who set what."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Unpack

from kclass.backbones.imagenet import fetch_weights
from kclass.backbones.registry import IMAGENET, backbone
from kclass.errors import ModelError, OptionError
from kclass.runs.applicability import NoEffectError
from kclass.runs.keywords import OptionKeywords
from kclass.runs.options import FitOptions
from kclass.runs.recipe_record import Followed, flags_of
from kclass.runs.recipes import STAND_IN, Recipe, recipe_named

LOGGER = logging.getLogger("kclass")


def follow_recipe(recipe: str, **options: Unpack[OptionKeywords]) -> FitOptions:
    """The options of a recipe, where no others are given; `recipe` of what is returned tells who set what.

    What a recipe sets and has no effect with the options given is left out.

    Args:
        recipe: one of `kclass.runs.recipes.RECIPES`.
        options: of a fit, each in the place of what the recipe sets; None stands for what it sets.

    Raises:
        OptionError: no such recipe, or options that cannot be used.
    """
    chosen = recipe_named(recipe)
    given = {name: value for name, value in options.items() if value is not None}
    kept: dict[str, Any] = {name: value for name, value in chosen.sets.items() if name not in given}
    left_out: dict[str, str] = {}
    while True:
        try:
            found = FitOptions(**{**_with_epochs(kept, given, left_out), **given})
        except NoEffectError as error:
            if error.option not in kept:
                error.add_note(_note(chosen, kept))
                raise
            del kept[error.option]
            left_out[error.option] = error.reason
        except OptionError as error:
            if error.message.partition(" ")[0] not in given:  # a message begins with what is wrong
                error.add_note(_note(chosen, kept))
            raise
        else:
            return replace(found, recipe=_record(chosen, kept, given, left_out, found))


def fit_options(given: Mapping[str, Any]) -> FitOptions:
    """The options of a fit from the keywords that `fit` takes, `recipe` among them.

    Raises:
        OptionError: options that cannot be used.
    """
    others = {name: value for name, value in given.items() if name != "recipe"}
    recipe = given.get("recipe")
    return FitOptions(**others) if recipe is None else follow_recipe(recipe, **others)


def with_weights_at_hand(options: FitOptions) -> FitOptions:
    """The same options; with a stand-in for a recipe's backbone whose weights cannot be had.

    Weights that are not here are downloaded. Where that fails, a backbone that a person asked for is
    left to fail, and the one that a recipe set is replaced by the one that is installed.
    """
    followed = options.recipe
    if followed is None or "backbone" not in followed.sets or followed.replaced:
        return options
    if options.weight_source != IMAGENET or not backbone(options.backbone).weights_file:
        return options
    try:
        fetch_weights(options.backbone)
    except ModelError as error:
        advice = error.fix.partition("; or use ")[0].rstrip(".")
        remark = f"{error.message}; {STAND_IN} takes the place of {options.backbone}. {advice}."
        record = replace(followed, replaced={"backbone": STAND_IN}, remarks=(*followed.remarks, remark))
        return replace(options, backbone=STAND_IN, recipe=record)
    return options


def log_recipe(options: FitOptions) -> None:
    """Note in the log which recipe is followed, and warn of what stands in."""
    followed = options.recipe
    if followed is None:
        return
    LOGGER.info("recipe %s sets %s", followed.name, flags_of(followed.sets))
    if followed.replaced:
        LOGGER.warning("%s", followed.remarks[-1])


def _with_epochs(
    kept: dict[str, Any], given: Mapping[str, Any], left_out: dict[str, str]
) -> Mapping[str, Any]:
    """What is kept of a recipe, without no epochs of the head where nothing is fine-tuned after it."""
    if kept.get("epochs") == 0 and not {**kept, **given}.get("fine_tune"):
        del kept["epochs"]
        left_out["epochs"] = "as 0 where nothing is fine-tuned"
    return kept


def _note(recipe: Recipe, kept: Mapping[str, Any]) -> str:
    """What the recipe has set, for an error that comes of it."""
    return f"The recipe {recipe.name} has set: {flags_of(kept) or 'nothing'}"


def _record(
    recipe: Recipe,
    kept: Mapping[str, Any],
    given: Mapping[str, Any],
    left_out: Mapping[str, str],
    found: FitOptions,
) -> Followed:
    # As the options have them, so that they are plain; None stands for a word or number for "nothing".
    values = {name: getattr(found, name) for name in given}
    plainly = {name: given[name] if value is None else value for name, value in values.items()}
    return Followed(
        name=recipe.name,
        title=recipe.title,
        sets=dict(kept),
        given=plainly,
        overridden={
            name: value for name, value in recipe.sets.items() if name in plainly and plainly[name] != value
        },
        left_out=dict(left_out),
        remarks=recipe.remarks if "backbone" in kept else (),
    )
