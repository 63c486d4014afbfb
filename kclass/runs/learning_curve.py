"""The learning curve: how the error falls as training photos are added, and what more would bring."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.arguments import check_count
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import readable
from kclass.dataset.tables import text_table
from kclass.errors import DataError, PhotoError
from kclass.evaluation.extrapolation import Estimate, Extrapolation, extrapolate
from kclass.evaluation.intervals import Interval, percent, wilson
from kclass.plots.learning_curve import plot_learning_curve
from kclass.plots.photo_grid import broken
from kclass.progress import Progress, silent
from kclass.runs.cross_validation import which_photos
from kclass.runs.folds import ALL, DEFAULT_FOLDS, HEAD_OPTIONS, Folded, folded, head_options
from kclass.runs.growing import HALF, Grown, grow
from kclass.runs.keywords import HeadKeywords, signature_with_options

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TASK: Final = "a learning curve"
FURTHER: Final = 50
FEWEST_SIZES: Final = 5
_STEPS: Final = 60
_TITLE: Final = 7.0
_LETTERS: Final = 11.0
"""Steps of the law that is drawn; inches and points: a line of the title, and its letters."""


@dataclass(frozen=True, eq=False, repr=False)
class LearningCurve:
    """How the error on held-out photos falls with the number of training photos.

    Every head was judged by photos that it was not solved on, nor on copies of them or members of their
    group. Intervals of the points are Wilson's, those of the law come from photos and subsets drawn anew;
    both tell of other photos to judge by, and too little of other photos to be trained on.

    Args:
        sizes: float64 (points,): training photos, in the mean over the folds, rising.
        errors: float64 (points,): share of the judged photos predicted wrong, in the mean over the
            repeats, 0 to 1.
        intervals: the 95 % Wilson intervals of the errors.
        judged: how many photos they were measured on.
        repeats: how many subsets there were of each size in each fold.
        further: how many more photos are asked about.
        found: what the curve says of them, and of the classes.
        data: the data set as it was given.
        split: "all" if every labelled photo took part, or the split that did.
        photos: how many took part.
        unreadable: what is wrong with photos that were left out.
        options: of the heads.
        seconds: how long it took.
    """

    sizes: NDArray[np.float64]
    errors: NDArray[np.float64]
    intervals: tuple[Interval, ...]
    judged: int
    repeats: int
    further: int
    found: Extrapolation = field(repr=False)
    data: Dataset
    split: str
    photos: int
    unreadable: tuple[PhotoError, ...]
    options: Mapping[str, Any]
    seconds: float

    @property
    def answer(self) -> str:
        """Whether more photos would help, in a sentence or two."""
        found = self.found
        if found.doubt:
            return f"Whether {self.further} more photos would help cannot be told: {found.doubt}."
        return (
            f"{self.further} more photos would lower the error from {percent(found.now.value)} to about"
            f" {percent(found.more.value)}, by {100 * found.drop.value:.1f} points (95 % interval"
            f" {_ends(found.drop)}).{self._reach}"
        )

    @property
    def _reach(self) -> str:
        """What is to be said of an answer far beyond what was measured."""
        if self.further <= self.photos:
            return ""
        return f" Measured were {self.sizes[-1]:.0f} photos at most: so far beyond them this is a guess."

    @property
    def class_answer(self) -> str:
        """Of which class photos are needed most, in a sentence."""
        found = self.found
        if found.neediest is not None and not found.doubt:
            name = readable(self.data.classes[found.neediest])
            return f"Photos of the class {name} would help most."
        return "Photos of which class would help most cannot be told." if found.needs else ""

    @property
    def used(self) -> str:
        """Which photos were used for what, in a sentence."""
        return (
            f"{which_photos(self.data, self.split)} Each of {self.judged} photos was predicted by heads"
            f" solved on others alone, up to {self.sizes[-1]:.0f} of them, and on no copy of it and no photo"
            " of its group; their penalties were chosen among those others."
        )

    def __repr__(self) -> str:
        found, law = self.found, self.found.law
        points = zip(self.sizes, self.errors, self.intervals, strict=True)
        rows = [[f"{size:.0f}", percent(error), str(each)] for size, error, each in points]
        lines = [
            f"Learning curve of {self.data.name}: {self.photos} photos, {self.repeats} subsets of each size",
            text_table(["training photos", "error", "95 % interval"], rows),
            f"law: {percent(law.floor)} + {100 * law.scale:.3g} % · photos^-{law.exponent:.2f};"
            f" error of a head on all {self.photos}: {_interval(found.now)},"
            f" with {self.further} more: {_interval(found.more)}",
            self.answer,
            *self._class_lines(),
            self.used,
        ]
        return "\n".join(lines)

    def _class_lines(self) -> list[str]:
        needs = self.found.needs
        if not needs:
            return []
        names = [readable(self.data.classes[need.label]) for need in needs]
        rows = [
            [name, f"{need.photos:.0f}", *_cells(need.halved), *_cells(need.own)]
            for name, need in zip(names, needs, strict=True)
        ]
        head = ["without half of", "photos", "error, points", "95 % interval", "its own", "95 % interval"]
        return [text_table(head, rows), self.class_answer]

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, ready for JSON."""
        points = zip(self.sizes.tolist(), self.errors.tolist(), self.intervals, strict=True)
        names = self.data.classes
        return {
            "points": [
                {"photos": size, "error": error, "interval": each.to_dict()} for size, error, each in points
            ],
            "judged": self.judged,
            "repeats": self.repeats,
            "photos": self.photos,
            "further": self.further,
            **self.found.to_dict(),
            "classes": [
                {
                    "name": names[need.label],
                    "photos": need.photos,
                    "halved": need.halved.to_dict(),
                    "own": need.own.to_dict(),
                }
                for need in self.found.needs
            ],
            "neediest": None if self.found.neediest is None else names[self.found.neediest],
            "answer": self.answer,
            "class_answer": self.class_answer,
            "used": self.used,
            "data": {"name": self.data.name, "fingerprint": self.data.fingerprint()},
            "split": self.split,
            "unreadable": [error.message for error in self.unreadable],
            "options": dict(self.options),
            "seconds": round(self.seconds, 3),
        }

    def plot(self) -> "Figure":
        """The points with their intervals, and the law with what it says of more photos, as a picture."""
        steps = np.geomspace(self.sizes[0], self.photos + self.further, _STEPS)
        errors, lows, highs = self.found.band(steps)
        return plot_learning_curve(
            sizes=self.sizes,
            errors=self.errors,
            lows=np.array([each.low for each in self.intervals]),
            highs=np.array([each.high for each in self.intervals]),
            fitted_sizes=steps,
            fitted=errors,
            fitted_lows=lows,
            fitted_highs=highs,
            measured_to=float(self.sizes[-1]),
            title="\n".join(broken(self.answer, width=_TITLE, points=_LETTERS)),
        )


