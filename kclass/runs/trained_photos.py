"""Which photos of a data set a model was trained on, as far as the run beside it tells."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.classifier import Classifier
from kclass.dataset.dataset import Dataset
from kclass.dataset.manifest_file import read_rows
from kclass.dataset.names import TRAIN, composed
from kclass.files import is_there
from kclass.inspection.inspecting import inspect
from kclass.inspection.matching import groups_of
from kclass.inspection.remembering import remembered_matches
from kclass.progress import Progress
from kclass.reporting.run_reading import CONFIG, SPLIT_TABLE


@dataclass(frozen=True, eq=False)
class TrainedPhotos:
    """Which photos of a data set a model was trained on.

    Args:
        mask: bool (photos of the data set,): those, and other pictures of the same; None if it cannot
            be known.
        told_by: what tells so, or why it cannot be known, in words that end a sentence.
    """

    mask: NDArray[np.bool_] | None = field(repr=False)
    told_by: str


def trained_photos(
    model: Path, classifier: Classifier, data: Dataset, rows: NDArray[np.int64], progress: Progress
) -> TrainedPhotos:
    """Find the photos that a model was trained on, and copies of them, among those to be scored.

    The `split.csv` of the run beside the model names them. Photos that are still where they were are
    compared as pictures, so that it makes no difference how they are called now; photos that are gone
    from there are known by their paths below the data set's folder. Without a `split.csv`, a data set
    that is to the letter the one trained on, with its splits, tells too.

    Args:
        model: the model file.
        classifier: what it holds.
        data: the data set.
        rows: int64 (photos,): the rows that are to be scored.
        progress: is told how many photos have been compared.

    Raises:
        DataError: the `split.csv` cannot be read.
    """
    root = _root_of_run(model.parent, classifier)
    if root is not None:
        listed = read_rows(model.parent / SPLIT_TABLE)
        trained = [
            name for name, code in zip(listed.paths, listed.splits.tolist(), strict=True) if code == TRAIN
        ]
        mask = _same_pictures([root / name for name in trained], data, rows, progress)
        mask |= _same_names([name for name in trained if not is_there(root / name)], data)
        return TrainedPhotos(mask, f"as {model.parent / SPLIT_TABLE} says")
    if classifier.record.data.get("fingerprint") == data.fingerprint():
        return TrainedPhotos(data.samples.splits == TRAIN, "as its data were split like these")
    return TrainedPhotos(None, f"there is no {SPLIT_TABLE} of its run beside {model}")


def _root_of_run(folder: Path, classifier: Classifier) -> Path | None:
    """The folder that paths in the `split.csv` beside a model start from; None if it is not the model's."""
    try:
        config: Any = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        data = config["data"]
        same = data["fingerprint"] == classifier.record.data["fingerprint"]
        root = Path(data["root"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return root if same and is_there(folder / SPLIT_TABLE) else None


def _same_pictures(
    trained: Sequence[Path], data: Dataset, rows: NDArray[np.int64], progress: Progress
) -> NDArray[np.bool_]:
    """Which of the rows show what a photo trained on shows: bool (photos of the data set,)."""
    there = [path for path in trained if is_there(path)]
    mask = np.zeros(len(data), dtype=np.bool_)
    if there:
        looked = inspect([*there, *data.samples.select(rows).files], progress=progress)
        groups = groups_of(remembered_matches(looked, progress=progress), len(looked))
        mask[rows] = np.isin(groups[len(there) :], groups[: len(there)])
    return mask


def _same_names(trained: Sequence[str], data: Dataset) -> NDArray[np.bool_]:
    """Which photos have one of the paths: bool (photos of the data set,)."""
    names = {composed(name) for name in trained}
    return np.array([composed(path) in names for path in data.samples.paths], dtype=np.bool_)
