import inspect
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import click
import numpy as np
import pytest
from kclass_cli.main import kclass as command_line

import kclass
from kclass.backbones.registry import BACKBONES, IMAGENET, NO_WEIGHTS
from kclass.batches.augmentation import DEFAULT as DEFAULT_AUGMENT
from kclass.batches.augmentation import PRESETS
from kclass.batches.balance import BALANCES
from kclass.batches.opening import CACHES, DEFAULT_CACHE
from kclass.batches.options import BatchOptions
from kclass.dataset.names import SPLITS
from kclass.engines.engine import DEVICES
from kclass.engines.runtime import PRECISIONS
from kclass.photos.resizing import RESIZES, Resize
from kclass.runs.options import DEFAULT_BATCH_SIZE, DEFAULT_EPOCHS, DEFAULT_LEARNING_RATE, DEFAULT_VALID

PRESENTATION = {"as_json", "quiet", "debug", "help"}
FIT = inspect.signature(kclass.fit).parameters
OPTIONS = {field.name: field for field in fields(kclass.FitOptions)}


def options_of(command: str) -> dict[str, click.Option]:
    """The options of a command by the name of the Python parameter, without those of presentation."""
    parameters = command_line.commands[command].params
    options = {each.name or "": each for each in parameters if isinstance(each, click.Option)}
    return {name: option for name, option in options.items() if name not in PRESENTATION}


def help_of(command: str, option: str) -> str:
    return options_of(command)[option].help or ""


def defaults(command: str) -> dict[str, Any]:
    """What the command gets for each option when it is called without any."""
    given = command_line.commands[command].make_context(command, ["somewhere"]).params
    return {name: given[name] for name in options_of(command)}


def test_each_option_of_fit_is_a_parameter_in_python() -> None:
    opening = set(inspect.signature(kclass.open_data).parameters) - {"place"}
    assert set(options_of("fit")) == (set(FIT) - {"data", "progress"}) | opening


def test_each_parameter_of_fit_but_the_place_is_a_field_of_its_options() -> None:
    assert set(OPTIONS) == set(FIT) - {"data", "progress", "out"}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_fit_has_one_default_everywhere(name: str) -> None:
    assert defaults("fit")[name] == FIT[name].default == OPTIONS[name].default


def test_parameters_of_fit_are_given_by_name_except_the_data() -> None:
    assert {name for name, each in FIT.items() if each.kind is not inspect.Parameter.KEYWORD_ONLY} == {"data"}


def test_each_option_of_sample_is_a_parameter_in_python_with_the_same_default() -> None:
    drawing = inspect.signature(kclass.draw_sample).parameters
    assert defaults("sample") == {
        name: each.default for name, each in drawing.items() if name not in ("out", "progress")
    }


def test_the_options_of_check_are_those_of_opening_and_auditing_data_and_of_files() -> None:
    opening = inspect.signature(kclass.open_data).parameters
    auditing = inspect.signature(kclass.check).parameters
    in_python = {**opening, **auditing}
    own = {"html", "fix", "to", "undo", "strict"}
    assert set(options_of("check")) == (set(in_python) - {"place", "data", "progress"}) | own
    shared = set(options_of("check")) - own
    assert {name: defaults("check")[name] for name in shared} == {
        name: in_python[name].default for name in shared
    }


def test_the_options_of_predict_are_those_of_the_classifier_and_of_files() -> None:
    predict = inspect.signature(kclass.Classifier.predict).parameters
    assert set(options_of("predict")) == {"model", "top", "csv_file", "explain", "strict"}
    assert "top" in predict


def test_the_options_of_show_are_those_of_opening_and_showing_data() -> None:
    opening, showing = (inspect.signature(each).parameters for each in (kclass.open_data, kclass.show))
    in_python = {**opening, **showing}
    assert set(options_of("show")) == set(in_python) - {"place", "data"}
    assert defaults("show") == {name: in_python[name].default for name in options_of("show")}


@pytest.mark.parametrize("command", ["check", "fit", "predict", "sample", "show"])
def test_an_option_is_spelt_as_its_python_name_with_hyphens(command: str) -> None:
    spelt = {name: option.opts for name, option in options_of(command).items()}
    apart = {"csv_file": ["--csv"]}  # `csv` is a module
    assert spelt == {name: apart.get(name, [f"--{name.replace('_', '-')}"]) for name in spelt}


@pytest.mark.parametrize("command", ["check", "fit", "predict", "sample", "show"])
def test_every_option_has_a_line_of_help(command: str) -> None:
    parameters = command_line.commands[command].params
    assert all(each.help for each in parameters if isinstance(each, click.Option))


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("resize", RESIZES),
        ("precision", PRECISIONS),
        ("device", DEVICES),
        ("weights", (IMAGENET, NO_WEIGHTS)),
        ("augment", tuple(PRESETS)),
        ("balance", BALANCES),
        ("cache", CACHES),
    ],
)
def test_the_help_names_every_value_that_the_library_takes(option: str, values: tuple[str, ...]) -> None:
    words = help_of("fit", option).replace(",", " ").replace(".", " ").replace(":", " ").split()
    assert set(values) <= set(words)


