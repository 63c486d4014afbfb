"""What can be chosen for a fit, checked at the door."""

import os
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from kclass.backbones.registry import BACKBONES, DEFAULT, IMAGENET, NO_WEIGHTS, backbone
from kclass.backbones.scratch import FILTERS
from kclass.batches.augmentation import DEFAULT as DEFAULT_AUGMENT
from kclass.batches.augmentation import PRESETS, preset
from kclass.batches.balance import BALANCES, Balance
from kclass.batches.opening import CACHES, DEFAULT_CACHE, Cache
from kclass.batches.options import BatchOptions, check_alpha
from kclass.dataset.places import as_path
from kclass.engines.engine import DEVICES, resolve_device
from kclass.engines.runtime import PRECISIONS
from kclass.errors import OptionError
from kclass.photos.resizing import RESIZES, Resize, check_resize

DEFAULT_VALID = 0.2
DEFAULT_EPOCHS = 20
DEFAULT_BATCH_SIZE = 32
DEFAULT_LEARNING_RATE = 3e-4
NEEDING_EPOCHS = ("epochs", "batch_size", "lr", "augment", "mixup", "cutmix", "cache")
LARGEST_SIZE = 2048  # a photo of it takes 50 MB as float32, and each layer more
LARGEST_SEED = 2**32 - 1  # that Keras takes
LEAST_SCRATCH_SIZE = 2 ** len(FILTERS)  # each group of its layers halves the photo

