"""What a classifier says of one photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.classifier.training_photos import Neighbour
from kclass.dataset.names import readable

DEFAULT_TOP = 3

UNSURE: Final = "unsure"
"""The answer of a prediction that is not to be relied on."""


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
