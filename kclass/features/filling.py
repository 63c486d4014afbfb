"""One matrix of features that is filled row by row, in any order, and holds nothing twice."""

import numpy as np
from numpy.typing import NDArray

_MOVED_AT_ONCE = 1024


class FeatureRows:
    """Features of photos, each put in its place as it comes; photos may stay without any.

    Memory is taken for rows that have come, and for one byte and a few a photo.

    Args:
        photos: how many there may be.
    """

    def __init__(self, photos: int) -> None:
        self._there = np.zeros(photos, dtype=np.bool_)
        self._matrix = np.empty((0, 0), dtype=np.float32)

    def put(self, place: int, features: NDArray[np.floating]) -> None:
        """Take the features of a photo: (features,), as many as all others have."""
        if not self._matrix.size:
            self._matrix = np.empty((len(self._there), len(features)), dtype=np.float32)
        self._matrix[place] = features
        self._there[place] = True

    def missing(self) -> NDArray[np.int64]:
        """int64 (missing,): the places that have no features yet, ascending."""
        return np.flatnonzero(~self._there)

    def close(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The places that have features, ascending, and their rows; to be called once, at the end.

        Returns:
            int64 (rows,) and float32 (rows, features); (0, 0) if there are none.
        """
        places = np.flatnonzero(self._there)
        matrix, self._matrix = self._matrix, np.empty((0, 0), dtype=np.float32)
        if len(places) < len(matrix):
            # Rows only move up, so what is overwritten has been moved before.
            for start in range(0, len(places), _MOVED_AT_ONCE):
                block = places[start : start + _MOVED_AT_ONCE]
                matrix[start : start + len(block)] = matrix[block]
            matrix.resize((len(places), matrix.shape[1]), refcheck=False)  # nobody else has seen it
        return places, matrix
