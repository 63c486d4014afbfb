"""Cross-validation: each labelled photo predicted once by a head that was not solved on it."""

import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.evaluation import Evaluation
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import listing
from kclass.dataset.summary import sizes
from kclass.evaluation.metrics import evaluate
from kclass.progress import Progress, silent
from kclass.runs.folds import ALL, DEFAULT_FOLDS, HEAD_OPTIONS, Folded, folded, head_options
from kclass.runs.keywords import HeadKeywords, signature_with_options
from kclass.runs.run_folder import prediction_columns, prediction_rows, write_table
from kclass.runs.training_step import solved_head
from kclass.training.linear_head import LinearHead
from kclass.training.softmax_regression import log_softmax

TASK = "cross-validation"
STAGE = "cross-validating"


@dataclass(frozen=True)
class Fold:
    """One fold: a head was solved on all others, and judged on this one.

    Args:
        trained: photos that the head was solved on.
        photos: that it was judged on.
        correct: how many of them it predicted right.
        c: the inverse strength of its penalty, chosen by cross-validation among the photos that it was
            solved on.
    """

    trained: int
    photos: int
    correct: int
    c: float

    @property
    def accuracy(self) -> float:
        """`correct` / `photos`."""
        return self.correct / self.photos

    def to_dict(self) -> dict[str, Any]:
        """The fold in plain values, ready for JSON."""
        return {**asdict(self), "accuracy": self.accuracy}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CrossValidation(Evaluation):
    """How heads fared on photos that they were not solved on.

    As an `Evaluation`, over one prediction for each photo. The accuracy is that of heads solved on a
    part of the photos (four fifths with five folds), so of one solved on all it tells a little too
    little. Its interval is Wilson's, as if the predictions were independent. They are not: heads of two
    folds share most of their photos, and how much another set of training photos would change the
    outcome is not in it. It is a guide, and rather too narrow; no unbiased estimator of the variance of
    a cross-validated score exists, so there is no better one to put in its place.

    Source: Y. Bengio and Y. Grandvalet, No Unbiased Estimator of the Variance of K-Fold
    Cross-Validation, Journal of Machine Learning Research 5 (2004), 1089-1105. S. Bates, T. Hastie and
    R. Tibshirani, Cross-Validation: What Does It Estimate and How Well Does It Do It?, Journal of the
    American Statistical Association 119 (2024), 1434-1445, measure how much too narrow.

    Args:
        folds: what came of each.
        fold_of: int64 (scored photos,): the fold that held each out, counted from 0.
        data: the data set as it was given.
        split: "all" if every labelled photo took part, or the split that did.
        left_in: paths of photos that every head was solved on and that are not scored: no other photo
            could have taught their class.
        options: of the heads.
        seconds: how long it took.
    """

    folds: tuple[Fold, ...]
    fold_of: NDArray[np.int64]
    data: Dataset
    split: str
    left_in: tuple[str, ...]
    options: Mapping[str, Any]
    seconds: float

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The accuracy of each fold."""
        return tuple(fold.accuracy for fold in self.folds)

    @property
    def deviation(self) -> float:
        """Standard deviation of the accuracies of the folds, 0 to 1; NaN if there is one fold only."""
        return statistics.stdev(self.accuracies) if len(self.folds) > 1 else math.nan

    @property
    def used(self) -> tuple[str, ...]:
        """Which photos were used for what, a sentence each."""
        least, most = (pick(fold.trained for fold in self.folds) for pick in (min, max))
        trained = str(least) if least == most else f"{least} to {most}"
        found = [
            f"{which_photos(self.data, self.split)} Each of {self.metrics.photos} photos was predicted once,"
            f" by one of {len(self.folds)} heads that was solved on {trained} others, and on no copy of it"
            " and no photo of its group; each head's penalty was chosen among those others.",
        ]
        if self.left_in:
            found.append(
                f"Not scored, since no other photo could teach their class: {listing(self.left_in, most=3)}."
            )
        if self.unreadable:
            found.append(f"Left out, since they cannot be read: {len(self.unreadable)}.")
        return tuple(found)

    def __repr__(self) -> str:
        each = ", ".join(f"{100 * accuracy:.1f}" for accuracy in self.accuracies)
        lines = [
            f"{TASK.capitalize()} of {self.data.name}: {self.metrics!r}",
            f"accuracy by fold: {each} %; standard deviation {100 * self.deviation:.1f} points",
            "The interval takes the predictions for independent; heads of two folds share photos, so it is"
            " rather too narrow.",
            *self.used,
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """All of it but the predictions as plain data, ready for JSON."""
        return {
            **super().to_dict(),
            "data": {"name": self.data.name, "fingerprint": self.data.fingerprint()},
            "split": self.split,
            "folds": [fold.to_dict() for fold in self.folds],
            "deviation": None if math.isnan(self.deviation) else self.deviation,
            "left_in": list(self.left_in),
            "used": list(self.used),
            "options": dict(self.options),
            "seconds": round(self.seconds, 3),
        }

    def write_csv(self, path: str | Path) -> Path:
        """Write every prediction, whole or not at all: a row a photo, with the fold that held it out.

        The columns are those of a run's `predictions.csv`, and `fold`, counted from 1.

        Raises:
            OutputError: the file cannot be written.
        """
        rows = prediction_rows("", self)
        numbered = [{**row, "fold": fold + 1} for row, fold in zip(rows, self.fold_of.tolist(), strict=True)]
        write_table(Path(path), numbered, columns=(*prediction_columns(self.metrics.classes), "fold"))
        return Path(path)


def cross_validate(
    data: str | Path | Dataset,
    *,
    folds: int = DEFAULT_FOLDS,
    split: str = ALL,
    progress: Progress = silent,
    **options: Unpack[HeadKeywords],
) -> CrossValidation:
    """Predict each labelled photo once, by a linear head that was not solved on it.

    For sets too small to split: all photos are scored, and nothing is scored on what it was fitted on.
    The network stays as it is and looks at each photo once. Folds are stratified; copies of a picture
    and members of a group are held out together.

    Args:
        data: as in `fit`.
        folds: how many parts the photos are dealt into, 2 or more.
        split: "all": every labelled photo takes part, also of a data set that is split; or "train",
            "valid" or "test" for those of one split.
        progress: is told how far each stage is.
        options: those of `kclass.FitOptions` that make a difference here: backbone, weights, size,
            resize, balance, seed, precision, device, strict.

    Raises:
        OptionError: an option that cannot be used, or that needs epochs; more folds than photos that may
            be parted.
        DataError: fewer than two classes have photos, or no photo can be held out.
        KClassError: as in `fit`.
    """
    start = time.monotonic()
    chosen = head_options(options, task=TASK)
    parted = folded(data, chosen, folds=folds, split=split, progress=progress)
    logs, found = _out_of_fold(parted, progress)
    held_out = parted.held_out
    probabilities, labels = np.exp(logs[held_out]), parted.labels[held_out]
    return CrossValidation(
        metrics=evaluate(probabilities, labels, parted.data.classes),
        samples=parted.data.samples.select(parted.rows[held_out]),
        probabilities=probabilities,
        unreadable=parted.unreadable,
        folds=found,
        fold_of=parted.fold_of[held_out],
        data=parted.data,
        split=split,
        left_in=parted.left_in,
        options={name: value for name, value in chosen.to_dict().items() if name in (*HEAD_OPTIONS, "head")},
        seconds=time.monotonic() - start,
    )


cross_validate.__signature__ = signature_with_options(cross_validate, HeadKeywords)  # type: ignore[attr-defined]


def _out_of_fold(parted: Folded, progress: Progress) -> tuple[NDArray[np.float64], tuple[Fold, ...]]:
    """Log probabilities of each photo by the head that did not see it, NaN for those left in; the folds."""
    logs = np.full((len(parted.rows), len(parted.data.classes)), np.nan)
    found = []
    progress(STAGE, 0, parted.folds)
    for done, (learned, judged) in enumerate(parted.parts(), start=1):
        rows = parted.rows[learned]
        head = solved_head(parted.prepared, parted.frozen, rows, parted.options, silent)
        logs[judged] = log_probabilities(head, parted.frozen.of(parted.rows[judged]))
        correct = int((logs[judged].argmax(axis=1) == parted.labels[judged]).sum())
        found.append(Fold(len(learned), len(judged), correct, head.c))
        progress(STAGE, done, parted.folds)
    return logs, tuple(found)


def log_probabilities(head: LinearHead, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Natural logarithms of the probabilities that a head gives photos, float64 (photos, classes)."""
    return log_softmax(features.astype(np.float64) @ head.kernel.astype(np.float64) + head.bias)


def which_photos(data: Dataset, split: str) -> str:
    """Which photos took part, in a sentence."""
    if split != ALL:
        return f"The photos of the split {split} took part."
    if data.splits is None:
        return "All labelled photos took part."
    return f"All labelled photos took part, whatever their split: {sizes(data.samples)}."
