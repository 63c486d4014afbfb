"""The headline of a report and its table of key figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kclass.evaluation.intervals import Interval, ValueInterval, percent
from kclass.reporting.provenance import chosen_by
from kclass.reporting.run_reading import RunResults, SplitResults
from kclass.reporting.sentences import SPLIT_WORDS, baseline, headline

LONGEST_GUESS: Final = 24
"""Letters of a class name beside the scale."""

_ABSENT: Final = "\N{EN DASH}"

_FIGURES: Final = (
    ("accuracy", "Accuracy", "Share of the photos that is predicted right."),
    ("balanced_accuracy", "Balanced accuracy", "The same if every class had as many photos."),
    ("top_5", "Top-5 accuracy", "The right class is among the five most probable ones."),
    ("macro_f1", "Macro F1", "Mean over the classes of precision and recall together; 1 is best."),
    ("log_loss", "Log loss", "How far off the probabilities are, in nats; 0 is best."),
    ("brier", "Brier score", "Squared distance of the probabilities from the truth; 0 is best, 2 worst."),
)
_PERCENTAGES: Final = ("accuracy", "balanced_accuracy", "top_5")


@dataclass(frozen=True, slots=True)
class Headline:
    """The accuracy as a page opens with it.

    Args:
        split: the photos it is of, as people call them.
        number: in whole percent, or with a decimal near 0 and 100.
        accuracy: 0 to 1.
        correct: photos predicted right.
        photos: of so many.
        low: of the 95 % interval.
        high: likewise.
        sentence: what it means.
        honesty: which photos chose what.
        reused: what to keep in mind if photos are judged by again and again; may be empty.
        guess: the commonest class.
        guess_share: its share, which always answering it would get.
    """

    split: str
    number: str
    accuracy: float
    correct: int
    photos: int
    low: float
    high: float
    sentence: str
    honesty: str
    reused: str
    guess: str
    guess_share: float

    @property
    def interval(self) -> str:
        """The interval in words."""
        return str(Interval(self.low, self.high))

    @property
    def guess_short(self) -> str:
        """The commonest class in a few letters."""
        long = len(self.guess) > LONGEST_GUESS
        return f"{self.guess[: LONGEST_GUESS - 1]}…" if long else self.guess

    @property
    def over(self) -> str:
        """Where the words above the scale stand, as CSS."""
        return _words_at((self.low + self.high) / 2)

    @property
    def under(self) -> str:
        """Where the words below it stand."""
        return _words_at(self.guess_share)


@dataclass(frozen=True, slots=True)
class Value:
    """A figure of one split, and its 95 % interval."""

    text: str
    interval: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure of all splits that were judged."""

    name: str
    meaning: str
    values: tuple[Value, ...]


def headline_of(run: RunResults, names: Sequence[str]) -> Headline | None:
    """The headline: of the test photos if there are any, else of validation; None if of neither.

    Args:
        run: the run.
        names: of its classes, as people read them.
    """
    if not run.splits:
        return None
    results = list(run.splits.values())[-1]
    found = results.metrics
    correct, photos = int(found["correct"]), int(found["photos"])
    ends = Interval(found["interval"]["low"], found["interval"]["high"])
    supports = [int(each["support"]) for each in found["per_class"]]
    guess, guess_share = baseline(supports, names)
    reused = (
        "Whoever compares runs by these photos and keeps the best will find its figure too good: keep "
        "test photos apart for the last word (--test)."
    )
    return Headline(
        split=SPLIT_WORDS[results.name],
        number=_shown_percent(correct / photos),
        accuracy=correct / photos,
        correct=correct,
        photos=photos,
        low=ends.low,
        high=ends.high,
        sentence=headline(correct, photos, ends),
        honesty=chosen_by(run),
        reused=reused if results.name == "valid" else "",
        guess=guess,
        guess_share=guess_share,
    )


def figures_of(splits: Mapping[str, SplitResults]) -> tuple[Figure, ...]:
    """The key figures that the run has, of every split."""
    found = []
    for name, title, meaning in _FIGURES:
        values = tuple(_value(name, each.metrics) for each in splits.values())
        if any(value.text != _ABSENT for value in values):
            found.append(Figure(title, meaning, values))
    return tuple(found)


def _value(name: str, metrics: Mapping[str, Any]) -> Value:
    number = _number(name, metrics)
    if number is None:
        return Value(_ABSENT, "")
    ends = metrics.get("intervals", {}).get(name) or (metrics["interval"] if name == "accuracy" else None)
    if name in _PERCENTAGES:
        interval = "" if ends is None else str(Interval(ends["low"], ends["high"]))
        return Value(percent(number), interval)
    return Value(f"{number:.3f}", "" if ends is None else str(ValueInterval(ends["low"], ends["high"])))


def _number(name: str, metrics: Mapping[str, Any]) -> float | None:
    if name == "top_5":
        found = metrics.get("top_k", {}).get("5")
    elif name == "macro_f1":
        found = metrics.get("macro", {}).get("f1")
    else:
        found = metrics.get(name)
    return None if found is None else float(found)


def _shown_percent(share: float) -> str:
    whole = round(100 * share)
    if whole in (0, 100) and 0 < share < 1:
        return f"{min(99.9, max(0.1, round(100 * share, 1))):.1f}"
    return str(whole)


def _words_at(place: float) -> str:
    """Words centred on a place of the scale, or flush with its end where they would not fit."""
    if place < 0.25:
        return f"left:{100 * max(place - 0.01, 0):.2f}%"
    if place > 0.75:
        return f"right:{100 * max(1 - place - 0.01, 0):.2f}%"
    return f"left:{100 * place:.2f}%;transform:translateX(-50%)"
