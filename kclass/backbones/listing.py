"""The list of backbones that a person chooses from: the registry, and what of it is on this computer."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from kclass.backbones.facts import FACTS
from kclass.backbones.imagenet import imagenet_path
from kclass.backbones.registry import BACKBONES, DEFAULT, Backbone, weights_here
from kclass.backbones.speeds import Speed, read_speeds

BYTES_PER_WEIGHT = 4


@dataclass(frozen=True, kw_only=True, repr=False)
class ListedBackbone(Backbone):
    """A backbone, how fast it was found to be, and where its ImageNet weights are.

    Args:
        default: whether it is the one that is taken if nobody chooses.
        speed: photos a second through the network alone, at its own size.
        speed_machine: where that was measured; empty if it was not.
        weights_here: whether its ImageNet weights are on this computer.
        weights_path: where Keras keeps their file or would put it; empty if they are no such file.
        weights_url: where Keras downloads that file; empty if they are no such file.
        weights_megabytes: its size, about: four bytes a weight; 0 if they are no such file.
    """

    default: bool
    speed: Speed
    speed_machine: str
    weights_here: bool
    weights_path: str
    weights_url: str
    weights_megabytes: int

    @property
    def weights(self) -> str:
        """Where its ImageNet weights are, in a few words."""
        if self.weights_package:
            return "installed" if self.weights_here else "not installed"
        if self.weights_file:
            return "in Keras's folder" if self.weights_here else f"download {self.weights_megabytes} MB"
        return "none"

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return {**asdict(self), "stages": list(self.stages)}

    def __repr__(self) -> str:
        millions = f"{self.parameters / 1e6:.1f} million parameters"
        return f"ListedBackbone({self.name!r}: {self.size} px, {millions}, weights: {self.weights})"


def list_backbones() -> tuple[ListedBackbone, ...]:
    """Every backbone that `--backbone` takes, with what is known of it; nothing is built or downloaded.

    Returns:
        Those whose weights are packages, then Keras's, then those that come untrained; in each part
        family by family, the smaller networks first.
    """
    speeds = read_speeds()
    return tuple(
        ListedBackbone(
            **vars(each),
            default=each.name == DEFAULT,
            speed=speeds.of.get(each.name, Speed()),
            speed_machine=speeds.machine if each.name in speeds.of else "",
            weights_here=weights_here(each.name),
            weights_path=str(imagenet_path(each.name)) if each.weights_file else "",
            weights_url=FACTS[each.name].weights_url,
            weights_megabytes=_megabytes(each) if each.weights_file else 0,
        )
        for each in sorted(BACKBONES.values(), key=_place)
    )


def _place(each: Backbone) -> tuple[bool, bool, str, str, int]:
    """What backbones are sorted by; `resnet50_v2` is of the family "resnet", "_v2"."""
    family, version = (re.search(pattern, each.name) for pattern in (r"^[a-z]+", r"_v\d"))
    return (
        not each.weights_package,
        not each.weights_file,
        family[0] if family else "",
        version[0] if version else "",
        each.parameters,
    )


def _megabytes(each: Backbone) -> int:
    return round(each.parameters * BYTES_PER_WEIGHT / 1e6)