def learning_curve(
    data: str | Path | Dataset,
    *,
    folds: int = DEFAULT_FOLDS,
    further: int = FURTHER,
    split: str = ALL,
    progress: Progress = silent,
    **options: Unpack[HeadKeywords],
) -> LearningCurve:
    """Measure how the error falls with the number of training photos, and ask what more would bring.

    Linear heads are solved on ever larger stratified parts of the photos outside each fold, several times
    with other photos, and judged by the fold. The network looks at each photo once. A power law through
    the errors says what further photos, of all classes alike, would bring; where it cannot be told, the
    result says why. Then each class in turn is thinned out to half, to see how much hangs on its photos.

    Args:
        data: as in `fit`.
        folds: how many parts the photos are dealt into, 2 or more.
        further: how many more photos are asked about, 1 or more.
        split: "all": every labelled photo takes part, also of a data set that is split; or "train",
            "valid" or "test" for those of one split.
        progress: is told how far each stage is.
        options: as in `cross_validate`.

    Raises:
        OptionError: an option that cannot be used, or that needs epochs; more folds than photos that may
            be parted.
        DataError: fewer than two classes have photos, no photo can be held out, or there are too few for
            a curve.
        KClassError: as in `fit`.
    """
    start = time.monotonic()
    chosen = head_options(options, task=TASK)
    check_count("further", further)
    parted = folded(data, chosen, folds=folds, split=split, progress=progress)
    grown = grow(parted, progress=progress)
    _refuse_short(parted, grown)
    found = _extrapolated(parted, grown, further)
    judged = len(grown.judged)
    return LearningCurve(
        sizes=grown.sizes,
        errors=found.errors,
        intervals=tuple(wilson(round(error * judged), judged) for error in found.errors.tolist()),
        judged=judged,
        repeats=len(grown.wrong),
        further=int(further),
        found=found,
        data=parted.data,
        split=split,
        photos=len(parted.rows),
        unreadable=parted.unreadable,
        options={name: value for name, value in chosen.to_dict().items() if name in (*HEAD_OPTIONS, "head")},
        seconds=time.monotonic() - start,
    )


learning_curve.__signature__ = signature_with_options(learning_curve, HeadKeywords)  # type: ignore[attr-defined]


def _refuse_short(folds: Folded, grown: Grown) -> None:
    if len(grown.sizes) < FEWEST_SIZES:
        raise DataError(
            f"{folds.data.name} has too few photos for a learning curve: {len(folds.rows)} of"
            f" {len(np.unique(folds.labels))} classes",
            fix="Use `kclass evaluate --folds`, or add photos: about ten of each class are the least.",
        )


def _extrapolated(folds: Folded, grown: Grown, further: int) -> Extrapolation:
    return extrapolate(
        grown.sizes,
        grown.wrong,
        half=len(grown.sizes) + HALF,
        together=folds.together[grown.judged],
        now=len(folds.rows),
        further=further,
        thinned=grown.thinned,
        labels=folds.labels[grown.judged],
        class_sizes=grown.class_sizes,
        seed=folds.options.seed,
    )


def _interval(estimate: Estimate) -> str:
    return f"{percent(estimate.value)} ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def _cells(estimate: Estimate) -> tuple[str, str]:
    return f"{100 * estimate.value:+.1f}", _ends(estimate)


def _ends(estimate: Estimate) -> str:
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"
