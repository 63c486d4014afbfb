"""What the folder of a run holds, read back."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.arguments import one_path
from kclass.classifier.model_file import MODEL, pointed_to
from kclass.dataset.manifest_file import read_rows
from kclass.dataset.names import SPLITS, split_name
from kclass.errors import KClassError, ModelError
from kclass.files import is_folder, is_there
from kclass.reporting.run_checks import check_agreement, check_metrics, check_predictions, damaged

CONFIG: Final = "config.json"
METRICS: Final = "metrics.json"
PREDICTIONS: Final = "predictions.csv"
SPLIT_TABLE: Final = "split.csv"
HISTORY: Final = "history.csv"
FINDINGS: Final = "findings.csv"
UNFINISHED: Final = ".unfinished"
"""What the name of a run ends with until it is whole."""

_NEEDED: Final = (CONFIG, METRICS, PREDICTIONS, SPLIT_TABLE)
_COLUMNS: Final = ("path", "split", "label", "prediction")
_NOVELTY: Final = "novelty"

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class SplitResults:
    """What a model said of the labelled photos of one split.

    Args:
        name: of the split: `valid` or `test`.
        paths: of the photos, as in `split.csv`: relative to the data's root, or absolute.
        labels: int32 (photos,): the actual classes, as places among the run's classes.
        predicted: int32 (photos,): the most probable classes, likewise.
        probabilities: float64 (photos, classes), 0 to 1, to six digits or more.
        novelty: float64 (photos,): above 1 the photo is unlike those of training; None if the run has
            no such score.
        metrics: what `kclass.evaluation.metrics` gave, as plain data.
    """

    name: str
    paths: tuple[str, ...] = field(repr=False)
    labels: NDArray[np.int32] = field(repr=False)
    predicted: NDArray[np.int32] = field(repr=False)
    probabilities: NDArray[np.float64] = field(repr=False)
    novelty: NDArray[np.float64] | None = field(repr=False)
    metrics: Mapping[str, Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, slots=True, eq=False)
class RunResults:
    """A run, as its folder tells of it.

    Args:
        folder: of the run.
        classes: in the order of the probabilities, as their folders are named.
        splits: what was evaluated, by the name of the split: validation before test.
        options: of the fit, and what they led to.
        data: name, fingerprint and number of photos of the data set; since kclass keeps them, also
            its `root` and what it was opened with, `origin`.
        versions: of what the numbers depend on.
        history: rows of `history.csv`: penalties or epochs.
        findings: rows of `findings.csv`.
        counts: photos of each class, in the order of `classes`, by the name of their split: `train`,
            `valid`, `test`, and empty for those that were left out.
        unlabelled: photos without a class, likewise.
        unreadable: what is wrong with training photos that were left out; empty too if the run keeps
            only how many were learned from.
        calibration: the temperature of the probabilities, and what it was fitted on; empty if the run
            does not say.
        novelty: how the threshold of novelty was set, likewise; empty too if there is none.
    """

    folder: Path
    classes: tuple[str, ...] = field(repr=False)
    splits: Mapping[str, SplitResults]
    options: Mapping[str, Any] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    versions: Mapping[str, str] = field(repr=False)
    history: tuple[Row, ...] = field(repr=False)
    findings: tuple[Row, ...] = field(repr=False)
    counts: Mapping[str, tuple[int, ...]] = field(repr=False)
    unlabelled: Mapping[str, int] = field(repr=False)
    unreadable: tuple[str, ...] = field(repr=False)
    calibration: Mapping[str, Any] = field(repr=False)
    novelty: Mapping[str, Any] = field(repr=False)

    @property
    def model(self) -> Path:
        """The model file."""
        return self.folder / MODEL

    @property
    def root(self) -> Path | None:
        """The folder that the photos' paths start from; None if the run does not say."""
        found = self.data.get("root")
        return Path(found) if isinstance(found, str) else None


def read_run(folder: str | Path) -> RunResults:
    """Read back what a fit left.

    Args:
        folder: of the run; or `runs/latest`, be it a link or a text file.

    Raises:
        ModelError: there is no such folder, it is not that of a run, or the run is unfinished.
        DataError: a file in it is missing or damaged.
        OptionError: `folder` is no path.
    """
    place = pointed_to(one_path(folder, name="run"))
    _check_is_run(place)
    config, metrics = _read_json(place / CONFIG), _read_json(place / METRICS)
    classes, splits = _splits(place / PREDICTIONS, metrics)
    counts, unlabelled = _counts(place / SPLIT_TABLE, classes)
    return RunResults(
        folder=place,
        classes=classes,
        splits=splits,
        options=_part(config, "options", place),
        data=_part(config, "data", place),
        versions=_part(config, "versions", place),
        history=_rows_if_there(place / HISTORY),
        findings=_rows_if_there(place / FINDINGS),
        counts=counts,
        unlabelled=unlabelled,
        unreadable=_unreadable(config, place),
        calibration=_part(config, "calibration", place),
        novelty=_part(config, "novelty", place),
    )


