"""Photos whose features are most alike."""

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError

_AT_ONCE = 256


def feature_candidates(features: NDArray[np.float32], *, k: int = 10) -> NDArray[np.int64]:
    """Each photo with the others whose features are most alike, by cosine, as `near_identical` takes them.

    Args:
        features: float32 (photos, features), of any network; rows of zeros are like nothing.
        k: how many others each photo is paired with.

    Returns:
        int64 (pairs, 2): rows of `features`, the smaller first; sorted, none twice.

    Raises:
        OptionError: `k` is below 1.
    """
    if k < 1:
        raise OptionError(f"k is {k}; it must be 1 or more")
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = features / np.maximum(lengths, np.finfo(np.float32).tiny)
    photos = len(directions)
    nearest = min(k, max(photos - 1, 0))
    found = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, photos if nearest else 0, _AT_ONCE):
        cosines = directions[start : start + _AT_ONCE] @ directions.T
        rows = np.arange(len(cosines))
        cosines[rows, rows + start] = -np.inf
        others = np.argpartition(cosines, -nearest, axis=1)[:, -nearest:]
        found.append(np.stack([np.repeat(rows + start, nearest), others.ravel()], axis=1))
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