def test_the_help_names_the_command_that_lists_the_backbones() -> None:
    assert "`kclass backbones`" in help_of("fit", "backbone")
    assert [name for name, each in BACKBONES.items() if not each.frozen] == ["scratch"]
    assert "scratch" in help_of("fit", "backbone")


def test_the_help_of_show_names_presets_splits_and_resizings() -> None:
    for option, values in (("augment", tuple(PRESETS)), ("split", SPLITS), ("resize", RESIZES)):
        words = help_of("show", option).replace(",", " ").replace(".", " ").replace(":", " ").split()
        assert set(values) <= set(words)


def test_the_help_names_the_defaults_that_depend_on_the_rest() -> None:
    said = {
        "valid": DEFAULT_VALID,
        "epochs": DEFAULT_EPOCHS,
        "batch_size": DEFAULT_BATCH_SIZE,
        "lr": DEFAULT_LEARNING_RATE,
        "augment": DEFAULT_AUGMENT,
        "cache": DEFAULT_CACHE,
    }
    assert {name: help_of("fit", name).partition("[default: ")[2] for name in said} == {
        name: f"{value}]" for name, value in said.items()
    }


def test_the_help_names_the_default_of_all_others_as_it_is() -> None:
    shown = {name for name, option in options_of("fit").items() if option.show_default}
    flags = {"strict"}
    assert shown == {name for name, field in OPTIONS.items() if field.default is not None} - flags


