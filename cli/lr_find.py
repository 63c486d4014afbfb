"""`kclass lr-find`: the curve of losses over learning rates, and a suggestion."""

from pathlib import Path
from typing import Any

import click

from .command import common_options, guarded, print_json, print_result
from .sources import TABLE_OPTIONS, source_options
from .terminal import Terminal
from .training_options import chosen_options, tell_recipe, training_options, with_weights


@click.command("lr-find")
@click.argument("data", type=click.Path(path_type=Path))
@source_options
@training_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("lr-find.png"),
    show_default=True,
    help="The picture to write: PNG.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the curve as one JSON document.")
@common_options
@guarded
def lr_find(terminal: Terminal, *, data: Path, out: Path, as_json: bool, **options: Any) -> int:
    """Find a learning rate for training on the photos in DATA.

    The rate rises from step to step until the loss runs away; it is --fine-tune-lr that is looked for
    if --fine-tune is given, else --lr. Nothing of the training is kept. The other options are those of
    `kclass fit`, so that its command serves here too; how long to train and how the rate is to change
    then make no difference.
    """
    from kclass import open_data, run_lr_find, save_png

    source = {name: options.pop(name) for name in TABLE_OPTIONS}
    chosen = chosen_options(options)
    tell_recipe(chosen, terminal)
    opened = open_data(data, **source)
    chosen = with_weights(chosen, terminal)
    with terminal.progress() as progress:
        curve = run_lr_find(opened, chosen, progress=progress)
    if as_json:
        print_json(curve.to_dict())
    else:
        print_result(repr(curve))
    save_png(curve.plot(), out)
    terminal.say(f"The curve: {out}")
    return 0
