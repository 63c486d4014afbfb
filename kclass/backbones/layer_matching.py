"""Which layer of a weight file is which layer of a network: by name, else by place; exact or refused."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kclass.backbones.safe_hdf5 import StoredArray

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Place:
    """Where a layer stands: its number in a sequence of like ones."""

    sequence: str
    number: int


@dataclass(frozen=True)
class WantedLayer:
    """A layer of the network that has weights.

    Args:
        name: its name.
        kind: its class, as Keras makes names of it (`conv2d`).
        place: among the layers of its class in the model that holds it.
        index: among all layers that have weights.
        shapes: of its weights, in Keras's order.
        dtypes: of its weights.
    """

    name: str
    kind: str
    place: Place
    index: int
    shapes: Shapes
    dtypes: tuple[str, ...]


@dataclass(frozen=True)
class StoredLayer:
    """A layer of a weight file that has weights.

    Args:
        name: its name; empty if the file has none.
        place: among like layers; those of files that do not know of classes have an empty sequence.
        arrays: its weights, unread, in Keras's order.
    """

    name: str
    place: Place
    arrays: tuple[StoredArray, ...]

    @property
    def shapes(self) -> Shapes:
        """The shapes of its weights."""
        return tuple(array.shape for array in self.arrays)


@dataclass(frozen=True)
class Part:
    """The layers of one model in a file: the whole, or one that is a layer of another.

    Args:
        path: where it stands in the file; that of a model within another begins with the other's.
        layers: those of the models within it too.
    """

    path: tuple[str, ...]
    layers: Sequence[StoredLayer]


@dataclass(frozen=True)
class Match:
    """How a part of a file goes with a network.

    Args:
        part: the part.
        layers: a layer of the file for each of the network, None where there is none.
        misfit: the index of the first that is None or has other shapes; None if all fit.
        alike: how many layers of the network the part has by a name that somebody chose.
        ways: in how many ways counted layers can be told from their shapes; more than 1 is unsure.
    """

    part: Part
    layers: Sequence[StoredLayer | None]
    misfit: int | None
    alike: int
    ways: int


def counted(name: str) -> tuple[str, int]:
    """A name of Keras's counting in two: `conv2d_12` is 12, `conv2d` is 0."""
    stem, _, number = name.rpartition("_")
    if stem and len(number) < 10 and re.fullmatch(r"[1-9][0-9]*", number):
        return stem, int(number)
    return name, 0


def best_matches(wanted: Sequence[WantedLayer], parts: Sequence[Part]) -> list[Match]:
    """The parts that fit a network, the innermost of each place; else the one that comes nearest.

    Layers are matched by name. Names that Keras made up by counting, such as `conv2d_12`, may be
    counted from another number. Only a part that has no name of the network is matched by the
    places of its layers: one after another, with every shape right.

    Args:
        wanted: the layers of the network.
        parts: those of the file, one at least.
    """
    by_name = [_match_by_name(wanted, part) for part in parts]
    if fitting := _innermost(by_name):
        return fitting
    by_place = [_match_by_place(wanted, match.part) for match in by_name if not match.alike]
    if fitting := _innermost(by_place):
        return fitting
    without_names = [match for match in by_place if not any(layer.name for layer in match.part.layers)]
    return [max(without_names or by_name, key=lambda match: (match.alike, match.misfit))]


def _innermost(matches: Iterable[Match]) -> list[Match]:
    """Those that fit, without those that fit because of a model within them."""
    fitting = [match for match in matches if match.misfit is None]
    paths = [match.part.path for match in fitting]
    return [match for match in fitting if not any(_within(path, match.part.path) for path in paths)]


def _within(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(path) > len(other) and path[: len(other)] == other


def _match_by_name(wanted: Sequence[WantedLayer], part: Part) -> Match:
    kinds = {layer.kind for layer in wanted}
    ours = [_place_of_name(layer.name, kinds) for layer in wanted]
    return _match(wanted, part, ours, [_place_of_name(layer.name, kinds) for layer in part.layers])


def _match_by_place(wanted: Sequence[WantedLayer], part: Part) -> Match:
    theirs = [layer.place for layer in part.layers]
    classes = any(place.sequence for place in theirs)
    ours = [layer.place if classes else Place("", layer.index) for layer in wanted]
    return _match(wanted, part, ours, theirs)


def _match(
    wanted: Sequence[WantedLayer], part: Part, ours: Sequence[Place], theirs: Sequence[Place]
) -> Match:
    """The match of layers at equal places, but for the number at which a sequence begins."""
    there = _once(zip(theirs, part.layers, strict=True))
    sought = _once(zip(ours, wanted, strict=True))
    shifts = _shifts(sought, there)
    moved = [Place(place.sequence, place.number + shifts[place.sequence][0]) for place in sought]
    by_place = {place: there.get(other) for place, other in zip(sought, moved, strict=True)}
    found = [by_place.get(place) for place in ours]
    pairs = list(zip(wanted, found, strict=True))
    misfits = (layer.index for layer, each in pairs if each is None or each.shapes != layer.shapes)
    kinds = {layer.kind for layer in wanted}
    alike = sum(
        each is not None and each.name == layer.name and counted(layer.name)[0] not in kinds
        for layer, each in pairs
    )
    return Match(part, found, next(misfits, None), alike, max(map(len, shifts.values()), default=1))


Each = TypeVar("Each")


def _once(placed: Iterable[tuple[Place, Each]]) -> dict[Place, Each]:
    """What stands at each place, without those at which more than one stands."""
    there: dict[Place, list[Each]] = defaultdict(list)
    for place, each in placed:
        there[place].append(each)
    return {place: found[0] for place, found in there.items() if len(found) == 1}


def _place_of_name(name: str, kinds: Iterable[str]) -> Place:
    """Where a name stands among those that Keras counts; a name that somebody chose stands alone."""
    stem, number = counted(name)
    return Place(stem, number) if stem in kinds else Place(name, 0)


def _shifts(wanted: Mapping[Place, WantedLayer], there: Mapping[Place, StoredLayer]) -> dict[str, list[int]]:
    """For each sequence, by how much the file's numbers are higher so that every shape is right.

    If no number does that, the one with which both begin at the same layer.
    """
    ours: dict[str, dict[int, WantedLayer]] = defaultdict(dict)
    for place, layer in wanted.items():
        ours[place.sequence][place.number] = layer
    theirs: dict[str, dict[int, StoredLayer]] = defaultdict(dict)
    for place, found in there.items():
        theirs[place.sequence][place.number] = found
    return {sequence: _sequence_shifts(layers, theirs[sequence]) for sequence, layers in ours.items()}


def _sequence_shifts(wanted: Mapping[int, WantedLayer], there: Mapping[int, StoredLayer]) -> list[int]:
    first = min(wanted)
    fitting = [number - first for number in there if _fits(wanted, there, number - first)]
    return fitting or [min(there, default=first) - first]


def _fits(wanted: Mapping[int, WantedLayer], there: Mapping[int, StoredLayer], shift: int) -> bool:
    found = ((layer, there.get(number + shift)) for number, layer in wanted.items())
    return all(each is not None and each.shapes == layer.shapes for layer, each in found)
