"""`fit`: the whole job, from a folder of photos to a classifier and the folder of its run."""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kclass.audit.findings import KINDS, Finding
from kclass.batches.balance import Balance
from kclass.batches.opening import Cache
from kclass.classifier.classifier import Classifier
from kclass.classifier.evaluation import Evaluation
from kclass.classifier.model_file import MODEL
from kclass.dataset.dataset import Dataset
from kclass.dataset.manifest import write_manifest
from kclass.dataset.names import TEST, UNLABELLED, VALID, split_name
from kclass.dataset.opening import open_data
from kclass.errors import OptionError, PhotoError
from kclass.photos.resizing import Resize
from kclass.plots.saving import save_png
from kclass.progress import Progress, silent
from kclass.runs.copies import copies_remark
from kclass.runs.findings import FINDING_COLUMNS, finding_rows, findings
from kclass.runs.options import FitOptions
from kclass.runs.preparing import Prepared, prepare
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
            same picture; named as in `split.csv`, where they have no split.
        findings: what a person should look at: copies, pictures under two labels, and labels that
            contradict what heads say that have not seen the photo. `kclass.check` looks for more.
        seconds: how long it all took.
    """

    classifier: Classifier
    data: Dataset
    evaluations: Mapping[str, Evaluation]
    unreadable: tuple[PhotoError, ...]
    left_out_copies: tuple[str, ...]
    findings: tuple[Finding, ...]
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

    @property
    def findings_remark(self) -> str:
        """How many findings of which kinds there are, in one line; empty if there are none."""
        numbers = Counter(finding.kind for finding in self.findings)
        told = [f"{KINDS[kind].title} ({number})" for kind, number in numbers.items()]
        return f"worth a look: {', '.join(told)}" if told else ""

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
            "findings": finding_rows(self.data, self.findings),
            "seconds": round(self.seconds, 3),
        }


def fit(  # noqa: D417 - arguments of one kind share a line
    data: str | Path | Dataset,
    *,
    valid: float | str | Path | None = None,
    test: float | str | Path | None = None,
    manifest: str | Path | None = None,
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
        data: a data set, or what `kclass.open_data` takes: a folder, a CSV file or an archive.
        valid, test: fractions for validation, default 0.2, and test, if the data set is not split;
            or folders of other photos.
        manifest: such as the split.csv of a run, which says what photo belongs where.
        backbone: name of the network: one of `kclass.backbones.registry.BACKBONES`.
        weights: "imagenet", "none" for random ones, or a weight file; default what the backbone has.
        size: side of the photos as the network sees them; default the backbone's.
        resize: "squash", "crop" or "pad".
        epochs, batch_size, lr: of a network that is trained; default 20, 32 and 0.0003.
        augment: random changes of its photos, one of `kclass.batches.augmentation.PRESETS`; "light".
        mixup, cutmix: alphas of MixUp and CutMix, 0.2 and 1 for instance; default neither.
        balance: "weights" or, of a network that is trained, "sample": lets classes count alike.
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
    of_data = {"valid": valid, "test": test, "manifest": manifest, "size": size, "resize": resize}
    of_network = {"backbone": backbone, "weights": weights, "precision": precision, "device": device}
    of_steps = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "cache": cache, "seed": seed}
    of_batches = {"augment": augment, "mixup": mixup, "cutmix": cutmix, "balance": balance}
    chosen: dict[str, Any] = {**of_data, **of_network, **of_steps, **of_batches, "strict": strict}
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
    if source.searched is not None:
        refuse_among(source.searched, out)
    with new_run(source.name, out) as (part, place), _logged(part / "log.txt"):
        prepared = prepare(source, options, progress)
        table = prepared.data
        LOGGER.info("data %s: %d photos, %d classes", table.name, len(table), len(table.classes))
        trained = _trained(prepared, options, progress)
        LOGGER.info("trained: %s", dict(trained.classifier.record.trained))
        evaluations = _evaluations(trained.classifier, table, progress)
        fitted = Fit(
            classifier=_with_metrics(trained.classifier, evaluations, place),
            data=table,
            evaluations=evaluations,
            unreadable=(*trained.unreadable, *(e for each in evaluations.values() for e in each.unreadable)),
            left_out_copies=prepared.left_out,
            findings=findings(prepared, trained.out_of_fold),
            seconds=time.monotonic() - start,
        )
        for line in (fitted.remark, *(f"left out: {error.message}" for error in fitted.unreadable)):
            if line:
                LOGGER.warning("%s", line)
        _write(part, fitted, trained)
    return fitted


def _trained(prepared: Prepared, options: FitOptions, progress: Progress) -> Trained:
    if prepared.frozen is None:
        return train_network(prepared, options, progress)
    return solve_head(prepared, prepared.frozen, options, progress)


def _opened(data: str | Path | Dataset) -> Dataset:
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        return open_data(data)
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
    write_table(part / "findings.csv", finding_rows(fitted.data, fitted.findings), columns=FINDING_COLUMNS)
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
