"""The class `Faithfulness`: what came of asking whether maps show what the network goes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kclass.dataset.tables import text_table
from kclass.errors import PhotoError
from kclass.explanation.deletion import MaskingCurves
from kclass.explanation.measures import CENTRE, COLUMNS, OWN, RANDOM, Measure, verdict_of
from kclass.explanation.randomisation import STAGES, Randomised
from kclass.plots.masking import plot_masking_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Faithfulness:
    """Whether a method's maps show what the network goes by, measured on some photos.

    Args:
        method: as people call it.
        layer: the layer that was explained.
        photos: that were measured.
        labels: the class that each map explains, the one predicted.
        curves: how probable that class is as pixels go and come, by whose order: `map`, `random`, `centre`.
        localisation: pointing, energy and overlap on the photos that have masks; empty if none has.
        masked: those photos.
        unmasked: photos without a mask although masks were given: missing, or nothing of the subject left.
        pointless: for each photo why its map shows no place, or "".
        checks: what maps keep when the network's weights are random.
        unreadable: what is wrong with photos that could not be read.
    """

    method: str
    layer: str
    photos: tuple[Path, ...]
    labels: tuple[str, ...]
    curves: Mapping[str, MaskingCurves]
    localisation: tuple[Measure, ...]
    masked: tuple[Path, ...]
    unmasked: tuple[Path, ...]
    pointless: tuple[str, ...]
    checks: tuple[Randomised, ...]
    unreadable: tuple[PhotoError, ...]

    @property
    def deletion(self) -> Measure:
        """The area under the deletion curve."""
        areas = {whose: curves.deletion_areas for whose, curves in self.curves.items()}
        return Measure("deletion", areas, low_is_good=True)

    @property
    def insertion(self) -> Measure:
        """The area under the insertion curve."""
        areas = {whose: curves.insertion_areas for whose, curves in self.curves.items()}
        return Measure("insertion", areas)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All that were taken."""
        return (self.deletion, self.insertion, *self.localisation)

    @property
    def verdict(self) -> str:
        """What is to be thought of the maps, in words; see `kclass.explanation.measures.verdict_of`."""
        return verdict_of(self.deletion, self.insertion, self.checks)

    def __repr__(self) -> str:
        return "\n".join(
            [
                f"Faithfulness of {self.method} at {self.layer}: {_photos(len(self.photos))}",
                text_table(["", self.method, *COLUMNS], [each.row() for each in self.measures]),
                *self._remarks(),
                f"verdict: {self.verdict}",
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it but the single curves in plain values, ready for JSON."""
        first = self.curves[OWN]
        return {
            "method": self.method,
            "layer": self.layer,
            "verdict": self.verdict,
            "photos": [str(path) for path in self.photos],
            "labels": list(self.labels),
            "measures": {each.name: each.to_dict() for each in self.measures},
            "curves": {
                "shares": first.shares.tolist(),
                **{
                    whose: {
                        "deletion": each.deletion.mean(axis=0).tolist(),
                        "insertion": each.insertion.mean(axis=0).tolist(),
                    }
                    for whose, each in self.curves.items()
                },
            },
            "pointless": sum(map(bool, self.pointless)),
            "randomised": [each.to_dict() for each in self.checks],
            "masked": [str(path) for path in self.masked],
            "unmasked": [str(path) for path in self.unmasked],
            "unreadable": [error.message for error in self.unreadable],
        }

    def plot(self) -> "Figure":
        """The mean curves of deletion and insertion, beside those of random and centre maps."""
        names = {OWN: self.method, RANDOM: "random map", CENTRE: "hot in the middle"}
        return plot_masking_curves(
            self.curves[OWN].shares,
            deletion={names[each]: curves.deletion for each, curves in self.curves.items()},
            insertion={names[each]: curves.insertion for each, curves in self.curves.items()},
            title=f"{self.method} at {self.layer}, {_photos(len(self.photos))}: {self.verdict}",
        )

    def _remarks(self) -> list[str]:
        found = [
            f"rank correlation with the maps of {STAGES[each.stage]} random: "
            + (f"{each.mean:.2f}" if each.compared else "none, all maps are empty")
            for each in self.checks
        ]
        pointless = sum(map(bool, self.pointless))
        if pointless:
            found.append(f"{_photos(pointless)} without a map that shows a place: counted as misses")
        if self.localisation:
            found.append(f"pointing, energy and overlap: {_photos(len(self.masked))} with a mask")
        return found


def _photos(number: int) -> str:
    return f"{number} photo{'s' * (number != 1)}"
