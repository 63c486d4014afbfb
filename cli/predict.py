"""`kclass predict`: what photos show, and where the network looked."""

import contextlib
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import common_options, guarded, model_option, print_json
from .overlays import Overlays, explain_into
from .photo_paths import named_paths
from .predict_outputs import MOST_IN_GRID, Answers, Outputs
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Classifier, Copied, PhotoError, Prediction, Predictions, Progress


@click.command()
@click.argument("paths", nargs=-1, required=True)
@model_option
@click.option(
    "--top", type=int, default=3, show_default=True, help="How many classes to name for each photo."
)
@click.option(
    "--threshold",
    type=float,
    default=0,
    show_default=True,
    help='Answer "unsure" below this probability, 0 to 1, and for photos unlike any in training.',
)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write the table into this CSV file."
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    help="Write a page of the photos by answer, the least sure first, into this HTML file.",
)
@click.option(
    "--grid",
    type=click.Path(path_type=Path),
    help=f"Write the photos, each with its class, into this PNG file; the first {MOST_IN_GRID}.",
)
@click.option(
    "--explain",
    type=click.Path(path_type=Path),
    help="Write a Grad-CAM overlay of each photo into this folder.",
)
@click.option(
    "--copy-into",
    type=click.Path(path_type=Path),
    help="Copy each photo into the folder of its class, or unsure, in this folder.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if any photo could not be read.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@common_options
@guarded
def predict(
    terminal: Terminal,
    *,
    paths: tuple[str, ...],
    model: Path | None,
    top: int,
    threshold: float,
    csv_file: Path | None,
    html: Path | None,
    grid: Path | None,
    explain: Path | None,
    copy_into: Path | None,
    strict: bool,
    as_json: bool,
) -> int:
    """Say what the photos in PATHS show.

    PATHS are files, folders, patterns, or - for a list of paths on stdin, one a line.
    """
    from kclass import find_photos, latest_model, load

    named = named_paths(paths)
    photos = find_photos(named)
    outputs = Outputs(csv_file, html, grid, explain, copy_into)
    outputs.check(photos, named)
    classifier = load(model or latest_model())
    answers = Answers(
        csv=csv_file,
        width=None if as_json else max(len(str(photo)) for photo in photos),
        single=len(photos) == 1,
        keep=as_json or outputs.need_all,
    )
    with _progress(terminal, printing=not as_json) as progress:
        outcomes = _outcomes(classifier, photos, top, threshold, progress)
        del photos  # of 100,000 the stream keeps the names, in a fifth of the memory
        answers.take(outcomes)
    copied, overlays = None, Overlays({}, [])
    if answers.keep:
        predictions = answers.predictions(classifier.classes)
        copied = outputs.write(predictions, terminal)
        if explain is not None:  # after the grid, so that no overlay is given the name of that file
            overlays = explain_into(classifier, predictions, explain, terminal)
        if as_json:
            print_json(_content(predictions, copied, overlays if explain is not None else None))
    errors = {
        "predicted": answers.unreadable,
        "copied": () if copied is None else copied.unreadable,
        "explained": overlays.errors,
    }
    for word, those in errors.items():
        for each in those:
            terminal.complain(f"not {word}: {each.message}")
    if overlays.files:
        terminal.say(f"Overlays: {explain}")
    return int(any(errors.values()) if strict else not answers.number)


def _content(
    predictions: "Predictions", copied: "Copied | None", overlays: Overlays | None
) -> dict[str, Any]:
    """The predictions as plain data, with the file that was made of each photo, if any was asked for."""
    content = predictions.to_dict()
    for each, row in zip(predictions, content["predictions"], strict=True):
        if copied is not None:
            copy = copied.files.get(each.path)
            row["copy"] = None if copy is None else str(copy)
        if overlays is not None:
            row["overlay"] = overlays.files.get(row["path"])
    return content


@contextlib.contextmanager
def _progress(terminal: Terminal, *, printing: bool) -> Iterator["Progress"]:
    """The terminal's bar, unless what is printed scrolls through the same terminal and tells as much."""
    if printing and sys.stdout.isatty():
        yield lambda stage, done, total, note="": None
    else:
        with terminal.progress() as progress:
            yield progress


def _outcomes(
    classifier: "Classifier", photos: Sequence[Path], top: int, threshold: float, progress: "Progress"
) -> Generator["Prediction | PhotoError", None, None]:
    """The prediction of each photo, or what is wrong with it; a single one is computed in f32."""
    if len(photos) > 1:
        return classifier.predict_stream(photos, top=top, threshold=threshold, progress=progress)
    return _alone(classifier, photos, top, threshold)


def _alone(
    classifier: "Classifier", photos: Sequence[Path], top: int, threshold: float
) -> Generator["Prediction | PhotoError", None, None]:
    from kclass import PhotoError

    for photo in photos:
        try:
            yield classifier.predict(photo, top=top, threshold=threshold)
        except PhotoError as error:
            yield error
