"""Whether what stands in a run's folder can be so, and agrees with itself."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError

SUM_TOLERANCE: Final = 0.0101
"""How far probabilities may be from a sum of 1: as far as `kclass.evaluation.metrics` lets them be before
they are written with six digits."""

_LARGEST: Final = sys.float_info.max
_ACCURACY_TOLERANCE: Final = 1e-6
_COUNTS: Final = ("photos", "correct")
_FIGURES: Final = ("accuracy", "balanced_accuracy", "log_loss", "brier")
_CLASS_FIGURES: Final = ("precision", "recall", "f1")
_TABLES: Final = ("top_k", "macro", "intervals")


def damaged(path: Path, what: str) -> DataError:
    """The error of a file of a run that cannot be used.

    Args:
        path: the file, in the folder of its run.
        what: is wrong with it.
    """
    return DataError(
        f"the run {path.parent} is damaged: {path.name}: {' '.join(what.split())}",
        fix="Copy its folder again if it was damaged on the way, or fit again.",
    )


def check_predictions(
    path: Path,
    split: str,
    paths: Sequence[str],
    predicted: NDArray[np.int32],
    probabilities: NDArray[np.float64],
) -> None:
    """Check what a model is said to have predicted for the photos of a split.

    Args:
        path: the file that says so.
        split: the photos' split.
        paths: of the photos.
        predicted: int32 (photos,): the classes said to be the most probable ones.
        probabilities: float64 (photos, classes).

    Raises:
        DataError: a photo is there twice, numbers are no probabilities, or another class is more
            probable than the one predicted.
    """
    twice = _first_twice(paths)
    if twice is not None:
        raise damaged(path, f"the {split} photo {twice} is there twice")
    # Not a number is not at least 0, and so is found too.
    ranged = ((probabilities >= 0) & (probabilities <= 1)).all(axis=1)
    summed = abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE
    best = probabilities[np.arange(len(paths)), predicted] == probabilities.max(axis=1)
    for holds, what in (
        (ranged, "has a probability that is not from 0 to 1"),
        (summed, "has probabilities that do not sum to 1"),
        (best, "is said to be of a class that is not the most probable one"),
    ):
        if not holds.all():
            raise damaged(path, f"the {split} photo {paths[int(holds.argmin())]} {what}")


def check_metrics(path: Path, split: str, metrics: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Check that the metrics of a split have what is needed, and numbers where numbers belong.

    Args:
        path: the file that they stand in.
        split: that they are of.
        metrics: what is said of it.
        classes: of the run.

    Raises:
        DataError: something is missing, or is of another kind.
    """
    for name in _COUNTS:
        if not _is_count(metrics.get(name)):
            raise damaged(path, f"{name} of {split} is no count")
    for name in _FIGURES:
        if name in metrics and not _is_number(metrics[name]):
            raise damaged(path, f"{name} of {split} is no number")
    for name in _TABLES:
        if not isinstance(metrics.get(name, {}), Mapping):
            raise damaged(path, f"{name} of {split} is no table")
    for name in ("macro", "top_k"):
        if not all(_is_number(value) for value in metrics.get(name, {}).values()):
            raise damaged(path, f"{name} of {split} holds what is no number")
    for name, ends in (("interval", metrics.get("interval")), *metrics.get("intervals", {}).items()):
        if not _are_ends(ends):
            raise damaged(path, f"the interval of {split} named {name} has no two ends")
    if not 0 <= metrics["interval"]["low"] <= metrics["interval"]["high"] <= 1:
        raise damaged(path, f"the interval of {split} is not from 0 to 1")
    if not isinstance(metrics.get("unreadable", []), list):
        raise damaged(path, f"unreadable of {split} is no list")
    _check_classes(path, split, metrics.get("per_class"), classes)


def check_agreement(
    predictions: Path, split: str, metrics: Mapping[str, Any], labels: NDArray[np.int32], correct: int
) -> None:
    """Check that predictions and metrics tell the same of a split.

    Args:
        predictions: the file of the predictions.
        split: the photos' split.
        metrics: of it, checked.
        labels: int32 (photos,): the photos' classes.
        correct: photos that are predicted right.

    Raises:
        DataError: they tell of other photos.
    """
    if len(labels) != metrics["photos"]:
        raise damaged(
            predictions,
            f"it has {len(labels)} {split} photos, and metrics.json tells of {metrics['photos']}",
        )
    if correct != metrics["correct"]:
        raise damaged(
            predictions,
            f"{correct} {split} photos are predicted right, and metrics.json tells of {metrics['correct']}",
        )
    if abs(metrics.get("accuracy", correct / len(labels)) - correct / len(labels)) > _ACCURACY_TOLERANCE:
        raise damaged(
            predictions.with_name("metrics.json"),
            f"the accuracy of {split} is {metrics['accuracy']}, but {correct} of {len(labels)} are right",
        )
    for place, each in enumerate(metrics["per_class"]):
        there = int((labels == place).sum())
        if there != each["support"]:
            raise damaged(
                predictions,
                f"it has {there} {split} photos of the class {each['name']}, and metrics.json tells of "
                f"{each['support']}",
            )


def _check_classes(path: Path, split: str, per_class: Any, classes: Sequence[str]) -> None:
    if not isinstance(per_class, list) or not all(isinstance(each, Mapping) for each in per_class):
        raise damaged(path, f"per_class of {split} is no list of tables")
    if [each.get("name") for each in per_class] != list(classes):
        raise damaged(path, f"per_class of {split} is not of the classes of predictions.csv")
    for each in per_class:
        if not _is_count(each.get("support")):
            raise damaged(path, f"support of the class {each['name']} in {split} is no count")
        for name in _CLASS_FIGURES:
            if not _is_number(each.get(name)):
                raise damaged(path, f"{name} of the class {each['name']} in {split} is no number")


def _are_ends(found: Any) -> bool:
    if not isinstance(found, Mapping) or not all(_is_number(found.get(end)) for end in ("low", "high")):
        return False
    return bool(found["low"] <= found["high"])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    """Whether it is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST  # which not a number is not


def _first_twice(paths: Sequence[str]) -> str | None:
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            return path
        seen.add(path)
    return None
