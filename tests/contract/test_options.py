import inspect
import json
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import click
import numpy as np
import pytest
from kclass_cli.main import kclass as command_line

import kclass
from kclass.backbones.dense_head import ACTIVATIONS
from kclass.backbones.registry import BACKBONES, IMAGENET, NO_WEIGHTS
from kclass.batches.augmentation import PRESETS
from kclass.batches.balance import BALANCES, Balance
from kclass.batches.opening import CACHES, Cache
from kclass.classifier.explained_sheet import SHEET_PHOTOS
from kclass.dataset.names import SPLITS
from kclass.engines.engine import DEVICES
from kclass.engines.runtime import PRECISIONS
from kclass.explanation.methods import METHODS
from kclass.photos.resizing import RESIZES, Resize
from kclass.runs.folds import HEAD_OPTIONS
from kclass.runs.options import DEFAULT_VALID, HEADS
from kclass.runs.recipes import RECIPES
from kclass.training.optimizers import DEFAULT_DECAYS, OPTIMIZERS, Optimizer
from kclass.training.schedules import SCHEDULES, Schedule

PRESENTATION = {"as_json", "quiet", "debug", "help"}
COMMANDS = sorted(command_line.commands)
FIT = inspect.signature(kclass.fit).parameters
OPTIONS = {field.name: field for field in fields(kclass.FitOptions)}
OPENING = set(inspect.signature(kclass.open_data).parameters) - {"place"}
SCRATCH = {"backbone": "scratch"}


def command_of(name: str) -> click.Command:
    command = command_line.get_command(None, name)
    assert command is not None
    return command


def options_of(command: str) -> dict[str, click.Option]:
    """The options of a command by the name of the Python parameter, without those of presentation."""
    parameters = command_of(command).params
    options = {each.name or "": each for each in parameters if isinstance(each, click.Option)}
    return {name: option for name, option in options.items() if name not in PRESENTATION}


def help_of(command: str, option: str) -> str:
    return options_of(command)[option].help or ""


def defaults(command: str) -> dict[str, Any]:
    """What the command gets for each option when it is called without any."""
    # A context without the group's would let click keep a help option that knows no `-h`.
    group = click.Context(command_line, **command_line.context_settings)
    given = command_of(command).make_context(command, ["somewhere"], parent=group).params
    return {name: given[name] for name in options_of(command) if name in given}  # what is refused has none


def test_each_option_of_fit_is_a_parameter_in_python() -> None:
    assert set(options_of("fit")) - {"resume"} == (set(FIT) - {"data", "progress"}) | OPENING
    # What `--resume` is given is the first parameter of a function of its own.
    assert next(iter(inspect.signature(kclass.resume_fit).parameters)) == "run"


def test_the_options_of_lr_find_are_those_of_fit_and_a_place_for_the_picture() -> None:
    assert set(options_of("lr-find")) == set(options_of("fit")) - {"resume", "tensorboard"}
    shared = set(options_of("lr-find")) - {"out"}
    assert {name: defaults("lr-find")[name] for name in shared} == {
        name: defaults("fit")[name] for name in shared
    }
    assert all(help_of("lr-find", name) == help_of("fit", name) for name in shared)
    assert (defaults("lr-find")["out"], defaults("fit")["out"]) == (Path("lr-find.png"), None)


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
    own = {"model", "csv_file", "html", "grid", "explain", "copy_into", "strict"}
    of = kclass.Classifier
    for method in (of.predict, of.predict_all, of.predict_stream):
        in_python = inspect.signature(method).parameters
        shared = set(in_python) - {"self", "photo", "photos", "progress"}
        assert set(options_of("predict")) == shared | own
        assert {name: defaults("predict")[name] for name in shared} == {
            name: in_python[name].default for name in shared
        }


def test_the_options_of_explain_are_those_of_the_classifier_and_of_files() -> None:
    functions = (kclass.Classifier.explain, kclass.Classifier.explain_top)
    in_python = {
        name: each.default
        for function in functions
        for name, each in inspect.signature(function).parameters.items()
        if name not in ("self", "photo")
    }
    own = {"actual", "out", "sheet", "faithfulness", "audit", "html", "strict"}
    measuring = inspect.signature(kclass.faithfulness).parameters
    auditing = {
        name: each.default
        for name, each in inspect.signature(kclass.audit_model).parameters.items()
        if name not in ("data", "progress")
    }
    assert set(options_of("explain")) == set(in_python) | set(auditing) | own
    assert {name: defaults("explain")[name] for name in auditing} == auditing
    assert defaults("explain")["masks"] == measuring["masks"].default
    shared = set(in_python) - {"top"}  # which of the functions is called hangs on it
    assert {name: defaults("explain")[name] for name in shared} == {name: in_python[name] for name in shared}