def test_what_type_checkers_take_for_resize_is_what_the_library_takes() -> None:
    assert get_args(Resize) == RESIZES
    assert OPTIONS["resize"].type is Resize


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"backbone": "resnet"}, "backbone is 'resnet'; it must be one of "),
        ({"resize": "crops"}, "resize is 'crops'; it must be one of "),
        ({"precision": "f16"}, "precision is 'f16'; it must be one of auto, bf16, f32"),
        ({"device": "cuda"}, "device is 'cuda'; it must be one of auto, cpu, gpu"),
        ({"size": 0}, "size is 0; it must be 1 or more"),
        ({"seed": -1}, "seed is -1; it must be from 0 to 4294967295"),
        ({"seed": 2**32}, "seed is 4294967296; it must be from 0 to 4294967295"),
        ({"backbone": "scratch", "epochs": 0}, "epochs is 0; it must be 1 or more"),
        ({"backbone": "scratch", "batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"backbone": "scratch", "lr": 0.0}, "lr is 0.0; it must be above 0 and below 10"),
        ({"backbone": "scratch", "lr": float("nan")}, "lr is nan; it must be above 0 and below 10"),
        ({"backbone": "scratch", "size": 7}, "size is 7; it must be 8 or more"),
        ({"size": 2080}, "size is 2080; it must be at most 2048"),
        ({"valid": 20}, "valid is a fraction of the photos, from 0 to below 1; received 20"),
        ({"valid": -0.1}, "valid is a fraction of the photos, from 0 to below 1; received -0.1"),
        ({"test": 1.0}, "test is a fraction of the photos, from 0 to below 1; received 1.0"),
        ({"test": float("nan")}, "test is a fraction of the photos, from 0 to below 1; received nan"),
        ({"valid": "0.2"}, "valid is '0.2'; it must be a number"),
        ({"lr": True}, "lr is True; it must be a number"),
        ({"size": 224.0}, "size is 224.0; it must be a whole number"),
        ({"size": "224"}, "size is '224'; it must be a whole number"),
        ({"seed": 1.5}, "seed is 1.5; it must be a whole number"),
        ({"seed": True}, "seed is True; it must be a whole number"),
        ({"seed": None}, "seed is None; it must be a whole number"),
        ({"backbone": "scratch", "epochs": 1.5}, "epochs is 1.5; it must be a whole number"),
        ({"weights": 5}, "weights is 5; it must be imagenet, none or a weight file"),
        ({"backbone": None}, "backbone is None; it must be one of convnext_base, "),
        ({"backbone": ["scratch"]}, "backbone is ['scratch']; it must be one of convnext_base, "),
        ({"resize": None}, "resize is None; it must be one of crop, pad, squash"),
        ({"precision": 32}, "precision is 32; it must be one of "),
        ({"device": None}, "device is None; it must be one of "),
        ({"strict": "no"}, "strict is 'no'; it must be True or False"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_at_the_door(option: dict[str, Any], message: str) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(**option)
    assert raised.value.message.startswith(message)


def test_numbers_of_numpy_and_paths_are_taken_for_what_they_mean() -> None:
    chosen = kclass.FitOptions(
        size=np.int64(96), seed=np.uint8(3), valid=np.float32(0.25), weights=Path("net.weights.h5")
    )
    assert json.loads(json.dumps(chosen.to_dict())) == chosen.to_dict()
    assert (chosen.size, chosen.seed, chosen.valid, chosen.weights) == (96, 3, 0.25, "net.weights.h5")


@pytest.mark.parametrize(
    ("option", "near"),
    [
        ({"backbone": "mobilnet"}, "Did you mean mobilenet? `kclass backbones` lists them."),
        ({"resize": "padd"}, "Did you mean pad?"),
        ({"precision": "bf61"}, "Did you mean bf16?"),
        ({"device": "gpus"}, "Did you mean gpu?"),
        ({"device": "quantum"}, ""),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest_if_one_is_near(option: dict[str, Any], near: str) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(**option)
    assert raised.value.fix == near


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 1),
        ("batch_size", 1),
        ("lr", 1),
        ("augment", "light"),
        ("mixup", 0.2),
        ("cutmix", 1.0),
        ("cache", "memory"),
    ],
)
def test_options_of_training_are_refused_where_nothing_is_trained(name: str, value: Any) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(**{name: value})
    assert (
        raised.value.message
        == f"{name} has no effect on efficientnet_lite0: its head is solved, without epochs"
    )
    assert raised.value.fix == "Leave it out, or train a network: --backbone scratch"


def test_balanced_batches_are_refused_where_there_are_no_batches() -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(balance="sample")
    assert raised.value.message == (
        "balance is sample, but efficientnet_lite0 is shown no batches: its head is solved"
    )
    assert raised.value.fix == "Use --balance weights, or train a network: --backbone scratch"
    assert kclass.FitOptions(balance="weights").to_dict()["balance"] == "weights"


def test_trained_weights_are_refused_for_a_network_that_starts_from_random_ones() -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(backbone="scratch", weights="imagenet")
    assert raised.value.message == "weights is 'imagenet', but scratch starts from random ones"
    assert kclass.FitOptions(backbone="scratch", weights="none").weight_source == "none"


def test_the_options_of_a_frozen_backbone_say_what_stands_for_none_and_nothing_of_epochs() -> None:
    assert kclass.FitOptions().to_dict() == {
        "valid": None,
        "test": None,
        "manifest": None,
        "backbone": "efficientnet_lite0",
        "weights": "imagenet",
        "size": 320,
        "resize": "squash",
        "seed": 0,
        "precision": "f32",
        "device": "auto",
        "strict": False,
        "balance": None,
    }


def test_the_options_of_training_say_their_defaults() -> None:
    chosen = kclass.FitOptions(backbone="scratch", epochs=3).to_dict()
    wanted = {
        "epochs": 3,
        "batch_size": 32,
        "lr": 0.0003,
        "augment": "light",
        "mixup": None,
        "cutmix": None,
        "balance": None,
        "cache": "disk",
        "weights": "none",
        "size": 128,
    }
    assert {name: chosen[name] for name in wanted} == wanted


def test_the_options_of_batches_are_those_of_the_fit() -> None:
    chosen = kclass.FitOptions(
        backbone="scratch", batch_size=7, augment="lakes", mixup=0.2, cutmix=1, balance="sample"
    )
    assert chosen.batches == BatchOptions(
        size=7, augment=PRESETS["lakes"], mixup=0.2, cutmix=1, balance="sample"
    )
    assert kclass.FitOptions(backbone="scratch").batches == BatchOptions()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"augment": "lite"}, "augment is 'lite'; it must be one of fiat-ferrari, flip, lakes, "),
        ({"mixup": 0.0}, "mixup is 0; it must be above 0"),
        ({"cutmix": -1.0}, "cutmix is -1; it must be above 0"),
        ({"cutmix": "much"}, "cutmix is 'much'; it must be a number"),
        ({"balance": "weight"}, "balance is 'weight'; it must be one of sample, weights"),
        ({"balance": 3}, "balance is 3; it must be one of sample, weights"),
        ({"cache": "ram"}, "cache is 'ram'; it must be one of disk, memory, none"),
    ],
)
def test_options_of_training_that_cannot_be_used_are_named(option: dict[str, Any], message: str) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(backbone="scratch", **option)
    assert raised.value.message.startswith(message)


def test_paths_of_the_command_line_are_paths() -> None:
    for command, name in (
        ("check", "html"),
        ("check", "to"),
        ("check", "undo"),
        ("show", "out"),
        ("check", "root"),
        ("fit", "out"),
        ("predict", "model"),
        ("predict", "csv_file"),
        ("predict", "explain"),
    ):
        kind = options_of(command)[name].type
        assert isinstance(kind, click.Path)
        assert kind.type is Path
