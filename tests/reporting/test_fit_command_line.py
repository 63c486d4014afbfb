import inspect
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from kclass_cli.main import kclass as command_line
from kclass_cli.training_options import chosen_options

import kclass
from kclass.reporting.command import _OPENING, OPTIONS, WITHOUT_TRACE, fit_command

LAKES = {"head": "dense", "hidden": (64, 32), "dropout": 0.1, "epochs": 2, "lr": 0.01, "optimizer": "sgd"}


def options_in(line: str) -> tuple[dict[str, Any], kclass.FitOptions]:
    """What `kclass fit` makes of a command line."""
    program, name, *words = shlex.split(line)
    assert (program, name) == ("kclass", "fit")
    group = click.Context(command_line, **command_line.context_settings)
    fit = command_line.get_command(group, "fit")
    assert fit is not None
    with fit.make_context("fit", words, parent=group) as context:
        given = dict(context.params)
        chosen = {key: given[key] for key in (*OPTIONS, *WITHOUT_TRACE)}
        return given, chosen_options(chosen)


def without_trace(options: kclass.FitOptions) -> dict[str, Any]:
    return {name: value for name, value in options.to_dict().items() if name not in WITHOUT_TRACE}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seed": 7, "valid": 0.3, "test": 0.1, "size": 96, "resize": "pad", "balance": "weights"},
        {"valid": Path("a folder/with 'quotes'"), "strict": True, "precision": "auto", "device": "cpu"},
        {**LAKES, "momentum": 0.8, "schedule": "plateau", "plateau_patience": 2, "patience": 3},
        {"fine_tune": 2, "unfreeze": "last-4", "augment": "strong", "mixup": 0.2, "ema": 0.9},
        {"backbone": "scratch-small", "epochs": 3, "label_smoothing": 0.1, "clip_norm": 1.0, "warmup": 0.2,
         "schedule": "cosine", "cutmix": 1.0, "cache": "memory"},
    ],
)  # fmt: skip
def test_the_command_asks_for_the_options_of_the_run_again(options: dict[str, Any]) -> None:
    before = kclass.FitOptions(**options)
    record = {**before.to_dict(), "c": 0.1, "photos": 12, "best_epoch": 3, "epochs_done": 4}
    line = " ".join(fit_command(record, {"root": "/photos of trees"}))
    given, after = options_in(line)
    assert without_trace(after) == without_trace(before)
    assert given["data"] == Path("/photos of trees")


def test_the_command_opens_the_data_as_they_were_opened() -> None:
    origin = {"place": "/table.csv", "root": "/pictures", "label_column": "what is it", "group": "site"}
    line = " ".join(fit_command({"seed": 1}, {"root": "/elsewhere", "origin": origin}))
    given, _ = options_in(line)
    assert given["data"] == Path("/table.csv")
    assert (given["root"], given["label_column"], given["group"]) == (Path("/pictures"), "what is it", "site")


def test_the_command_of_an_older_run_leaves_the_place_of_the_data_open() -> None:
    assert fit_command({"seed": 1}, {}) == ("kclass fit DATA", "--seed 1")


def test_every_option_of_a_fit_is_known() -> None:
    assert {*OPTIONS, *WITHOUT_TRACE} == {field.name for field in fields(kclass.FitOptions)}
    assert set(_OPENING) == set(inspect.signature(kclass.open_data).parameters) - {"place"}
