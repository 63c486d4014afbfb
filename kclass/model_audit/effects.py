"""How far a class's score moves when something of a photo is exchanged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.explanation.network import Explainable

DONORS: Final = 2
"""Photos of the class, and as many of others, from which each photo gets something."""

BLOCK: Final = 12
MOST_BLOCKS: Final = 3
"""Photos of which each gets the surroundings of each, and how many such sets there are."""

LEAST_DONORS: Final = 6
"""Donors of a kind without which nothing is said: fewer tell of themselves and not of their class."""

Photos = NDArray[np.uint8]
Change = Callable[[Photos, Photos], Photos]
"""Makes a photo of a photo and a donor, each uint8 (size, size, 3)."""

Mix = Callable[[int, int], Photos]
"""The subject of one photo in the surroundings of another, by their places."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How much of what tells a class from the others something carries.

    Args:
        share: 1 would be all, 0 nothing; below 0 it speaks against the class.
        low: lower end of the 95 % interval.
        high: upper end.
    """

    share: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """The effect as plain data, ready for JSON."""
        return {"share": self.share, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class _Told:
    """How far log odds differ between photos of a class and others, and the standard error of that."""

    difference: float
    error: float


def log_odds(logits: NDArray[np.float32], target: int) -> NDArray[np.float64]:
    """The logarithm of a class's odds: its logit less the logarithm of the others' summed exponentials.

    Args:
        logits: float32 (n, classes), two classes or more.
        target: the class.

    Returns:
        float64 (n,), in nats.
    """
    others = np.delete(logits.astype(np.float64), target, axis=1)
    most = others.max(axis=1)
    odds: NDArray[np.float64] = logits[:, target] - most - np.log(np.exp(others - most[:, None]).sum(axis=1))
    return odds


def swap_effect(
    network: Explainable,
    photos: tuple[Photos, Photos],
    donors: tuple[Photos, Photos],
    *,
    target: int,
    change: Change,
) -> Effect | None:
    """How much of what tells a class is carried by what a change takes from donors.

    Each photo is changed by `DONORS` photos of the class and by as many of others. The share is the mean
    difference of its log odds between the two, over the difference of the log odds between photos of the
    class and of others as they are. What donors of both kinds bring along alike, a seam for instance,
    cancels.

    Args:
        network: gives the logits.
        photos: of the class and of others, each uint8 (n, size, size, 3), two or more.
        donors: likewise, one or more.
        target: the class.
        change: makes the photos that are scored.

    Returns:
        The effect. Its interval takes both photos and donors as draws, and holds the error of what is told
        between photos as they are. None if there are fewer than `LEAST_DONORS` donors of a kind, or if the
        network does not tell photos of the class from others, beyond chance.

    Source of the standard error, with clusters in two ways: A. C. Cameron, J. B. Gelbach, D. L. Miller,
    Robust Inference With Multiway Clustering, Journal of Business & Economic Statistics 29 (2011), 2.2; its
    quantile is of Student's distribution with one degree of freedom less than the fewest clusters.
    """
    if min(map(len, photos)) < 2 or min(map(len, donors)) < LEAST_DONORS:
        return None
    told = _told(network, photos, target)
    if told is None:
        return None
    whole = np.concatenate(photos)
    turns = [_turns(whole, side) for side in donors]
    changed = [
        change(photo, side[donor])
        for place, photo in enumerate(whole)
        for side, turn in zip(donors, turns, strict=True)
        for donor in turn[place]
    ]
    odds = log_odds(network.scores(np.stack(changed)), target).reshape(-1, 2, DONORS)
    moved = (odds[:, 0] - odds[:, 1]).mean() / told.difference
    error = np.hypot(_error(odds, turns) / told.difference, moved * told.error / told.difference)
    reach = _reach(min(len(odds), *map(len, donors)), float(error))
    return Effect(float(moved), float(moved) - reach, float(moved) + reach)


def outside_share(
    network: Explainable, own: int, others: int, *, mix: Mix, target: int, rng: np.random.Generator
) -> float | None:
    """How much of the variation of a class's score comes from what lies around the subjects.

    Of photos that have a mask, `BLOCK` at a time, half of them of the class, each subject is put into the
    surroundings of each. The log odds y[i, j] of subject i in surroundings j vary by the subject, by the
    surroundings, and by what is left; the share is the surroundings' component of variance over that of
    both, each estimated from mean squares:

        var of surroundings = variance of the mean over i of y[i, j] - residual mean square / n

    Args:
        network: gives the logits.
        own: how many photos of the class there are; their places come first.
        others: how many others there are.
        mix: makes the photos that are scored.
        target: the class.
        rng: what draws the sets.

    Returns:
        0 to 1; None if there are too few photos for a set, or nothing varies.

    Source: S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992), chapter 4: the two-way
    crossed classification with one observation a cell.
    """
    half = BLOCK // 2
    sets = min(own // half, others // half, MOST_BLOCKS)
    if not sets:
        return None
    drawn = rng.permutation(own)[: sets * half], own + rng.permutation(others)[: sets * half]
    components = np.zeros(2)
    for part in range(sets):
        places = np.concatenate([each[part * half : (part + 1) * half] for each in drawn]).tolist()
        mixed = np.stack([mix(subject, around) for subject in places for around in places])
        components += _components(log_odds(network.scores(mixed), target).reshape(BLOCK, BLOCK))
    total = float(components.sum())
    return float(components[1]) / total if total > 0 else None


def _told(network: Explainable, photos: tuple[Photos, Photos], target: int) -> _Told | None:
    """How far the log odds of a class's photos lie above the others'; None if that may be chance."""
    own, others = (log_odds(network.scores(each), target) for each in photos)
    error = float((own.var(ddof=1) / len(own) + others.var(ddof=1) / len(others)) ** 0.5)
    told = float(own.mean() - others.mean())
    return _Told(told, error) if told > _reach(min(len(own), len(others)), error) else None


def _error(odds: NDArray[np.float64], turns: Sequence[NDArray[np.int64]]) -> float:
    """The standard error of the mean difference between both kinds of donors.

    Args:
        odds: float64 (photos, 2, `DONORS`).
        turns: of each kind, which donors they were, (photos, `DONORS`).
    """
    left = odds - odds.mean(axis=(1, 2), keepdims=True) - odds.mean(axis=(0, 2), keepdims=True) + odds.mean()
    weighted = left * np.array([1, -1])[None, :, None] / (len(odds) * DONORS)
    by_photo = (weighted.sum(axis=(1, 2)) ** 2).sum() * len(odds) / (len(odds) - 1)
    by_donor = 0.0
    for kind, turn in enumerate(turns):
        sums = np.bincount(turn.ravel(), weighted[:, kind].ravel())
        clusters = len(np.unique(turn))
        by_donor += float((sums**2).sum()) * clusters / (clusters - 1)
    both = by_photo + by_donor - (weighted**2).sum()
    return float(max(both, by_photo, by_donor) ** 0.5)


def _reach(clusters: int, error: float) -> float:
    """How far the 95 % interval reaches to each side."""
    from scipy.special import stdtrit

    return float(stdtrit(clusters - 1, 0.975)) * error


def _turns(photos: Photos, donors: Photos) -> NDArray[np.int64]:
    """Which donors each photo gets something from, int64 (photos, `DONORS`): in turn, none from itself."""
    found = np.empty((len(photos), DONORS), np.int64)
    following = 0
    for place, photo in enumerate(photos):
        for turn in range(DONORS):
            if np.array_equal(photo, donors[following % len(donors)]):
                following += 1
            found[place, turn] = following % len(donors)
            following += 1
    return found


def _components(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The variance components of rows and columns, float64 (2,), 0 or more."""
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    left = table - rows[:, None] - columns[None] + table.mean()
    square = float((left**2).sum()) / (len(rows) - 1) / (len(columns) - 1)
    found = np.array([rows.var(ddof=1) - square / len(columns), columns.var(ddof=1) - square / len(rows)])
    components: NDArray[np.float64] = np.maximum(found, 0)
    return components
