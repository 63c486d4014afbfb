"""Whether the network of a weight file is one that kclass made, with other weights than Keras's own."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kclass.backbones.applications import takes_blue_first
from kclass.backbones.flattening import SCALING

# The offset of the `Rescaling` that stands before a network which takes red, green, blue, though its
# weights were made for blue, green, red: kclass turns its first convolution round. Source of the
# numbers: `preprocess_input` of `keras.applications`, mode "caffe", there in the other order.
TURNED_OFFSET = [-123.68, -116.779, -103.939]

# The classes of the layers that kclass takes into others, as Keras makes names of them.
FOLDED = ("normalization", "layer_scale")

# The class of the layer that scales photos in kclass's networks: in graphs, and in names of groups.
RESCALING, RESCALING_GROUP = "Rescaling", "rescaling"


@dataclass(frozen=True)
class Origin:
    """What a file tells of who made its network.

    Args:
        graph: of the file; None if it has none.
        rescalings: the names of the `Rescaling` layers in its models that count, as far as groups
            tell; an empty one for those whose names the file does not have.
    """

    graph: Any
    rescalings: Collection[str]

    @property
    def of_kclass(self) -> bool:
        """Whether kclass made the network."""
        return self._shown or SCALING in self.rescalings

    def turned(self, backbone: str) -> bool:
        """Whether the first convolution of the network is turned round already.

        Where no graph shows an offset, the name of the layer that scales has to do: the networks of
        `keras.applications` whose convolution kclass turns round have no `Rescaling` of their own.
        """
        if any(options.get("offset") == TURNED_OFFSET for _, options in objects(self.graph)):
            return True
        unnamed_or_ours = any(name in (SCALING, "") for name in self.rescalings)
        return unnamed_or_ours and takes_blue_first(backbone) and not self._shown

    @property
    def _shown(self) -> bool:
        """Whether the graph shows a layer that scales photos, by the name that kclass gives it."""
        shown = (options for kind, options in objects(self.graph) if kind == RESCALING)
        return any(options.get("name") == SCALING for options in shown)


def objects(graph: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The class and the options of all that a graph is made of."""
    waiting = [graph]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Mapping):
            options = found.get("config")
            yield found.get("class_name"), options if isinstance(options, Mapping) else {}
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found