def test_one_photo_or_many_are_explained_with_the_same_options() -> None:
    for one, many in (("explain", "explain_all"), ("explain_top", "explain_top_all")):
        single, several = (
            {
                name.removesuffix("s"): each.default
                for name, each in inspect.signature(getattr(kclass.Classifier, method)).parameters.items()
                if name not in ("self", "progress")
            }
            for method in (one, many)
        )
        assert single == several


def test_the_help_of_explain_names_every_method_and_how_many_photos_fit_a_sheet() -> None:
    words = set(re.findall(r"[\w+-]+", help_of("explain", "method")))
    assert set(METHODS) <= words
    assert f"the first {SHEET_PHOTOS} photos" in help_of("explain", "sheet")


def test_the_options_of_report_are_its_parameters_in_python() -> None:
    writing = inspect.signature(kclass.write_report).parameters
    assert defaults("report") == {
        name: each.default for name, each in writing.items() if name not in ("run", "progress")
    }


def test_the_options_of_compare_are_its_parameters_in_python() -> None:
    comparing = inspect.signature(kclass.compare).parameters
    assert defaults("compare") == {name: each.default for name, each in comparing.items() if name != "runs"}


def test_the_options_of_evaluate_are_those_of_the_three_functions_behind_it_and_of_files() -> None:
    functions = (kclass.evaluate, kclass.cross_validate, kclass.learning_curve)
    in_python = {
        name: each.default
        for function in functions
        for name, each in inspect.signature(function).parameters.items()
        if name not in ("data", "progress")
    }
    own = {"learning_curve", "csv_file", "plot"}
    refused = {name for name, option in options_of("evaluate").items() if option.hidden}
    assert set(options_of("evaluate")) - refused == set(in_python) | OPENING | own
    shared = set(in_python) - {"folds"}  # which of the functions is called hangs on it
    assert {name: defaults("evaluate")[name] for name in shared} == {name: in_python[name] for name in shared}
    assert in_python["folds"] == 5
    assert "in 5 folds" in help_of("evaluate", "learning_curve")


def test_options_of_fit_that_evaluate_refuses_are_all_that_it_has_no_use_for() -> None:
    refused = {name for name, option in options_of("evaluate").items() if option.hidden}
    assert refused | {"tensorboard"} == set(OPTIONS) - set(HEAD_OPTIONS)


def test_the_options_of_show_are_those_of_opening_and_showing_data() -> None:
    opening, showing = (inspect.signature(each).parameters for each in (kclass.open_data, kclass.show))
    in_python = {**opening, **showing}
    assert set(options_of("show")) == set(in_python) - {"place", "data"}
    assert defaults("show") == {name: in_python[name].default for name in options_of("show")}


def test_the_options_of_collect_are_those_of_collecting() -> None:
    in_python = inspect.signature(kclass.collect).parameters
    named = {field.name: field for field in fields(kclass.CollectOptions)}
    assert set(in_python) == {*named, "out", "progress"}
    assert set(options_of("collect")) == set(in_python) - {"queries", "progress"}
    group = click.Context(command_line, **command_line.context_settings)
    given = command_of("collect").make_context("collect", ["--out", "photos"], parent=group).params
    assert {name: given[name] for name in named} == {name: field.default for name, field in named.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_is_spelt_as_its_python_name_with_hyphens(command: str) -> None:
    spelt = {name: option.opts for name, option in options_of(command).items()}
    # `csv` is a module, `class` and `with` are keywords.
    apart = {"csv_file": ["--csv"], "target": ["--class"], "with_": ["--with"]}
    assert spelt == {name: apart.get(name, [f"--{name.replace('_', '-')}"]) for name in spelt}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_line_of_help(command: str) -> None:
    parameters = command_of(command).params
    assert all(each.help for each in parameters if isinstance(each, click.Option))


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("resize", RESIZES),
        ("precision", PRECISIONS),
        ("device", DEVICES),
        ("weights", (IMAGENET, NO_WEIGHTS)),
        ("head", HEADS),
        ("activation", ACTIVATIONS),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
        ("unfreeze", ("all", "last-N")),
        ("augment", tuple(PRESETS)),
        ("balance", BALANCES),
        ("cache", CACHES),
        ("recipe", tuple(RECIPES)),
    ],
)
def test_the_help_names_every_value_that_the_library_takes(option: str, values: tuple[str, ...]) -> None:
    words = help_of("fit", option).partition("[default")[0]
    assert set(values) <= set(re.findall(r"[\w-]+", words))


