"""What a classifier says of many photos, as data, a table, a grid, a page, and folders of copies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kclass.classifier.copying import Copied, copy_sorted
from kclass.classifier.grid import captioned_grid, check_number
from kclass.classifier.prediction import UNSURE, Prediction
from kclass.classifier.prediction_page import write_prediction_page
from kclass.classifier.prediction_writer import PredictionWriter
from kclass.errors import PhotoError
from kclass.plots.lettering import file_names, lettered
from kclass.plots.saving import as_png
from kclass.progress import Progress, silent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID_PHOTOS: Final = 60
"""Photos in a grid: so many can be looked at one by one on a screen."""


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of many photos.

    Args:
        predictions: one for each readable photo, in the order given.
        unreadable: what is wrong with the others, in that order too.
        classes: of the model, as their folders are named.
    """

    predictions: tuple[Prediction, ...]
    unreadable: tuple[PhotoError, ...]
    classes: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.predictions)

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.predictions)

    def to_dict(self) -> dict[str, Any]:
        """The predictions as plain data, ready for JSON."""
        return {
            "predictions": [each.to_dict() for each in self.predictions],
            "unreadable": [error.message for error in self.unreadable],
        }

    def write_csv(self, path: str | Path) -> Path:
        """Write a table, whole or not at all: a row a photo, its most probable class first.

        The columns are `path`; `prediction`, the answer: a class or "unsure"; `unsure`, 1 if that is
        no class, else 0; `probability`, that of the most probable class; `novelty`, above 1 for a
        photo unlike anything in training, empty if the model cannot tell; then `label_1`,
        `probability_1`, `label_2` and so on, for as many classes as were asked for.

        Raises:
            OutputError: the file cannot be written.
        """
        path = Path(path)
        with PredictionWriter(path, top=max((len(each.top) for each in self), default=0)) as writer:
            for each in self:
                writer.write(each)
        return path

    def write_page(self, path: str | Path, *, progress: Progress = silent) -> Path:
        """Write the photos as one HTML file without scripts that loads nothing from elsewhere.

        Photos with one answer stand together, "unsure" first, then the classes in the model's order;
        of each those most unlike anything in training come first, then the least probable. A
        thumbnail stands beside each of the first 600 photos, of all answers about as many; the others
        are named, as far as the page stays below about 10 MB.

        Args:
            path: the HTML file.
            progress: is told of each thumbnail.

        Raises:
            OutputError: the file cannot be written.
        """
        write_prediction_page(
            Path(path), self.predictions, [error.message for error in self.unreadable], progress=progress
        )
        return Path(path)

    def copy_into(self, folder: str | Path, *, progress: Progress = silent) -> Copied:
        """Copy each photo into a folder named after its answer, below `folder`.

        Photos answered "unsure" go into `unsure`, those unlike anything in training among them; without
        a threshold every photo goes into the folder of its most probable class. The photos themselves
        stay where and as they are. No file is ever overwritten: of several photos with one name the
        second is copied as `NAME-2` and so on. A file of that name that was there before with the very
        content of the photo stands for it, so that after an interruption, or with more photos, it can
        be called again.

        A folder has its class's name, with `_` for signs that some system cannot have in names; if a
        class is called "unsure" too, the unsure photos are in `unsure-2`.

        Args:
            folder: is made if it is not there.
            progress: is told of each photo.

        Raises:
            OptionError: photos lie in `folder` itself or in one of the folders to copy into.
            OutputError: a copy cannot be written, or a folder in `folder` leads out of it.
        """
        return copy_sorted(self.predictions, self.classes, Path(folder), progress=progress)

    def plot(self, *, number: int = GRID_PHOTOS) -> "Figure":
        """The photos, whole and in shape, in a grid, in the order given.

        Above each stand the name of its file, and below it the most probable class and how probable
        that is, such as "bees 97.4%", with "unsure" in front if that is the answer. Photos are
        decoded anew; one that cannot be read any more is an empty square whose caption says so.

        Args:
            number: how many photos at most, 1 to 500; the first are shown.

        Raises:
            OptionError: `number` cannot be used.
            DataError: no photo was predicted.
        """
        check_number(number)
        shown = self.predictions[:number]
        paths, names = [each.path for each in shown], _drawn_labels(shown)
        captions = [
            (file, f"{UNSURE + ': ' if each.unsure else ''}{names[each.index]} {each.probability:.1%}")
            for file, each in zip(file_names(paths), shown, strict=True)
        ]
        heading = [f"{len(shown)} of {len(self)} photos"] if len(shown) < len(self) else []
        return captioned_grid(paths, captions, heading=heading)

    def _repr_png_(self) -> bytes | None:
        return as_png(self.plot()) if self.predictions else None


def _drawn_labels(predictions: Sequence[Prediction]) -> list[str]:
    """Classes as figures show them, by their place among the model's; those nobody names are left out."""
    labels = {each.index: each.label for each in predictions}
    return lettered([labels.get(place, "") for place in range(max(labels, default=-1) + 1)])
