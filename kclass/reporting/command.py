"""The command line that makes a run again."""

import shlex
from collections.abc import Mapping
from typing import Any, Final

OPTIONS: Final = (
    *("valid", "test", "manifest", "backbone", "weights", "size", "resize", "head", "hidden", "dropout"),
    *("activation", "epochs", "lr", "fine_tune", "unfreeze", "fine_tune_lr", "stage_lr", "batch_size"),
    *("optimizer", "momentum", "weight_decay", "schedule", "warmup", "plateau_patience", "patience"),
    *("label_smoothing", "clip_norm", "ema", "augment", "mixup", "cutmix", "balance", "seed"),
    *("precision", "device", "strict"),
)
"""What a run says of its options and `kclass fit` takes, in its order. What they led to is left out, and
the recipe that set them: the values are there already. So are options that no result depends on."""

WITHOUT_TRACE: Final = ("cache", "tensorboard", "recipe")
"""The others that `kclass fit` takes."""

_OPENING: Final = ("root", "path_column", "label_column", "split_column", "group", "label_regex")


def fit_command(options: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[str, ...]:
    """The `kclass fit` that does the same again, for a POSIX shell, in parts that belong together.

    Args:
        options: of the run.
        data: of the run: where they lay, if it says so.
    """
    origin = data.get("origin") or {}
    place = origin.get("place") or data.get("root") or "DATA"
    given = [
        *((name, origin.get(name)) for name in _OPENING),
        *((name, options.get(name)) for name in OPTIONS),
    ]
    parts = [["kclass", "fit", str(place)], *(_words(name, value) for name, value in given)]
    return tuple(shlex.join(words) for words in parts if words)


def _words(name: str, value: Any) -> list[str]:
    if value is None or value is False or (name == "device" and value == "auto"):
        return []
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return [flag]
    return [flag, ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)]
