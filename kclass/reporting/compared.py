"""What comes of comparing runs, for people and for JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from kclass.dataset.names import readable
from kclass.dataset.tables import text_table
from kclass.evaluation.intervals import percent
from kclass.evaluation.metrics import Metrics
from kclass.evaluation.paired import PairedComparison

SIGNIFICANT: Final = 0.05
"""P values below it are told as a difference that chance does not explain; as usual, and as 95 %."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run, scored on the photos that were compared.

    Args:
        name: of its folder; the whole path if another run's has the same.
        folder: as it was given.
        trained: what was trained, in a few words.
        scored: photos of the split that it scored, compared or not.
        metrics: over the compared photos.
    """

    name: str
    folder: Path
    trained: str
    scored: int
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class ComparedPhoto:
    """A photo that one of two runs predicts right and the other wrong.

    Args:
        path: as in the first run's `predictions.csv`.
        label: its class.
        first: what the first run predicts.
        other: what the other does.
        first_probability: of its class, by the first run, 0 to 1.
        other_probability: of its class, by the other.
    """

    path: str
    label: str
    first: str
    other: str
    first_probability: float
    other_probability: float


@dataclass(frozen=True, slots=True)
class RunDifference:
    """A run against the first, photo by photo.

    Args:
        name: the run.
        paired: McNemar's test between the first run and this one, and their difference.
        p_value: of that test, raised by Holm's method for the number of runs that were compared.
        gained: photos that this run alone predicts right, those whose class it gives more than the
            first does in front; as many as were asked for.
        lost: photos that the first run alone predicts right, likewise.
    """

    name: str
    paired: PairedComparison
    p_value: float
    gained: tuple[ComparedPhoto, ...]
    lost: tuple[ComparedPhoto, ...]

    @property
    def verdict(self) -> str:
        """What the test says, in words."""
        if not self.paired.difference:
            return "both are right equally often"
        if self.p_value >= SIGNIFICANT:
            interval = self.paired.interval
            if interval.low > 0 or interval.high < 0:  # as its own, unlike the p value, it is not raised
                return "too close to call: the interval leaves 0 out, the test does not"
            return "chance may explain the difference"
        return f"{'better' if self.paired.difference > 0 else 'worse'}, which chance does not explain"


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What `compare` found.

    Args:
        split: whose photos were compared.
        photos: how many, which is those that every run scored.
        runs: in the order given.
        differences: of each further run from the first.
        notes: what to know before believing the figures.
    """

    split: str
    photos: int
    runs: tuple[ComparedRun, ...]
    differences: tuple[RunDifference, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values, ready for JSON."""
        return {
            "split": self.split,
            "photos": self.photos,
            "runs": [
                {
                    "name": run.name,
                    "folder": str(run.folder),
                    "trained": run.trained,
                    "scored": run.scored,
                    "metrics": run.metrics.to_dict(),
                }
                for run in self.runs
            ],
            "differences": [
                {
                    "name": each.name,
                    "against": self.runs[0].name,
                    **each.paired.to_dict(),
                    "adjusted_p_value": each.p_value,
                    "verdict": each.verdict,
                    "gained": [asdict(photo) for photo in each.gained],
                    "lost": [asdict(photo) for photo in each.lost],
                }
                for each in self.differences
            ],
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        lines = [f"{_photos(self.photos, self.split)} that every run scored", "", _scores(self.runs)]
        lines += [f"Note: {note}" for note in self.notes]
        for each in self.differences:
            lines += ["", *_told(each, self.runs[0].name, len(self.differences))]
        return "\n".join(lines)


def _photos(number: int, split: str) -> str:
    name = {"valid": "validation", "test": "test"}[split]
    return f"{number} {name} photo{'' if number == 1 else 's'}"


def _scores(runs: Sequence[ComparedRun]) -> str:
    rows = [
        [
            run.name,
            run.trained,
            f"{percent(run.metrics.accuracy)} ({run.metrics.correct}/{run.metrics.photos})",
            str(run.metrics.interval),
            percent(run.metrics.balanced_accuracy),
            f"{run.metrics.macro.f1:.3f}",
            f"{run.metrics.log_loss:.3f}",
            f"{run.metrics.brier:.3f}",
        ]
        for run in runs
    ]
    head = ["run", "trained", "accuracy", "95 % interval", "balanced", "macro F1", "log loss", "Brier"]
    return text_table(head, rows)


def _told(difference: RunDifference, first: str, tests: int) -> list[str]:
    paired = difference.paired
    lines = [f"{difference.name} against {first}: {paired}"]
    if tests > 1:
        lines[0] += f" (raised for {tests} tests: {difference.p_value:.3g})"
    lines.append(f"  {difference.verdict}")
    lines.append(f"  right in both: {_counted(paired.both)}, in neither: {_counted(paired.neither)}")
    for photos, count, winner, loser in (
        (difference.gained, paired.second_only, difference.name, first),
        (difference.lost, paired.first_only, first, difference.name),
    ):
        shown = f", {len(photos)} of them" if len(photos) < count else ""
        lines.append(f"  {winner} is right and {loser} wrong: {_counted(count)}{shown}")
        lines += [f"    {line}" for line in _listed(photos)]
    return lines


def _listed(photos: Sequence[ComparedPhoto]) -> list[str]:
    """A line for each photo: what the run that errs takes it for, and how probable both call its class."""
    if not photos:
        return []
    rows = []
    for photo in photos:
        wrong = photo.first if photo.first != photo.label else photo.other
        shares = f"{photo.first_probability:.2f} → {photo.other_probability:.2f}"
        rows.append([photo.path, readable(photo.label), readable(wrong), shares])
    return text_table(["photo", "class", "taken for", "p(class)"], rows).splitlines()


def _counted(number: int) -> str:
    return "1 photo" if number == 1 else f"{number} photos"
