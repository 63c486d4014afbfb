"""The audit of a data set: every photo is looked at once, and what that shows."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kclass.audit.balance import balance, left_out
from kclass.audit.copies import copy_findings, parted_groups
from kclass.audit.findings import KINDS, Audit, Finding
from kclass.audit.quality import quality_findings
from kclass.audit.reading import turned, unreadable, wrong_suffixes
from kclass.audit.shortcuts import shortcuts
from kclass.audit.suspects import suspect_findings
from kclass.audit.with_features import Looked, Seen, default_features, look_closer
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import UNLABELLED
from kclass.dataset.opening import open_data
from kclass.errors import OptionError, PhotoError
from kclass.inspection.inspecting import inspect
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import Match, groups_of
from kclass.inspection.remembering import remembered_matches
from kclass.progress import Progress, silent

LARGEST_SEED: Final = 2**32 - 1

_ORDER: Final = {kind: place for place, kind in enumerate(KINDS)}


def check(
    data: Dataset | str | Path, *, features: bool = False, seed: int = 0, progress: Progress = silent
) -> Audit:
    """Look for what is wrong with a data set, before anybody trains on it.

    No file is changed. Each photo is decoded once; the cache remembers what it showed.

    Args:
        data: the data set, or its place as `open_data` takes it: a folder, a CSV file or an archive.
        features: whether the default backbone looks at the photos too. That takes longer; it finds
            labels to look at, and smaller parts of photos among the nearly identical.
        seed: of the folds and draws by which shortcuts and labels are judged, from 0 to 2³² - 1.
        progress: is told how far each stage is.

    Returns:
        What was found, the gravest first.

    Raises:
        DataError: the place cannot be used as a data set.
        OptionError: an option has a value that cannot be used.
        OutputError: the cache cannot be used.
        ModelError: the default backbone cannot be opened.
    """
    start = time.perf_counter()
    _check_options(features=features, seed=seed)
    whole = data if isinstance(data, Dataset) else open_data(data)
    # A network that is to look at the photos goes first: they are inspected on the way, not decoded twice.
    embedded = default_features(whole.samples, seed=seed, progress=progress) if features else None
    looked = inspect(whole.samples.files, progress=progress)
    if embedded:
        seen = look_closer(whole.samples, embedded, looked, seed=seed, progress=progress)
    else:
        seen = Seen(remembered_matches(looked, progress=progress), None)
    found = _findings(whole, looked, seen, seed=seed)
    ordered = sorted(found, key=lambda finding: _ORDER[finding.kind])
    return Audit(whole, tuple(ordered), len(whole), features, time.perf_counter() - start)


def _check_options(*, features: bool, seed: int) -> None:
    if not isinstance(features, bool):
        raise OptionError(f"features is {features!r}; it must be True or False")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise OptionError(f"seed is {seed!r}; it must be a whole number")
    if not 0 <= seed <= LARGEST_SEED:
        raise OptionError(f"seed is {seed}; it must be from 0 to {LARGEST_SEED}")


def _findings(data: Dataset, looked: Looked, seen: Seen, *, seed: int) -> Iterator[Finding]:
    """All findings, those of one kind in their order."""
    samples = data.samples
    inspections = {row: each for row, each in enumerate(looked) if isinstance(each, Inspection)}
    errors = {row: each for row, each in enumerate(looked) if isinstance(each, PhotoError)}
    yield from unreadable(samples, errors)
    copies = tuple(copy_findings(samples, inspections, seen.matches))
    yield from copies
    yield from parted_groups(samples, {*errors, *(row for each in copies for row in each.remove)})
    yield from suspect_findings(samples, seen.out_of_fold)
    yield from _shortcuts(data, inspections, seen.matches, seed=seed)
    yield from balance(data, errors)
    yield from quality_findings(samples, inspections)
    yield from left_out(data)
    yield from wrong_suffixes(samples, inspections)
    yield from turned(inspections)


def _shortcuts(
    data: Dataset, inspections: Mapping[int, Inspection], matches: Sequence[Match], *, seed: int
) -> Iterator[Finding]:
    """Shortcuts among the labelled photos."""
    labels = data.samples.labels
    rows = np.array([row for row in inspections if labels[row] != UNLABELLED], dtype=np.int64)
    return shortcuts(
        [inspections[row] for row in rows.tolist()],
        labels[rows],
        classes=data.classes,
        rows=rows,
        groups=groups_of(matches, len(data))[rows],
        seed=seed,
    )