def test_the_help_names_the_command_that_lists_the_backbones() -> None:
    assert "`kclass backbones`" in help_of("fit", "backbone")
    from_scratch = {name for name, each in BACKBONES.items() if not each.frozen}
    assert from_scratch == {"scratch", "scratch-small"}
    assert from_scratch <= set(re.findall(r"[\w-]+", help_of("fit", "backbone")))


def test_the_help_of_show_names_presets_splits_and_resizings() -> None:
    for option, values in (("augment", tuple(PRESETS)), ("split", SPLITS), ("resize", RESIZES)):
        words = help_of("show", option).replace(",", " ").replace(".", " ").replace(":", " ").split()
        assert set(values) <= set(words)


def told(**options: Any) -> dict[str, str]:
    """What stands for None with these options, as help texts write it."""
    chosen = kclass.FitOptions(**options).to_dict()
    return {
        name: f"{value:g}" if isinstance(value, int | float) else str(value) for name, value in chosen.items()
    }


def test_the_help_names_the_defaults_that_depend_on_the_rest() -> None:
    scratch, tuned = told(**SCRATCH), told(fine_tune=1)
    dense, hidden, small = told(head="dense"), told(hidden=8), told(backbone="scratch-small")
    cycle, cosine = (told(**SCRATCH, schedule=schedule) for schedule in ("one-cycle", "cosine"))
    said = {
        "valid": f"{DEFAULT_VALID:g}",
        "test": "0",
        "weights": f"{tuned['weights']}; {scratch['weights']} for scratch",
        "size": "the backbone's",
        "head": f"{told()['head']}; {hidden['head']} with --hidden",
        "hidden": "none",
        "dropout": dense["dropout"],
        "activation": hidden["activation"],
        "epochs": dense["epochs"],
        "lr": f"{dense['lr']}; {scratch['lr']} of scratch, {small['lr']} of scratch-small",
        "unfreeze": "last stage",
        "fine_tune_lr": tuned["fine_tune_lr"],
        "stage_lr": tuned["stage_lr"],
        "batch_size": scratch["batch_size"],
        "optimizer": f"{tuned['optimizer']}; {scratch['optimizer']} from scratch",
        "momentum": told(**SCRATCH, optimizer="sgd")["momentum"],
        "weight_decay": f"{DEFAULT_DECAYS['adamw']:g} for adamw, 0 for others",
        "schedule": (
            f"{tuned['schedule']}; {dense['schedule']} for a dense head; {scratch['schedule']} from scratch"
        ),
        "warmup": f"{cycle['warmup']} of one-cycle, {cosine['warmup']} of cosine",
        "plateau_patience": told(**SCRATCH, schedule="plateau")["plateau_patience"],
        "patience": "no such end",
        "label_smoothing": scratch["label_smoothing"],
        "clip_norm": "any",
        "ema": "none",
        "augment": f"{tuned['augment']}; {dense['augment']} for a dense head alone",
        "mixup": "no MixUp",
        "cutmix": "no CutMix",
        "balance": "none",
        "cache": scratch["cache"],
        "out": "runs/DATE-NAME",
    }
    helped = {name: help_of("fit", name).partition("[default: ")[2] for name in options_of("fit")}
    ours = {name: text for name, text in helped.items() if text and name not in OPENING}
    assert ours == {name: f"{value}]" for name, value in said.items()}
    # One sentence speaks for several kinds of training; these must agree for it to be true.
    assert (dense["optimizer"], dense["epochs"]) == (tuned["optimizer"], scratch["epochs"])
    assert (scratch["augment"], DEFAULT_DECAYS) == (tuned["augment"], {"adam": 0, "adamw": 0.01, "sgd": 0})
    for name in ("batch_size", "label_smoothing", "cache"):
        assert scratch[name] == dense[name] == tuned[name]


