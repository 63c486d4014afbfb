"""What the options of a fit mean for its steps."""

from typing import Any

import pytest

from kclass.batches.augmentation import PRESETS
from kclass.batches.options import BatchOptions
from kclass.errors import OptionError
from kclass.runs.options import FitOptions
from kclass.runs.steps import batch_options, optimizer_options, phases, step_options
from kclass.training.epochs import Phase
from kclass.training.optimizers import OptimizerOptions
from kclass.training.schedules import RatePlan

KINDS: dict[str, dict[str, Any]] = {
    "scratch": {"backbone": "scratch"},
    "dense": {"head": "dense"},
    "fine-tuned": {"fine_tune": 2},
    "dense and fine-tuned": {"hidden": 8, "fine_tune": 2},
}
EVERYWHERE = {"batch_size", "cache", "label_smoothing", "optimizer", "schedule", "weight_decay", "augment"}


def chosen(kind: str, **options: Any) -> FitOptions:
    return FitOptions(**{**KINDS[kind], **options})


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("scratch", {"epochs", "lr"}),
        ("dense", {"epochs", "lr", "dropout", "warmup"}),
        ("fine-tuned", {"fine_tune_lr", "stage_lr", "unfreeze", "warmup"}),
        (
            "dense and fine-tuned",
            {"epochs", "lr", "dropout", "activation", "fine_tune_lr", "stage_lr", "unfreeze", "warmup"},
        ),
    ],
)
def test_a_training_has_the_options_that_matter_to_it_and_no_others(kind: str, own: set[str]) -> None:
    found = step_options(chosen(kind))
    assert set(found) == EVERYWHERE | own
    assert None not in found.values()


@pytest.mark.parametrize(
    ("kind", "optimizer", "schedule", "augment"),
    [
        ("scratch", "adam", "constant", "light"),
        ("dense", "adamw", "cosine", "none"),
        ("fine-tuned", "adamw", "one-cycle", "light"),
        ("dense and fine-tuned", "adamw", "one-cycle", "light"),
    ],
)
def test_what_stands_for_none_depends_on_what_is_trained(
    kind: str, optimizer: str, schedule: str, augment: str
) -> None:
    found = step_options(chosen(kind))
    assert (found["optimizer"], found["schedule"], found["augment"]) == (optimizer, schedule, augment)
    asked = step_options(chosen(kind, optimizer="sgd", schedule="plateau", augment="flip"))
    assert (asked["optimizer"], asked["schedule"], asked["augment"]) == ("sgd", "plateau", "flip")


@pytest.mark.parametrize(
    ("schedule", "own"),
    [("one-cycle", "warmup"), ("cosine", "warmup"), ("plateau", "plateau_patience"), ("constant", "")],
)
def test_a_schedule_has_its_own_options(schedule: str, own: str) -> None:
    found = step_options(chosen("scratch", schedule=schedule))
    assert {name for name in ("warmup", "plateau_patience") if name in found} == ({own} if own else set())


@pytest.mark.parametrize(("schedule", "warmup"), [("one-cycle", 0.25), ("cosine", 0.1)])
def test_the_schedules_that_rise_do_so_for_different_shares_of_the_steps(
    schedule: str, warmup: float
) -> None:
    assert step_options(chosen("scratch", schedule=schedule))["warmup"] == warmup
    assert step_options(chosen("scratch", schedule=schedule, warmup=0.0))["warmup"] == 0


def test_the_last_stage_is_unfrozen_unless_another_part_is_asked_for() -> None:
    assert step_options(chosen("fine-tuned"))["unfreeze"] == "stage5"
    assert step_options(chosen("fine-tuned", backbone="convnext_tiny"))["unfreeze"] == "stage4"
    assert step_options(chosen("fine-tuned", unfreeze="all"))["unfreeze"] == "all"


@pytest.mark.parametrize(
    ("optimizer", "asked", "decay"),
    [("adamw", None, 0.01), ("adam", None, 0.0), ("sgd", None, 0.0), ("adamw", 0, 0), ("sgd", 0.1, 0.1)],
)
def test_weight_decay_is_the_optimizers_own_or_what_was_asked_for(
    optimizer: str, asked: float | None, decay: float
) -> None:
    assert step_options(chosen("dense", optimizer=optimizer, weight_decay=asked))["weight_decay"] == decay


def test_momentum_is_an_option_of_sgd_alone() -> None:
    assert "momentum" not in step_options(chosen("dense", optimizer="adam"))
    assert step_options(chosen("dense", optimizer="sgd"))["momentum"] == 0.9
    assert step_options(chosen("dense", optimizer="sgd", momentum=0.0))["momentum"] == 0


def test_batches_are_like_the_options_ask() -> None:
    options = chosen(
        "scratch",
        batch_size=7,
        augment="lakes",
        mixup=0.2,
        cutmix=1,
        balance="sample",
        label_smoothing=0.1,
    )
    assert batch_options(options) == BatchOptions(
        size=7, augment=PRESETS["lakes"], mixup=0.2, cutmix=1, balance="sample", label_smoothing=0.1
    )
    assert batch_options(chosen("scratch")) == BatchOptions()
    assert batch_options(chosen("dense")) == BatchOptions(augment=PRESETS["none"])


def test_the_optimizer_is_like_the_options_ask() -> None:
    options = chosen("dense", optimizer="sgd", momentum=0.5, weight_decay=0.2, clip_norm=1.5, ema=0.9)
    assert optimizer_options(options, "adam") == OptimizerOptions(
        optimizer="sgd", momentum=0.5, weight_decay=0.2, clip_norm=1.5, ema=0.9
    )
    assert optimizer_options(chosen("dense"), "adam").optimizer == "adam"


def test_a_network_from_scratch_has_one_phase() -> None:
    (phase,) = phases(chosen("scratch", epochs=7, lr=0.5, schedule="plateau", plateau_patience=2, patience=3))
    assert phase == Phase(
        name="scratch",
        epochs=7,
        plan=RatePlan(schedule="plateau", peak=0.5, warmup=0.0, plateau_patience=2),
        optimizer=OptimizerOptions(optimizer="adam"),
        patience=3,
    )


def test_a_dense_head_has_one_phase_and_a_solved_head_none_before_fine_tuning() -> None:
    assert [(each.name, each.epochs) for each in phases(chosen("dense", epochs=4))] == [("head", 4)]
    assert [(each.name, each.epochs) for each in phases(chosen("fine-tuned"))] == [("fine-tuning", 2)]


def test_a_dense_head_is_trained_before_it_is_fine_tuned_with_the_backbone() -> None:
    options = chosen("dense and fine-tuned", epochs=4, lr=0.02, fine_tune_lr=0.003, stage_lr=0.5, patience=2)
    head, fine_tuning = phases(options)
    assert (head.name, head.epochs, head.plan.peak, head.stage_lr) == ("head", 4, 0.02, 1)
    assert (fine_tuning.name, fine_tuning.epochs) == ("fine-tuning", 2)
    assert (fine_tuning.plan.peak, fine_tuning.stage_lr) == (0.003, 0.5)
    assert head.patience == fine_tuning.patience == 2
    assert head.plan.schedule == fine_tuning.plan.schedule == "one-cycle"


def test_a_head_may_have_no_epochs_of_its_own_before_fine_tuning() -> None:
    assert [each.name for each in phases(chosen("dense and fine-tuned", epochs=0))] == ["fine-tuning"]
    with pytest.raises(OptionError, match="epochs is 0; it must be 1 or more"):
        chosen("dense", epochs=0)
