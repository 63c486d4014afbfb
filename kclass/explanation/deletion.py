"""Does the class go when the hottest pixels go, and come back with them? Deletion and insertion."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.baselines import random_maps
from kclass.explanation.enlarging import enlarged
from kclass.explanation.filling import as_type, mean_colour
from kclass.explanation.maps import verdict
from kclass.explanation.network import Explainable

STEPS: Final = 10
"""Steps from the whole photo to nothing of it."""

BLUR: Final = 0.05
"""Standard deviation of the blur as a share of the photo's side: 11 pixels of 224, 16 of 320."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MaskingCurves:
    """How probable a class stays as pixels go, and becomes as they come, the hottest first.

    Args:
        shares: float64 (steps + 1,), of the pixels that have gone or come, 0 to 1.
        deletion: float64 (n, steps + 1), the class's probability as they go; low is good.
        insertion: likewise as they come; high is good.
    """

    shares: Floats
    deletion: Floats
    insertion: Floats

    @property
    def deletion_areas(self) -> Floats:
        """The area under each deletion curve, float64 (n,), 0 to 1, by trapezia; low is good."""
        return _areas(self.deletion, self.shares)

    @property
    def insertion_areas(self) -> Floats:
        """The area under each insertion curve, float64 (n,), 0 to 1, by trapezia; high is good."""
        return _areas(self.insertion, self.shares)


def masking_curves(
    network: Explainable,
    photos: NDArray[np.generic],
    maps: NDArray[np.float32],
    targets: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    steps: int = STEPS,
) -> MaskingCurves:
    """Take pixels away and bring them in, in the order of the maps enlarged to the photos.

    What goes in deletion becomes the photo's mean colour; insertion begins with the photo blurred. One
    constant colour for deletion, because networks fill in what is only blurred from what is left of it
    and from around it; a blurred photo for insertion, because the outline of what is inserted into an even
    surface is seen as a thing itself. Both choices and their reasons are those of the source, but for the
    photo's own mean in the place of grey, and the strength of the blur (`BLUR`).

    Pixels that a map holds equal go in the order of a random map as smooth as it (`random_maps`), not
    strewn, which would make the class go sooner. So a map that shows no place, or has numbers that are
    not finite, does as a random map does.

    Args:
        network: gives the logits.
        photos: as the network takes them, (n, height, width, channels).
        maps: float32 (n, h, w).
        targets: int64 (n,), the class that each map explains.
        rng: what breaks ties.
        steps: how many, equal shares of the pixels each.

    Source: Petsiuk, Das, Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models,
    BMVC 2018, section 4.2 and algorithm 1.
    """
    shares = np.linspace(0, 1, steps + 1)
    counts = np.rint(shares * photos.shape[1] * photos.shape[2]).astype(np.int64)
    found = np.empty((2, len(photos), steps + 1))
    ties = random_maps((len(maps), *maps.shape[1:]), rng=rng)
    for place, (photo, heat, tie, target) in enumerate(zip(photos, maps, ties, targets, strict=True)):
        ranks = pixel_ranks(heat, photo.shape[:2], ties=tie)
        taken = (ranks < counts[:, None, None])[..., None]
        found[0, place] = _probabilities(network, np.where(taken, mean_colour(photo), photo), target)
        found[1, place] = _probabilities(network, np.where(taken, photo, blurred(photo)), target)
    return MaskingCurves(shares, found[0], found[1])


def pixel_ranks(
    heat: NDArray[np.float32], size: tuple[int, ...], *, ties: NDArray[np.float32]
) -> NDArray[np.int64]:
    """The place of each pixel in the order of a map enlarged to the photo, the hottest 0.

    Args:
        heat: float32 (h, w).
        size: height and width of the photo.
        ties: float32 (h, w), finite: the order of pixels that the map holds equal.

    Returns:
        int64 (height, width), each number from 0 once.
    """
    height, width = size
    shown = np.zeros_like(heat) if verdict(heat) else heat
    keys = [-enlarged(each, (height, width)).ravel() for each in (ties, shown)]
    ranks = np.empty(height * width, np.int64)
    ranks[np.lexsort(keys)] = np.arange(height * width)
    return ranks.reshape(height, width)


def blurred(photo: NDArray[np.generic]) -> NDArray[np.generic]:
    """A photo (height, width, channels) blurred by a Gaussian of `BLUR`, of its type."""
    from scipy.ndimage import gaussian_filter

    sigmas = (BLUR * photo.shape[0], BLUR * photo.shape[1], 0)
    soft = gaussian_filter(photo.astype(np.float32), sigmas, mode="nearest", truncate=3)
    return as_type(soft, photo.dtype)


def probabilities_of(logits: NDArray[np.float32]) -> Floats:
    """The softmax of logits (n, classes), float64."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _probabilities(network: Explainable, photos: NDArray[np.generic], target: np.int64) -> Floats:
    found: Floats = probabilities_of(network.scores(photos))[:, int(target)]
    return found


def _areas(curves: Floats, shares: Floats) -> Floats:
    return np.asarray(np.trapezoid(curves, shares, axis=1))
