"""What can be chosen for a fit, checked at the door."""

import importlib.util
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from kclass.backbones.dense_head import ACTIVATIONS
from kclass.backbones.registry import BACKBONES, DEFAULT, IMAGENET, NO_WEIGHTS, backbone
from kclass.batches.augmentation import PRESETS
from kclass.batches.balance import AS_MANY_AS_THERE_ARE, BALANCES, Balance
from kclass.batches.opening import CACHES, Cache
from kclass.dataset.places import as_path
from kclass.engines.engine import DEVICES, resolve_device
from kclass.engines.runtime import PRECISIONS
from kclass.errors import OptionError
from kclass.photos.resizing import RESIZES, Resize, check_resize
from kclass.runs.applicability import BACKBONE, DENSE, EPOCHS, FINE_TUNING, STEPS, refuse_without_effect
from kclass.runs.recipe_record import Followed
from kclass.runs.steps import batch_options, phases, step_options
from kclass.runs.values import flag, fraction_or_place, number, one_of, plain, whole, whole_numbers, wrong
from kclass.training.optimizers import OPTIMIZERS, Optimizer
from kclass.training.schedules import SCHEDULES, Schedule
from kclass.training.unfreezing import check_unfreeze

DEFAULT_VALID: Final = 0.2
LINEAR, DENSE_HEAD = "linear", "dense"
HEADS: Final = (LINEAR, DENSE_HEAD)
LARGEST_SIZE: Final = 2048  # a photo of it takes 50 MB as float32, and each layer more
LARGEST_SEED: Final = 2**32 - 1  # that Keras takes
ABSENT: Final = (
    *(*EPOCHS, *DENSE, *FINE_TUNING, *BACKBONE, *STEPS),
    *("momentum", "plateau_patience", "warmup", "recipe"),
)
"""Options that are left out of what a run says of itself, where they stand for nothing."""

