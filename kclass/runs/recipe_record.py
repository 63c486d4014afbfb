"""The record of a recipe that was followed: who set which option."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kclass.runs.values import plain


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Who set which option of a fit.

    Args:
        name: of the recipe.
        title: what it does, in a line.
        sets: what the recipe set.
        given: what a person set, whether the recipe has anything to say of it or not.
        overridden: what the recipe would have set in the place of some of that, if it is another value.
        left_out: what the recipe sets and has no effect with what was given, each with the reason.
        replaced: what stands in for some of what the recipe set, because that cannot be had.
        remarks: where the recipe could not be followed as it is, in sentences.
    """

    name: str
    title: str
    sets: Mapping[str, Any]
    given: Mapping[str, Any]
    overridden: Mapping[str, Any]
    left_out: Mapping[str, str]
    replaced: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it for a person, a line each."""
        yours = flags_of({name: self.given[name] for name in self.overridden})
        changes = f"Set by you: {yours}; the recipe has {flags_of(self.overridden)}"
        return (
            f"Recipe {self.name}: {self.title}",
            f"It sets {flags_of(self.sets) or 'nothing beside what you set'}",
            *([changes] if yours else []),
            *self._left_out_lines(),
            *self.remarks,
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data, ready for JSON."""
        return {
            **asdict(self),
            **{name: _plain(getattr(self, name)) for name in ("sets", "given", "overridden", "replaced")},
            "remarks": list(self.remarks),
        }

    def _left_out_lines(self) -> list[str]:
        """A line for each reason, with all options that have it."""
        reasons: dict[str, list[str]] = {}
        for name, why in self.left_out.items():
            reasons.setdefault(why, []).append(_flag(name))
        return [
            f"Left out: {', '.join(names)} {'have' if names[1:] else 'has'} no effect {why}"
            for why, names in reasons.items()
        ]


def followed_of(record: Mapping[str, Any]) -> Followed:
    """The record from plain data."""
    return Followed(**{**record, "remarks": tuple(record["remarks"])})


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def flags_of(options: Mapping[str, Any]) -> str:
    """Options as one writes them on the command line."""
    return " ".join(f"{_flag(name)} {_text(value)}" for name, value in options.items())


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in options.items()}
