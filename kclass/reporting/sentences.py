"""What a run says in sentences that everybody understands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kclass.dataset.names import SPLITS
from kclass.evaluation.intervals import Interval

SPLIT_WORDS: Final = {"train": "training", "valid": "validation", "test": "test", "": "in no split"}
"""The splits as people call them."""

FAR_OFF: Final = 0.05
"""Mean confidence and accuracy that differ by more than this differ by more than a little."""

_SCALES: Final = (100, 1_000, 10_000)
"""Of how many new photos a headline speaks: the first number that tells the interval's ends apart."""


def headline(correct: int, photos: int, interval: Interval) -> str:
    """What the accuracy means for photos to come.

    Args:
        correct: photos that were predicted right.
        photos: of so many.
        interval: of the accuracy, 95 %.
    """
    of = _scale(correct, photos, interval)
    low, high = round(of * interval.low), round(of * interval.high)
    judges = "1 photo" if photos == 1 else f"{photos:,} photos"
    plausible = f"anything between {low:,} and {high:,}"
    if correct in (0, photos):
        got = "all of its" if correct else "none of its"
        told = f"{got} {judges} right" if photos > 1 else f"its one photo {'right' if correct else 'wrong'}"
        return f"It got {told}. Of {of:,} new photos like these, {plausible} right is plausible."
    about = round(of * correct / photos)
    return (
        f"Of {of:,} new photos like these, it will get about {about:,} right; with {judges} to judge by, "
        f"{plausible} is plausible."
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


def chosen_by(options: Mapping[str, Any]) -> str:
    """Which photos chose what, for the photos that a headline judges by.

    Args:
        options: of the run, and what they led to.
    """
    clean = "None of these photos was learned from, and nothing was chosen by them"
    if "epochs_done" in options:
        return f"{clean}: the epoch to keep was chosen by a tenth of the training photos, held out for that."
    if "c" in options:
        return f"{clean}: the head's penalty was chosen by cross-validation among the training photos."
    return "None of these photos was learned from."


def uses(options: Mapping[str, Any], counts: Mapping[str, int], judged: Sequence[str]) -> dict[str, str]:
    """What the photos of each split were used for.

    Args:
        options: of the run, and what they led to.
        counts: photos by split; the name of those that are in none is empty.
        judged: the splits that were evaluated.
    """
    learned = "Learned from."
    if "epochs_done" in options:
        learned = "Nine tenths were learned from; a tenth was held out, and chose the epoch that is kept."
    elif "c" in options:
        learned = "The head was solved on all of them; cross-validation among them chose its penalty."
    fair = "For judging alone: nothing was learned from them, and nothing was chosen by them."
    told = {"train": learned, "": "Used for nothing: copies of other photos, or not part of the split."}
    told |= {
        name: fair if name in judged else "Without labels, so nothing can be judged by them."
        for name in SPLITS[1:]
    }
    return {name: told[name] for name in (*SPLITS, "") if counts.get(name)}


def trust(confidence: float, accuracy: float) -> str:
    """What it means that a model is so sure in the mean, and so often right; both 0 to 1."""
    sure, right = f"{100 * confidence:.0f} %", f"{100 * accuracy:.0f} %"
    if sure == right:
        return f"In the mean it is {sure} sure of its answer, and right as often."
    what = "a little too sure of itself" if confidence > accuracy else "a little less sure than it could be"
    if abs(confidence - accuracy) > FAR_OFF:
        what = what.replace("a little ", "")
    return f"In the mean it is {sure} sure of its answer, and right in {right} of the cases: {what}."


def temperature_words(calibration: Mapping[str, Any]) -> str:
    """By what the logits were divided, and on which photos that was fitted; empty if it is not known."""
    if not {"temperature", "fitted_on"} <= set(calibration):
        return ""
    return f"Temperature {calibration['temperature']:.3g}, fitted on {calibration['fitted_on']}."


def alarm_words(novelty: Mapping[str, Any]) -> str:
    """How many false alarms the threshold of novelty was set for, and on what; empty if it is not known."""
    if not {"false_alarms", "photos", "set_on"} <= set(novelty):
        return ""
    return (
        f"The threshold was set for {100 * novelty['false_alarms']:.2g} % false alarms, by "
        f"{novelty['photos']:,} {novelty['set_on']}."
    )


def share(value: float) -> str:
    """A share from 0 to 1 in whole percent, but never 0 or 100 % unless it is so."""
    rounded = round(100 * value)
    if rounded == 0 and value > 0:
        return "<1 %"
    if rounded == 100 and value < 1:
        return ">99 %"
    return f"{rounded} %"


def _scale(correct: int, photos: int, interval: Interval) -> int:
    for of in _SCALES:
        about = round(of * correct / photos)
        apart = round(of * interval.low) < round(of * interval.high)
        if apart and (correct in (0, photos) or 0 < about < of):
            return of
    return _SCALES[-1]
