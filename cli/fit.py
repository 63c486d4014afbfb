"""`kclass fit`: from a folder of photos to a trained model and the folder of its run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import common_options, guarded, print_json, print_result
from .sources import FRACTION_OR_PLACE, TABLE_OPTIONS, source_options
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Fit

SPLIT_NAMES = {"valid": "validation", "test": "test"}
LEFT_OUT_SHOWN = 10


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@source_options
@click.option(
    "--valid",
    type=FRACTION_OR_PLACE,
    help="Fraction for validation, if DATA is not split; or a folder of other photos.  [default: 0.2]",
)
@click.option(
    "--test",
    type=FRACTION_OR_PLACE,
    help="Fraction for test, if DATA is not split; or a folder of other photos.  [default: 0]",
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="Split DATA as this CSV file says, such as the split.csv of a run.",
)
@click.option(
    "--backbone",
    default="efficientnet_lite0",
    show_default=True,
    help="A network that stays as it is, while a head is solved: `kclass backbones` lists them."
    " Or scratch: all of it is trained.",
)
@click.option("--weights", help="imagenet, none, or a weight file.  [default: imagenet; none for scratch]")
@click.option(
    "--size",
    type=int,
    help="Side of the photos as the network sees them, in pixels.  [default: the backbone's]",
)
@click.option(
    "--resize",
    default="squash",
    show_default=True,
    help="squash (all of the photo), crop (its centre) or pad (with bars).",
)
@click.option("--epochs", type=int, help="Epochs of a network that is trained.  [default: 20]")
@click.option("--batch-size", type=int, help="Photos a step of such a network.  [default: 32]")
@click.option("--lr", type=float, help="Learning rate of such a network.  [default: 0.0003]")
@click.option(
    "--augment",
    help="Random changes of training photos of such a network: none, flip, light, standard, strong,"
    " fiat-ferrari, landmarks, lakes.  [default: light]",
)
@click.option("--mixup", type=float, help="Alpha of MixUp for such a network.  [default: no MixUp]")
@click.option("--cutmix", type=float, help="Alpha of CutMix for such a network.  [default: no CutMix]")
@click.option(
    "--balance",
    help="Let classes count alike: weights (in the loss) or, in such a network, sample (shown equally"
    " often).  [default: as many as there are]",
)
@click.option(
    "--cache",
    help="Where photos of such a network are kept decoded: none, memory or disk.  [default: disk]",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Of the split, initial weights, order and augmentation.",
)
@click.option(
    "--precision",
    default="f32",
    show_default=True,
    help="f32, bf16, or auto: bf16 where the processor has it.",
)
@click.option("--device", default="auto", show_default=True, help="cpu, gpu, or auto.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/DATE-NAME]")
@click.option(
    "--strict", is_flag=True, help="Refuse DATA if a photo cannot be read, instead of leaving it out."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def fit(terminal: Terminal, *, data: Path, out: Path | None, as_json: bool, **options: Any) -> int:
    """Train a classifier on the photos in DATA.

    DATA holds a folder for each class, or the folders train, validation and test, which hold those; or
    it is a CSV file with a column of paths and one of classes, or a zip or tar archive of any of them.
    """
    from kclass import FitOptions, open_data, run_fit

    source = {name: options.pop(name) for name in TABLE_OPTIONS}
    chosen = FitOptions(**options)  # refused before a large folder or archive is read
    with terminal.progress() as progress:
        fitted = run_fit(open_data(data, **source), chosen, out=out, progress=progress)
    is_latest = out is None and _is_latest(fitted)
    if out is None and not is_latest:
        terminal.complain(f"{fitted.folder.parent / 'latest'} does not name this run; move it away")
    _keep_noise(terminal, fitted.folder / "log.txt")
    _name_left_out(fitted, terminal)
    if as_json:
        print_json(fitted.to_dict())
    else:
        _print(fitted, terminal, is_latest=is_latest)
    return 0


def _is_latest(fitted: "Fit") -> bool:
    from kclass import ModelError, latest_model

    try:
        return latest_model(fitted.folder.parent).resolve().parent == fitted.folder.resolve()
    except ModelError:
        return False


def _print(fitted: "Fit", terminal: Terminal, *, is_latest: bool) -> None:
    print_result(repr(fitted.data))
    for split, evaluation in fitted.evaluations.items():
        print_result(f"\nAccuracy on {SPLIT_NAMES[split]}: {evaluation!r}")
    print_result(f"\n{fitted.seconds:.1f} s. Model, predictions and figures: {fitted.folder}")
    model = "" if is_latest else f" --model {fitted.folder / 'model.keras'}"
    terminal.say(f"Next: kclass predict PHOTO{model}")


def _name_left_out(fitted: "Fit", terminal: Terminal) -> None:
    if fitted.remark:
        terminal.complain(fitted.remark)
    if fitted.findings_remark:
        terminal.say(f"{fitted.findings_remark}; listed in {fitted.folder / 'findings.csv'}")
    for error in fitted.unreadable[:LEFT_OUT_SHOWN]:
        terminal.complain(f"left out: {error.message}")
    more = len(fitted.unreadable) - LEFT_OUT_SHOWN
    if more > 0:
        terminal.complain(f"left out: {more} more, listed in {fitted.folder / 'log.txt'}")


def _keep_noise(terminal: Terminal, log: Path) -> None:
    """Add what libraries wrote to the run's log."""
    noise = terminal.noise()
    if not noise:
        return
    try:
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"\n--- written by libraries ---\n{noise}")
    except OSError as error:  # the run is whole without
        terminal.complain(f"what libraries wrote is not in {log}: {error.strerror}")
