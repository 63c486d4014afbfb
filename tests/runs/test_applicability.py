"""An option that has no effect with the others is refused, with what it needs."""

from typing import Any

import pytest

from kclass.errors import OptionError
from kclass.runs.applicability import NEEDS
from kclass.runs.options import FitOptions

VALUES: dict[str, Any] = {
    "head": "dense",
    "hidden": 8,
    "dropout": 0.5,
    "activation": "tanh",
    "epochs": 3,
    "lr": 0.01,
    "fine_tune": 2,
    "unfreeze": "stage5",
    "fine_tune_lr": 0.001,
    "stage_lr": 0.5,
    "batch_size": 8,
    "optimizer": "sgd",
    "momentum": 0.5,
    "weight_decay": 0.1,
    "schedule": "plateau",
    "warmup": 0.2,
    "plateau_patience": 2,
    "patience": 2,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
    "ema": 0.9,
    "augment": "flip",
    "mixup": 0.2,
    "cutmix": 1.0,
    "cache": "memory",
    "tensorboard": True,
}
LINEAR: dict[str, Any] = {}
SCRATCH = {"backbone": "scratch"}
DENSE = {"head": "dense"}
FINE_TUNED = {"fine_tune": 2}

TRAIN = "use --fine-tune EPOCHS, --head dense or --backbone scratch"
SOLVED = ("on efficientnet_lite0: its head is solved, without epochs", TRAIN)
LINEAR_HEAD = ("on a linear head, which is solved", "use --head dense")
SOLVED_FIRST = (
    "on fine-tuning: its head is solved first, without epochs",
    "use --fine-tune EPOCHS and --fine-tune-lr, or --head dense",
)
FROM_SCRATCH = ("on scratch: all of it is trained from scratch", "choose another backbone")
NOT_FINE_TUNED = ("without fine_tune", "add --fine-tune EPOCHS")
ADAM = ("on Adam", "use --optimizer sgd")
OF_STEPS = (
    *("batch_size", "optimizer", "momentum", "weight_decay", "schedule", "warmup", "plateau_patience"),
    *(
        "patience",
        "label_smoothing",
        "clip_norm",
        "ema",
        "augment",
        "mixup",
        "cutmix",
        "cache",
        "tensorboard",
    ),
)
OF_DENSE = ("hidden", "dropout", "activation")
OF_FINE_TUNING = ("unfreeze", "fine_tune_lr", "stage_lr")


NO_HIDDEN_LAYER = ("on a head without hidden layers", "use --hidden UNITS")
REMEMBERED = ("on a head that learns from remembered features", "use --augment or --fine-tune EPOCHS")
NO_EPOCHS = ("without epochs", "give more --epochs")


def no_plateau(schedule: str) -> tuple[str, str]:
    return (f"on the schedule {schedule}", "use --schedule plateau")


def no_rise(schedule: str) -> tuple[str, str]:
    return (f"on the schedule {schedule}, which does not rise", "use --schedule one-cycle or cosine")


