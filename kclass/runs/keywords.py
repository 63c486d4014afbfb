"""The options of a fit as keywords: for type checkers, and for whoever asks for help."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypedDict, get_type_hints

from kclass.batches.balance import Balance
from kclass.batches.opening import Cache
from kclass.photos.resizing import Resize
from kclass.runs.options import FitOptions
from kclass.training.optimizers import Optimizer
from kclass.training.schedules import Schedule


class OptionKeywords(TypedDict, total=False):
    """The fields of `FitOptions` but that of a recipe, with paths as text too."""

    valid: float | str | Path | None
    test: float | str | Path | None
    manifest: str | Path | None
    backbone: str
    weights: str | None
    size: int | None
    resize: Resize
    head: str | None
    hidden: int | tuple[int, ...] | None
    dropout: float | None
    activation: str | None
    epochs: int | None
    lr: float | None
    fine_tune: int | None
    unfreeze: str | None
    fine_tune_lr: float | None
    stage_lr: float | None
    batch_size: int | None
    optimizer: Optimizer | None
    momentum: float | None
    weight_decay: float | None
    schedule: Schedule | None
    warmup: float | None
    plateau_patience: int | None
    patience: int | None
    label_smoothing: float | None
    clip_norm: float | None
    ema: float | None
    augment: str | None
    mixup: float | None
    cutmix: float | None
    balance: Balance | None
    cache: Cache | None
    tensorboard: bool
    seed: int
    precision: str
    device: str
    strict: bool


class FitKeywords(OptionKeywords, total=False):
    """What `fit` takes by name: the fields of `FitOptions`, with a recipe by its name."""

    recipe: str | None


class HeadKeywords(TypedDict, total=False):
    """The fields of `FitOptions` that make a difference where heads are solved on a frozen network."""

    backbone: str
    weights: str | None
    size: int | None
    resize: Resize
    balance: Balance | None
    seed: int
    precision: str
    device: str
    strict: bool


def signature_with_options(
    function: Callable[..., Any], keywords: type = FitKeywords, options: type = FitOptions
) -> inspect.Signature:
    """The signature of a function that takes keywords, with each of them and its default.

    Args:
        function: takes them as `**options`.
        keywords: a typed dictionary of them.
        options: the dataclass that has their defaults.
    """
    own = inspect.signature(function)
    named = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    kinds = get_type_hints(keywords)
    those = [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=kinds[each.name]
        )
        for each in fields(options)
        if each.name in kinds
    ]
    return own.replace(parameters=[*named, *those])
