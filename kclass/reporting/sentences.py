"""What a run says in sentences that everybody understands."""

import math
from collections.abc import Sequence
from typing import Final

from kclass.evaluation.intervals import Interval

SPLIT_WORDS: Final = {"train": "training", "valid": "validation", "test": "test", "": "in no split"}
"""The splits as people call them."""

FAR_OFF: Final = 0.05
"""Mean confidence and accuracy that differ by more than this differ by more than a little."""

_SCALES: Final = (100, 1_000, 10_000)
"""Of how many photos a headline speaks: the first number of which not all and not none are right."""


def headline(correct: int, photos: int, interval: Interval) -> str:
    """What the accuracy means in the long run; how many of a few new photos are right varies more.

    Args:
        correct: photos that were predicted right.
        photos: of so many.
        interval: of the accuracy, 95 %. Its ends are rounded outwards.
    """
    of = _scale(correct, photos)
    low, high = _outwards(of, interval)
    judges = "1 photo" if photos == 1 else f"{photos:,} photos"
    if correct in (0, photos):
        got = "all of its" if correct else "none of its"
        told = f"{got} {judges} right" if photos > 1 else f"its one photo {'right' if correct else 'wrong'}"
        return (
            f"It got {told}. In the long run, anything between {low:,} and {high:,} right of every {of:,} "
            "photos like these is plausible."
        )
    about = round(of * correct / photos)
    return (
        f"In the long run it gets about {about:,} of every {of:,} photos like these right; with {judges} to "
        f"judge by, anything between {low:,} and {high:,} is plausible."
    )


def baseline(counts: Sequence[int], names: Sequence[str]) -> tuple[str, float]:
    """What answering the same every time would get.

    Args:
        counts: photos of each class that are judged.
        names: of the classes.

    Returns:
        The commonest class, of equals the first, and its share of the photos.
    """
    best = max(range(len(counts)), key=lambda place: counts[place])
    return names[best], counts[best] / sum(counts)


def trust(confidence: float, accuracy: float, interval: Interval) -> str:
    """What it means that a model is so sure in the mean, and so often right.

    Args:
        confidence: the mean probability of the predicted classes, 0 to 1.
        accuracy: the share that is right, likewise.
        interval: of the accuracy, 95 %.
    """
    sure, right = share(confidence), share(accuracy)
    if sure == right:
        return f"In the mean it is {sure} sure of its answer, and right as often."
    what = "a little too sure of itself" if confidence > accuracy else "a little less sure than it could be"
    if interval.low <= confidence <= interval.high:
        what = "no more of a difference than chance may make"
    elif abs(confidence - accuracy) > FAR_OFF:
        what = what.replace("a little ", "")
    return f"In the mean it is {sure} sure of its answer, and right in {right} of the cases: {what}."


def share(value: float) -> str:
    """A share from 0 to 1 in whole percent, but never 0 or 100 % unless it is so."""
    rounded = round(100 * value)
    if rounded == 0 and value > 0:
        return "<1 %"
    if rounded == 100 and value < 1:
        return ">99 %"
    return f"{rounded} %"


def _scale(correct: int, photos: int) -> int:
    for of in _SCALES:
        if correct in (0, photos) or 0 < round(of * correct / photos) < of:
            return of
    return _SCALES[-1]


def _outwards(of: int, interval: Interval) -> tuple[int, int]:
    """The ends among so many photos, the low one rounded down and the high one up."""
    low, high = (round(of * end, 6) for end in (interval.low, interval.high))
    return math.floor(low), math.ceil(high)
