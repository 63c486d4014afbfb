"""When a class is told by a shortcut: the rules, and how they are put into words.

The thresholds were fixed on the drawn cars of `kclass sample`, scene seeds 0 to 3: fair sets, biased ones,
and fair ones with a coloured border or a tint planted into one class. docs/decisions.md has the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.model_audit.effects import Effect
from kclass.model_audit.pictures import ClassPictures

LEAST_SURROUNDINGS: Final = 0.09
"""Share that surroundings carry from which on they are a shortcut: fair models had .042 at most by photos
that they learned from, and .086 by others; models of biased sets .144 at least."""

LEAST_CAST: Final = 0.045
"""Likewise of a cast of colour: .041 at most, and .054 at least where one had been planted."""

LEAST_OUTSIDE: Final = 0.07
"""Likewise of the variation from outside of masks: .027 at most, and .17 at least."""

MUCH: Final = 0.5
"""Share that surroundings carry from which on it is unclear what they hold, although no colour gives the
class away: most of what tells the class lies there. A round number, fixed before real photos were audited."""

BACKGROUND: Final = "background"
CAST: Final = "colour cast"
OPEN: Final = "unclear"
NONE: Final = "no shortcut found"
UNKNOWN: Final = "cannot be told"

GRAVEST: Final = (BACKGROUND, CAST, OPEN, UNKNOWN, NONE)
"""The verdicts, the gravest first."""

COLOURS: Final = frozenset({"background colour", "border colour"})
"""Properties of photos that lie in their surroundings, so that exchanging those tests them."""


_MAY_LIE_THERE: Final = (
    "No colour tells why: a mark or a caption may lie there, or the subject may reach that far. Look at the"
    " mean map, or give masks."
)

_UNJUDGED: Final = (
    "What gave the class away in the photos that it learned from cannot be told, so this clears it of"
    " nothing: give the folder of its run, or masks."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """What was measured of one class.

    Args:
        label: the class, as its folder is named.
        photos: how many photos of the class were looked at.
        properties: the properties that give the class away in the photos learned from, each with what
            its photos have in common.
        judged: whether it was asked what gives the class away in the very photos learned from; False if
            others stand for them.
        mean_map: float32 (h, w), where the evidence lies on average, its sum 1; None if no map shows a
            place.
        border: share of the evidence near the border, 0 to 1; None likewise.
        without_hottest: share of the class's probability that survives when the hottest fifth is blurred.
        hottest_alone: likewise when everything else is.
        surroundings: what the outer part carries; None if the network does not tell the class.
        cast: what the cast of colour carries; None likewise, or if no colour gives the class away.
        inside: with masks, the share of the evidence on the subject, and the subject's share of the area.
        outside: with masks, the share of the score's variation that comes from around the subject.
        pictures: of its photos and of what the tests did; None if nothing was measured.
    """

    label: str
    photos: int
    properties: tuple[tuple[str, str], ...] = ()
    judged: bool = True
    mean_map: NDArray[np.float32] | None = field(default=None, repr=False)
    border: float | None = None
    without_hottest: float | None = None
    hottest_alone: float | None = None
    surroundings: Effect | None = None
    cast: Effect | None = None
    inside: tuple[float, float] | None = None
    outside: float | None = None
    pictures: ClassPictures | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """All but the pictures as plain data, ready for JSON."""
        return {
            "label": self.label,
            "photos": self.photos,
            "judged": self.judged,
            "properties": [{"property": name, "told_by": words} for name, words in self.properties],
            "mean_map": None if self.mean_map is None else self.mean_map.tolist(),
            "border": self.border,
            "without_hottest": self.without_hottest,
            "hottest_alone": self.hottest_alone,
            "surroundings": self.surroundings.to_dict() if self.surroundings else None,
            "cast": self.cast.to_dict() if self.cast else None,
            "inside": None
            if self.inside is None
            else dict(zip(("evidence", "area"), self.inside, strict=True)),
            "outside": self.outside,
        }


@dataclass(frozen=True)
class Verdict:
    """What is to be thought of a class.

    Args:
        kind: one of `GRAVEST`.
        reasons: why, in sentences.
    """

    kind: str
    reasons: tuple[str, ...]


def class_verdict(found: Measured) -> Verdict:
    """What is to be thought of a class: whether it could be told by a shortcut, and whether it is.

    A class is told by its background if, in the photos that the network learned from, the colour of
    background or border gives it away, and its surroundings carry `LEAST_SURROUNDINGS` of what tells it,
    with an interval above 0; by a cast of colour if that carries `LEAST_CAST`. With masks no property is
    asked for: what comes from around the subject is the background's, and `LEAST_OUTSIDE` too much.

    It is unclear where something else gives the class away, or where the surroundings carry `MUCH` and no
    colour tells why. Nothing is cleared that was not asked: not if the photos learned from are not known,
    unless there are masks, and not if a colour that gives the class away may be gone by, within the
    interval.
    """
    if found.surroundings is None and found.outside is None:
        return Verdict(UNKNOWN, (_untold(found), *_named(found.properties)))
    alarms = [*_shortcuts(found), *_doubts(found)]
    if alarms:
        kind = min((kind for kind, _ in alarms), key=GRAVEST.index)
        return Verdict(kind, tuple(reason for _, reason in alarms))
    if not found.judged and found.outside is None:
        return Verdict(UNKNOWN, (*_all_clear(found), _UNJUDGED))
    if _may_carry(found):
        return Verdict(UNKNOWN, (*_all_clear(found), "That is too wide an interval to tell."))
    return Verdict(NONE, tuple(_all_clear(found)))


def model_verdict(verdicts: Sequence[Verdict]) -> str:
    """The gravest verdict of all classes."""
    return min((each.kind for each in verdicts), key=GRAVEST.index, default=UNKNOWN)


def _shortcuts(found: Measured) -> list[tuple[str, str]]:
    """The shortcuts that a class is told by, each with the reason."""
    colours = _colours(found)
    kinds = []
    if found.outside is not None and found.outside >= LEAST_OUTSIDE:
        kinds.append((BACKGROUND, _outside_words(found.outside)))
    around, cast = found.surroundings, found.cast
    if found.outside is None and colours and _carries(around, LEAST_SURROUNDINGS):
        kinds.append((BACKGROUND, f"{_around_words(around)}, and {_given_away(colours)}."))
    if colours and _carries(cast, LEAST_CAST):
        kinds.append((CAST, f"{_cast_words(cast)}, and {_given_away(colours)}."))
    return kinds


def _carries(effect: Effect | None, least: float) -> bool:
    return effect is not None and effect.share >= least and effect.low > 0


def _doubts(found: Measured) -> list[tuple[str, str]]:
    """What may be a shortcut, and is not tested."""
    doubts = []
    untested = [each for each in found.properties if each[0] not in COLOURS]
    if untested:
        doubts.append(
            (OPEN, f"{_sentence(_given_away(untested))}; whether the network goes by that is not tested.")
        )
    around = found.surroundings
    if around and not _colours(found) and found.outside is None and around.low > 0 and around.share >= MUCH:
        doubts.append(
            (
                OPEN,
                f"{_around_words(around)}. {_MAY_LIE_THERE}",
            )
        )
    return doubts


def _may_carry(found: Measured) -> bool:
    """Whether a colour that gives the class away may be gone by, within the interval."""
    if found.outside is not None or not _colours(found):
        return False
    around, cast = found.surroundings, found.cast
    return bool((around and around.high >= 2 * LEAST_SURROUNDINGS) or (cast and cast.high >= 2 * LEAST_CAST))


def _colours(found: Measured) -> list[tuple[str, str]]:
    return [each for each in found.properties if each[0] in COLOURS]


def _all_clear(found: Measured) -> list[str]:
    said = []
    if found.outside is not None:
        said.append(_outside_words(found.outside))
    if _colours(found):
        goes = "and the network may go by it" if _may_carry(found) else "but the network hardly goes by it"
        said.append(f"{_sentence(_given_away(_colours(found)))}, {goes}.")
    if found.surroundings is not None:
        said.append(f"{_around_words(found.surroundings)}.")
        if found.outside is None and _carries(found.surroundings, LEAST_SURROUNDINGS):
            said.append(_MAY_LIE_THERE)
    if not _colours(found) and found.judged:
        said.append("No simple property of the photos it learned from gives the class away.")
    return said


def _around_words(effect: Effect | None) -> str:
    share = "" if effect is None else _percent(effect)
    return f"Its outer part carries {share} of what tells the class"


def _cast_words(effect: Effect | None) -> str:
    share = "" if effect is None else _percent(effect)
    return f"The cast of colour carries {share} of what tells the class"


def _outside_words(outside: float) -> str:
    return f"{100 * outside:.0f} % of the variation of its score comes from outside of the subjects' masks."


def _percent(effect: Effect) -> str:
    share, low, high = (round(100 * each) for each in (effect.share, effect.low, effect.high))
    return f"{share} % ({low} to {high})"


def _given_away(properties: Sequence[tuple[str, str]]) -> str:
    give = "give" if len(properties) > 1 else "gives"
    return f"in the photos it learned from {_listed(properties)}, {give} the class away"


def _named(properties: Sequence[tuple[str, str]]) -> list[str]:
    """What gives the class away, where nothing else can be said of it."""
    return [f"{_sentence(_given_away(properties))}."] if properties else []


def _listed(properties: Sequence[tuple[str, str]]) -> str:
    return ", and ".join(f"{name}, {words}" for name, words in properties)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _untold(found: Measured) -> str:
    if not found.photos:
        return "There are too few photos of the class, or of others, to tell."
    return "The network does not tell photos of this class from others, so there is nothing to explain."
