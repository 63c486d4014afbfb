"""What any map must beat to be worth something: a random map, and one that is hot in the middle."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SPREAD: Final = 0.25
"""Standard deviation of the map that is hot in the middle, as a share of the photo's sides."""


def random_maps(shape: tuple[int, int, int], *, rng: np.random.Generator) -> NDArray[np.float32]:
    """Maps that know nothing of network and photo: each cell from 0 to 1, all values alike likely.

    They have the grid of the maps that they are held against and are enlarged like those, so they are
    as smooth: noise of single pixels would be an easier rival, since a network is led astray sooner by
    pixels strewn over the whole photo than by patches.

    Args:
        shape: how many maps, and their rows and columns.
        rng: what they are drawn from; the next maps are others.

    Returns:
        float32 (n, h, w), 0 to 1.
    """
    return rng.random(shape, np.float32)


def centre_maps(shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Maps that say of every photo that its middle is what matters, as photographers put it there.

    With u and v the place from the middle as shares of height and width, -1/2 to 1/2, and s of `SPREAD`,
    that is exp(-(u² + v²) / 2s²): 1 in the middle, .14 at the middle of each side, .02 in the corners.

    Args:
        shape: how many maps, and their rows and columns.

    Returns:
        float32 (n, h, w), above 0 to 1, all alike.
    """
    rows, columns = (((np.arange(side) + 0.5) / side - 0.5) ** 2 for side in shape[1:])
    heat = np.exp(-(rows[:, None] + columns) / (2 * SPREAD**2)).astype(np.float32)
    return np.broadcast_to(heat, shape)
