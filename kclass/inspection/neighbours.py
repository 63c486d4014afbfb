"""Photos whose features are most alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kclass.errors import OptionError

# Of one crop of every other photo of hymenoptera, by the default backbone, those with sides of 0.65 to 0.75
# have a larger cosine with their photo in 99.5 %, with sides of 0.5 to 0.65 in 95.5 %; of the ten nearest
# photos that are not the same picture 55 % have a smaller one.
LEAST_COSINE = 0.6
NEIGHBOURS = 10

_AT_ONCE = 256
_EXACT_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each photo the others with the largest cosines, at least `LEAST_COSINE`.

    Args:
        others: int64 (photos, k): rows of the others, the nearest first and the earlier of equally near
            ones; -1 where there are fewer.
        cosines: float32 (photos, k); -1 where there is no other.
    """

    others: NDArray[np.int64]
    cosines: NDArray[np.float32]

    @classmethod
    def none(cls, photos: int, k: int) -> "Nearest":
        """Photos that are not known to be near any other."""
        return cls(np.full((photos, k), -1, np.int64), np.full((photos, k), -1, np.float32))

    def pairs(self) -> NDArray[np.int64]:
        """Each photo with each of its neighbours: int64 (pairs, 2), the smaller first; sorted, none twice."""
        row, column = np.nonzero(self.others >= 0)
        return np.unique(np.sort(np.stack([row, self.others[row, column]], axis=1), axis=1), axis=0)


def feature_candidates(features: NDArray[np.float32], *, k: int = NEIGHBOURS) -> NDArray[np.int64]:
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
    everyone = np.ones(len(features), np.bool_)
    return updated(Nearest.none(len(features), k), everyone, everyone, features=features).pairs()


def updated(
    known: Nearest, fresh: NDArray[np.bool_], lacking: NDArray[np.bool_], *, features: NDArray[np.float32]
) -> Nearest:
    """The neighbours of all photos, from those that some had before others were added or removed.

    They are those that a search through all photos finds, to the last bit: a cosine is computed from two
    rows in one way only, whatever the other rows are.

    Args:
        known: of the same rows; what it has of the rows in `lacking` counts nothing.
        fresh: bool (photos,): rows that are in no other's list yet.
        lacking: bool (photos,): rows whose lists are not complete, fresh ones among them.
        features: float32 (photos, features).
    """
    lengths = np.sqrt(np.vecdot(features, features))
    others, cosines = known.others.copy(), known.cosines.copy()
    others[lacking], cosines[lacking] = -1, -1
    everyone = np.arange(len(features))
    for chosen, among in ((lacking, everyone), (~lacking, np.flatnonzero(fresh))):
        rows = np.flatnonzero(chosen)
        for start in range(0, len(rows) if len(among) else 0, _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            place, other, cosine = _near(features, lengths, some, among, known.others.shape[1])
            listed = np.nonzero(others[some] >= 0)
            place = np.concatenate([listed[0], place])
            other = np.concatenate([others[some][listed], other])
            cosine = np.concatenate([cosines[some][listed], cosine])
            others[some], cosines[some] = _listed(place, other, cosine, (len(some), known.others.shape[1]))
    return Nearest(others, cosines)


def _near(
    features: NDArray[np.float32],
    lengths: NDArray[np.float32],
    rows: NDArray[np.int64],
    among: NDArray[np.int64],
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Places in `rows`, rows of others that may be among their k nearest, and the cosines."""
    columns = features if len(among) == len(features) else features[among]
    tiny = np.finfo(np.float32).tiny
    products = features[rows] @ columns.T
    products /= np.maximum(lengths[rows], tiny)[:, None]
    products /= np.maximum(lengths[among], tiny)
    products[rows[:, None] == among] = -1
    # The most that products added up in another order can differ by.
    rounding = 4 * features.shape[1] * np.finfo(np.float32).eps
    least = np.full(len(rows), LEAST_COSINE, np.float32)
    if len(among) > k:
        least = np.maximum(least, np.partition(products, -k, axis=1)[:, -k])
    place, column = np.nonzero(products >= least[:, None] - rounding)
    cosine = _cosines(features, rows[place], among[column])
    near = (cosine >= LEAST_COSINE) & (rows[place] != among[column])
    return place[near], among[column[near]], cosine[near]


def _cosines(
    features: NDArray[np.float32], ones: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The cosines of pairs of rows, each computed on its own."""
    found = np.empty(len(ones), np.float32)
    for start in range(0, len(ones), _EXACT_AT_ONCE):
        some = slice(start, start + _EXACT_AT_ONCE)
        one, other = (features[rows[some]].astype(np.float64) for rows in (ones, others))
        squares = np.vecdot(one, one) * np.vecdot(other, other)
        found[some] = np.vecdot(one, other) / np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))
    return found


def _listed(
    places: NDArray[np.int64],
    others: NDArray[np.int64],
    cosines: NDArray[np.float32],
    shape: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The largest cosines of each place, in the form of `Nearest`."""
    order = np.lexsort((others, -cosines, places))
    places, others, cosines = places[order], others[order], cosines[order]
    ranks = np.arange(len(places)) - np.searchsorted(places, places)
    kept = ranks < shape[1]
    found = Nearest.none(*shape)
    found.others[places[kept], ranks[kept]] = others[kept]
    found.cosines[places[kept], ranks[kept]] = cosines[kept]
    return found.others, found.cosines
