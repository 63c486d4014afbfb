"""Which options have an effect with which others: one that has none is refused, with what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kclass.errors import OptionError
from kclass.runs.steps import step_options

if TYPE_CHECKING:
    from kclass.runs.options import FitOptions

EPOCHS: Final = ("epochs", "lr")
DENSE: Final = ("hidden", "dropout", "activation")
FINE_TUNING: Final = ("unfreeze", "fine_tune_lr", "stage_lr")
BACKBONE: Final = ("fine_tune", "head")
STEPS: Final = (
    *("batch_size", "augment", "mixup", "cutmix", "cache"),
    *("optimizer", "weight_decay", "clip_norm", "ema", "label_smoothing"),
    *("schedule", "patience", "tensorboard"),
)
TRAINED: Final = "use --fine-tune EPOCHS, --head dense or --backbone scratch"


class NoEffectError(OptionError):
    """An option that has no effect with the others.

    Args:
        option: its name.
        reason: with what it has none.
        fix: what to do.
    """

    def __init__(self, option: str, reason: str, *, fix: str) -> None:
        super().__init__(f"{option} has no effect {reason}", fix=fix)
        self.option = option
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return OptionError.__reduce__(OptionError(self.message, fix=self.fix))


@dataclass(frozen=True)
class _Need:
    """What some options need to have an effect.

    Args:
        met: whether it is there.
        missing: why they have no effect otherwise.
        fix: what to do beside leaving them out.
    """

    met: Callable[["FitOptions"], bool]
    missing: Callable[["FitOptions"], str]
    fix: str


_BACKBONE = _Need(
    lambda options: options.frozen,
    lambda options: f"on {options.backbone}: all of it is trained from scratch",
    "choose another backbone",
)
_DENSE = _Need(
    lambda options: options.dense,
    lambda options: "on a linear head, which is solved",
    "use --head dense",
)
_FINE_TUNING = _Need(
    lambda options: options.fine_tune is not None,
    lambda options: "without fine_tune",
    "add --fine-tune EPOCHS",
)
_STEPS = _Need(
    lambda options: options.stepped,
    lambda options: f"on {options.backbone}: its head is solved, without epochs",
    TRAINED,
)
_EPOCHS = _Need(
    lambda options: options.dense or not options.frozen,
    lambda options: "on fine-tuning: its head is solved first, without epochs",
    "use --fine-tune EPOCHS and --fine-tune-lr, or --head dense",
)
_SGD = _Need(lambda options: options.optimizer == "sgd", lambda options: "on Adam", "use --optimizer sgd")
_PLATEAU = _Need(
    lambda options: _schedule(options) == "plateau",
    lambda options: f"on the schedule {_schedule(options)}",
    "use --schedule plateau",
)
_RISING = _Need(
    lambda options: "warmup" in step_options(options),
    lambda options: f"on the schedule {_schedule(options)}, which does not rise",
    "use --schedule one-cycle or cosine",
)

_HIDDEN = _Need(
    lambda options: options.hidden is not None,
    lambda options: "on a head without hidden layers",
    "use --hidden UNITS",
)
_SHOWN = _Need(
    lambda options: not options.remembered,
    lambda options: "on a head that learns from remembered features",
    "use --augment or --fine-tune EPOCHS",
)
_ANY_EPOCHS = _Need(
    lambda options: options.epochs != 0, lambda options: "without epochs", "give more --epochs"
)

NEEDS: Final[Mapping[str, tuple[_Need, ...]]] = {
    **dict.fromkeys(BACKBONE, (_BACKBONE,)),
    **dict.fromkeys(DENSE, (_BACKBONE, _DENSE)),
    **dict.fromkeys(FINE_TUNING, (_BACKBONE, _FINE_TUNING)),
    **dict.fromkeys(STEPS, (_STEPS,)),
    **dict.fromkeys(EPOCHS, (_STEPS, _EPOCHS)),
    "activation": (_BACKBONE, _DENSE, _HIDDEN),
    "cache": (_STEPS, _SHOWN),
    "lr": (_STEPS, _EPOCHS, _ANY_EPOCHS),
    "momentum": (_STEPS, _SGD),
    "plateau_patience": (_STEPS, _PLATEAU),
    "warmup": (_STEPS, _RISING),
}


def _schedule(options: "FitOptions") -> str:
    return str(step_options(options)["schedule"])


def refuse_without_effect(options: "FitOptions") -> None:
    """Refuse options that have no effect with the others.

    Raises:
        NoEffectError: there is one.
    """
    for name, needs in NEEDS.items():
        if getattr(options, name) is None or getattr(options, name) is False:  # 0 is a value
            continue
        for need in needs:
            if not need.met(options):
                raise NoEffectError(name, need.missing(options), fix=f"Leave it out, or {need.fix}.")
    if options.balance == "sample" and not options.stepped:
        raise NoEffectError(
            "balance",
            f"as sample on {options.backbone}, which is shown no batches: its head is solved",
            fix=f"Use --balance weights, or {TRAINED}.",
        )
