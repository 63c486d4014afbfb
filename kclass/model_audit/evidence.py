"""What the maps of a class's photos have in common, and what the class lives on."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.deletion import blurred, pixel_ranks
from kclass.explanation.enlarging import enlarged
from kclass.explanation.localisation import showing
from kclass.explanation.network import Explainable
from kclass.model_audit.effects import log_odds
from kclass.model_audit.swapping import EDGE

HOTTEST: Final = 0.2
"""Share of the photo that is blurred, or alone is left sharp."""

BORDER_AREA: Final = 1 - (1 - 2 * EDGE) ** 2
"""Share of a photo's area that its border takes: evidence that lies anywhere has that share there."""


def mean_map(maps: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Where the evidence lies on average, float32 (h, w) with the sum 1; each photo counts the same.

    Args:
        maps: float32 (n, h, w), 0 or more.

    Returns:
        None if no map shows a place.
    """
    shown = maps[showing(maps)]
    if not len(shown):
        return None
    mean: NDArray[np.float32] = (shown / shown.sum(axis=(1, 2), keepdims=True)).mean(axis=0)
    return mean


def border_shares(maps: NDArray[np.float32], *, size: int) -> NDArray[np.float64]:
    """The share of each map's evidence that lies less than `EDGE` from the border.

    Args:
        maps: float32 (n, h, w), 0 or more.
        size: the side of the photo, in pixels, to which they are enlarged.

    Returns:
        float64 (maps that show a place,), 0 to 1.
    """
    edge = round(EDGE * size)
    shares = []
    for heat in maps[showing(maps)]:
        large = enlarged(heat, (size, size)).astype(np.float64)
        shares.append(1 - large[edge:-edge, edge:-edge].sum() / large.sum())
    return np.array(shares, np.float64)


def surviving(
    network: Explainable,
    photos: NDArray[np.uint8],
    maps: NDArray[np.float32],
    *,
    target: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """How much of a class's probability survives when its hottest places are blurred, or all others.

    Args:
        network: gives the logits.
        photos: uint8 (n, size, size, 3), one or more.
        maps: float32 (n, h, w), that speak for the class.
        target: the class.
        rng: what orders places that are equally hot.

    Returns:
        The mean probability with the hottest `HOTTEST` blurred, and with everything else blurred, each
        over the mean probability of the photos as they are; 0 or more.
    """
    ties = rng.random(maps.shape).astype(np.float32)
    without, alone = [], []
    for photo, heat, tie in zip(photos, maps, ties, strict=True):
        ranks = pixel_ranks(heat, photo.shape[:2], ties=tie)
        hot = (ranks < HOTTEST * ranks.size)[..., None]
        soft = blurred(photo)
        without.append(np.where(hot, soft, photo))
        alone.append(np.where(hot, photo, soft))
    whole, cold, hot_alone = (
        _mean_probability(network, each, target) for each in (photos, np.stack(without), np.stack(alone))
    )
    least = np.finfo(np.float64).tiny
    return cold / max(whole, least), hot_alone / max(whole, least)


def _mean_probability(network: Explainable, photos: NDArray[np.generic], target: int) -> float:
    odds = log_odds(network.scores(photos), target)
    return float((1 / (1 + np.exp(-odds))).mean())
