"""Photos whose features are most alike."""

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError

# Of one crop of every other photo of hymenoptera, by the default backbone, those with sides of 0.65 to 0.75
# have a larger cosine with their photo in 99.5 %, with sides of 0.5 to 0.65 in 95.5 %; of the ten nearest
# photos that are not the same picture 55 % have a smaller one.
LEAST_COSINE = 0.6

_AT_ONCE = 256


def feature_candidates(features: NDArray[np.float32], *, k: int = 10) -> NDArray[np.int64]:
    """Each photo with the others whose features are most alike, by cosine, as `near_identical` takes them.

    Pairs with a cosine below `LEAST_COSINE` are left out.

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
        near = np.take_along_axis(cosines, others, axis=1) >= LEAST_COSINE
        found.append(np.stack([np.repeat(rows + start, nearest), others.ravel()], axis=1)[near.ravel()])
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
