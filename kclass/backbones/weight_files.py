"""Weight files that a person gives: checked layer by layer, then loaded; nothing of them is run."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from kclass.backbones.archive import class_name
from kclass.backbones.file_kinds import kind_of
from kclass.backbones.keras3_h5 import place_in_model
from kclass.backbones.layer_matching import WantedLayer
from kclass.backbones.reading_process import read_apart


def loader(path: Path, *, backbone: str) -> Callable[[Any], None]:
    """What gives a Keras network the weights of a file.

    Args:
        path: a file of the weights or of a whole model, as Keras 3 saves them (`.weights.h5`,
            `.keras`) or Keras 2 (`.h5`), of the same network at any size of photos. What the file
            has beyond the network, such as a top, is left alone; the network may be a layer of the
            model in the file.
        backbone: the network's name, for errors.

    Raises:
        ModelError: there is no such file, or it is none of those.
    """
    kind_of(path)

    def load(network: Any) -> None:
        layers = list(_leaves(network.layers))
        weights = read_apart(path, [wanted for wanted, _ in layers], backbone=backbone)
        for (_, layer), arrays in zip(layers, weights, strict=True):
            layer.set_weights(arrays)
            if hasattr(layer, "finalize_state"):  # of layers that compute with what they make of weights
                layer.finalize_state()

    return load


def _leaves(layers: Iterable[Any]) -> Iterator[tuple[WantedLayer, Any]]:
    """The layers that have weights, those within models that are layers too, as files list them."""
    for index, (path, layer) in enumerate(_weighty(layers, ())):
        yield (
            WantedLayer(
                name=layer.name,
                kind=class_name(type(layer).__name__),
                place=place_in_model(path),
                index=index,
                shapes=tuple(tuple(weight.shape) for weight in layer.weights),
                dtypes=tuple("int32" if "int" in weight.dtype else "float32" for weight in layer.weights),
            ),
            layer,
        )


def _weighty(layers: Iterable[Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    counts: Counter[str] = Counter()
    for layer in layers:
        kind = class_name(type(layer).__name__)
        group = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
        if hasattr(layer, "layers"):
            yield from _weighty(layer.layers, (*path, group))
        elif layer.weights:
            yield (*path, group), layer
