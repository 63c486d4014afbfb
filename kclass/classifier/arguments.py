"""What callers hand to a classifier, checked at the door."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError, OptionError

if TYPE_CHECKING:
    from kclass.dataset.samples import Samples

LARGEST_SEED: Final = 2**32 - 1
"""The largest seed that every generator of random numbers takes."""


def check_top(top: Any) -> None:
    """Check how many classes are asked for.

    Raises:
        OptionError: no whole number, or fewer than one.
    """
    check_count("top", top)


def check_count(name: str, number: Any) -> None:
    """Check how many of something are asked for.

    Raises:
        OptionError: no whole number, or fewer than one.
    """
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        raise OptionError(f"{name} is {number!r}; it must be a whole number")
    if number < 1:
        raise OptionError(f"{name} is {number}; it must be 1 or more")


def check_seed(seed: Any) -> None:
    """Check what random numbers are drawn from.

    Raises:
        OptionError: no whole number, below 0, or above `LARGEST_SEED`.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise OptionError(f"seed is {seed!r}; it must be a whole number")
    if not 0 <= seed <= LARGEST_SEED:
        raise OptionError(f"seed is {seed}; it must be from 0 to {LARGEST_SEED}")


def check_threshold(threshold: Any) -> None:
    """Check below which probability the answer is to be "unsure".

    Raises:
        OptionError: no number, or not from 0 to 1.
    """
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.integer | np.floating):
        raise OptionError(f"threshold is {threshold!r}; it must be a number")
    if not 0 <= threshold <= 1:  # not a number is refused too
        raise OptionError(f"threshold is {threshold}; it must be from 0 to 1")


def one_path(photo: Any, *, name: str = "photo") -> Path:
    """The path of one file.

    Raises:
        OptionError: it is none.
    """
    if isinstance(photo, str | os.PathLike):
        return Path(photo)
    several = isinstance(photo, Iterable) and name == "photo"
    raise OptionError(
        f"{name} is of the type {type(photo).__name__}; it must be the path of a file",
        fix="For several photos use predict_all." if several else "",
    )


def many_paths(photos: Any) -> list[Path]:
    """The paths of many files.

    Raises:
        OptionError: it is one path, or no list of paths.
    """
    if isinstance(photos, str | os.PathLike):
        raise OptionError(
            f"photos is the one path {os.fspath(photos)!r}; it must be a list of paths",
            fix="Give a list of photos; for one use predict.",
        )
    if not isinstance(photos, Iterable):
        raise OptionError(f"photos is of the type {type(photos).__name__}; it must be a list of paths")
    return [one_path(photo) for photo in photos]


def check_samples(samples: Any) -> None:
    """Check what is to be evaluated.

    Raises:
        OptionError: it is a whole data set, or no photos with labels.
    """
    from kclass.dataset.dataset import Dataset
    from kclass.dataset.samples import Samples

    if isinstance(samples, Dataset):
        raise OptionError(
            "samples is a whole data set, and the model may have been trained on a part of it",
            fix="Give one of its splits, for instance data.valid.",
        )
    if not isinstance(samples, Samples):
        raise OptionError(
            f"samples is of the type {type(samples).__name__}; it must be the photos of a data set",
            fix="Give a split of one, for instance kclass.ImageFolder(PATH).split(valid=0.2).valid.",
        )


def labels_among(samples: "Samples", classes: Sequence[str]) -> NDArray[np.int32]:
    """The labels of photos as places among a model's classes: int32 (photos,).

    Raises:
        DataError: a photo is unlabelled, or its class is not the model's.
    """
    if (samples.labels < 0).any():
        raise DataError(
            f"{int((samples.labels < 0).sum())} of the photos to evaluate have no label",
            fix="Evaluate photos that lie in class folders; predict the others.",
        )
    present = {samples.classes[label] for label in np.unique(samples.labels).tolist()}
    strangers = sorted(present - set(classes))
    if strangers:
        raise DataError(
            f"the model does not know the class {strangers[0]}", fix=f"It knows {', '.join(classes)}."
        )
    places = np.array([classes.index(name) if name in present else -1 for name in samples.classes])
    return places[samples.labels].astype(np.int32)


def class_index(target: Any, classes: Sequence[str]) -> int | None:
    """The place of a class among the model's; None for None.

    Raises:
        OptionError: it is no class of the model.
    """
    if target is None:
        return None
    if not isinstance(target, str):
        raise OptionError(
            f"target is {target!r}; it must be the name of a class", fix=f"It may be {', '.join(classes)}."
        )
    if target not in classes:
        raise OptionError.unknown("class", target, classes)
    return classes.index(target)


def check_layer(layer: Any) -> None:
    """Check what names a layer.

    Raises:
        OptionError: it is no text.
    """
    if layer is not None and not isinstance(layer, str):
        raise OptionError(f"layer is {layer!r}; it must be the name of a layer")
