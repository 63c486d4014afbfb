"""`kclass compare`: which of several runs is better, and on which photos."""

from pathlib import Path

import click

from .command import common_options, guarded, print_json, print_result
from .terminal import Terminal


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN RUN...")
@click.option(
    "--split", default="valid", show_default=True, help="Whose photos to compare on: valid or test."
)
@click.option(
    "--number",
    type=int,
    default=10,
    show_default=True,
    help="How many of the photos to list that one run gets right and the other wrong.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def compare(terminal: Terminal, *, runs: tuple[Path, ...], split: str, number: int, as_json: bool) -> int:
    """Compare runs on the photos that every one of them scored.

    RUN is the folder of a run, such as runs/latest. The first is what the others are compared with.
    """
    import kclass

    comparison = kclass.compare(runs, split=split, number=number)
    if as_json:
        print_json(comparison.to_dict())
    else:
        print_result(repr(comparison))
    return 0
