"""`kclass predict`: what photos show, and where the network looked."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import common_options, guarded, print_json, print_result
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Classifier, Prediction, Predictions

STDIN = "-"


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Model file.  [default: the model of runs/latest]",
)
@click.option(
    "--top", type=int, default=3, show_default=True, help="How many classes to name for each photo."
)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write the table into this CSV file."
)
@click.option(
    "--explain",
    type=click.Path(path_type=Path),
    help="Write a Grad-CAM overlay of each photo into this folder.",
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
    csv_file: Path | None,
    explain: Path | None,
    strict: bool,
    as_json: bool,
) -> int:
    """Say what the photos in PATHS show.

    PATHS are files, folders, patterns, or - for a list of paths on stdin, one a line.
    """
    from kclass import find_photos, latest_model, load

    classifier = load(model or latest_model())
    photos = find_photos(_named(paths))
    predictions = _predictions(classifier, photos, top, terminal)
    if csv_file is not None:
        predictions.write_csv(csv_file)
    overlays = {} if explain is None else _explain(classifier, predictions, explain, terminal)
    if as_json:
        content = predictions.to_dict()
        for row in content["predictions"] if overlays else []:
            row["overlay"] = overlays[row["path"]]
        print_json(content)
    else:
        _print_table(predictions)
    for error in predictions.unreadable:
        terminal.complain(f"not predicted: {error.message}")
    if explain is not None:
        terminal.say(f"Overlays: {explain}")
    refused = bool(predictions.unreadable) if strict else not len(predictions)
    return int(refused)


def _named(paths: Sequence[str]) -> list[str]:
    """The paths, with those on stdin in the place of -."""
    named: list[str] = []
    for path in paths:
        named += _listed() if path == STDIN else [path]
    return named


def _listed() -> list[str]:
    """The paths on stdin, one a line."""
    from kclass import DataError

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # names of files may be no text at all
    listed = [line.rstrip("\r\n") for line in sys.stdin if line.strip()]
    if not listed:
        raise DataError(
            "there are no paths on stdin", fix="Write one a line, or name the photos as arguments."
        )
    return listed


def _predictions(
    classifier: "Classifier", photos: Sequence[Path], top: int, terminal: Terminal
) -> "Predictions":
    from kclass import PhotoError, Predictions

    if len(photos) > 1:
        with terminal.progress() as progress:
            return classifier.predict_all(photos, top=top, progress=progress)
    try:
        return Predictions(tuple(classifier.predict(photo, top=top) for photo in photos), ())
    except PhotoError as error:
        return Predictions((), (error,))


def _print_table(predictions: "Predictions") -> None:
    width = max((len(str(each.path)) for each in predictions), default=0)
    for each in predictions:
        print_result(f"{each.path!s:<{width}}  " + "  ".join(map(str, each.top)))


def _explain(
    classifier: "Classifier", predictions: "Predictions", folder: Path, terminal: Terminal
) -> dict[str, str]:
    """Write the overlays, and name each by its photo."""
    overlays: dict[str, str] = {}
    with terminal.progress() as progress:
        for done, each in enumerate(predictions, start=1):
            place = _free_name(folder, each, taken=set(overlays.values()))
            classifier.explain(each.path, target=each.label).save(place)
            overlays[str(each.path)] = str(place)
            progress("explaining", done, len(predictions))
    return overlays


def _free_name(folder: Path, prediction: "Prediction", *, taken: set[str]) -> Path:
    """The photo's own name and the class; with a count if photos of several folders share a name."""
    stem = f"{prediction.path.stem}-{prediction.label}"
    place, count = folder / f"{stem}.png", 1
    while str(place) in taken:
        count += 1
        place = folder / f"{stem}-{count}.png"
    return place
