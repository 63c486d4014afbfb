"""`kclass show`: photos as a network sees them, and what augmentation makes of them."""

from pathlib import Path
from typing import Any

import click

from .command import common_options, guarded, print_json, print_result
from .sources import source_options
from .terminal import Terminal


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--augment",
    default="none",
    show_default=True,
    help="Random changes of training photos: none, flip, light, standard, strong, fiat-ferrari,"
    " landmarks, lakes.",
)
@click.option("--split", help="train, valid or test.  [default: all photos]")
@click.option("--number", type=int, help="How many photos.  [default: 24, or 6 if they are augmented]")
@click.option("--views", type=int, help="How often each photo is shown augmented.  [default: 6]")
@click.option("--size", type=int, default=224, show_default=True, help="Side of the photos, in pixels.")
@click.option(
    "--resize",
    default="squash",
    show_default=True,
    help="squash (all of the photo), crop (its centre) or pad (with bars).",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed shows other photos.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="PNG file to write the grid into.  [default: DATA's name and the preset's, here]",
)
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print what is shown as one JSON document.")
@common_options
@guarded
def show(
    terminal: Terminal,
    *,
    data: Path,
    augment: str,
    split: str | None,
    number: int | None,
    views: int | None,
    size: int,
    resize: Any,
    seed: int,
    out: Path | None,
    as_json: bool,
    **source: str | None,
) -> int:
    """Write a grid of photos in DATA as a network sees them, augmented if asked.

    DATA is a folder, a table (CSV) or an archive (zip, tar) of photos.
    """
    import kclass

    photos = kclass.open_data(data, **source)
    picture = out or Path(f"{photos.name}-{'photos' if augment == 'none' else augment}.png")
    shown = kclass.show(
        photos,
        augment=augment,
        split=split,
        number=number,
        views=views,
        size=size,
        resize=resize,
        seed=seed,
        out=picture,
    )
    for error in shown.unreadable:
        terminal.complain(f"not shown: {error.message}")
    if as_json:
        print_json({"out": str(picture), **shown.to_dict()})
    else:
        print_result(f"{shown!r}\nWritten to {picture}")
    return 0
