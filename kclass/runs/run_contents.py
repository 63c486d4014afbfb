"""What the folder of a run holds."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kclass.classifier.classifier import Classifier
from kclass.classifier.model_file import MODEL
from kclass.classifier.training_photos_file import TRAINING_PHOTOS, write_training_photos
from kclass.dataset.dataset import Dataset
from kclass.dataset.manifest import write_manifest
from kclass.files import write_text
from kclass.plots.saving import save_png
from kclass.progress import Progress
from kclass.reporting.page import REPORT, write_run_page
from kclass.reporting.run_reading import read_run
from kclass.runs.epoch_report import plot_epochs, write_tensorboard
from kclass.runs.findings import FINDING_COLUMNS, finding_rows
from kclass.runs.finished import Fit
from kclass.runs.run_folder import prediction_columns, prediction_rows, write_json, write_table
from kclass.runs.training_step import Trained


def write_contents(part: Path, fitted: Fit, trained: Trained, *, source: Dataset, progress: Progress) -> None:
    """Write everything that the run's folder holds: pictures, and beside them tables and the page.

    Drawing is Python's work, for one core; the page's photos are decoded and explained without it.

    Args:
        part: the folder.
        fitted: the fit.
        trained: the training that it came of.
        source: the data set as it was given.
        progress: is told how many photos of the page have been dealt with.

    Raises:
        OutputError: a file cannot be written.
    """
    with ThreadPoolExecutor(1) as beside:
        pictures = beside.submit(_write_pictures, part, fitted)
        _write_tables(part, fitted, trained)
        write_json(part / "config.json", _config(fitted.classifier, trained, source))
        write_run_page(
            read_run(part),
            part / REPORT,
            classifier=fitted.classifier,
            place=fitted.folder,
            progress=progress,
        )
        pictures.result()


def _write_tables(part: Path, fitted: Fit, trained: Trained) -> None:
    classifier = fitted.classifier
    classifier.save(part / MODEL)
    if classifier.training_photos is not None:
        write_training_photos(part / TRAINING_PHOTOS, classifier.training_photos)
    write_manifest(fitted.data, part / "split.csv")
    write_table(part / "history.csv", trained.history, columns=trained.columns)
    rows = [row for split, each in fitted.evaluations.items() for row in prediction_rows(split, each)]
    write_table(part / "predictions.csv", rows, columns=prediction_columns(classifier.classes))
    write_table(part / "findings.csv", finding_rows(fitted.data, fitted.findings), columns=FINDING_COLUMNS)
    write_json(part / "metrics.json", {split: each.to_dict() for split, each in fitted.evaluations.items()})
    if trained.network is not None:
        write_text(part / "summary.txt", trained.network.summary)
        if classifier.record.trained.get("tensorboard"):
            write_tensorboard(part / "tensorboard", fitted.epochs)


def _config(classifier: Classifier, trained: Trained, source: Dataset) -> dict[str, Any]:
    """How the run can be made again, and what of the photos its model rests on."""
    record = classifier.record
    return {
        "options": dict(record.trained),
        "data": {**record.data, "root": str(source.samples.root.resolve()), "origin": source.origin},
        "versions": dict(record.versions),
        "calibration": dict(record.calibration),
        "novelty": dict(record.novelty),
        "unreadable": [error.message for error in trained.unreadable],
    }


def _write_pictures(part: Path, fitted: Fit) -> None:
    for split, each in fitted.evaluations.items():
        save_png(each.metrics.plot(), part / f"confusion_matrix_{split}.png")
        save_png(each.top_losses().plot(), part / f"top_losses_{split}.png")
    if fitted.network is not None:
        save_png(plot_epochs(fitted.epochs, fitted.network.best_epoch), part / "curves.png")
