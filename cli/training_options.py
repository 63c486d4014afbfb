"""The options of commands that train: which data, which network, and how it learns."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .sources import FRACTION_OR_PLACE
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import FitOptions

PATH = click.Path(path_type=Path)


class Units(click.ParamType[tuple[int, ...]]):
    """One whole number, or several with commas between."""

    name = "N[,N…]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers that the text names."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not one or more whole numbers, such as 500 or 1024,512", param, ctx)


RECIPE = (
    "Options that a well-known exercise chose, where you give no others: fiat-ferrari, lakes,"
    " landmarks-scratch, landmarks-transfer, uffizi."
)
OF_DATA = {
    "valid": (
        FRACTION_OR_PLACE,
        "Fraction for validation, if DATA is not split; or a folder of other photos.  [default: 0.2]",
    ),
    "test": (
        FRACTION_OR_PLACE,
        "Fraction for test, if DATA is not split; or a folder of other photos.  [default: 0]",
    ),
    "manifest": (PATH, "Split DATA as this CSV file says, such as the split.csv of a run."),
}
OF_NETWORK = {
    "weights": (str, "imagenet, none, or a weight file.  [default: imagenet; none for scratch]"),
    "size": (int, "Side of the photos as the network sees them, in pixels.  [default: the backbone's]"),
}
OF_HEADS = {
    "head": (
        str,
        "linear (solved at once) or dense (trained by epochs).  [default: linear; dense with --hidden]",
    ),
    "hidden": (Units(), "Units of the hidden layers of a dense head, 1024,512 for two.  [default: none]"),
    "dropout": (float, "Share that dropout leaves out in a dense head.  [default: 0.25]"),
    "activation": (str, "Of hidden layers: elu, gelu, relu, silu, tanh.  [default: relu]"),
    "epochs": (int, "Epochs of a dense head, or of a network from scratch.  [default: 20]"),
    "lr": (
        float,
        "Their highest rate.  [default: 0.001; 0.0003 of scratch, 0.003 of scratch-small]",
    ),
}
OF_FINE_TUNING = {
    "fine_tune": (int, "Epochs in which a part of the backbone is trained too, after the head; 0 for none."),
    "unfreeze": (str, "That part: all, a stage and those after it, or last-N layers.  [default: last stage]"),
    "fine_tune_lr": (float, "Highest learning rate of these epochs.  [default: 0.0003]"),
    "stage_lr": (float, "Share of it that the first of the unfrozen stages has.  [default: 0.1]"),
}
OF_STEPS = {
    "batch_size": (int, "Photos a step.  [default: 32]"),
    "optimizer": (str, "adamw, adam or sgd.  [default: adamw; adam from scratch]"),
    "momentum": (float, "Of sgd.  [default: 0.9]"),
    "weight_decay": (float, "Apart from the gradient.  [default: 0.01 for adamw, 0 for others]"),
    "schedule": (
        str,
        "Of the learning rate: one-cycle, cosine, plateau or constant."
        "  [default: one-cycle; cosine for a dense head; constant from scratch]",
    ),
    "warmup": (float, "Share of the steps in which it rises.  [default: 0.25 of one-cycle, 0.1 of cosine]"),
    "plateau_patience": (int, "Epochs without gain after which plateau divides it by 10.  [default: 5]"),
    "patience": (int, "Epochs without gain that end the training.  [default: no such end]"),
    "label_smoothing": (float, "Share of each label spread over all classes.  [default: 0]"),
    "clip_norm": (float, "Longest gradient of all layers together.  [default: any]"),
    "ema": (float, "Decay of an average of the weights, which is kept instead.  [default: none]"),
    "augment": (
        str,
        "Random changes of training photos: none, flip, light, standard, strong, fiat-ferrari, landmarks,"
        " lakes.  [default: light; none for a dense head alone]",
    ),
    "mixup": (float, "Alpha of MixUp.  [default: no MixUp]"),
    "cutmix": (float, "Alpha of CutMix.  [default: no CutMix]"),
    "balance": (
        str,
        "Let classes count alike: weights (in the loss) or, where there are steps, sample (shown equally"
        " often); or none.  [default: none]",
    ),
    "cache": (str, "Where photos are kept decoded: none, memory or disk.  [default: disk]"),
}
WITH_DEFAULTS = {
    "seed": (int, 0, "Of the split, initial weights, order and augmentation."),
    "precision": (str, "f32", "f32, bf16, or auto: bf16 where the processor has it."),
    "device": (str, "auto", "cpu, gpu, or auto."),
}


IN_HEADS = {
    "backbone": "A trained network, which stays as it is: `kclass backbones` lists them.",
    "weights": "imagenet, none, or a weight file.  [default: imagenet]",
    "balance": "Let classes count alike: weights (in the loss); or none.  [default: none]",
    "seed": "Of what is dealt out and drawn at random.",
}
"""What some options say where nothing but heads on a frozen network is solved."""

_ORDER = (
    *("recipe", *OF_DATA, "backbone", *OF_NETWORK, "resize"),
    *(*OF_HEADS, *OF_FINE_TUNING, *OF_STEPS, *WITH_DEFAULTS, "strict"),
)
HEAD_OPTIONS = ("backbone", *OF_NETWORK, "resize", "balance", *WITH_DEFAULTS, "strict")
"""Options that matter where nothing but heads on a frozen network is solved."""


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of data, network and training, in the order in which --help shows them."""
    for option in reversed(_options().values()):
        command = option(command)
    return command


