"""`kclass explain`: where in photos a model sees evidence for a class."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import common_options, guarded, model_option
from .explain_audit import check_audit, tell_audit
from .explain_faithfulness import check_faithfulness, tell_faithfulness
from .explain_outputs import MOST_ON_SHEET, Lines, Outcome, Rows
from .overlays import FreePlaces
from .photo_paths import named_paths
from .predict_outputs import PhotoPlaces, check_files, refuse
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Classifier, PhotoError
    from kclass.progress import Progress

    from .explain_outputs import Found

DEFAULT_OUT = Path("explained")


@click.command()
@click.argument("paths", nargs=-1, required=True)
@model_option
@click.option(
    "--method",
    default="grad-cam",
    show_default=True,
    help="How: grad-cam, grad-cam++, hirescam, layercam or eigen-cam; slow, up to seconds a photo: occlusion,"
    " integrated-gradients or score-cam.",
)
@click.option("--class", "target", metavar="NAME", help="Class to explain.  [default: the most probable one]")
@click.option("--actual", is_flag=True, help="Explain the class whose folder the photo lies in.")
@click.option(
    "--top",
    type=int,
    help="Explain so many of the most probable classes, side by side on one scale.",
)
@click.option(
    "--layer",
    metavar="NAME",
    help="Layer of the network to explain.  [default: the last one with a spatial output]",
)
@click.option(
    "--flips", is_flag=True, help="Take the mean with the map of the mirrored photo: twice the time."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Folder to write an overlay of each photo into, a PNG file.",
)
@click.option(
    "--sheet",
    type=click.Path(path_type=Path),
    help="Write the photos with their maps, all on one scale, into this PNG file; the first"
    f" {MOST_ON_SHEET} photos.",
)
@click.option(
    "--faithfulness",
    is_flag=True,
    help="Instead of overlays, measure whether the maps show what the network goes by: beside random maps,"
    " and with random weights. Takes a second for each of up to 32 photos.",
)
@click.option(
    "--masks",
    type=click.Path(path_type=Path),
    help="With --faithfulness or --audit: folder of PNG files named as the photos, white where the subject"
    " is.",
)
@click.option(
    "--audit",
    is_flag=True,
    help="Instead of overlays, tell whether the model looks at the subject or takes a shortcut: PATHS is one"
    " folder, table or archive of labelled photos.",
)
@click.option(
    "--split",
    default="all",
    show_default=True,
    help="With --audit: the photos looked at, all, train, valid or test.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="With --audit: of the lots by which photos are drawn.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    help="With --audit: write a page with pictures into this HTML file.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 if any photo could not be explained; with --audit, if the model takes a shortcut.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def explain(
    terminal: Terminal,
    *,
    paths: tuple[str, ...],
    audit: bool,
    split: str,
    seed: int,
    html: Path | None,
    **options: Any,
) -> int:
    """Show where in the photos in PATHS a model sees evidence for a class.

    PATHS are files, folders, patterns, or - for a list of paths on stdin, one a line.

    Of each photo an overlay is written, and a line is printed: the photo, the class and its probability,
    where the evidence peaks and on how much of the photo half of it lies, and the overlay's file. With
    --top there is a line for each class. A map that shows no place says why.

    With --audit PATHS is one data set, and of each class it is told whether the model knows it by the
    subject or by a shortcut.
    """
    check_audit(audit=audit)
    if not audit:
        return _explain(terminal, paths=paths, **options)
    how = {name: options[name] for name in ("model", "masks", "strict", "as_json")}
    return tell_audit(paths, terminal, html=html, split=split, seed=seed, **how)


def _explain(
    terminal: Terminal,
    *,
    paths: tuple[str, ...],
    model: Path | None,
    target: str | None,
    actual: bool,
    top: int | None,
    out: Path,
    sheet: Path | None,
    faithfulness: bool,
    masks: Path | None,
    strict: bool,
    as_json: bool,
    **how: Any,
) -> int:
    """Write overlays, or measure how faithful maps are."""
    from kclass import find_photos, latest_model, load

    _check(target=target, actual=actual, top=top)
    others = {
        "class": target is not None,
        "actual": actual,
        "top": top is not None,
        "sheet": sheet is not None,
    }
    check_faithfulness(faithfulness=faithfulness, masks=masks, others=others)
    named = named_paths(paths)
    photos = find_photos(named)
    check_files({"--sheet": sheet}, photos)
    refuse("--out", out, PhotoPlaces.of(photos, named).hold(out), "overlays")
    classifier = load(model or latest_model())
    if faithfulness:
        measured, missing = tell_faithfulness(
            classifier, photos, terminal, masks=masks, out=out, as_json=as_json, **how
        )
        return int(missing > 0 if strict else not measured)
    targets = classifier.folder_classes(photos) if actual else [target] * len(photos)
    with terminal.progress() as progress:
        found = _explained(classifier, photos, targets, top, how, progress)
        outcome = Outcome.of(found, FreePlaces(out), Rows() if as_json else Lines(photos))
    outcome.print(terminal, out, sheet)
    # Of photos that are explained a sheet that was asked for is there by now, or there was an error.
    nothing = not outcome.written and (sheet is None or not outcome.explained)
    return int(outcome.failed if strict else nothing)


def _check(*, target: str | None, actual: bool, top: int | None) -> None:
    """Refuse options that say more than one thing about what is to be explained."""
    from kclass import OptionError

    given = [
        name
        for name, value in (("class", target is not None), ("actual", actual), ("top", top is not None))
        if value
    ]
    if given[1:]:
        raise OptionError(
            f"{' and '.join(given)} say two things about which class to explain", fix="Give one of them."
        )


def _explained(
    classifier: "Classifier",
    photos: Sequence[Path],
    targets: Sequence[str | None],
    top: int | None,
    how: dict[str, Any],
    progress: "Progress",
) -> "Iterator[Found | PhotoError]":
    """What is found of each photo, a few of them in memory."""
    if top is None:
        return classifier.explain_all(photos, targets=targets, progress=progress, **how)
    return classifier.explain_top_all(photos, top=top, progress=progress, **how)
