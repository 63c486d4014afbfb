"""Photos explained by a network that was made ready for it."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.flips import flipped_maps
from kclass.explanation.maps import Explanation
from kclass.explanation.methods import PHOTO, Method
from kclass.explanation.network import Explainable, Pass


def explain_photos(
    network: Explainable,
    photos: NDArray[np.generic],
    *,
    method: Method,
    targets: NDArray[np.int64] | None = None,
    flips: bool = False,
) -> Explanation:
    """Explain photos; of each batch only its maps and scores stay in memory.

    Args:
        network: made ready for one layer.
        photos: as the network takes them, (n, height, width, channels).
        method: how maps are made.
        targets: int64 (n,), the class to explain for each; None for the class predicted.
        flips: whether each map is the mean with the mirrored photo's map turned back.

    Raises:
        OptionError: the photos have another shape or type, or there is no such class.
    """
    make = partial(flipped_maps, method=method) if flips else method.maps

    def found(each: Pass) -> tuple[NDArray[Any], ...]:
        return make(network, each), each.targets, each.logits, each.probabilities

    # What is not finite is said by the map's verdict.
    with np.errstate(invalid="ignore", over="ignore"):
        parts = [found(each) for each in network.passes(photos, targets=targets)]
        parts = parts or [found(_pass_of_none(network, photos))]
    maps, explained, logits, probabilities = map(np.concatenate, zip(*parts, strict=True))
    layer = network.layer if method.layered else PHOTO
    return Explanation(maps, explained, logits, probabilities, layer, method.name, method.unit)


def _pass_of_none(network: Explainable, photos: NDArray[np.generic]) -> Pass:
    """The pass of no photos, of which methods make no maps, on the grid that theirs have."""
    grid = np.empty((0, *network.map_shape), np.float32)
    scores = np.empty((0, network.classes), np.float32)
    return Pass(photos, grid, grid, np.empty(0, np.int64), scores, scores)
