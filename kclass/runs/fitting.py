"""`fit`: the whole job, from a folder of photos to a classifier and the folder of its run."""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

from kclass.audit.findings import KINDS, Finding
from kclass.classifier.arguments import one_path
from kclass.classifier.classifier import Classifier
from kclass.classifier.evaluation import Evaluation
from kclass.classifier.model_file import MODEL, versions
from kclass.dataset.dataset import Dataset
from kclass.dataset.manifest import write_manifest
from kclass.dataset.names import TEST, UNLABELLED, VALID, split_name
from kclass.dataset.opening import open_data
from kclass.errors import DataError, OptionError, PhotoError
from kclass.files import output_errors, write_text
from kclass.keras_import import check_backend
from kclass.plots.saving import save_png
from kclass.progress import Progress, silent
from kclass.runs.copies import copies_remark
from kclass.runs.epoch_report import epoch_remark, epoch_table, plot_epochs, write_tensorboard
from kclass.runs.epoch_training import train_by_epochs
from kclass.runs.findings import FINDING_COLUMNS, finding_rows, findings
from kclass.runs.following import fit_options, log_recipe, with_weights_at_hand
from kclass.runs.keywords import FitKeywords, signature_with_options
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
from kclass.runs.training_step import Trained, solve_head
from kclass.runs.unfinished import (
    CHECKPOINT,
    Begun,
    read_begun,
    resumed_run,
    unfinished_folder,
    unfinished_run,
)
from kclass.training.course import TrainedNetwork
from kclass.training.epochs import EpochResult

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
        training: what was trained by epochs, where and in which precision, in a line; empty if nothing.
        network: what epochs made of the network, and how; None if there were none.
        seconds: how long it all took.
    """

    classifier: Classifier
    data: Dataset
    evaluations: Mapping[str, Evaluation]
    unreadable: tuple[PhotoError, ...]
    left_out_copies: tuple[str, ...]
    findings: tuple[Finding, ...]
    training: str
    network: TrainedNetwork | None = field(repr=False)
    seconds: float

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        assert self.classifier.run is not None
        return self.classifier.run

    @property
    def epochs(self) -> tuple[EpochResult, ...]:
        """Every epoch, in order; none if the head was solved."""
        return () if self.network is None else self.network.history

    @property
    def epoch_table(self) -> str:
        """The epochs as lines of text."""
        return epoch_table(self.epochs)

    @property
    def epoch_remark(self) -> str:
        """Which epoch was kept, and why; empty if there were none."""
        found = self.network
        if found is None:
            return ""
        return epoch_remark(found.history, found.best_epoch, interrupted=found.interrupted)

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
            "epochs": [epoch.to_dict() for epoch in self.epochs],
            "interrupted": self.network is not None and self.network.interrupted,
            "seconds": round(self.seconds, 3),
        }


def fit(
    data: str | Path | Dataset,
    *,
    out: str | Path | None = None,
    progress: Progress = silent,
    **options: Unpack[FitKeywords],
) -> Classifier:
    """Train a classifier, evaluate it on photos it was not trained on, and keep the run.

    The classifier that is returned names the run's folder in `run`.

    Args:
        data: a data set, or what `kclass.open_data` takes: a folder, a CSV file or an archive.
        out: folder of the run; default `runs/DATE-NAME`, which `runs/latest` then names.
        progress: is told how far each stage is.
        options: those of `kclass.FitOptions`, which says what each means; `recipe` by its name, which
            sets what is not given, see `kclass.follow_recipe`.

    Raises:
        KClassError: an option, data, weights or a photo that cannot be used, or a run not written.
    """
    return run_fit(data, fit_options(options), out=out, progress=progress).classifier


fit.__signature__ = signature_with_options(fit)  # type: ignore[attr-defined]


def run_fit(
    data: str | Path | Dataset,
    options: FitOptions,
    *,
    out: str | Path | None = None,
    progress: Progress = silent,
) -> Fit:
    """What `fit` does, with all that it found; see there."""
    check_backend()
    start = time.monotonic()
    source, out = opened(data), _place(out)
    if source.searched is not None:
        refuse_among(source.searched, out)
    options = with_weights_at_hand(options)
    if not options.stepped:
        with new_run(source.name, out) as (part, place):
            return _fitted(source, options, part, place, progress, start=start)
    begun = Begun(options, _described(source), versions(), named=out is not None)
    with unfinished_run(source.name, out, begun) as (part, place):
        return _fitted(source, options, part, place, progress, start=start)


def resume_fit(run: str | Path, *, data: Dataset | None = None, progress: Progress = silent) -> Fit:
    """Go on with a fit with epochs that was stopped, and end as it would have ended.

    Args:
        run: the folder of the unfinished run; its name ends with `.unfinished`.
        data: the data set, if it was not opened by `kclass.open_data` or `kclass fit`.
        progress: is told how far each stage is.

    Raises:
        ModelError: there is no such run, or it cannot be gone on with.
        DataError: the data are not those that the run was begun with.
        KClassError: as in `fit`.
    """
    check_backend()
    start = time.monotonic()
    part = unfinished_folder(one_path(run, name="run"))
    begun = read_begun(part)
    source = _same_data(begun, part) if data is None else opened(data)
    if source.fingerprint() != begun.data["fingerprint"]:
        raise DataError(
            f"the data of {part} are not those that it was begun with",
            fix="Bring them back as they were, or start again.",
        )
    with resumed_run(part, begun) as (part, place):
        if dict(begun.versions) != versions():
            with _logged(part / "log.txt"):
                LOGGER.warning("%s was begun with other versions: %s", part, dict(begun.versions))
        return _fitted(source, begun.options, part, place, progress, start=start)


def _described(source: Dataset) -> dict[str, Any]:
    return {"name": source.name, "fingerprint": source.fingerprint(), "origin": source.origin}


def _same_data(begun: Begun, part: Path) -> Dataset:
    origin = begun.data["origin"]
    if origin is None:
        raise DataError(
            f"{part} does not say where its data come from: they were made in Python",
            fix="Give the data set: kclass.resume_fit(run, data=data).",
        )
    return open_data(**origin)


def _fitted(
    source: Dataset, options: FitOptions, part: Path, place: Path, progress: Progress, *, start: float
) -> Fit:
    """Do the whole job, and write what it leaves into `part`."""
    with _logged(part / "log.txt"):
        log_recipe(options)
        prepared = prepare(source, options, progress)
        table = prepared.data
        LOGGER.info("data %s: %d photos, %d classes", table.name, len(table), len(table.classes))
        trained = _trained(prepared, options, progress, checkpoint=part / CHECKPOINT)
        LOGGER.info("trained: %s", dict(trained.classifier.record.trained))
        evaluations = _evaluations(trained.classifier, table, progress)
        fitted = Fit(
            classifier=_with_metrics(trained.classifier, evaluations, place),
            data=table,
            evaluations=evaluations,
            unreadable=(*trained.unreadable, *(e for each in evaluations.values() for e in each.unreadable)),
            left_out_copies=prepared.left_out,
            findings=findings(prepared, trained.out_of_fold),
            training=trained.training,
            network=trained.network,
            seconds=time.monotonic() - start,
        )
        for line in (fitted.remark, *(f"left out: {error.message}" for error in fitted.unreadable)):
            if line:
                LOGGER.warning("%s", line)
        _write(part, fitted, trained)
    return fitted


def _trained(prepared: Prepared, options: FitOptions, progress: Progress, *, checkpoint: Path) -> Trained:
    if options.stepped:
        return train_by_epochs(prepared, options, progress, checkpoint=checkpoint)
    assert prepared.frozen is not None
    return solve_head(prepared, prepared.frozen, options, progress)


def opened(data: str | Path | Dataset) -> Dataset:
    """The data set that `fit` and its kin are given, or that lies at the place they are given.

    Raises:
        OptionError: it is neither.
        DataError: there is none.
    """
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
        save_png(each.top_losses().plot(), part / f"top_losses_{split}.png")
    if trained.network is not None:
        save_png(plot_epochs(fitted.epochs, trained.network.best_epoch), part / "curves.png")
        write_text(part / "summary.txt", trained.network.summary)
        if record.trained.get("tensorboard"):
            write_tensorboard(part / "tensorboard", fitted.epochs)


@contextlib.contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Let what kclass logs stand in a file too."""
    with output_errors(path):
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