def head_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add those of the options that matter where heads are solved on a frozen network.

    The others are refused, with the reason: none of them would have an effect.
    """
    kept = _options(IN_HEADS)
    for name, option in reversed(kept.items()):
        command = option(command) if name in HEAD_OPTIONS else _refused(name)(command)
    return command


def _options(texts: Mapping[str, str] = MappingProxyType({})) -> dict[str, Callable[..., Any]]:
    """The options by their names, some with other texts."""
    backbone = (
        "A trained network: `kclass backbones` lists them. Or scratch or scratch-small: all of it is trained."
    )
    resize = "squash (all of the photo), crop (its centre) or pad (with bars)."
    strict = "Refuse DATA if a photo cannot be read, instead of leaving it out."
    plain = {**OF_DATA, **OF_NETWORK, **OF_HEADS, **OF_FINE_TUNING, **OF_STEPS}
    with_defaults = {
        "backbone": (str, "efficientnet_lite0", backbone),
        "resize": (str, "squash", resize),
        **WITH_DEFAULTS,
    }
    found = {"recipe": click.option("--recipe", help=RECIPE)}
    for name, (kind, text) in plain.items():
        found[name] = click.option(_spelt(name), name, type=kind, help=texts.get(name, text))
    for name, (kind, value, text) in with_defaults.items():
        found[name] = click.option(
            _spelt(name), type=kind, default=value, show_default=True, help=texts.get(name, text)
        )
    found["strict"] = click.option("--strict", is_flag=True, help=strict)
    return {name: found[name] for name in _ORDER}


def chosen_options(options: dict[str, Any]) -> "FitOptions":
    """The options of a fit as they were given on the command line, those of a recipe among them."""
    from kclass import FitOptions, follow_recipe

    if options["recipe"] is None:
        return FitOptions(**options)
    context = click.get_current_context()
    given = {
        name: value
        for name, value in options.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    return follow_recipe(given.pop("recipe"), **given)


def tell_recipe(options: "FitOptions", terminal: Terminal) -> None:
    """Say what a recipe has set, if one is followed."""
    for line in () if options.recipe is None else options.recipe.lines:
        terminal.say(line)


def with_weights(options: "FitOptions", terminal: Terminal) -> "FitOptions":
    """The options with a stand-in, and a word on it, for what a recipe sets and cannot be had."""
    from kclass import with_weights_at_hand

    found = with_weights_at_hand(options)
    if found.recipe is not None and found.recipe.replaced:
        terminal.complain(found.recipe.remarks[-1])
    return found


def _refused(name: str) -> Callable[..., Any]:
    """An option that --help does not show, and whose use is an error."""
    reason = "the photos are dealt out anew" if name in OF_DATA else "nothing is trained by epochs"

    def refuse(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            raise click.UsageError(f"{_spelt(name)} has no effect on {context.info_name}: {reason}.", context)

    return click.option(
        _spelt(name), name, hidden=True, expose_value=False, callback=refuse, help=f"Refused: {reason}."
    )


def _spelt(name: str) -> str:
    return f"--{name.replace('_', '-')}"
