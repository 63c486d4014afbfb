"""Runs side by side, on the photos that all of them scored."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.arguments import check_count, one_path
from kclass.dataset.names import SPLITS
from kclass.errors import DataError, OptionError
from kclass.evaluation.metrics import Metrics, evaluate
from kclass.evaluation.paired import compare_paired, holm
from kclass.reporting.compared import ComparedPhoto, ComparedRun, Comparison, RunDifference
from kclass.reporting.run_reading import RunResults, SplitResults, read_run

_SCORED_SPLITS: Final = SPLITS[1:]
_TIE: Final = 1e-9
"""Added to what a run predicted: files hold six digits, which makes ties that were none."""

Key = tuple[str, str]
"""A photo and its class."""


def compare(runs: Sequence[str | os.PathLike[str]], *, split: str = "valid", number: int = 10) -> Comparison:
    """Compare runs on the photos that every one of them scored.

    A photo counts if each run scored it in that split with the same label, so that none was trained
    on it. Each further run is tested against the first by McNemar's mid-p test; of several tests the
    values are raised by Holm's method.

    Args:
        runs: folders of two runs or more; the first is what the others are compared with.
        split: "valid" or "test".
        number: photos to list for each further run, of either kind, those that it gained and those
            that it lost; how many there are is counted in any case.

    Raises:
        OptionError: fewer than two runs, one given twice, or an option that cannot be used.
        ModelError: a folder is not that of a finished run.
        DataError: a run is damaged or has no such photos, or no photo was scored by all.

    Source: see `kclass.evaluation.paired`.
    """
    places = _checked(runs, split, number)
    results = [read_run(place) for place in places]
    _check_different(places, results)
    scored = [_split_of(each, split) for each in results]
    rows = _common_rows(results, scored)
    names = _names(places)
    right = [(each.predicted == each.labels)[own] for each, own in zip(scored, rows, strict=True)]
    pairs = [compare_paired(right[0], other) for other in right[1:]]
    raised = holm([pair.p_value for pair in pairs])
    return Comparison(
        split=split,
        photos=len(rows[0]),
        runs=tuple(
            ComparedRun(name, place, _trained(run.options), len(each), _metrics(run, each, own))
            for name, place, run, each, own in zip(names, places, results, scored, rows, strict=True)
        ),
        differences=tuple(
            RunDifference(
                names[place],
                pairs[place - 1],
                raised[place - 1],
                *_differing(results, scored, rows, right, place, number),
            )
            for place in range(1, len(results))
        ),
        notes=tuple(_notes(names, results, scored, len(rows[0]))),
    )


def _checked(runs: Any, split: str, number: int) -> list[Path]:
    if isinstance(runs, str | os.PathLike) or not isinstance(runs, Iterable):
        raise OptionError(f"runs is {runs!r}; it must be a list of folders")
    places = [one_path(run, name="run") for run in runs]
    if len(places) < 2:
        raise OptionError(f"there must be two runs to compare, or more; received {len(places)}")
    if split not in _SCORED_SPLITS:
        raise OptionError.unknown("split", split, _SCORED_SPLITS)
    check_count("number", number)
    return places


def _check_different(places: Sequence[Path], results: Sequence[RunResults]) -> None:
    real = [run.folder.resolve() for run in results]  # runs/latest is another's name
    twice = [str(place) for place, folder in zip(places, real, strict=True) if real.count(folder) > 1]
    if twice:
        raise OptionError(f"{' and '.join(twice)} are one run", fix="Give each run once.")


def _names(places: Sequence[Path]) -> list[str]:
    """The names of the folders, where no two are alike."""
    names = [place.name for place in places]
    return names if len(set(names)) == len(names) and all(names) else [str(place) for place in places]


def _split_of(run: RunResults, split: str) -> SplitResults:
    if split not in run.splits:
        there = " and ".join(run.splits) or "none"
        raise DataError(
            f"the run {run.folder} scored no {split} photos; it has figures of: {there}",
            fix="Choose another split with --split, or fit with photos of this one.",
        )
    return run.splits[split]


def _common_rows(results: Sequence[RunResults], scored: Sequence[SplitResults]) -> list[NDArray[np.int64]]:
    """For each run the rows of the photos that all scored with the same label, in one order."""
    alike = len({run.data.get("fingerprint") for run in results}) == 1
    by_name = alike or any(run.root is None for run in results)
    keys = [
        {key: row for row, key in enumerate(_keys(run, each, by_name=by_name))}
        for run, each in zip(results, scored, strict=True)
    ]
    common = [key for key in keys[0] if all(key in others for others in keys[1:])]
    if not common:
        raise DataError(
            f"no {scored[0].name} photo was scored by all of these runs",
            fix="Fit them on the same data with the same --seed, or give one's split.csv to the other "
            "with --manifest.",
        )
    return [np.array([rows[key] for key in common], np.int64) for rows in keys]


def _keys(run: RunResults, scored: SplitResults, *, by_name: bool) -> list[Key]:
    """What tells photos apart: their paths below the root, or where they are.

    Data with the same fingerprint are the same wherever they lie; of others, photos of the same name
    are the same only at the same place.
    """
    root = None if by_name else run.root
    labels = (run.classes[label] for label in scored.labels.tolist())
    paths = scored.paths if root is None else [os.path.normpath(root / path) for path in scored.paths]
    return list(zip(paths, labels, strict=True))


def _metrics(run: RunResults, scored: SplitResults, rows: NDArray[np.int64]) -> Metrics:
    probabilities = scored.probabilities[rows]
    probabilities[np.arange(len(rows)), scored.predicted[rows]] += _TIE
    return evaluate(probabilities, scored.labels[rows], run.classes)


def _differing(
    results: Sequence[RunResults],
    scored: Sequence[SplitResults],
    rows: Sequence[NDArray[np.int64]],
    right: Sequence[NDArray[np.bool_]],
    place: int,
    number: int,
) -> tuple[tuple[ComparedPhoto, ...], tuple[ComparedPhoto, ...]]:
    """The photos that a run gained over the first, and those that it lost."""
    shares = []
    for each, own in zip((scored[0], scored[place]), (rows[0], rows[place]), strict=True):
        shares.append(each.probabilities[own, each.labels[own]])
    more = shares[1] - shares[0]

    def photo(which: int) -> ComparedPhoto:
        first, other = rows[0][which], rows[place][which]
        return ComparedPhoto(
            path=scored[0].paths[first],
            label=results[0].classes[scored[0].labels[first]],
            first=results[0].classes[scored[0].predicted[first]],
            other=results[place].classes[scored[place].predicted[other]],
            first_probability=float(shares[0][which]),
            other_probability=float(shares[1][which]),
        )

    gained = np.flatnonzero(right[place] & ~right[0])
    lost = np.flatnonzero(right[0] & ~right[place])
    return (
        tuple(photo(which) for which in gained[np.argsort(-more[gained], kind="stable")][:number].tolist()),
        tuple(photo(which) for which in lost[np.argsort(more[lost], kind="stable")][:number].tolist()),
    )


def _notes(
    names: Sequence[str], results: Sequence[RunResults], scored: Sequence[SplitResults], common: int
) -> Iterable[str]:
    counts = [f"{name} {len(each)}" for name, each in zip(names, scored, strict=True)]
    if any(len(each) != common for each in scored):
        yield f"the runs scored photos that others did not ({', '.join(counts)}); these are left out"
    if any(set(run.classes) != set(results[0].classes) for run in results):
        yield "the runs do not know the same classes, which makes their losses hard to compare"


def _trained(options: Mapping[str, Any]) -> str:
    """What was trained, in a few words."""
    told = [str(options.get("backbone", "unknown"))]
    if "head" in options:
        told.append(f"{options['head']} head")
    if "epochs" in options:
        told.append(f"{options['epochs']} epochs")
    if options.get("fine_tune"):
        told.append(f"{options['fine_tune']} of fine-tuning")
    return ", ".join(told)
