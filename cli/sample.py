"""`kclass sample`: draw the sample data set."""

from pathlib import Path

import click

from .command import common_options, guarded, print_result
from .terminal import Terminal


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--per-class",
    type=int,
    default=150,
    show_default=True,
    help="Photos a class for training and validation.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws other photos.")
@click.option(
    "--biased", is_flag=True, help="Put nearly all fiats on meadows, so that the background gives them away."
)
@click.option("--masks", is_flag=True, help="Write where the car is, too, into OUT-masks.")
@common_options
@guarded
def sample(terminal: Terminal, *, out: Path, per_class: int, seed: int, biased: bool, masks: bool) -> int:
    """Draw photos of two cars into the folder OUT, to try kclass on."""
    from kclass import draw_sample

    with terminal.progress() as progress:
        drawn = draw_sample(
            out, per_class=per_class, seed=seed, biased=biased, masks=masks, progress=progress
        )
    for split, counts in drawn.counts.items():
        print_result(
            f"{split:>12}  "
            + ", ".join(f"{number} {label or 'unlabelled'}" for label, number in counts.items())
        )
    for path, reason in drawn.hard.items():
        terminal.say(f"hard on purpose: {path} ({reason})")
    print_result(f"Drawn into {out}")
    terminal.say(f"Next: kclass fit {out}")
    return 0
