"""Computes `facts.json`: `python -m kclass.backbones.computed_facts` writes it anew."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest import mock

from kclass.backbones import scratch, scratch_small
from kclass.backbones.applications import APPLICATIONS, build_application
from kclass.backbones.archive import LOGITS
from kclass.backbones.efficientnet_lite import LITES
from kclass.backbones.facts import FACTS_FILE, Facts
from kclass.backbones.keras_cv_graph import build_lite
from kclass.backbones.stages import graph_of, stages_of, strides
from kclass.files import write_text
from kclass.keras_import import import_keras

# The side that photos have for MobileNetV3, which is built without one.
# Source: `weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5`, the name of its weights.
MOBILENET_V3_SIZE = 224

STEPPED_OVER = ("AveragePooling2D", "Dropout", "MaxPooling2D", "SpatialDropout2D")

# What is trained from scratch: what builds it, the side that its photos have, and the least.
UNTRAINED = {
    "scratch": (scratch.build_scratch, scratch.SIZE, scratch.LEAST_SIZE),
    "scratch-small": (scratch_small.build_scratch_small, scratch_small.SIZE, scratch_small.LEAST_SIZE),
}

NAMES = (*LITES, *APPLICATIONS, *UNTRAINED)


def computed_facts(name: str) -> Facts:
    """The facts of one network, which is built for it.

    Args:
        name: one of `NAMES`.
    """
    if name in LITES:
        return _facts(build_lite(name, LITES[name].size), size=LITES[name].size, least_size=32)
    if name in UNTRAINED:
        build, size, least_size = UNTRAINED[name]
        return _facts(build(size=size, classes=2, seed=0), size=size, least_size=least_size)
    size = _made_for(name)
    network = build_application(name, size, _leave)
    file, url, digest = _weights(name)
    facts = _facts(network, size=size, least_size=_least_size(name))
    return replace(facts, weights_file=file, weights_url=url, weights_hash=digest)


def _facts(network: Any, *, size: int, least_size: int) -> Facts:
    layers = graph_of(network)
    named = {layer.name: layer for layer in layers}
    coarseness = strides(layers)
    explained = [layer for layer in layers if coarseness[layer.name] < math.inf][-1]
    while explained.kind in STEPPED_OVER:
        explained = named[explained.inputs[0]]
    head = sum(layer.count_params() for layer in network.layers if layer.name == LOGITS)
    return Facts(
        size=size,
        least_size=least_size,
        parameters=network.count_params() - head,
        features=network.get_layer(layers[-1].name).output.shape[-1],
        explained=explained.name,
        stages=len(stages_of(network)),
    )


def _constructor(name: str) -> Any:
    return getattr(import_keras().applications, APPLICATIONS[name].constructor)


def _made_for(name: str) -> int:
    """The side that the network has with its top, which fits the one its weights were made for."""
    if name.startswith("mobilenet_v3"):
        return MOBILENET_V3_SIZE
    return int(_constructor(name)(weights=None, classes=2).input_shape[1])


def _least_size(name: str) -> int:
    """What Keras says when it is asked for less."""
    try:
        _constructor(name)(input_shape=(1, 1, 3), include_top=False, weights=None)
    except ValueError as error:
        found = re.search(r"at least (\d+)x", str(error))
        if found:
            return int(found[1])
    raise ValueError(f"Keras does not say how small the photos of {name} may be")


class _Asked(Exception):  # noqa: N818 - no error
    """What Keras would download: name, URL and hash."""


def _weights(name: str) -> tuple[str, str, str]:
    def asked(file: str, url: str, *, file_hash: str = "", **_: Any) -> None:
        raise _Asked(file, url, file_hash)

    with mock.patch("keras.src.utils.file_utils.get_file", asked):
        try:
            size = MOBILENET_V3_SIZE if name.startswith("mobilenet") else None
            shape = (size, size, 3) if size else None
            _constructor(name)(input_shape=shape, include_top=False, pooling="avg")
        except _Asked as call:
            file, url, digest = call.args
            return file, url, digest
    raise ValueError(f"Keras does not download weights for {name}")


def _leave(net: Any) -> None:
    """Leave the network its random weights."""


def _lines(facts: Mapping[str, Facts]) -> Iterator[str]:
    """One line for each network."""
    for name, each in facts.items():
        known = {key: value for key, value in asdict(each).items() if value != ""}
        yield f"{json.dumps(name)}: {json.dumps(known)}"


def _write() -> None:
    facts = {}
    for name in NAMES:
        import_keras().backend.clear_session()
        facts[name] = computed_facts(name)
    write_text(Path(__file__).with_name(FACTS_FILE), "{\n" + ",\n".join(_lines(facts)) + "\n}\n")


if __name__ == "__main__":
    _write()