_GIVE_A_MANIFEST = "Give the split.csv of a run."


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """The options of a fit; None stands for what the backbone brings or the data set has.

    Raises:
        OptionError: a value that cannot be used, or an option that has no effect with the others.
    """

    valid: float | Path | None = None
    test: float | Path | None = None
    manifest: Path | None = None
    backbone: str = DEFAULT
    weights: str | None = None
    size: int | None = None
    resize: Resize = "squash"
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    augment: str | None = None
    mixup: float | None = None
    cutmix: float | None = None
    balance: Balance | None = None
    cache: Cache | None = None
    seed: int = 0
    precision: str = "f32"
    device: str = "auto"
    strict: bool = False

    def __post_init__(self) -> None:
        self._check_kinds()
        check_resize(size=self.photo_size, how=self.resize)
        _check_word("precision", self.precision, PRECISIONS)
        _check_word("device", self.device, DEVICES)
        if self.balance is not None:
            _check_word("balance", self.balance, BALANCES)
        self._check_fractions()
        if self.photo_size > LARGEST_SIZE:
            raise OptionError(f"size is {self.size}; it must be at most {LARGEST_SIZE}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise OptionError(f"seed is {self.seed}; it must be from 0 to {LARGEST_SEED}")
        if self.precision == "bf16" and resolve_device(self.device) == "gpu":
            raise OptionError("precision is bf16, which the gpu has not", fix="Use --precision f32.")
        if self.frozen:
            self._refuse_epochs()
        else:
            self._check_epochs()

    @property
    def frozen(self) -> bool:
        """Whether the backbone stays as it is and a head is solved on its features."""
        return backbone(self.backbone).frozen

    @property
    def photo_size(self) -> int:
        """The side of the photos as the network sees them, in pixels."""
        return backbone(self.backbone).size if self.size is None else self.size

    @property
    def weight_source(self) -> str:
        """Where the backbone's weights come from."""
        if self.weights is not None:
            return self.weights
        return IMAGENET if self.frozen else NO_WEIGHTS

    @property
    def steps(self) -> dict[str, Any]:
        """What only networks with epochs need, with its defaults."""
        return {
            "epochs": self.epochs or DEFAULT_EPOCHS,
            "batch_size": self.batch_size or DEFAULT_BATCH_SIZE,
            "lr": self.lr or DEFAULT_LEARNING_RATE,
            "augment": self.augment or DEFAULT_AUGMENT,
            "mixup": self.mixup,
            "cutmix": self.cutmix,
            "cache": self.cache or DEFAULT_CACHE,
        }

    @property
    def batches(self) -> BatchOptions:
        """What training batches are to be like."""
        return BatchOptions(
            size=self.steps["batch_size"],
            augment=preset(self.steps["augment"]),
            mixup=self.mixup,
            cutmix=self.cutmix,
            balance=self.balance,
        )

    def to_dict(self) -> dict[str, Any]:
        """The options as plain data, with what stands for None."""
        chosen = {**asdict(self), "size": self.photo_size, "weights": self.weight_source}
        chosen |= {name: str(value) for name, value in chosen.items() if isinstance(value, Path)}
        if self.frozen:
            return {key: value for key, value in chosen.items() if key not in NEEDING_EPOCHS}
        return {**chosen, **self.steps}

    def _check_kinds(self) -> None:
        """Check what kind of value each option has, and let numbers of NumPy be those of Python."""
        for name, words in _WORDS.items():
            optional = name in (*NEEDING_EPOCHS, "balance") and getattr(self, name) is None
            if not (optional or isinstance(getattr(self, name), str)):
                raise OptionError.unknown(name, getattr(self, name), words)
        for name in ("size", "epochs", "batch_size", "seed"):
            self._take(name, _whole(name, getattr(self, name), optional=name != "seed"))
        for name in ("lr", "mixup", "cutmix"):
            self._take(name, _number(name, getattr(self, name)))
        for name in ("valid", "test"):
            self._take(name, _fraction_or_place(name, getattr(self, name)))
        if self.manifest is not None:
            self._take("manifest", as_path(self.manifest, option="manifest", fix=_GIVE_A_MANIFEST))
        if self.weights is not None:
            if not isinstance(self.weights, str | os.PathLike):
                raise _wrong("weights", self.weights, f"{IMAGENET}, {NO_WEIGHTS} or a weight file")
            self._take("weights", os.fspath(self.weights))
        if not isinstance(self.strict, bool):
            raise _wrong("strict", self.strict, "True or False")

    def _take(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_fractions(self) -> None:
        for name in ("valid", "test"):
            fraction = getattr(self, name)
            if isinstance(fraction, int | float) and not 0 <= fraction < 1:
                raise OptionError(
                    f"{name} is a fraction of the photos, from 0 to below 1; received {fraction}",
                    fix=f"Give a fraction such as {name}=0.2.",
                )
            if self.manifest is not None and fraction is not None:
                raise OptionError(
                    f"{name} and manifest say the same thing twice: which photos belong where",
                    fix="Leave one of them out.",
                )

    def _refuse_epochs(self) -> None:
        for name in NEEDING_EPOCHS:
            if getattr(self, name) is not None:
                raise OptionError(
                    f"{name} has no effect on {self.backbone}: its head is solved, without epochs",
                    fix="Leave it out, or train a network: --backbone scratch",
                )

        if self.balance == "sample":
            raise OptionError(
                f"balance is sample, but {self.backbone} is shown no batches: its head is solved",
                fix="Use --balance weights, or train a network: --backbone scratch",
            )

    def _check_epochs(self) -> None:
        if self.weight_source != NO_WEIGHTS:
            raise OptionError(
                f"weights is {self.weights!r}, but {self.backbone} starts from random ones",
                fix="Leave --weights out, or choose another backbone.",
            )
        for name, least in (("epochs", 1), ("batch_size", 1), ("size", LEAST_SCRATCH_SIZE)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise OptionError(f"{name} is {value}; it must be {least} or more")
        if self.lr is not None and not 0 < self.lr < 10:
            raise OptionError(f"lr is {self.lr}; it must be above 0 and below 10")
        for name in ("mixup", "cutmix"):
            check_alpha(name, getattr(self, name))
        for name in ("augment", "cache"):
            if getattr(self, name) is not None:
                _check_word(name, getattr(self, name), _WORDS[name])


_WORDS: dict[str, tuple[str, ...]] = {
    "backbone": tuple(BACKBONES),
    "resize": RESIZES,
    "precision": PRECISIONS,
    "device": DEVICES,
    "augment": tuple(PRESETS),
    "balance": BALANCES,
    "cache": CACHES,
}


def _wrong(option: str, value: object, wanted: str) -> OptionError:
    return OptionError(f"{option} is {value!r}; it must be {wanted}")


def _whole(option: str, value: object, *, optional: bool) -> int | None:
    if value is None and optional:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise _wrong(option, value, "a whole number")
    return int(value)


def _number(option: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise _wrong(option, value, "a number")
    return int(value) if isinstance(value, Integral) else float(value)


def _fraction_or_place(option: str, value: object) -> float | Path | None:
    if not isinstance(value, str | os.PathLike):
        return _number(option, value)
    if isinstance(value, str) and _is_number(value):
        raise _wrong(option, value, "a number, and not text, or a folder of other photos")
    return as_path(value, option=option, fix="Give a fraction of the photos, or a folder of others.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_word(option: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise OptionError.unknown(option, value, valid)
