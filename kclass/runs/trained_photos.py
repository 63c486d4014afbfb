"""Which photos of a data set a model was trained on, as far as the run beside it tells."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.classifier import Classifier
from kclass.classifier.model_file import MODEL
from kclass.classifier.training_photos import TrainingPhotos
from kclass.classifier.training_photos_file import TRAINING_PHOTOS, photos_beside
from kclass.dataset.dataset import Dataset
from kclass.dataset.manifest_file import ManifestRows, read_rows
from kclass.dataset.names import TRAIN, composed
from kclass.errors import DataError, ModelError, PhotoError
from kclass.files import is_there
from kclass.inspection.inspecting import inspect
from kclass.inspection.matching import groups_of
from kclass.inspection.remembering import remembered_matches
from kclass.progress import Progress
from kclass.reporting.run_reading import CONFIG, SPLIT_TABLE
from kclass.runs.trained_photos_codes import known_by_codes


@dataclass(frozen=True, eq=False)
class TrainedPhotos:
    """Which photos of a data set a model was trained on.

    Args:
        mask: bool (photos of the data set,): those, and other pictures of the same; None if it cannot
            be known.
        told_by: what tells so, or why it cannot be known, in words that end a sentence.
        caution: why there may be more or fewer than these, in sentences; empty if there is no reason.
    """

    mask: NDArray[np.bool_] | None = field(repr=False)
    told_by: str
    caution: str = ""


def trained_photos(
    model: Path, classifier: Classifier, data: Dataset, rows: NDArray[np.int64], progress: Progress
) -> TrainedPhotos:
    """Find the photos that a model was trained on, and copies of them, among those to be scored.

    The `split.csv` of the run beside the model names them. Photos that are still where they were are
    compared as pictures, so that it makes no difference how they are called now; photos that are gone
    from there are known by their codes in `training_photos.npz`, and never by their names, since other
    photos may bear the same. Without a run beside the model, a data set that has the names and splits of
    the one trained on tells too, and the caution says so.

    Args:
        model: the model file.
        classifier: what it holds.
        data: the data set.
        rows: int64 (photos,): the rows that are to be scored.
        progress: is told how many photos have been compared.

    Raises:
        DataError: the `config.json` or the `split.csv` of the run is damaged.
    """
    reason = _no_record(model, classifier)
    if not reason:
        return _as_recorded(model, classifier, data, rows, progress)
    if classifier.record.data.get("fingerprint") == data.fingerprint():
        return TrainedPhotos(
            data.samples.splits == TRAIN,
            "as its data had the same names and splits",
            "Names alone tell that, and not what the photos show.",
        )
    return TrainedPhotos(None, reason)


def training_files(model: Path, classifier: Classifier) -> tuple[list[tuple[Path, str]], str]:
    """The photos that a model was trained on, each with its class, if most are still where they were.

    Returns:
        Those that are there, none if it is less than half of them; and what tells which they are, or why
        there are none, in words that end a sentence.

    Raises:
        DataError: the `config.json` or the `split.csv` of the run is damaged.
    """
    reason = _no_record(model, classifier)
    if reason:
        return [], reason
    listed, root = _listed(model.parent), _run_data(model.parent).get("root")
    rows = np.flatnonzero(listed.splits == TRAIN).tolist()
    if root is None:
        return [], _gone(len(rows), len(rows), None)
    files = [(Path(root) / listed.paths[row], listed.classes[row]) for row in rows]
    there = [each for each in files if is_there(each[0])]
    gone = len(files) - len(there)
    if 2 * gone > len(files):
        return [], _gone(gone, len(files), root)
    told = f"as {model.parent / SPLIT_TABLE} says"
    return there, f"{told}; {_gone(gone, len(files), root)}" if gone else told


def _no_record(model: Path, classifier: Classifier) -> str:
    """Why no run beside the model tells what it was trained on; empty if one does.

    Raises:
        DataError: the run is damaged.
    """
    for name in (SPLIT_TABLE, CONFIG):
        if not is_there(model.parent / name):
            return f"there is no {name} of its run beside {model}"
    if _run_data(model.parent)["fingerprint"] != classifier.record.data.get("fingerprint"):
        return f"{CONFIG} and {SPLIT_TABLE} beside {model} are of another run"
    return ""


def _run_data(folder: Path) -> dict[str, Any]:
    """What a run's `config.json` says of its data: `fingerprint` at least.

    Raises:
        DataError: it is damaged.
    """
    try:
        data: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["data"]
        if isinstance(data["fingerprint"], str) and isinstance(data.get("root", ""), str):
            return data
        raise _damaged(folder / CONFIG, "its data are told in no known way")
    except KeyError as error:
        raise _damaged(folder / CONFIG, f"it has no {error}") from error
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(folder / CONFIG, str(error)) from error


def _trained_names(folder: Path) -> list[str]:
    """The paths of the training photos of a run.

    Raises:
        DataError: its `split.csv` is damaged.
    """
    listed = _listed(folder)
    pairs = zip(listed.paths, listed.splits.tolist(), strict=True)
    return [name for name, code in pairs if code == TRAIN]


def _listed(folder: Path) -> ManifestRows:
    """The photos of a run, with their classes and splits.

    Raises:
        DataError: its `split.csv` is damaged.
    """
    try:
        return read_rows(folder / SPLIT_TABLE)
    except DataError as error:
        raise _damaged(folder / SPLIT_TABLE, error.message) from error


def _damaged(path: Path, what: str) -> DataError:
    return DataError(
        f"the run {path.parent} is damaged, so it cannot be told which photos its model was trained on: "
        f"{path.name}: {' '.join(what.split())}",
        fix="Copy its folder again if it was damaged on the way, or fit again. To score its model all the"
        f" same, on photos that it was not trained on, copy {MODEL} alone to another folder.",
    )


def _as_recorded(
    model: Path, classifier: Classifier, data: Dataset, rows: NDArray[np.int64], progress: Progress
) -> TrainedPhotos:
    """What the run beside the model tells, whether its photos are where they were or not."""
    told_by = f"as {model.parent / SPLIT_TABLE} says"
    names, root = _trained_names(model.parent), _run_data(model.parent).get("root")
    files = [] if root is None else [Path(root) / name for name in names]
    mask, shown = _same_pictures(files, data, rows, progress)
    if len(shown) == len(names):
        return TrainedPhotos(mask, told_by)
    try:
        known = _codes(model, classifier, names)
        seen = {composed(names[place]) for place in shown}
        # One that could not be read then either has no code, and was not trained on.
        lost = [place for place, name in enumerate(known.paths) if composed(name) not in seen]
        if not lost:
            return TrainedPhotos(mask, told_by)
        mask |= known_by_codes(known, np.array(lost, np.int64), classifier, data, rows, progress)
        return TrainedPhotos(mask, told_by, f"{_gone(len(lost), len(names), root)}; {_BY_CODES}")
    except ModelError as error:
        if not shown:
            return TrainedPhotos(None, f"{_gone(len(names), len(names), root)}, and {error.message}")
        missing = len(names) - sum(map(is_there, files))
        untold = f"{_gone(missing, len(names), root)}, {_UNTOLD}: {error.message}."
        return TrainedPhotos(mask, told_by, untold if missing else "")


_BY_CODES: Final = (
    f"those were looked for by {TRAINING_PHOTOS}, which tells the same photo, but not every copy that was"
    " saved anew."
)
_UNTOLD: Final = "so it cannot be told which of these photos the model was trained on besides"


def _gone(number: int, photos: int, root: str | None) -> str:
    if root is None:
        return f"{CONFIG} does not say where the {photos} training photos were"
    return f"{number} of {photos} training photos are no longer in {root}"


def _codes(model: Path, classifier: Classifier, names: Sequence[str]) -> TrainingPhotos:
    """The codes of the photos that the model was trained on.

    Raises:
        ModelError: they are not beside it, damaged, or another model's.
    """
    known = photos_beside(model, network=classifier.archive.fingerprint)
    if known is None and not is_there(model.parent / TRAINING_PHOTOS):
        raise ModelError(f"there is no {TRAINING_PHOTOS} beside {model} to know them by")
    # Models that share a network share its fingerprint.
    if known is None or not {*map(composed, known.paths)} <= {*map(composed, names)}:
        raise ModelError(f"{model.parent / TRAINING_PHOTOS} is of another model")
    return known


def _same_pictures(
    trained: Sequence[Path], data: Dataset, rows: NDArray[np.int64], progress: Progress
) -> tuple[NDArray[np.bool_], list[int]]:
    """Compare photos with those trained on.

    Returns:
        bool (photos of the data set,): which of the rows show what one trained on shows. The places of
        those trained on that are there and can be read.
    """
    mask = np.zeros(len(data), dtype=np.bool_)
    there = [place for place, path in enumerate(trained) if is_there(path)]
    if not there:
        return mask, []
    files = [trained[place] for place in there]
    looked = inspect([*files, *data.samples.select(rows).files], progress=progress)
    groups = groups_of(remembered_matches(looked, progress=progress), len(looked))
    mask[rows] = np.isin(groups[len(there) :], groups[: len(there)])
    return mask, [
        place for place, seen in zip(there, looked, strict=False) if not isinstance(seen, PhotoError)
    ]
