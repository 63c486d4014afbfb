"""What the options of a fit mean for its steps: batches, optimizer, and the phases with their rates."""

from typing import TYPE_CHECKING, Any, Final

from kclass.backbones.registry import SCRATCH as SCRATCH_PLAIN
from kclass.backbones.registry import SCRATCH_SMALL, backbone
from kclass.batches.augmentation import preset
from kclass.batches.balance import AS_MANY_AS_THERE_ARE
from kclass.batches.opening import DEFAULT_CACHE
from kclass.batches.options import BatchOptions
from kclass.training.epochs import Phase
from kclass.training.optimizers import DEFAULT_MOMENTUM, OptimizerOptions
from kclass.training.schedules import RatePlan

if TYPE_CHECKING:
    from kclass.runs.options import FitOptions

HEAD, FINE_TUNING, SCRATCH = "head", "fine-tuning", "scratch"

OF_ALL: Final = {"batch_size": 32, "cache": DEFAULT_CACHE, "label_smoothing": 0.0}
OF_SCRATCH: Final = {
    "epochs": 20,
    "optimizer": "adam",
    "schedule": "constant",
    "augment": "light",
}
LR_FROM_SCRATCH: Final = {SCRATCH_PLAIN: 3e-4, SCRATCH_SMALL: 3e-3}
OF_DENSE: Final = {
    "epochs": 20,
    "lr": 1e-3,
    "optimizer": "adamw",
    "schedule": "cosine",
    "augment": "none",
    "dropout": 0.25,
}
OF_FINE_TUNING: Final = {
    "fine_tune_lr": 3e-4,
    "stage_lr": 0.1,
    "optimizer": "adamw",
    "schedule": "one-cycle",
    "augment": "light",
}
OF_HIDDEN: Final = {"activation": "relu"}
OF_SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "one-cycle": {"warmup": 0.25},
    "cosine": {"warmup": 0.1},
    "plateau": {"plateau_patience": 5},
    "constant": {},
}
OF_SGD: Final = {"momentum": DEFAULT_MOMENTUM}


def step_options(options: "FitOptions") -> dict[str, Any]:
    """The options that steps depend on, with what stands for None; without those that have no effect."""
    wanted: dict[str, Any] = {**OF_ALL}
    if not options.frozen:
        wanted |= {**OF_SCRATCH, "lr": LR_FROM_SCRATCH[options.backbone]}
    wanted |= OF_DENSE if options.dense else {}
    if options.fine_tune is not None:
        wanted |= {**OF_FINE_TUNING, "unfreeze": backbone(options.backbone).stages[-1]}
    wanted |= OF_HIDDEN if options.hidden else {}
    wanted |= OF_SCHEDULE[options.schedule or wanted["schedule"]]
    wanted |= OF_SGD if options.optimizer == "sgd" else {}
    if options.epochs == 0:
        del wanted["lr"]
    given = {name: getattr(options, name) for name in wanted}
    return {name: value if given[name] is None else given[name] for name, value in wanted.items()} | {
        "weight_decay": optimizer_options(options, wanted["optimizer"]).decay
    }


def batch_options(options: "FitOptions") -> BatchOptions:
    """What training batches are to be like.

    Raises:
        OptionError: an option out of its bounds.
    """
    chosen = step_options(options)
    return BatchOptions(
        size=chosen["batch_size"],
        augment=preset(chosen["augment"]),
        mixup=options.mixup,
        cutmix=options.cutmix,
        balance=options.balance or AS_MANY_AS_THERE_ARE,
        label_smoothing=chosen["label_smoothing"],
    )


def optimizer_options(options: "FitOptions", default: str) -> OptimizerOptions:
    """How weights are changed.

    Args:
        options: of the fit.
        default: the optimizer that stands for None.

    Raises:
        OptionError: an option out of its bounds.
    """
    return OptimizerOptions(
        optimizer=options.optimizer or default,  # type: ignore[arg-type]
        momentum=DEFAULT_MOMENTUM if options.momentum is None else options.momentum,
        weight_decay=options.weight_decay,
        clip_norm=options.clip_norm,
        ema=options.ema,
    )


def phases(options: "FitOptions") -> tuple[Phase, ...]:
    """The phases of a training with steps, in order.

    Raises:
        OptionError: an option out of its bounds.
    """
    chosen = step_options(options)
    found: list[Phase] = []
    if chosen.get("epochs"):
        name = HEAD if options.frozen else SCRATCH
        found.append(_phase(options, chosen, name, epochs=chosen["epochs"], lr=chosen["lr"]))
    if options.fine_tune:
        lr, stage_lr = chosen["fine_tune_lr"], chosen["stage_lr"]
        epochs = options.fine_tune
        found.append(_phase(options, chosen, FINE_TUNING, epochs=epochs, lr=lr, stage_lr=stage_lr))
    return tuple(found)


def _phase(
    options: "FitOptions",
    chosen: dict[str, Any],
    name: str,
    *,
    epochs: int,
    lr: float,
    stage_lr: float = 1.0,
) -> Phase:
    plan = RatePlan(
        schedule=chosen["schedule"],
        peak=lr,
        warmup=chosen.get("warmup", 0.0),
        plateau_patience=chosen.get("plateau_patience", 1),
    )
    optimizer = optimizer_options(options, chosen["optimizer"])
    return Phase(
        name=name,
        epochs=epochs,
        plan=plan,
        optimizer=optimizer,
        stage_lr=stage_lr,
        patience=options.patience,
    )
