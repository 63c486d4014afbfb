"""The photos that a classifier got most wrong."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.explained import Explained
from kclass.classifier.grid import captioned_grid, captioned_pairs, check_number
from kclass.dataset.names import readable
from kclass.dataset.samples import Samples
from kclass.dataset.tables import text_table
from kclass.errors import PhotoError
from kclass.evaluation.losses import highest, photo_losses
from kclass.plots.lettering import lettered
from kclass.plots.line_fitting import BETWEEN
from kclass.plots.saving import as_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEFAULT_NUMBER: Final = 9

ExplainAll = Callable[..., Iterable[Explained | PhotoError]]
"""Explains photos for the classes `targets`, as `Classifier.explain_all` does."""

_EXPLAINED: Final = "beside each photo: what spoke for the prediction (Grad-CAM, each in its own scale)"
_LEGEND: Final = ("prediction / actual class", "loss / probability of actual class")


@dataclass(frozen=True)
class TopLoss:
    """One photo, and how far off its prediction is.

    Args:
        path: the photo's file.
        label: its actual class, as its folder is named.
        predicted: the most probable class, as its folder is named; of equals the one that comes first
            among the model's classes.
        loss: -ln(`probability`) in nats, as in the log loss.
        probability: of the actual class, not of the predicted one, 0 to 1.
    """

    path: Path
    label: str
    predicted: str
    loss: float
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """The photo as plain data, ready for JSON; `probability` is that of the actual class."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True, repr=False)
class TopLosses:
    """The photos whose actual class was given the least probability, right predictions too.

    A notebook shows them as a grid, and `plot()` is that grid.

    Args:
        photos: highest loss first; of equals the one that was evaluated first.
        evaluated: how many photos they were chosen from.
        classes: of the model, as their folders are named.
    """

    photos: tuple[TopLoss, ...]
    evaluated: int
    classes: tuple[str, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.photos)

    def __iter__(self) -> Iterator[TopLoss]:
        return iter(self.photos)

    def __repr__(self) -> str:
        rows = [
            [
                *(readable(each.predicted), readable(each.label)),
                *(f"{each.loss:.2f}", f"{each.probability:.1%}", str(each.path)),
            ]
            for each in self
        ]
        table = text_table(["prediction", "actual", "loss", "probability of actual", "photo"], rows)
        return f"{self._title()}\n{table}"

    def to_dict(self) -> dict[str, Any]:
        """The photos as plain data, ready for JSON; `probability` is that of the actual class."""
        return {"photos": [each.to_dict() for each in self], "evaluated": self.evaluated}

    def plot(self, *, explain: ExplainAll | None = None) -> "Figure":
        """The photos, whole and in shape, in a grid.

        Above each stand "prediction / actual" and "loss / probability", where the probability is that
        of the actual class. Photos are decoded anew; one that cannot be read any more is an empty
        square whose caption says so.

        Args:
            explain: `explain_all` of the classifier that was evaluated; with it, beside each photo
                stands the photo under the Grad-CAM of the class that was predicted.

        Raises:
            DataError: there are no photos.
        """
        shown = dict(zip(self.classes, lettered(self.classes), strict=True))
        paths = [each.path for each in self]
        captions = [
            (
                f"{shown[each.predicted]}{BETWEEN}{shown[each.label]}",
                f"{each.loss:.2f}{BETWEEN}{each.probability:.1%}",
            )
            for each in self
        ]
        heading = [self._title(), *_LEGEND]
        if explain is None:
            return captioned_grid(paths, captions, heading=heading)
        beside = [
            (None, "") if isinstance(each, PhotoError) else (each.picture(), f"why {shown[each.label]}")
            for each in explain(paths, targets=[each.predicted for each in self])
        ]
        return captioned_pairs(paths, captions, beside, heading=[*heading, _EXPLAINED])

    def _repr_png_(self) -> bytes | None:
        return as_png(self.plot()) if self.photos else None

    def _title(self) -> str:
        if len(self) < self.evaluated:
            return f"Top {len(self)} of {self.evaluated} losses"
        return f"All {self.evaluated} losses, highest first"


def find_top_losses(
    samples: Samples, probabilities: NDArray[np.float64], classes: tuple[str, ...], *, number: int
) -> TopLosses:
    """The photos whose actual class was given the least probability.

    Args:
        samples: labelled photos; their classes may have another order than the model's.
        probabilities: float64 (photos, classes), in the order of `classes`.
        classes: of the model.
        number: how many photos, 1 to 500; with fewer photos all of them.

    Raises:
        OptionError: `number` cannot be used.
    """
    check_number(number)
    places = {name: place for place, name in enumerate(classes)}
    names = [samples.classes[label] for label in samples.labels.tolist()]
    labels = np.array([places[name] for name in names], np.int32)
    losses = photo_losses(probabilities, labels)
    photos = tuple(
        TopLoss(
            path=samples.path(row),
            label=names[row],
            predicted=classes[int(probabilities[row].argmax())],
            loss=float(losses[row]),
            probability=float(probabilities[row, labels[row]]),
        )
        for row in highest(losses, number).tolist()
    )
    return TopLosses(photos, len(samples), classes)