_GIVE_A_MANIFEST = "Give the split.csv of a run."


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """The options of a fit; None stands for what the backbone brings, the data set has or training takes.

    Args:
        valid: fraction for validation, default 0.2, if the data set is not split; or a folder of others.
        test: fraction for test, default 0; or a folder of other photos.
        manifest: such as the split.csv of a run, which says what photo belongs where.
        backbone: name of the network: one of `kclass.backbones.registry.BACKBONES`.
        weights: "imagenet", "none" for random ones, or a weight file; default what the backbone has.
        size: side of the photos as the network sees them; default the backbone's.
        resize: "squash", "crop" or "pad".
        head: "linear", which is solved, or "dense", which is trained by epochs; default linear, or
            dense with `hidden`.
        hidden: units of the hidden layers of a dense head, one number or several; default none.
        dropout: share of what the logits of a dense head read, and each hidden layer after the first,
            that is left out at random in training.
        activation: of its hidden layers: one of `kclass.backbones.dense_head.ACTIVATIONS`; "relu".
        epochs: of a dense head, while the backbone is frozen, or of a network trained from scratch.
        lr: their highest learning rate.
        fine_tune: epochs of part of the backbone and the head together, after the head's own; 0 is none.
        unfreeze: that part: "all", a stage with those after it, or "last-N" layers with weights.
        fine_tune_lr: the highest learning rate of the head in these epochs.
        stage_lr: share of it that the first of the unfrozen stages has; those between in equal ratios.
        batch_size: photos a step.
        optimizer: "adamw", "adam" or "sgd".
        momentum: of SGD.
        weight_decay: apart from the gradient; see `kclass.training.optimizers`.
        schedule: of the learning rate: "one-cycle", "cosine", "plateau" or "constant".
        warmup: share of all steps in which one-cycle and cosine rise.
        plateau_patience: epochs without a lower loss after which plateau divides the rate by 10.
        patience: epochs without a lower loss that end the training; default no such end.
        label_smoothing: share of each label that is spread over all classes.
        clip_norm: longest gradient of all layers together; default any.
        ema: decay of a moving average of the weights, which is then judged and kept; default none.
        augment: random changes of training photos, one of `kclass.batches.augmentation.PRESETS`.
        mixup, cutmix: alphas of MixUp and CutMix, 0.2 and 1 for instance; default neither.
        balance: "weights" or, where there are steps, "sample": lets classes count alike; "none" does not.
        cache: where photos are kept decoded: "none", "memory" or "disk".
        tensorboard: write TensorBoard's files into the run's folder.
        seed: of the split, the folds, initial weights, order and augmentation.
        precision: "f32"; "bf16", faster where the CPU has it, probabilities a few hundredths off; "auto".
        device: "cpu", "gpu", or "auto": the GPU if there is one.
        strict: refuse a data set with a photo that cannot be read, instead of leaving it out.
        recipe: what `follow_recipe` made of one; None if none is followed.

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
    head: str | None = None
    hidden: int | tuple[int, ...] | None = None
    dropout: float | None = None
    activation: str | None = None
    epochs: int | None = None
    lr: float | None = None
    fine_tune: int | None = None
    unfreeze: str | None = None
    fine_tune_lr: float | None = None
    stage_lr: float | None = None
    batch_size: int | None = None
    optimizer: Optimizer | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    schedule: Schedule | None = None
    warmup: float | None = None
    plateau_patience: int | None = None
    patience: int | None = None
    label_smoothing: float | None = None
    clip_norm: float | None = None
    ema: float | None = None
    augment: str | None = None
    mixup: float | None = None
    cutmix: float | None = None
    balance: Balance | None = None
    cache: Cache | None = None
    tensorboard: bool = False
    seed: int = 0
    precision: str = "f32"
    device: str = "auto"
    strict: bool = False
    recipe: Followed | None = None

    def __post_init__(self) -> None:
        self._take_kinds()
        self._check_words()
        self._check_data()
        check_resize(size=self.photo_size, how=self.resize)
        if self.photo_size > LARGEST_SIZE:
            raise OptionError(f"size is {self.size}; it must be at most {LARGEST_SIZE}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise OptionError(f"seed is {self.seed}; it must be from 0 to {LARGEST_SEED}")
        if self.precision == "bf16" and resolve_device(self.device) == "gpu" and self.frozen:
            raise OptionError("precision is bf16, which the gpu has not", fix="Use --precision f32.")
        refuse_without_effect(self)
        self._check_network()
        if self.stepped:
            self._check_steps()

    @property
    def frozen(self) -> bool:
        """Whether the backbone comes trained, so that a head is learned before anything else."""
        return backbone(self.backbone).frozen

    @property
    def dense(self) -> bool:
        """Whether the head is trained by epochs, and not solved."""
        return self.head == DENSE_HEAD or (self.head is None and self.hidden is not None)

    @property
    def stepped(self) -> bool:
        """Whether anything is learned step by step."""
        return not self.frozen or self.dense or self.fine_tune is not None

    @property
    def remembered(self) -> bool:
        """Whether all that is learned is learned from features that are computed once."""
        shown = self.augment not in (None, "none") or self.mixup is not None or self.cutmix is not None
        return self.frozen and self.dense and self.fine_tune is None and not shown

    @property
    def hidden_units(self) -> tuple[int, ...]:
        """The units of each hidden layer of a dense head."""
        return whole_numbers("hidden", self.hidden) or ()

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

    def to_dict(self) -> dict[str, Any]:
        """The options as plain data, with what stands for None; those that stand for nothing are left out."""
        chosen = {**asdict(self), "size": self.photo_size, "weights": self.weight_source}
        if self.frozen:
            chosen["head"] = DENSE_HEAD if self.dense else LINEAR
        if self.stepped:
            chosen |= step_options(self)
        chosen["recipe"] = None if self.recipe is None else self.recipe.to_dict()
        return {
            name: plain(value)
            for name, value in chosen.items()
            if name not in ABSENT or not (value is None or value is False)
        }

    def _take_kinds(self) -> None:
        """Check what kind of value each option has, and let numbers of NumPy be those of Python."""
        for name in WHOLE_NUMBERS:
            self._take(name, whole(name, getattr(self, name)))
        for name in NUMBERS:
            self._take(name, number(name, getattr(self, name)))
        for name in ("valid", "test"):
            self._take(name, fraction_or_place(name, getattr(self, name)))
        for name in ("strict", "tensorboard"):
            flag(name, getattr(self, name))
        self._take("hidden", whole_numbers("hidden", self.hidden))
        self._take("fine_tune", self.fine_tune or None)
        self._take("balance", None if self.balance == AS_MANY_AS_THERE_ARE else self.balance)
        if not isinstance(self.recipe, Followed | None):
            raise OptionError(
                f"recipe is {self.recipe!r}; options hold what came of following one",
                fix="Use kclass.follow_recipe, or give the name to kclass.fit.",
            )
        if self.seed is None:
            raise wrong("seed", None, "a whole number")
        if not isinstance(self.unfreeze, str | None):
            raise wrong("unfreeze", self.unfreeze, "text")
        if self.manifest is not None:
            self._take("manifest", as_path(self.manifest, option="manifest", fix=_GIVE_A_MANIFEST))
        if self.weights is not None:
            if not isinstance(self.weights, str | os.PathLike):
                raise wrong("weights", self.weights, f"{IMAGENET}, {NO_WEIGHTS} or a weight file")
            self._take("weights", os.fspath(self.weights))

    def _take(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_words(self) -> None:
        if isinstance(self.backbone, str):
            backbone(self.backbone)  # says where they are listed
        for name, words in WORDS.items():
            if getattr(self, name) is not None or name in NEVER_NONE:
                one_of(name, getattr(self, name), words)

    def _check_data(self) -> None:
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

    def _check_network(self) -> None:
        chosen = backbone(self.backbone)
        if not self.frozen and self.weight_source != NO_WEIGHTS:
            raise OptionError(
                f"weights is {self.weights!r}, but {self.backbone} starts from random ones",
                fix="Leave --weights out, or choose another backbone.",
            )
        if not self.frozen and self.photo_size < chosen.least_size:
            raise OptionError(f"size is {self.size}; it must be {chosen.least_size} or more")
        if self.unfreeze is not None:
            check_unfreeze(self.unfreeze, chosen.stages)

    def _check_steps(self) -> None:
        for name in POSITIVE:
            least = 0 if name == "epochs" and self.fine_tune else 1
            value = getattr(self, name)
            if value is not None and value < least:
                raise OptionError(f"{name} is {value}; it must be {least} or more")
        for name in ("lr", "fine_tune_lr"):
            value = getattr(self, name)
            if value is not None and not 0 < value < HIGHEST_LR:
                raise OptionError(f"{name} is {value}; it must be above 0 and below {HIGHEST_LR}")
        for name, low, high in SHARES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise OptionError(f"{name} is {value}; it must be from {low} to {high}")
        if self.tensorboard and importlib.util.find_spec("tensorboard") is None:
            raise OptionError(
                "tensorboard is asked for, but its package is not installed",
                fix="Install it with `pip install kclass[tensorboard]`, or leave the option out.",
            )
        batch_options(self)  # each refuses what it cannot use
        phases(self)


WHOLE_NUMBERS: Final = ("size", "seed", "epochs", "fine_tune", "batch_size", "plateau_patience", "patience")
NUMBERS: Final = (
    *("lr", "fine_tune_lr", "stage_lr", "momentum", "weight_decay", "warmup", "clip_norm", "ema"),
    *("dropout", "label_smoothing", "mixup", "cutmix"),
)
POSITIVE: Final = ("epochs", "fine_tune", "batch_size", "patience")
HIGHEST_LR: Final = 10
SHARES: Final = (("dropout", 0, 0.95), ("stage_lr", 1e-6, 1))
NEVER_NONE: Final = ("backbone", "resize", "precision", "device")
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "backbone": tuple(BACKBONES),
    "resize": RESIZES,
    "precision": PRECISIONS,
    "device": DEVICES,
    "head": HEADS,
    "activation": ACTIVATIONS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "augment": tuple(PRESETS),
    "balance": BALANCES,
    "cache": CACHES,
}
