"""Masks of the subject in photos, found in a folder and brought to the network's square."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.errors import DataError
from kclass.explanation.localisation import squashed_mask
from kclass.files import is_folder, is_there
from kclass.photos.decoding import decode, read_bytes
from kclass.photos.resizing import Resize

SUFFIX: Final = ".png"

_HALF: Final = 128


def find_masks(photos: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """The mask of each photo that has one: the PNG of the same name in the same folders below `folder`.

    Of `…/photos/validation/fiat/a.jpg` it is `validation/fiat/a.png`; where that is not there,
    `fiat/a.png`, and then `a.png`: the longest end of the photo's path for which there is a file.

    Raises:
        DataError: there is no such folder, no photo has a mask, or two have the same.
    """
    if not is_folder(folder):
        raise DataError(f"there is no folder {folder} with masks", fix="Give the folder of the masks.")
    masks = {photo: mask for photo in photos if (mask := _mask(photo, folder)) is not None}
    if photos and not masks:
        raise DataError(
            f"no photo has a mask in {folder}: {photos[0].with_suffix(SUFFIX).name} is not there, for one",
            fix="A mask is a PNG file of the photo's name, in the same folders as the photo or in none.",
        )
    taken: dict[Path, Path] = {}
    for photo, mask in masks.items():
        first = taken.setdefault(mask, photo)
        if first != photo:
            raise DataError(
                f"{mask} would be the mask of both {first} and {photo}",
                fix="Put the masks into the folders of their photos.",
            )
    return masks


def read_mask(path: Path, *, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask, bool (height, width): True where it is white, from the middle grey on.

    Args:
        path: its file.
        shape: height and width of the upright photo.

    Raises:
        PhotoError: it cannot be read.
        DataError: it is of another shape.
    """
    grey = np.asarray(decode(read_bytes(path), name=str(path)).convert("L"))
    if grey.shape != shape:
        (height, width), (rows, columns) = shape, grey.shape
        raise DataError(
            f"{path} has {columns} x {rows} pixels, and its photo {width} x {height}",
            fix="A mask is as large as its photo, held upright.",
        )
    found: NDArray[np.bool_] = grey >= _HALF
    return found


def square_masks(
    masks: Mapping[Path, Path], shapes: Mapping[Path, tuple[int, int]], *, size: int, how: Resize
) -> dict[Path, NDArray[np.bool_]]:
    """The masks of photos as the network sees the photos, bool (size, size), where anything is left of them.

    Args:
        masks: the file by photo.
        shapes: height and width by upright photo, of those that are wanted.
        size: the side of the network's square.
        how: how photos are brought there.

    Raises:
        PhotoError: a mask cannot be read.
        DataError: a mask is not of its photo's shape.
    """
    squares = {
        photo: squashed_mask(read_mask(masks[photo], shape=shape), size=size, how=how)
        for photo, shape in shapes.items()
        if photo in masks
    }
    return {photo: square for photo, square in squares.items() if square.any()}


def _mask(photo: Path, folder: Path) -> Path | None:
    parts = photo.absolute().with_suffix(SUFFIX).parts[1:]
    ends = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if is_there(end)), None)
