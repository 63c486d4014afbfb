"""Maps brought to the size of the photo."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def enlarged(heat: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """A map at the size of the photo, bilinearly between the middles of its cells, as overlays show it.

    Args:
        heat: float32 (h, w), finite.
        size: height and width of the photo.

    Returns:
        float32 (height, width), from the map's least to its largest value.
    """
    height, width = size
    image = Image.fromarray(np.ascontiguousarray(heat, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
