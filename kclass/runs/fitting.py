"""`fit`: the whole job, from a folder of photos to a classifier and the folder of its run."""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from kclass.classifier.arguments import one_path
from kclass.classifier.classifier import Classifier
from kclass.classifier.evaluation import Evaluation
from kclass.classifier.model_file import versions
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import TEST, UNLABELLED, VALID, split_name
from kclass.dataset.opening import open_data
from kclass.errors import DataError, OptionError
from kclass.files import output_errors
from kclass.keras_import import check_backend
from kclass.progress import Progress, silent
from kclass.runs.findings import findings
from kclass.runs.finished import Fit
from kclass.runs.following import fit_options, log_recipe, with_weights_at_hand
from kclass.runs.keywords import FitKeywords, signature_with_options
from kclass.runs.options import FitOptions
from kclass.runs.preparing import Prepared, prepare
from kclass.runs.run_contents import write_contents
from kclass.runs.run_folder import new_run, refuse_among
from kclass.runs.training_step import Trained, solve_head
from kclass.runs.unfinished import (
    CHECKPOINT,
    Begun,
    read_begun,
    resumed_run,
    unfinished_folder,
    unfinished_run,
)

LOGGER = logging.getLogger("kclass")


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
            fitted = _fitted(source, options, part, place, progress)
        return replace(fitted, seconds=time.monotonic() - start)
    begun = Begun(options, _described(source), versions(), named=out is not None)
    with unfinished_run(source.name, out, begun) as (part, place):
        fitted = _fitted(source, options, part, place, progress)
    return replace(fitted, seconds=time.monotonic() - start)


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
        fitted = _fitted(source, begun.options, part, place, progress)
    return replace(fitted, seconds=time.monotonic() - start)


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


def _fitted(source: Dataset, options: FitOptions, part: Path, place: Path, progress: Progress) -> Fit:
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
        )
        for line in (fitted.remark, *(f"left out: {error.message}" for error in fitted.unreadable)):
            if line:
                LOGGER.warning("%s", line)
        write_contents(part, fitted, trained, source=source, progress=progress)
    return fitted


def _trained(prepared: Prepared, options: FitOptions, progress: Progress, *, checkpoint: Path) -> Trained:
    if options.stepped:
        from kclass.runs.epoch_training import train_by_epochs

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
