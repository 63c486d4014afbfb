"""Facts computed from the networks and kept in `facts.json`, so that nothing is built to know them.

`kclass.backbones.computed_facts` writes the file anew.
"""

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass

FACTS_FILE = "facts.json"


@dataclass(frozen=True)
class Facts:
    """What is known of one network.

    Args:
        size: the side of the photos that its ImageNet weights were made for, in pixels.
        least_size: the smallest side it can take.
        parameters: how many weights its flat graph has without a head.
        features: the width of its feature vector.
        explained: the name of the layer that explanations look at.
        stages: how many stages it has.
        weights_file: the name of Keras's file of its ImageNet weights without top, if there is one.
        weights_url: where Keras downloads that from.
        weights_hash: its hash, MD5 or SHA-256 in hexadecimal; empty if Keras checks none.
    """

    size: int
    least_size: int
    parameters: int
    features: int
    explained: str
    stages: int
    weights_file: str = ""
    weights_url: str = ""
    weights_hash: str = ""


def read_facts() -> Mapping[str, Facts]:
    """The facts of every network by its name."""
    text = importlib.resources.files("kclass.backbones").joinpath(FACTS_FILE).read_text("utf-8")
    return {name: Facts(**facts) for name, facts in json.loads(text).items()}


FACTS = read_facts()