def test_the_help_names_the_default_of_all_others_as_it_is() -> None:
    shown = {name for name, option in options_of("fit").items() if option.show_default}
    flags = {"strict", "tensorboard"}
    assert shown == {name for name, field in OPTIONS.items() if field.default is not None} - flags


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("resize", Resize, RESIZES),
        ("optimizer", Optimizer, OPTIMIZERS),
        ("schedule", Schedule, SCHEDULES),
        ("balance", Balance, BALANCES),
        ("cache", Cache, CACHES),
    ],
)
def test_what_type_checkers_take_is_what_the_library_takes(
    name: str, kind: Any, values: tuple[str, ...]
) -> None:
    assert get_args(kind) == values
    assert OPTIONS[name].type in (kind, kind | None)


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
        ({"backbone": "scratch", "patience": 0}, "patience is 0; it must be 1 or more"),
        ({"fine_tune": -1}, "fine_tune is -1; it must be 1 or more"),
        ({"fine_tune": True}, "fine_tune is True; it must be a whole number"),
        ({"fine_tune": 1, "fine_tune_lr": 0}, "fine_tune_lr is 0; it must be above 0 and below 10"),
        ({"fine_tune": 1, "fine_tune_lr": 10}, "fine_tune_lr is 10; it must be above 0 and below 10"),
        ({"fine_tune": 1, "stage_lr": 0.0}, "stage_lr is 0.0; it must be from 1e-06 to 1"),
        ({"fine_tune": 1, "stage_lr": 1.1}, "stage_lr is 1.1; it must be from 1e-06 to 1"),
        (
            {"fine_tune": 1, "unfreeze": "stage6"},
            "unfreeze is 'stage6'; it must be all, last-N with a number of layers, or one of stage1, stage2",
        ),
        (
            {"fine_tune": 1, "unfreeze": "last-0"},
            "unfreeze is 'last-0'; it must be all, last-N with a number",
        ),
        ({"fine_tune": 1, "unfreeze": 3}, "unfreeze is 3; it must be text"),
        ({"head": "deep"}, "head is 'deep'; it must be one of dense, linear"),
        ({"hidden": 0}, "hidden is 0; it must be a whole number, 1 or more, or several of them"),
        ({"hidden": "64"}, "hidden is '64'; it must be a whole number, 1 or more, or several of them"),
        ({"head": "dense", "dropout": 1.0}, "dropout is 1.0; it must be from 0 to 0.95"),
        ({"head": "dense", "dropout": float("nan")}, "dropout is nan; it must be from 0 to 0.95"),
        (
            {"hidden": 8, "activation": "sigmoid"},
            "activation is 'sigmoid'; it must be one of elu, gelu, relu, silu, tanh",
        ),
        (
            {"head": "dense", "optimizer": "adagrad"},
            "optimizer is 'adagrad'; it must be one of adam, adamw, sgd",
        ),
        ({"head": "dense", "optimizer": "sgd", "momentum": 1}, "momentum is 1; it must be from 0 to below 1"),
        ({"head": "dense", "weight_decay": -0.1}, "weight_decay is -0.1; it must be 0 or more"),
        ({"head": "dense", "clip_norm": 0}, "clip_norm is 0; it must be above 0"),
        ({"head": "dense", "ema": 1.0}, "ema is 1; it must be from 0 to below 1"),
        ({"head": "dense", "label_smoothing": 1}, "label_smoothing is 1; it must be from 0 to below 1"),
        ({"head": "dense", "label_smoothing": "1"}, "label_smoothing is '1'; it must be a number"),
        (
            {"head": "dense", "schedule": "one_cycle"},
            "schedule is 'one_cycle'; it must be one of constant, cosine, one-cycle, plateau",
        ),
        ({"head": "dense", "warmup": 1}, "warmup is 1; it must be a share of the steps, from 0 to below 1"),
        (
            {"head": "dense", "schedule": "plateau", "plateau_patience": 0},
            "plateau_patience is 0; it must be 1 or more",
        ),
        ({"tensorboard": "yes"}, "tensorboard is 'yes'; it must be True or False"),
        ({"backbone": "scratch-small", "size": 1}, "size is 1; it must be "),
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
        ({"head": "dens"}, "Did you mean dense?"),
        ({"hidden": 8, "activation": "Relu"}, "Did you mean relu?"),
        ({"head": "dense", "optimizer": "adamww"}, "Did you mean adamw?"),
        ({"head": "dense", "schedule": "one_cycle"}, "Did you mean one-cycle?"),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest_if_one_is_near(option: dict[str, Any], near: str) -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(**option)
    assert raised.value.fix == near