REFUSED = [
    *((name, LINEAR, SOLVED) for name in (*OF_STEPS, "epochs", "lr")),
    *((name, FINE_TUNED, SOLVED_FIRST) for name in ("epochs", "lr")),
    *((name, SCRATCH, FROM_SCRATCH) for name in ("head", "fine_tune", *OF_DENSE, *OF_FINE_TUNING)),
    *((name, {"head": "linear"}, LINEAR_HEAD) for name in OF_DENSE),
    *((name, options, LINEAR_HEAD) for name in OF_DENSE[1:] for options in (LINEAR, FINE_TUNED)),
    *((name, options, NOT_FINE_TUNED) for name in OF_FINE_TUNING for options in (LINEAR, DENSE)),
    ("activation", DENSE, NO_HIDDEN_LAYER),
    ("cache", DENSE, REMEMBERED),
    ("cache", {"hidden": 8, "augment": "none", "balance": "sample"}, REMEMBERED),
    ("lr", {**DENSE, **FINE_TUNED, "epochs": 0}, NO_EPOCHS),
    *(("momentum", options, ADAM) for options in (SCRATCH, DENSE, FINE_TUNED)),
    ("momentum", {**SCRATCH, "optimizer": "adamw"}, ADAM),
    ("plateau_patience", SCRATCH, no_plateau("constant")),
    ("plateau_patience", DENSE, no_plateau("cosine")),
    ("plateau_patience", FINE_TUNED, no_plateau("one-cycle")),
    ("warmup", SCRATCH, no_rise("constant")),
    ("warmup", {**SCRATCH, "schedule": "plateau"}, no_rise("plateau")),
    ("warmup", {**DENSE, "schedule": "plateau"}, no_rise("plateau")),
    ("warmup", {**FINE_TUNED, "schedule": "constant"}, no_rise("constant")),
]
TAKEN = [
    *((name, DENSE) for name in ("head", "hidden", "dropout", "epochs", "lr")),
    ("activation", {**DENSE, "hidden": 8}),
    *((name, FINE_TUNED) for name in ("fine_tune", "unfreeze", "fine_tune_lr", "stage_lr")),
    *((name, {**DENSE, **FINE_TUNED}) for name in ("epochs", "lr", "unfreeze", "dropout")),
    *((name, SCRATCH) for name in ("epochs", "lr")),
    *(
        (name, options)
        for name in sorted(set(OF_STEPS) - {"momentum", "warmup", "plateau_patience", "cache"})
        for options in (SCRATCH, DENSE, FINE_TUNED)
    ),
    *(("cache", options) for options in (SCRATCH, FINE_TUNED, {**DENSE, **FINE_TUNED})),
    *(("cache", {**DENSE, name: VALUES[name]}) for name in ("augment", "mixup", "cutmix")),
    *(("momentum", {**options, "optimizer": "sgd"}) for options in (SCRATCH, DENSE, FINE_TUNED)),
    *(("warmup", {**options, "schedule": "one-cycle"}) for options in (SCRATCH, DENSE, FINE_TUNED)),
    *(("plateau_patience", {**options, "schedule": "plateau"}) for options in (SCRATCH, DENSE, FINE_TUNED)),
]


def spelt(options: Any) -> str:
    if isinstance(options, dict):
        return " ".join(f"{name}={value}" for name, value in options.items()) or "nothing else"
    return str(options) if isinstance(options, str) else ""


@pytest.mark.parametrize(("name", "options", "told"), REFUSED, ids=spelt)
def test_an_option_without_effect_is_refused(
    name: str, options: dict[str, Any], told: tuple[str, str]
) -> None:
    with pytest.raises(OptionError) as raised:
        FitOptions(**{**options, name: VALUES[name]})
    assert raised.value.message == f"{name} has no effect {told[0]}"
    assert raised.value.fix == f"Leave it out, or {told[1]}."


@pytest.mark.parametrize(("name", "options"), TAKEN, ids=spelt)
def test_an_option_with_an_effect_is_taken_and_told(name: str, options: dict[str, Any]) -> None:
    told = FitOptions(**{**options, name: VALUES[name]}).to_dict()[name]
    assert told == ([VALUES[name]] if name == "hidden" else VALUES[name])


def test_each_option_that_needs_another_is_refused_somewhere_and_taken_elsewhere() -> None:
    assert set(NEEDS) == set(VALUES) == {row[0] for row in REFUSED} == {row[0] for row in TAKEN}


@pytest.mark.parametrize(
    "name",
    # No epochs of fine-tuning are no fine-tuning.
    sorted(name for name, value in VALUES.items() if type(value) in (int, float) and name != "fine_tune"),
)
def test_nought_is_a_value_and_no_way_to_leave_an_option_out(name: str) -> None:
    options = (
        LINEAR if name in (*OF_STEPS, "epochs", "lr", "dropout", "fine_tune_lr", "stage_lr") else SCRATCH
    )
    value = 1 if name == "hidden" else 0  # units are checked before
    with pytest.raises(OptionError, match=f"^{name} has no effect "):
        FitOptions(**{**options, name: value})


def test_a_flag_that_is_not_set_is_left_out() -> None:
    assert "tensorboard" not in FitOptions(tensorboard=False).to_dict()


@pytest.mark.parametrize("options", [{"fine_tune": 0}, {"balance": "none"}], ids=str)
def test_options_that_a_recipe_may_set_can_be_set_to_nothing(options: dict[str, Any]) -> None:
    assert FitOptions(**options) == FitOptions()


def test_balanced_batches_are_refused_where_there_are_no_batches() -> None:
    with pytest.raises(OptionError) as raised:
        FitOptions(balance="sample")
    assert raised.value.message == (
        "balance has no effect as sample on efficientnet_lite0, which is shown no batches: its head is solved"
    )
    assert raised.value.fix == f"Use --balance weights, or {TRAIN}."
    for options in (SCRATCH, DENSE, FINE_TUNED):
        assert FitOptions(balance="sample", **options).to_dict()["balance"] == "sample"
    assert FitOptions(balance="weights").to_dict()["balance"] == "weights"
