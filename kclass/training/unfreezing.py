"""Which layers of a backbone are trained, and where what stays frozen ends."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kclass.backbones.archive import Archive
from kclass.backbones.graph import Layer
from kclass.backbones.stages import WEIGHTED, graph_of, shared_places, stages_of, strides
from kclass.errors import OptionError

ALL = "all"
NEARBY = 6  # layers; what lies behind the cut is computed by TensorFlow, which is slower
LAST = re.compile(r"last-([1-9]\d*)")


@dataclass(frozen=True)
class Unfrozen:
    """The trained part of a backbone.

    Args:
        stages: by stage, its layers that are trained, in the order of the graph; stages without any
            are left out.
        cut: a layer that all paths lead through before the first that is trained, the narrowest nearby;
            None if nothing with weights lies before it.
    """

    stages: Mapping[str, tuple[str, ...]]
    cut: str | None

    @property
    def layers(self) -> frozenset[str]:
        """The names of all that are trained."""
        return frozenset(name for names in self.stages.values() for name in names)


def unfrozen(backbone: Archive, unfreeze: str) -> Unfrozen:
    """The part of a backbone that a word asks for.

    Args:
        backbone: without head.
        unfreeze: "all"; a stage, which is trained with all after it; or "last-N": the last N layers
            that have weights, batch norm included.

    Raises:
        OptionError: no such stage, or not so many layers.
    """
    layers = graph_of(backbone)
    weighted = [layer.name for layer in layers if layer.kind in WEIGHTED]
    trained = _asked_for(weighted, stages_of(backbone), unfreeze)
    stages = {
        stage: tuple(name for name in names if name in trained)
        for stage, names in stages_of(backbone).items()
    }
    return Unfrozen({stage: names for stage, names in stages.items() if names}, _cut(layers, trained))


def check_unfreeze(unfreeze: str, stages: Sequence[str]) -> None:
    """Check the word as far as can be told without the network.

    Raises:
        OptionError: it is neither "all" nor "last-N" nor one of the stages.
    """
    if unfreeze == ALL or LAST.fullmatch(unfreeze) or unfreeze in stages:
        return
    raise OptionError(
        f"unfreeze is {unfreeze!r}; it must be {ALL}, last-N with a number of layers, or one of "
        + ", ".join(stages)
    )


def _asked_for(weighted: Sequence[str], stages: Mapping[str, tuple[str, ...]], unfreeze: str) -> set[str]:
    check_unfreeze(unfreeze, tuple(stages))
    if unfreeze == ALL:
        return set(weighted)
    if unfreeze in stages:
        after = list(stages)[list(stages).index(unfreeze) :]
        return {name for stage in after for name in stages[stage]}.intersection(weighted)
    number = int(unfreeze.removeprefix("last-"))
    if number > len(weighted):
        raise OptionError(
            f"unfreeze is {unfreeze}, but the backbone has {len(weighted)} layers with weights",
            fix="Use --unfreeze all.",
        )
    return set(weighted[-number:])


def _cut(layers: Sequence[Layer], trained: set[str]) -> str | None:
    """Where the frozen part ends: what it gives is copied for each photo, so few channels are better."""
    first = next(place for place, layer in enumerate(layers) if layer.name in trained)
    weighted = [place for place, layer in enumerate(layers[:first]) if layer.kind in WEIGHTED]
    before = [place for place in shared_places(layers) if weighted and weighted[0] <= place < first]
    if not before:
        return None
    coarseness, width = strides(layers), _channels(layers)
    last = layers[before[-1]].name
    near = [layers[place].name for place in before if place >= before[-1] - NEARBY]
    alike = [name for name in near if coarseness[name] == coarseness[last]]
    return min(reversed(alike), key=lambda name: width[name])


def _channels(layers: Sequence[Layer]) -> dict[str, int]:
    """How many channels each layer gives."""
    found: dict[str, int] = {}
    for layer in layers:
        read = [found[name] for name in layer.inputs]
        if layer.kind == "Concatenate":
            found[layer.name] = sum(read)
        elif layer.kind == "DepthwiseConv2D":
            found[layer.name] = read[0] * layer.config["depth_multiplier"]
        else:
            own = layer.config.get("filters") or layer.config.get("units")
            found[layer.name] = own or max(read, default=3)
    return found
