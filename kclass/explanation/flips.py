"""Maps smoothed by flips: a photo and its mirror image should be explained alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.explanation.methods import Method
from kclass.explanation.network import Explainable, Pass


def check_flips(flips: Any) -> None:
    """Check whether maps are to be the mean with those of mirror images.

    Raises:
        OptionError: it is neither True nor False.
    """
    if not isinstance(flips, bool):
        raise OptionError(f"flips is {flips!r}; it must be True or False")


def flipped_maps(network: Explainable, found: Pass, *, method: Method) -> NDArray[np.float32]:
    """The mean of each photo's map and of its mirror image's map turned back.

    Both explain the class that was explained of the photo as it is, whatever the network says of
    its mirror image.

    Args:
        network: made ready for one layer.
        found: a pass of some photos through it, no more than it takes at once.
        method: how maps are made.

    Returns:
        float32 (n, h, w), 0 or more.
    """
    maps = method.maps(network, found)
    photos = np.ascontiguousarray(_mirrored(found.photos))
    for turned in network.passes(photos, targets=found.targets):
        maps = (maps + _mirrored(method.maps(network, turned))) / np.float32(2)
    return maps


def _mirrored(grids: NDArray[Any]) -> NDArray[Any]:
    """Photos or maps with left and right exchanged: (n, rows, columns, …)."""
    return grids[:, :, ::-1]
