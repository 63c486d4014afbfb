"""Photos of one picture on both sides of a split."""

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.names import TEST, TRAIN, VALID


def leaked_rows(splits: NDArray[np.int8], copies: NDArray[np.int64]) -> NDArray[np.int64]:
    """The training photos of which there is a copy in validation or test.

    Args:
        splits: int8 (photos,), codes as in `Samples.splits`; photos in no split make no difference.
        copies: int64 (photos,): photos with equal numbers are copies of each other.

    Returns:
        int64 (leaked photos,): their rows, ascending.
    """
    held_out = np.unique(copies[(splits == VALID) | (splits == TEST)])
    return np.flatnonzero((splits == TRAIN) & np.isin(copies, held_out))
