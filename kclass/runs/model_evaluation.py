"""How a trained model fares on labelled photos that it was not trained on."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from kclass.classifier.arguments import one_path
from kclass.classifier.classifier import Classifier
from kclass.classifier.evaluation import Evaluation
from kclass.classifier.model_file import model_path, read_model
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import UNLABELLED
from kclass.errors import DataError
from kclass.progress import Progress, silent
from kclass.runs.fitting import opened
from kclass.runs.folds import ALL, TAKEN, taken_rows
from kclass.runs.run_folder import latest_model, prediction_columns, prediction_rows, write_table
from kclass.runs.trained_photos import TrainedPhotos, trained_photos
from kclass.runs.values import one_of


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ModelEvaluation(Evaluation):
    """How a model fared on the photos of a data set that it was not trained on.

    Args:
        model: its file.
        data: the data set as it was given.
        split: "all" if every labelled photo was to be scored, or the split that was.
        trained_on: paths of the photos that were left out, since the model was trained on them or on a
            copy of them; None if that cannot be known, and then all are scored.
        remark: what tells which photos the model was trained on, or why that cannot be known.
        caution: why it may have been trained on more or fewer of the photos than these, in sentences;
            empty if there is no reason to think so.
    """

    model: Path
    data: Dataset
    split: str
    trained_on: tuple[str, ...] | None
    remark: str
    caution: str

    @property
    def used(self) -> str:
        """Which photos were scored and which were not, in one line."""
        scored, unlabelled = self.metrics.photos, int((self.data.samples.labels == UNLABELLED).sum())
        if self.trained_on is None:
            told = (
                f"It cannot be told whether the model was trained on any of the {scored} photos scored:"
                f" {self.remark}. If it was, the scores flatter it."
            )
        else:
            left_out = f"{len(self.trained_on)} that it was trained on, or copies of those, {self.remark}."
            told = f"Scored: {scored} photos that the model was not trained on. Left out: {left_out}"
            if self.caution:
                told = f"Scored: {scored} photos. Left out: {left_out} {self.caution}"
        if unlabelled and self.split == ALL:
            told += f" Not scored, without a class: {unlabelled}."
        return told

    def __repr__(self) -> str:
        return f"Evaluation of {self.model} on {self.data.name}: {self.metrics!r}\n{self.used}"

    def to_dict(self) -> dict[str, Any]:
        """All of it but the predictions as plain data, ready for JSON."""
        return {
            **super().to_dict(),
            "model": str(self.model),
            "data": {"name": self.data.name, "fingerprint": self.data.fingerprint()},
            "split": self.split,
            "trained_on": None if self.trained_on is None else list(self.trained_on),
            "caution": self.caution,
            "used": self.used,
        }

    def write_csv(self, path: str | Path) -> Path:
        """Write every prediction, whole or not at all: the columns of a run's `predictions.csv`.

        The column `split` says which split of the data set the photos were chosen from, or is empty.

        Raises:
            OutputError: the file cannot be written.
        """
        rows = prediction_rows("" if self.split == ALL else self.split, self)
        write_table(Path(path), rows, columns=prediction_columns(self.metrics.classes))
        return Path(path)


def evaluate(
    data: str | Path | Dataset,
    *,
    model: str | Path | None = None,
    split: str = ALL,
    progress: Progress = silent,
) -> ModelEvaluation:
    """Score a model on the labelled photos of a data set that it was not trained on.

    Photos that the model was trained on, and other copies of the same pictures, are left out, as far as
    the `split.csv` of the run beside the model names them. Where those are no longer where they were, they
    are known by their codes in `training_photos.npz`. Where nothing tells, all are scored, and the result
    says so.

    Args:
        data: as in `fit`; its classes are the model's, or some of them.
        model: a model file or the folder of a run; default the latest run in `runs`.
        split: "all" for every labelled photo, whatever its split; or "train", "valid" or "test".
        progress: is told how far each stage is.

    Raises:
        ModelError: there is no such model, or it cannot be used.
        DataError: there is no labelled photo, a class is not the model's, no photo can be read, the
            model was trained on all of them, or the run's record of its photos is damaged.
        OptionError: an option cannot be used.
    """
    one_of("split", split, TAKEN)
    place = latest_model() if model is None else model_path(one_path(model, name="model"))
    archive, record, network, novelty = read_model(place)
    # Without its training photos: a score needs none of them, be their file damaged.
    classifier = Classifier(archive, record, network, novelty=novelty)
    source = opened(data)
    rows = taken_rows(source, split)
    # Of all, so that each photo is decoded once: what is then compared as pictures, and scored, is cached.
    found = classifier.evaluate(source.samples.select(rows), progress=progress)
    known = trained_photos(place, classifier, source, rows, progress)
    left_out = rows[known.mask[rows]] if known.mask is not None else rows[:0]
    kept = np.setdiff1d(rows, left_out)
    if not kept.size:
        raise _nothing_left(source, rows.size, known)
    if left_out.size:
        found = classifier.evaluate(source.samples.select(kept), progress=progress)
    paths = tuple(source.samples.paths[row] for row in left_out.tolist())
    return ModelEvaluation(
        **{each.name: getattr(found, each.name) for each in fields(Evaluation)},
        model=place,
        data=source,
        split=split,
        trained_on=None if known.mask is None else paths,
        remark=known.told_by,
        caution=known.caution,
    )


def _nothing_left(data: Dataset, photos: int, known: TrainedPhotos) -> DataError:
    return DataError(
        f"the model was trained on all {photos} photos of {data.name} that it is to be scored on,"
        f" {known.told_by}",
        fix="Give other photos, or use --folds 5, which scores each by a head that was not trained on it.",
    )
