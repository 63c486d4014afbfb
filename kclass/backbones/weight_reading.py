"""Reads what a network wants out of a weight file; no graph of it is built and nothing of it is run."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kclass.backbones.archive import CONFIG, DAMAGE, WEIGHTS, unpacked
from kclass.backbones.file_kinds import WHICH, Kind, damaged, kind_of, unreadable
from kclass.backbones.keras3_h5 import keras3_parts, names_of_class
from kclass.backbones.layer_matching import Match, Part, StoredLayer, WantedLayer, best_matches
from kclass.backbones.legacy_h5 import legacy_parts, model_config
from kclass.backbones.safe_hdf5 import UntrustedError, opened, printable
from kclass.backbones.weight_origin import FOLDED, RESCALING_GROUP, Origin, objects
from kclass.errors import ModelError

Arrays = list[list[NDArray[Any]]]


def read_weights(path: Path, wanted: Sequence[WantedLayer], *, backbone: str) -> Arrays:
    """The weights of each layer that a network wants.

    Args:
        path: a weight file of Keras.
        wanted: the layers of the network that have weights.
        backbone: the network's name, for errors.

    Returns:
        For each layer its arrays, in the shapes and precisions wanted.

    Raises:
        ModelError: the file cannot be read, or its weights are not those of the network.
    """
    try:
        with _content(path) as (file, graph):
            _check_code(path, graph)
            layers = _fitting(path, wanted, file, graph, backbone)
            return [
                [array.read(np.dtype(dtype)) for array, dtype in zip(found.arrays, layer.dtypes, strict=True)]
                for layer, found in zip(wanted, layers, strict=True)
            ]
    except UntrustedError as error:
        raise ModelError(
            f"the weight file {path} cannot be used: {error}",
            fix="Load it with Keras where it was made, and save it again.",
        ) from error
    except DAMAGE as error:
        raise damaged(path, error) from error
    except OSError as error:
        raise (unreadable(path, error) if error.errno else damaged(path, error)) from error


@contextmanager
def _content(path: Path) -> Iterator[tuple[Any, Any]]:
    """The HDF5 file, and the graph beside it; None if the file has the weights alone."""
    if kind_of(path) is Kind.KERAS:
        content = unpacked(path, size=path.stat().st_size, entries=())
        with opened(content[WEIGHTS]) as file:
            yield file, json.loads(content[CONFIG])
    else:
        with opened(str(path)) as file:
            config = model_config(file)
            yield file, json.loads(config) if config else None


def _check_code(path: Path, graph: Any) -> None:
    for found, options in objects(graph):
        if found in ("Lambda", "__lambda__"):
            name = printable(str(options.get("name", "")))
            raise ModelError(
                f"the model in {path} has {f'a Lambda layer, {name}' if name else 'a lambda function'};"
                " that is code, and kclass takes no code from files",
                fix="Save the backbone alone where the model was made:"
                " model.get_layer(NAME).save_weights('backbone.weights.h5').",
            )


def _fitting(
    path: Path, wanted: Sequence[WantedLayer], file: Any, graph: Any, backbone: str
) -> list[StoredLayer]:
    parts = [*legacy_parts(file), *keras3_parts(file)]
    if not parts:
        raise ModelError(f"{path} holds no weights as Keras lays them out", fix=WHICH)
    match, *more = best_matches(wanted, parts)
    if match.misfit is not None:
        missing = wanted[match.misfit]
        if match.alike and missing.kind in FOLDED and _origin(file, graph, parts).of_kclass:
            raise _folded(path, backbone)
        raise _misfit(path, missing, match, backbone)
    if more or match.ways > 1:
        raise ModelError(
            f"{path} has weights that fit {backbone} more than once",
            fix="Save the one that you mean alone: model.get_layer(NAME).save_weights('one.weights.h5').",
        )
    if _origin(file, graph, [match.part]).turned(backbone):
        raise _turned(path, backbone)
    return [layer for layer in match.layers if layer is not None]


def _origin(file: Any, graph: Any, parts: Sequence[Part]) -> Origin:
    names = (names_of_class(file, part, RESCALING_GROUP) for part in parts)
    return Origin(graph, frozenset[str]().union(*names))


def _turned(path: Path, backbone: str) -> ModelError:
    return ModelError(
        f"the model in {path} takes red, green, blue, where {backbone} as Keras has it takes blue,"
        " green, red",
        fix="Give the weight file that the model was made with, or use --weights imagenet.",
    )


def _folded(path: Path, backbone: str) -> ModelError:
    return ModelError(
        f"the weights in {path} are of a network that kclass made, whose scaling layers are folded in;"
        f" {backbone} as Keras has it cannot take them",
        fix=f"Give the file that Keras itself saved of {backbone}, or use --weights imagenet.",
    )


def _misfit(path: Path, layer: WantedLayer, match: Match, backbone: str) -> ModelError:
    found = match.layers[layer.index]
    first = match.part.layers[0]
    if found is not None:
        has = f"has {_listed(found.shapes)} there"
        fix = f"Give weights of {backbone} as Keras makes it by default, of the same width and version"
    elif match.alike:
        has = "has no such layer"
        fix = f"Give a file with all layers of {backbone}"
    else:
        name = printable(first.name) or "a layer"
        has = f"has none of its layers, but for instance {name} with {_listed(first.shapes)}"
        fix = f"Give a file saved from {backbone}"
    return ModelError(
        f"the weights in {path} are not those of {backbone}: its layer {layer.name} takes "
        f"{_listed(layer.shapes)}; the file {has}",
        fix=f"{fix}, or use --weights imagenet.",
    )


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("x".join(str(side) for side in shape) or "one number" for shape in shapes)
