"""Which layers of a backbone are trained, and where what stays frozen ends."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kclass.backbones.archive import Archive, Layer
from kclass.backbones.stages import WEIGHTED, graph_of, shared_places, stages_of
from kclass.errors import OptionError

ALL = "all"
LAST = re.compile(r"last-([1-9]\d*)")


@dataclass(frozen=True)
class Unfrozen:
    """The trained part of a backbone.

    Args:
        stages: by stage, its layers that are trained, in the order of the graph; stages without any
            are left out.
        cut: the last layer that all paths lead through before the first that is trained; None if
            nothing with weights lies before it.
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
    first = next(place for place, layer in enumerate(layers) if layer.name in trained)
    if not any(layer.kind in WEIGHTED for layer in layers[:first]):
        return None
    before = [place for place in shared_places(layers) if place < first]
    return layers[before[-1]].name
