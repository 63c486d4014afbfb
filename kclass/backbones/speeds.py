"""How fast backbones are, as `benchmarks/backbone_speeds.py` measured it and keeps it in `speeds.json`."""

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable

SPEEDS = importlib.resources.files("kclass.backbones").joinpath("speeds.json")


@dataclass(frozen=True)
class Speed:
    """Photos a second through the network alone, at its own size; None was never measured.

    Args:
        f32: computed in float32.
        bf16: computed in bfloat16, by a processor that does.
    """

    f32: float | None = None
    bf16: float | None = None


@dataclass(frozen=True)
class Speeds:
    """The speeds of backbones on one machine.

    Args:
        machine: in words; empty if nothing was measured.
        of: the speed of each backbone that was measured, by its name.
    """

    machine: str = ""
    of: Mapping[str, Speed] = field(default_factory=dict)


def read_speeds(file: Traversable = SPEEDS) -> Speeds:
    """The speeds that were measured; none if there is no file of them.

    Args:
        file: as the benchmark writes it.
    """
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Speeds()
    measured = content["photos_per_second"]
    return Speeds(content["machine"], {name: Speed(**each) for name, each in measured.items()})
