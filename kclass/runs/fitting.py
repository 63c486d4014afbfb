"""`fit`: the whole job, from a folder of photos to a classifier and the folder of its run."""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kclass.batches.balance import Balance
from kclass.batches.opening import Cache
from kclass.classifier.classifier import Classifier
from kclass.classifier.evaluation import Evaluation
from kclass.classifier.model_file import MODEL
from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.manifest import write_manifest
from kclass.dataset.names import TEST, UNLABELLED, VALID, split_name
from kclass.errors import OptionError, PhotoError
from kclass.photos.resizing import Resize
from kclass.plots.saving import save_png
from kclass.progress import Progress, silent
from kclass.runs.copies import copies_remark, without_copies
from kclass.runs.options import DEFAULT_VALID, FitOptions
from kclass.runs.run_folder import (
    new_run,
    prediction_columns,
    prediction_rows,
    refuse_among,
    write_json,
    write_table,
)
from kclass.runs.training_step import Trained, solve_head, train_network

LOGGER = logging.getLogger("kclass")


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Args:
        classifier: trained and evaluated; its `run` is the folder of the run.
        data: the data set, split as it was used.
        evaluations: by split: `valid` and, if there are labelled test photos, `test`.
        unreadable: photos that were left out, of any split.
        left_out_copies: training photos that were left out because a photo of another split is the
            same file; named as in `split.csv`, where they have no split.
        seconds: how long it all took.
    """

    classifier: Classifier
    data: Dataset
    evaluations: Mapping[str, Evaluation]
    unreadable: tuple[PhotoError, ...]
    left_out_copies: tuple[str, ...]
    seconds: float

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        assert self.classifier.run is not None
        return self.classifier.run

    @property
    def remark(self) -> str:
        """What to tell of the copies that were left out, in one line; empty if there were none."""
        return copies_remark(self.data, self.left_out_copies)

    def to_dict(self) -> dict[str, Any]:
        """The fit as plain data, ready for JSON."""
        return {
            "run": str(self.folder),
            "model": str(self.folder / MODEL),
            "data": self.data.to_dict(),
            "options": dict(self.classifier.record.trained),
            "metrics": {split: each.to_dict() for split, each in self.evaluations.items()},
            "unreadable": [error.message for error in self.unreadable],
            "left_out_copies": list(self.left_out_copies),
            "seconds": round(self.seconds, 3),
        }


def fit(  # noqa: D417 - arguments of one kind share a line
    data: str | Path | Dataset,
    *,
    valid: float | None = None,
    test: float | None = None,
    backbone: str = FitOptions.backbone,
    weights: str | None = None,
    size: int | None = None,
    resize: Resize = FitOptions.resize,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    augment: str | None = None,
    mixup: float | None = None,
    cutmix: float | None = None,
    balance: Balance | None = None,
    cache: Cache | None = None,
    seed: int = FitOptions.seed,
    precision: str = FitOptions.precision,
    device: str = FitOptions.device,
    strict: bool = False,
    out: str | Path | None = None,
    progress: Progress = silent,
) -> Classifier:
    """Train a classifier, evaluate it on photos it was not trained on, and keep the run.

    The classifier that is returned names the run's folder in `run`.

    Args:
        data: a folder of class folders, or a data set.
        valid, test: fractions for validation, default 0.2, and test, if the data set is not split.
        backbone: name of the network: one of `kclass.backbones.registry.BACKBONES`.
        weights: "imagenet", "none" for random ones, or a weight file; default what the backbone has.
        size: side of the photos as the network sees them; default the backbone's.
        resize: "squash", "crop" or "pad".
        epochs, batch_size, lr: of a network that is trained; default 20, 32 and 0.0003.
        augment: random changes of its photos, one of `kclass.batches.augmentation.PRESETS`; "flip".
        mixup, cutmix: alphas of MixUp and CutMix, 0.2 and 1 for instance; default neither.
        balance: "weights" or "sample", so that its classes count alike; default as many as there are.
        cache: where its photos are kept decoded: "none", "memory" or, by default, "disk".
        seed: of the split, the folds, initial weights, order and augmentation.
        precision: "f32"; "bf16", faster where the CPU has it, probabilities a few hundredths off; "auto".
        device: "cpu", "gpu", or "auto": the GPU if there is one.
        strict: refuse a data set with a photo that cannot be read, instead of leaving it out.
        out: folder of the run; default `runs/DATE-NAME`, which `runs/latest` then names.
        progress: is told how far each stage is.

    Raises:
        KClassError: an option, data, weights or a photo that cannot be used, or a run not written.
    """
    of_data = {"valid": valid, "test": test, "size": size, "resize": resize, "strict": strict, "seed": seed}
    of_network = {"backbone": backbone, "weights": weights, "precision": precision, "device": device}
    of_steps = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "cache": cache}
    of_batches = {"augment": augment, "mixup": mixup, "cutmix": cutmix, "balance": balance}
    chosen: dict[str, Any] = {**of_data, **of_network, **of_steps, **of_batches}
    options = FitOptions(**chosen)
    return run_fit(data, options, out=out, progress=progress).classifier


def run_fit(
    data: str | Path | Dataset,
    options: FitOptions,
    *,
    out: str | Path | None = None,
    progress: Progress = silent,
) -> Fit:
    """What `fit` does, with all that it found; see there."""
    start = time.monotonic()
    source, out = _opened(data), _place(out)
    refuse_among(source.root, out)
    table = split_data(source, options)
    copies: tuple[str, ...] = ()
    if source.splits is not None:  # a split of our own keeps copies on one side
        table, copies = without_copies(table)
    with new_run(table.name, out) as (part, place), _logged(part / "log.txt"):
        LOGGER.info("data %s: %d photos, %d classes", table.name, len(table), len(table.classes))
        if copies:
            LOGGER.warning("%s", copies_remark(table, copies))
        trained = (solve_head if options.frozen else train_network)(table, options, progress)
        LOGGER.info("trained: %s", dict(trained.classifier.record.trained))
        evaluations = _evaluations(trained.classifier, table, progress)
        unreadable = (
            *trained.unreadable,
            *(error for each in evaluations.values() for error in each.unreadable),
        )
        for error in unreadable:
            LOGGER.warning("left out: %s", error.message)
        classifier = _with_metrics(trained.classifier, evaluations, place)
        fitted = Fit(classifier, table, evaluations, unreadable, copies, time.monotonic() - start)
        _write(part, fitted, trained)
    return fitted


def split_data(data: Dataset, options: FitOptions) -> Dataset:
    """The data set, split by the options if it has no split of its own.

    Raises:
        OptionError: fractions were given for a data set that is split.
        DataError: it cannot be split.
    """
    if data.is_split:
        for name in ("valid", "test"):
            if getattr(options, name) is not None:
                raise OptionError(
                    f"{name} is a fraction, but {data.name} is split into folders already",
                    fix=f"Leave --{name} out, or give a folder of class folders alone.",
                )
        return data
    valid = DEFAULT_VALID if options.valid is None else options.valid
    if valid == 0:
        raise OptionError("valid is 0; without validation photos nobody knows how good the result is")
    return data.split(valid=valid, test=options.test or 0.0, seed=options.seed)


def _opened(data: str | Path | Dataset) -> Dataset:
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        return ImageFolder(data)
    raise OptionError(f"data is {data!r}; it must be a folder of photos or a data set")


def _place(out: str | Path | None) -> Path | None:
    if out is None or isinstance(out, str | Path):
        return None if out is None else Path(out)
    raise OptionError(f"out is {out!r}; it must be the path of a folder")


def _evaluations(classifier: Classifier, data: Dataset, progress: Progress) -> dict[str, Evaluation]:
    """How the classifier fares on the labelled photos of each split that it was not trained on."""
    found = {}
    for code in (VALID, TEST):
        samples = data.samples.select((data.samples.splits == code) & (data.samples.labels != UNLABELLED))
        if len(samples):
            found[str(split_name(code))] = classifier.evaluate(samples, progress=progress)
    return found


def _with_metrics(classifier: Classifier, evaluations: Mapping[str, Evaluation], run: Path) -> Classifier:
    metrics = {
        split: {
            "photos": each.metrics.photos,
            "accuracy": each.metrics.accuracy,
            "interval": [each.metrics.interval.low, each.metrics.interval.high],
            "log_loss": each.metrics.log_loss,
        }
        for split, each in evaluations.items()
    }
    return replace(classifier, record=replace(classifier.record, metrics=metrics), run=run)


def _write(part: Path, fitted: Fit, trained: Trained) -> None:
    """Everything that the run's folder holds."""
    record = fitted.classifier.record
    fitted.classifier.save(part / MODEL)
    write_manifest(fitted.data, part / "split.csv")
    write_table(part / "history.csv", trained.history, columns=trained.columns)
    rows = [row for split, each in fitted.evaluations.items() for row in prediction_rows(split, each)]
    write_table(part / "predictions.csv", rows, columns=prediction_columns(record.classes))
    write_json(part / "metrics.json", {split: each.to_dict() for split, each in fitted.evaluations.items()})
    config = {"options": dict(record.trained), "data": dict(record.data), "versions": dict(record.versions)}
    write_json(part / "config.json", config)
    for split, each in fitted.evaluations.items():
        save_png(each.metrics.plot(), part / f"confusion_matrix_{split}.png")


@contextlib.contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Let what kclass logs stand in a file too."""
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOGGER.setLevel(before)
        LOGGER.removeHandler(handler)
        handler.close()