def _check_is_run(place: Path) -> None:
    if not is_folder(place):
        raise ModelError(
            f"there is no run {place}", fix="Give the folder of a run of `kclass fit`, such as runs/latest."
        )
    missing = [name for name in _NEEDED if not is_there(place / name)]
    if missing and place.name.endswith(UNFINISHED):
        raise ModelError(
            f"the run {place} has not come to its end",
            fix=f"Go on with it by `kclass fit --resume {place}`.",
        )
    if len(missing) == len(_NEEDED):
        raise ModelError(
            f"{place} is not the folder of a run: it has no {CONFIG}",
            fix="Give the folder of a run of `kclass fit`, such as runs/latest.",
        )
    if missing:
        raise damaged(place / missing[0], "it is not there")


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(found, dict):
        raise damaged(path, "it is no table")
    return found


def _part(config: Mapping[str, Any], name: str, place: Path) -> Mapping[str, Any]:
    found = config.get(name, {})
    if not isinstance(found, dict):
        raise damaged(place / CONFIG, f"{name} is no table")
    return found


def _unreadable(config: Mapping[str, Any], place: Path) -> tuple[str, ...]:
    found = config.get("unreadable", [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise damaged(place / CONFIG, "unreadable is no list of texts")
    return tuple(found)


def _rows_if_there(path: Path) -> tuple[Row, ...]:
    if not is_there(path):
        return ()
    columns, rows = _read_table(path)
    return tuple(dict(zip(columns, row, strict=True)) for row in rows)


def _read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header of a CSV file, and its rows, each as long as the header."""
    try:
        with path.open(encoding="utf-8", errors="surrogatepass", newline="") as file:
            columns, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise damaged(path, str(error)) from error
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise damaged(path, f"row {number} has {len(row)} fields, and there are {len(columns)} columns")
    return columns, rows


def _splits(path: Path, metrics: Mapping[str, Any]) -> tuple[tuple[str, ...], Mapping[str, SplitResults]]:
    columns, rows = _read_table(path)
    missing = [name for name in _COLUMNS if name not in columns]
    if missing:
        raise damaged(path, f"it has no column {missing[0]}")
    classes = tuple(name[2:-1] for name in columns if name.startswith("p(") and name.endswith(")"))
    if len(set(columns)) < len(columns):
        raise damaged(path, "two of its columns have one name")
    at = columns.index("split")
    present = [name for name in SPLITS if any(row[at] == name for row in rows)]
    if not set(present) <= set(metrics) or not all(isinstance(each, dict) for each in metrics.values()):
        raise damaged(path.with_name(METRICS), f"it does not tell of {' and '.join(present)}")
    untold = [name for name in metrics if name not in present]
    if untold:
        raise damaged(path, f"it has no {untold[0]} photos, and {METRICS} tells of some")
    if len([row for row in rows if row[at] in present]) < len(rows):
        raise damaged(path, "it has photos of no split")
    found = {}
    for split in present:
        own = [row for row in rows if row[at] == split]
        found[split] = each = _split(path, split, columns, own, metrics[split])
        check_predictions(path, split, each.paths, each.predicted, each.probabilities)
        check_metrics(path.with_name(METRICS), split, each.metrics, classes)
        check_agreement(path, split, each.metrics, each.labels, int((each.labels == each.predicted).sum()))
    return classes, found


def _split(
    path: Path,
    split: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    metrics: Mapping[str, Any],
) -> SplitResults:
    """The results that the rows of one split hold."""
    names = [name for name in columns if name.startswith("p(") and name.endswith(")")]
    places = {name[2:-1]: place for place, name in enumerate(names)}
    at = {name: columns.index(name) for name in (*_COLUMNS, *names)}
    try:
        return SplitResults(
            name=split,
            paths=tuple(row[at["path"]] for row in rows),
            labels=np.array([places[row[at["label"]]] for row in rows], np.int32),
            predicted=np.array([places[row[at["prediction"]]] for row in rows], np.int32),
            probabilities=np.array([[float(row[at[name]]) for name in names] for row in rows], np.float64),
            novelty=_novelty(rows, columns.index(_NOVELTY) if _NOVELTY in columns else None),
            metrics=metrics,
        )
    except KeyError as error:
        raise damaged(path, f"there is no column for the class {error}") from error
    except ValueError as error:
        raise damaged(path, str(error)) from error


def _novelty(rows: Sequence[Sequence[str]], column: int | None) -> NDArray[np.float64] | None:
    """The scores; None if there is no column of them, or nothing in it."""
    if column is None or not any(row[column] for row in rows):
        return None
    return np.array([float(row[column] or "nan") for row in rows], np.float64)


def _counts(path: Path, classes: Sequence[str]) -> tuple[Mapping[str, tuple[int, ...]], Mapping[str, int]]:
    try:
        rows = read_rows(path)
    except KClassError as error:
        raise damaged(path, error.message) from error
    splits = [split_name(code) or "" for code in rows.splits.tolist()]
    photos = Counter(zip(splits, rows.classes, strict=True))
    present: list[str] = [name for name in (*SPLITS, "") if name in splits]
    counts = {split: tuple(photos[split, name] for name in classes) for split in present}
    return counts, {split: photos[split, ""] for split in present if photos[split, ""]}
