"""Weight files that a person gives: checked layer by layer, then loaded; nothing of them is run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from kclass.backbones.archive import read_archive, read_weights
from kclass.errors import ModelError

SUFFIXES = (".weights.h5", ".keras")


def loader(path: Path, *, backbone: str) -> Callable[[Any], None]:
    """What gives a Keras network the weights of a file.

    Args:
        path: a `.weights.h5` or `.keras` file of the same network; what it has beyond that, such as
            a top, is left alone.
        backbone: the network's name, for errors.
    """

    def load(network: Any) -> None:
        found = _read(path)
        for layer in network.layers:
            if layer.weights:
                layer.set_weights(_fitting(layer, found, path, backbone))

    return load


def _read(path: Path) -> dict[str, list[NDArray[Any]]]:
    if not path.name.endswith(SUFFIXES):
        raise ModelError(
            f"{path} is not a weight file that kclass reads",
            fix=f"Give a file that ends in {' or '.join(SUFFIXES)}, as Keras 3 saves it.",
        )
    try:
        return read_weights(
            read_archive(path, entries=()).weights if path.suffix == ".keras" else path.read_bytes()
        )
    except OSError as error:
        raise ModelError(f"cannot read the weight file {path}: {error.strerror or error}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error.message}", fix="Save it again with Keras 3.") from error


def _fitting(
    layer: Any, found: Mapping[str, Sequence[NDArray[Any]]], path: Path, backbone: str
) -> Sequence[NDArray[Any]]:
    """The file's weights for a layer, if it has them in the layer's own shapes."""
    wanted = [tuple(weight.shape) for weight in layer.weights]
    given = [array.shape for array in found.get(layer.name, ())]
    if given != wanted:
        has = f"has them as {_listed(given)}" if given else "has none"
        raise ModelError(
            f"the weights in {path} are not those of {backbone}: its layer {layer.name} takes "
            f"{_listed(wanted)}, the file {has}",
            fix=f"Give a file saved from keras.applications' {backbone}, or use --weights imagenet.",
        )
    return found[layer.name]


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("x".join(str(side) for side in shape) for shape in shapes)
