"""Which part of a photo is shown, and which way round."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Views:
    """How each of a row of photos is shown: what the decoder does with it, before any layer.

    Args:
        crops: float64 (photos, 4), what `Crop.draw` gives; None for all of each photo.
        flips: bool (photos, 2): whether it is mirrored left to right, and upside down; None for neither.
    """

    crops: NDArray[np.float64] | None = None
    flips: NDArray[np.bool_] | None = None

    def select(self, rows: NDArray[np.int64]) -> "Views":
        """Some of the rows."""
        return Views(
            None if self.crops is None else self.crops[rows],
            None if self.flips is None else self.flips[rows],
        )

    def flipped(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Mirror photos in their places.

        Args:
            photos: uint8 (photos, height, width, 3); they are changed.
        """
        if self.flips is not None:
            across, over = self.flips.T
            photos[across] = photos[across, :, ::-1]
            photos[over] = photos[over, ::-1]
        return photos


AS_THEY_ARE = Views()
