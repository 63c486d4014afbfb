"""What takes the place of pixels that are taken away: colours that are the photo's own."""

import numpy as np
from numpy.typing import NDArray


def mean_colour(photo: NDArray[np.generic]) -> NDArray[np.generic]:
    """The mean of each channel of a photo (height, width, channels), (channels,) of its type."""
    return as_type(photo.mean(axis=(0, 1), dtype=np.float64), photo.dtype)


def as_type(values: NDArray[np.floating], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Values as a photo's type has them: rounded if it is one of whole numbers."""
    return (np.rint(values) if np.issubdtype(dtype, np.integer) else values).astype(dtype)
