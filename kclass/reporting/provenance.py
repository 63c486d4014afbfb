"""Which photos of a run taught its model, which chose among models, and which judged it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kclass.dataset.names import SPLITS
from kclass.reporting.run_reading import RunResults

NOTHING: Final = 1.0
"""The temperature that changes nothing."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a run came to the weights that it kept.

    Args:
        solved: a linear head was solved, and is kept.
        validated: its penalty was chosen by cross-validation; None if the run does not say.
        epochs: there were epochs, whether one of them is kept or not.
    """

    solved: bool
    validated: bool | None
    epochs: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What the photos of a split were used for.

    Args:
        split: its name; empty for photos that are in none.
        photos: that were used; all there are, if they were used for nothing.
        unreadable: others that could not be read.
        words: what for.
    """

    split: str
    photos: int
    unreadable: int
    words: str


def course_of(run: RunResults) -> Course:
    """How a run came to the weights that it kept."""
    epochs = "epochs_done" in run.options
    solved = "c" in run.options or (epochs and run.options.get("best_epoch") == 0)
    judged = run.calibration.get("photos")
    if solved and isinstance(judged, int):
        return Course(solved, judged > 0, epochs)
    return Course(solved, None if epochs else bool(run.history), epochs)


def chosen_by(run: RunResults) -> str:
    """Which photos chose what, for the photos that a headline judges by."""
    course = course_of(run)
    clean = "None of these photos was learned from, and nothing was chosen by them"
    if course.epochs and not course.solved:
        return f"{clean}: the epoch to keep was chosen by a tenth of the training photos, held out for that."
    reasons = []
    if course.solved and course.validated:
        reasons.append("the head's penalty was chosen by cross-validation among the training photos")
    if course.solved and course.validated is False:
        reasons.append("the head's penalty is a fixed one, for too few photos were there to choose it by")
    if course.epochs:
        reasons.append("that the solved head is kept was decided by a tenth of the training photos")
    if not reasons:
        return "None of these photos was learned from."
    return f"{clean}: {', and '.join(reasons)}."


def course_words(run: RunResults) -> str:
    """What the charts of a training show, and what was chosen by them."""
    course = course_of(run)
    if course.epochs and course.solved:
        return (
            "A linear head was solved first. By a tenth of the training photos, held out, no epoch "
            "after that was better: the solved head is kept."
        )
    if course.epochs:
        return (
            "After each epoch the photos held out, a tenth of the training photos, told how good the network "
            "was; the epoch with the lowest loss on them was kept."
        )
    return (
        "The backbone stayed as it was; a linear head on it was solved for several penalties, and "
        "cross-validation among the training photos chose the one with the lowest loss."
    )


def uses(run: RunResults) -> tuple[Use, ...]:
    """What the photos of each split were used for, and how many really were."""
    found = []
    for split in (*SPLITS, ""):
        labelled, bare = sum(run.counts.get(split, ())), run.unlabelled.get(split, 0)
        if not labelled + bare:
            continue
        if split in run.splits:
            used, words = len(run.splits[split]), _JUDGED + (_bare(bare) if bare else "")
        elif split == SPLITS[0]:
            used, words = _learned(run.options, labelled), _training(run)
        else:
            used = labelled = labelled + bare
            words = _UNUSABLE if split else _UNUSED
        found.append(Use(split, used, max(labelled - used, 0), words))
    return tuple(found)


def rests_words(calibration: Mapping[str, Any], novelty: Mapping[str, Any]) -> str:
    """What else rests on training photos, as a sentence; empty if nothing does.

    Args:
        calibration: what the run's model says of its temperature.
        novelty: what it says of its threshold of novelty.
    """
    parts = []
    if calibration.get("photos") and calibration.get("temperature", NOTHING) != NOTHING:
        parts.append("the temperature of the probabilities")
    if novelty.get("photos"):
        parts.append("the threshold of novelty")
    if not parts:
        return ""
    told = " and ".join(parts)
    return f"{told[0].upper()}{told[1:]} {'rest' if len(parts) > 1 else 'rests'} on training photos too."


def temperature_words(calibration: Mapping[str, Any]) -> str:
    """By what the logits were divided, and on which photos that was fitted; empty if it is not known."""
    if not {"temperature", "fitted_on"} <= set(calibration):
        return ""
    temperature = f"Temperature {calibration['temperature']:.3g}"
    if calibration.get("photos") == 0:
        return f"{temperature}: too few training photos were there to fit one on."
    return f"{temperature}, fitted on {calibration['fitted_on']}."


def alarm_words(novelty: Mapping[str, Any]) -> str:
    """How many false alarms the threshold of novelty was set for, and on what; empty if it is not known."""
    if not {"false_alarms", "photos", "set_on"} <= set(novelty):
        return ""
    return (
        f"The threshold was set for {100 * novelty['false_alarms']:.2g} % false alarms, by "
        f"{novelty['photos']:,} {novelty['set_on']}."
    )


_JUDGED: Final = "For judging alone: nothing was learned from them, and nothing was chosen by them."
_UNUSABLE: Final = "Without labels, so nothing can be judged by them."
_UNUSED: Final = "Used for nothing: copies of other photos, or not part of the split."


def _bare(photos: int) -> str:
    return f" {photos:,} more {'has' if photos == 1 else 'have'} no label."


def _learned(options: Mapping[str, Any], photos: int) -> int:
    """How many training photos were really used: those that could be read, if the run says so."""
    told = options.get("photos")
    return told if isinstance(told, int) and 0 < told <= photos else photos


def _training(run: RunResults) -> str:
    course = course_of(run)
    if course.epochs and not course.solved:
        return "About nine tenths were learned from; the rest was held out, and chose the epoch that is kept."
    if not course.solved:
        return "Learned from."
    words = "The head was solved on all of them"
    if course.validated:
        words += "; cross-validation among them chose its penalty"
    elif course.validated is False:
        words += ", with a fixed penalty: they are too few to choose one by"
    if course.epochs:
        return f"{words}. A tenth, held out from the epochs, found none of these better than the solved head."
    return f"{words}."
