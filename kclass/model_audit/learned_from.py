"""The photos that a model learned from, and what gives their classes away."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.audit.shortcuts import GivenAway, given_away
from kclass.classifier.classifier import Classifier
from kclass.dataset.names import TRAIN
from kclass.dataset.samples import Samples
from kclass.inspection.inspecting import inspect
from kclass.inspection.inspection import Inspection
from kclass.inspection.matching import groups_of
from kclass.inspection.remembering import remembered_matches
from kclass.progress import Progress
from kclass.runs.trained_photos import training_files


@dataclass(frozen=True, eq=False)
class LearnedFrom:
    """Photos that a model learned from, or those that stand for them.

    Args:
        files: the photos that can be read.
        labels: int32 (photos,), places among the model's classes.
        remark: which photos they are, in one sentence.
        given_away: what gives which of their classes away.
        judged: the classes of which that was asked.
        known: whether the model did learn from these; if not, they stand for those that it learned from.
    """

    files: tuple[Path, ...] = field(repr=False)
    labels: NDArray[np.int32] = field(repr=False)
    remark: str
    given_away: tuple[GivenAway, ...]
    judged: frozenset[int]
    known: bool


def learned_from(
    model: Path,
    classifier: Classifier,
    samples: Samples,
    labels: NDArray[np.int32],
    *,
    seed: int,
    progress: Progress,
) -> LearnedFrom:
    """Find the photos that a model learned from; if nobody knows, photos of the data set stand for them.

    Args:
        model: the model file, beside which its run tells which photos they were.
        classifier: what it holds.
        samples: labelled photos of the data set that is audited: of the training split alone if there is
            one, they stand for those learned from.
        labels: int32 (photos,), their classes as places among the model's.
        seed: of the draws by which properties are judged.
        progress: is told how many photos have been looked at.

    Raises:
        DataError: the run's record of its photos is damaged.
    """
    known, told = training_files(model, classifier)
    if known:
        classes = {name: place for place, name in enumerate(classifier.classes)}
        pairs = [(path, classes[name]) for path, name in known if name in classes]
        remark = f"It learned from {len(pairs)} photos, {told}."
    else:
        rows = _standing_for(samples)
        pairs = [(samples.path(row), int(labels[row])) for row in rows]
        remark = f"Which photos it learned from cannot be told: {told}. {len(rows)} of these stand for them."
    return _looked_at(pairs, remark, seed, progress, known=bool(known))


def _standing_for(samples: Samples) -> Sequence[int]:
    training = np.flatnonzero(samples.splits == TRAIN)
    return (training if training.size else np.arange(len(samples))).tolist()


def _looked_at(
    pairs: Sequence[tuple[Path, int]], remark: str, seed: int, progress: Progress, *, known: bool
) -> LearnedFrom:
    looked = inspect([path for path, _ in pairs], progress=progress)
    groups = groups_of(remembered_matches(looked, progress=progress), len(looked))
    places = [place for place, each in enumerate(looked) if isinstance(each, Inspection)]
    labels = np.array([pairs[place][1] for place in places], np.int32)
    inspections = [each for each in looked if isinstance(each, Inspection)]
    found, judged = given_away(inspections, labels, groups=groups[places], seed=seed)
    return LearnedFrom(
        files=tuple(pairs[place][0] for place in places),
        labels=labels,
        remark=remark,
        given_away=found,
        judged=judged,
        known=known,
    )
