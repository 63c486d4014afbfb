"""The record of a recipe that was followed: who set which option."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Who set which option of a fit.

    Args:
        name: of the recipe.
        sets: what the recipe set.
        given: what a person set, whether the recipe has anything to say of it or not.
        overridden: what the recipe would have set in the place of some of that.
        left_out: what the recipe sets and has no effect with what was given, each with the reason.
        remarks: where the recipe could not be followed as it is, in sentences.
    """

    name: str
    sets: Mapping[str, Any]
    given: Mapping[str, Any]
    overridden: Mapping[str, Any]
    left_out: Mapping[str, str]
    remarks: tuple[str, ...] = ()

    @property
    def flags(self) -> str:
        """What the recipe set, as one writes it on the command line."""
        return _flags(self.sets)

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it for a person, a line each."""
        changed = {name: self.given[name] for name in self.overridden}
        return (
            f"The recipe {self.name} sets {self.flags}",
            *(
                [f"Set by you: {_flags(changed)}; the recipe has {_flags(self.overridden)}"]
                if changed
                else []
            ),
            *(f"Left out: {_flag(name)} has no effect {why}" for name, why in self.left_out.items()),
            *self.remarks,
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data, ready for JSON."""
        return {
            "name": self.name,
            "sets": _plain(self.sets),
            "given": _plain(self.given),
            "overridden": _plain(self.overridden),
            "left_out": dict(self.left_out),
            "remarks": list(self.remarks),
        }


def followed_of(record: Mapping[str, Any]) -> Followed:
    """The record from plain data."""
    return Followed(**{**record, "remarks": tuple(record["remarks"])})


def _flags(options: Mapping[str, Any]) -> str:
    return " ".join(f"{_flag(name)} {_text(value)}" for name, value in options.items())


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {Path: str, tuple: list}
    return {
        name: next((turn(value) for kind, turn in kinds.items() if isinstance(value, kind)), value)
        for name, value in options.items()
    }