def test_trained_weights_are_refused_for_a_network_that_starts_from_random_ones() -> None:
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(backbone="scratch", weights="imagenet")
    assert raised.value.message == "weights is 'imagenet', but scratch starts from random ones"
    assert kclass.FitOptions(backbone="scratch", weights="none").weight_source == "none"


ALWAYS = {
    "valid": None,
    "test": None,
    "manifest": None,
    "backbone": "efficientnet_lite0",
    "weights": "imagenet",
    "size": 320,
    "resize": "squash",
    "head": "linear",
    "seed": 0,
    "precision": "f32",
    "device": "auto",
    "strict": False,
    "balance": None,
}
STEPS = {
    "batch_size": 32,
    "optimizer": "adamw",
    "weight_decay": 0.01,
    "label_smoothing": 0.0,
    "cache": "disk",
}
DENSE = {"head": "dense", "dropout": 0.25, "epochs": 20, "lr": 0.001}
FINE_TUNED = {
    "fine_tune": 2,
    "unfreeze": "stage5",
    "fine_tune_lr": 0.0003,
    "stage_lr": 0.1,
    "augment": "light",
    "schedule": "one-cycle",
    "warmup": 0.25,
}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, ALWAYS),
        (
            {"head": "dense"},
            {**ALWAYS, **STEPS, **DENSE, "augment": "none", "schedule": "cosine", "warmup": 0.1},
        ),
        ({"fine_tune": 2}, {**ALWAYS, **STEPS, **FINE_TUNED}),
        (
            {"hidden": (500, 20), "fine_tune": 2},
            {**ALWAYS, **STEPS, **DENSE, **FINE_TUNED, "hidden": [500, 20], "activation": "relu"},
        ),
        (
            SCRATCH,
            {name: value for name, value in ALWAYS.items() if name != "head"}
            | STEPS
            | {"backbone": "scratch", "weights": "none", "size": 128, "epochs": 20, "lr": 0.0003}
            | {"optimizer": "adam", "weight_decay": 0.0, "schedule": "constant", "augment": "light"},
        ),
    ],
    ids=["linear", "dense", "fine-tuned", "dense and fine-tuned", "scratch"],
)
def test_the_options_of_a_run_say_what_stands_for_none_and_nothing_without_effect(
    options: dict[str, Any], wanted: dict[str, Any]
) -> None:
    chosen = kclass.FitOptions(**options).to_dict()
    assert chosen == wanted
    assert json.loads(json.dumps(chosen)) == chosen


def test_a_package_that_is_not_there_is_named_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as Python marks what cannot be imported
    with pytest.raises(kclass.OptionError) as raised:
        kclass.FitOptions(**SCRATCH, tensorboard=True)
    assert raised.value.message == "tensorboard is asked for, but its package is not installed"
    assert raised.value.fix == "Install it with `pip install kclass[tensorboard]`, or leave the option out."


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"augment": "lite"}, "augment is 'lite'; it must be one of fiat-ferrari, flip, lakes, "),
        ({"mixup": 0.0}, "mixup is 0; it must be above 0"),
        ({"cutmix": -1.0}, "cutmix is -1; it must be above 0"),
        ({"cutmix": "much"}, "cutmix is 'much'; it must be a number"),
        ({"balance": "weight"}, "balance is 'weight'; it must be one of none, sample, weights"),
        ({"balance": 3}, "balance is 3; it must be one of none, sample, weights"),
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
        ("fit", "resume"),
        ("fit", "manifest"),
        ("lr-find", "out"),
        ("evaluate", "model"),
        ("evaluate", "csv_file"),
        ("evaluate", "plot"),
        ("predict", "model"),
        ("predict", "csv_file"),
        ("predict", "grid"),
        ("predict", "explain"),
        ("explain", "model"),
        ("explain", "out"),
        ("explain", "sheet"),
    ):
        kind = options_of(command)[name].type
        assert isinstance(kind, click.Path)
        assert kind.type is Path
