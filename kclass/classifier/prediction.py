"""What a classifier says of one photo, and of many."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.grid import as_png, captioned_grid, check_number
from kclass.classifier.training_photos import Neighbour
from kclass.dataset.names import readable
from kclass.errors import PhotoError
from kclass.files import whole_file
from kclass.plots.lettering import file_names, lettered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEFAULT_TOP = 3

UNSURE: Final = "unsure"
"""The answer of a prediction that is not to be relied on."""

GRID_PHOTOS: Final = 60
"""Photos in a grid: so many can be looked at one by one on a screen."""


@dataclass(frozen=True)
class Guess:
    """One class and how probable it is.

    Args:
        label: the class as its folder is named.
        index: its place among the model's classes.
        probability: 0 to 1.
    """

    label: str
    index: int
    probability: float

    def __str__(self) -> str:
        return f"{readable(self.label)} {self.probability:.1%}"


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one photo.

    Args:
        path: the photo's file.
        top: the most probable classes, most probable first; of equals the one that comes first
            among the model's classes.
        novelty: how unlike the training photos it is, 0 or more; above 1 it is unlike anything in
            training. None if the model cannot tell.
        threshold: how probable a class must be to be the answer, 0 to 1; with 0 there always is one.
        nearest: the training photos most like it, most alike first; none if they are not at hand.
    """

    path: Path
    top: tuple[Guess, ...]
    novelty: float | None = None
    threshold: float = 0.0
    nearest: tuple[Neighbour, ...] = ()

    @property
    def label(self) -> str:
        """The most probable class as its folder is named."""
        return self.top[0].label

    @property
    def index(self) -> int:
        """The place of the most probable class among the model's classes."""
        return self.top[0].index

    @property
    def probability(self) -> float:
        """How probable the most probable class is, 0 to 1."""
        return self.top[0].probability

    @property
    def novel(self) -> bool:
        """Whether the photo is unlike anything in training."""
        return self.novelty is not None and self.novelty > 1

    @property
    def unsure(self) -> bool:
        """Whether a threshold was set and the most probable class is not to be relied on.

        That is so if it is less probable than the threshold, and if the photo is unlike anything in
        training: how probable the classes are is then answered for a photo that is of none of them.
        """
        return self.threshold > 0 and (self.probability < self.threshold or self.novel)

    @property
    def answer(self) -> str:
        """The most probable class as its folder is named, or "unsure".

        A class may be called "unsure" too; `unsure` tells the two apart.
        """
        return UNSURE if self.unsure else self.label

    def __repr__(self) -> str:
        unsure = f"{UNSURE}: " if self.unsure else ""
        return f"Prediction({str(self.path)!r}: {unsure}{', '.join(map(str, self.top))})"

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain data, ready for JSON."""
        guesses = [
            {"label": each.label, "index": each.index, "probability": each.probability} for each in self.top
        ]
        return {
            "path": str(self.path),
            "answer": self.answer,
            "unsure": self.unsure,
            **guesses[0],
            "novelty": self.novelty,
            "novel": self.novel,
            "top": guesses,
            "nearest": [each.to_dict() for each in self.nearest],
        }


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

        The columns are `path`, `label_1`, `probability_1`, `label_2` and so on, for as many classes
        as were asked for.

        Raises:
            OutputError: the file cannot be written.
        """
        path = Path(path)
        most = max((len(each.top) for each in self), default=0)
        columns = (f"{word}_{rank}" for rank in range(1, most + 1) for word in ("label", "probability"))
        with (
            whole_file(path) as part,
            part.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["path", *columns])
            for each in self:
                guesses = [value for guess in each.top for value in (guess.label, f"{guess.probability:.6f}")]
                writer.writerow([each.path, *guesses])
        return path

    def plot(self, *, number: int = GRID_PHOTOS) -> "Figure":
        """The photos, whole and in shape, in a grid, in the order given.

        Above each stand the name of its file, and below it the most probable class and how probable
        that is, such as "bees 97.4%". Photos are decoded anew; one that cannot be read any more is an
        empty square whose caption says so.

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
            (file, f"{names[each.index]} {each.probability:.1%}")
            for file, each in zip(file_names(paths), shown, strict=True)
        ]
        heading = [f"{len(shown)} of {len(self)} photos"] if len(shown) < len(self) else []
        return captioned_grid(paths, captions, heading=heading)

    def _repr_png_(self) -> bytes | None:
        return as_png(self.plot()) if self.predictions else None


def ranked(
    path: Path,
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    *,
    top: int,
    novelty: float | None = None,
    threshold: float = 0.0,
    nearest: tuple[Neighbour, ...] = (),
) -> Prediction:
    """The prediction for one photo.

    Args:
        path: the photo's file.
        probabilities: float64 (classes,).
        classes: the model's classes.
        top: how many to name, at most as many as there are.
        novelty: see `Prediction`, as the others.
        threshold: below it the answer is "unsure".
        nearest: the training photos most like it.
    """
    order = np.argsort(-probabilities, kind="stable")[:top]
    guesses = tuple(Guess(classes[index], int(index), float(probabilities[index])) for index in order)
    return Prediction(path, guesses, novelty, threshold, nearest)


def _drawn_labels(predictions: Sequence[Prediction]) -> list[str]:
    """Classes as figures show them, by their place among the model's; those nobody names are left out."""
    labels = {each.index: each.label for each in predictions}
    return lettered([labels.get(place, "") for place in range(max(labels, default=-1) + 1)])
