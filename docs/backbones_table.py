"""Writes the table of docs/backbones.md anew, from what `kclass.list_backbones()` knows.

Usage: backbones_table.py
"""

from collections.abc import Iterable
from pathlib import Path

import kclass

PAGE = Path(__file__).with_name("backbones.md")
BEGIN, END = "<!-- written by docs/backbones_table.py -->\n", "<!-- end -->\n"
HEAD = (
    "backbone",
    "px",
    "parameters",
    "features",
    "photos/s f32",
    "bf16",
    "stages",
    "scaling",
    "licence",
    "weights",
)


def table() -> str:
    """The same on every computer: whether weights are there is left to `kclass backbones`."""
    listed = kclass.list_backbones()
    machines = ", ".join(sorted({each.speed_machine for each in listed} - {""}))
    lines = [_line(HEAD), _line(["---"] * len(HEAD)), *(_line(_cells(each)) for each in listed)]
    return "\n".join(lines) + f"\n\nPhotos a second: measured on {machines or 'no machine yet'}.\n"


def page(text: str) -> str:
    """The page with its table written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _cells(each: kclass.ListedBackbone) -> tuple[object, ...]:
    return (
        f"`{each.name}`",
        each.size,
        f"{each.parameters / 1e6:.1f} M",
        each.features,
        *("–" if rate is None else f"{rate:g}" for rate in (each.speed.f32, each.speed.bf16)),  # noqa: RUF001
        len(each.stages),
        each.scaling,
        each.licence,
        _weights(each),
    )


def _weights(each: kclass.ListedBackbone) -> str:
    if each.weights_package:
        return f"`{each.weights_package}`"
    return f"{each.weights_megabytes} MB" if each.weights_file else "none"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
