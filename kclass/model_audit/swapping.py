"""Photos with something of another photo: its surroundings, its cast of colour."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

EDGE: Final = 0.1
"""How far the outer part of a photo reaches inwards, as a share of the side: 36 % of the area."""

SOFT: Final = 0.04
"""How wide the seam is, as a share of the side, over which one photo passes into the other."""

CAST_EDGE: Final = 0.25
"""How far the part reaches inwards of which the cast of colour is taken."""

GROWN: Final = 0.0125
"""How far a mask of the subject is grown before the rest is exchanged, as a share of the side."""

_MOST_GAIN: Final = 2.0
_DARKEST: Final = 8.0
"""Channels darker than that in the mean are taken for that dark: what is all black has no cast."""

_FILL: Final = 0.25
"""Width of the mean that fills the place of a subject that was taken out, as a share of the side."""

Photo = NDArray[np.uint8]
Cover = NDArray[np.float32]
"""How much of a photo stays at each place, float32 (size, size, 1), 0 to 1."""


def without_outer_part(size: int) -> Cover:
    """What stays of a photo whose outer part is exchanged: 1 inside, 0 less than `EDGE` from the border."""
    steps = (np.arange(size) + 0.5) / size
    inwards: NDArray[np.float64] = np.minimum(steps, 1 - steps)
    nearest = np.minimum(inwards[:, None], inwards[None])
    return np.clip((nearest - EDGE) / SOFT + 0.5, 0, 1)[..., None].astype(np.float32)


def around_subject(mask: NDArray[np.bool_]) -> Cover:
    """What stays of a photo when all but its subject is exchanged: 1 on the subject, 0 away from it.

    The mask is grown by `GROWN`, since masks are seldom exact, and its edge is soft.

    Args:
        mask: bool (size, size), True where the subject is.
    """
    from scipy.ndimage import gaussian_filter, maximum_filter

    reach = max(1, round(GROWN * len(mask)))
    grown = maximum_filter(mask.astype(np.float32), size=2 * reach + 1)
    soft: Cover = gaussian_filter(grown, reach)[..., None]
    return np.clip(soft, 0, 1)


def in_surroundings(photo: Photo, donor: Photo | NDArray[np.float32], cover: Cover) -> Photo:
    """A photo of which what is not covered comes from another.

    Args:
        photo: uint8 (size, size, 3), RGB.
        donor: likewise, or float32 from 0 to 255.
        cover: how much of the photo stays at each place.
    """
    mixed: Photo = np.rint(photo * cover + donor * (1 - cover)).clip(0, 255).astype(np.uint8)
    return mixed


def emptied(photo: Photo, cover: Cover) -> NDArray[np.float32]:
    """A photo whose subject is filled with the mean of what lies around it, float32 (size, size, 3).

    Args:
        photo: uint8 (size, size, 3), RGB.
        cover: 1 on the subject.
    """
    around = 1 - cover
    weight = _smooth(around)
    fill = _smooth(photo * around) / np.maximum(weight, np.float32(1e-3))
    kept = (photo * around + fill * cover).astype(np.float32)
    return kept


def with_cast(photo: Photo, donor: Photo) -> Photo:
    """A photo with the cast of colour of another, as bright as it was.

    Red, green and blue are multiplied so that their means in the outer part stand to each other as in the
    other photo's outer part. The three factors have the product 1, and lie within 1/2 and 2.

    Args:
        photo: uint8 (size, size, 3), RGB.
        donor: likewise.
    """
    gains = _outer_means(donor) / _outer_means(photo)
    gains /= np.exp(np.log(gains).mean())
    cast: Photo = np.rint(photo * gains.clip(1 / _MOST_GAIN, _MOST_GAIN)).clip(0, 255).astype(np.uint8)
    return cast


def _outer_means(photo: Photo) -> NDArray[np.float64]:
    edge = int(CAST_EDGE * len(photo))
    outer = np.ones(photo.shape[:2], np.bool_)
    outer[edge:-edge, edge:-edge] = False
    means: NDArray[np.float64] = np.maximum(photo[outer].mean(axis=0), _DARKEST)
    return means


def _smooth(values: NDArray[Any]) -> NDArray[np.float32]:
    """The mean over a square of `_FILL`, twice, so that no square is seen."""
    from scipy.ndimage import uniform_filter

    width = max(1, round(_FILL * len(values)))
    once = uniform_filter(values.astype(np.float32), size=(width, width, 0), mode="nearest")
    twice: NDArray[np.float32] = uniform_filter(once, size=(width, width, 0), mode="nearest")
    return twice
