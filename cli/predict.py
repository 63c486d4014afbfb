"""`kclass predict`: what photos show, and where the network looked."""

import io
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import common_options, guarded, print_json, print_result
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Classifier, KClassError, Predictions

STDIN = "-"
SUFFIXES = {"--csv": ".csv", "--grid": ".png"}
MOST_IN_GRID = 60


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Model file or folder of a run.  [default: runs/latest]",
)
@click.option(
    "--top", type=int, default=3, show_default=True, help="How many classes to name for each photo."
)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write the table into this CSV file."
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
    grid: Path | None,
    explain: Path | None,
    strict: bool,
    as_json: bool,
) -> int:
    """Say what the photos in PATHS show.

    PATHS are files, folders, patterns, or - for a list of paths on stdin, one a line.
    """
    from kclass import find_photos, latest_model, load

    named = _named(paths)
    photos = find_photos(named)
    _check_files({"--csv": csv_file, "--grid": grid}, photos)
    _check_folder(explain, photos, named)
    classifier = load(model or latest_model())
    predictions = _predictions(classifier, photos, top, terminal)
    if csv_file is not None:
        predictions.write_csv(csv_file)
    if not as_json:
        _print_table(predictions)
    if grid is not None and len(predictions):
        _draw(predictions, grid, terminal)
    overlays = _Overlays({}, [])
    if explain is not None:  # after the grid, so that no overlay is given the name of that file
        overlays = _explain(classifier, predictions, explain, terminal)
    if as_json:
        content = predictions.to_dict()
        for row in content["predictions"] if explain is not None else []:
            row["overlay"] = overlays.files.get(row["path"])
        print_json(content)
    for error in predictions.unreadable:
        terminal.complain(f"not predicted: {error.message}")
    for each in overlays.errors:
        terminal.complain(f"not explained: {each.message}")
    if overlays.files:
        terminal.say(f"Overlays: {explain}")
    refused = bool(predictions.unreadable or overlays.errors) if strict else not len(predictions)
    return int(refused)


def _check_files(files: Mapping[str, Path | None], photos: Sequence[Path]) -> None:
    """Refuse files for results that are none, or photos: `--csv *.jpg` is `--csv a.jpg b.jpg` to us."""
    from kclass import OptionError

    taken = {photo.resolve() for photo in photos}
    for option, place in files.items():
        if place is None:
            continue
        suffix = SUFFIXES[option]
        if place.suffix.lower() != suffix:
            raise OptionError(
                f"{option} is {place}, which is no name of a {suffix[1:].upper()} file",
                fix=f"Name one, such as {option} out{suffix}",
            )
        if place.resolve() in taken:
            raise OptionError(f"{option} is {place}, one of the photos", fix="Choose another name.")


def _check_folder(explain: Path | None, photos: Sequence[Path], named: Sequence[str]) -> None:
    """Refuse a folder for overlays where the photos are."""
    from kclass import OptionError

    if explain is not None:
        folders = {photo.parent for photo in photos} | {Path(name) for name in named}
        if explain.resolve() in {folder.resolve() for folder in folders}:
            raise OptionError(
                f"--explain is {explain}, where the photos are", fix="Choose another folder, such as overlays"
            )


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


def _draw(predictions: "Predictions", grid: Path, terminal: Terminal) -> None:
    """Write the grid, and say where it is and how much of all it shows."""
    from kclass import save_png

    save_png(predictions.plot(number=MOST_IN_GRID), grid)
    more = len(predictions) > MOST_IN_GRID
    terminal.say(f"Grid: {grid}" + (f" ({MOST_IN_GRID} of {len(predictions)} photos)" if more else ""))


@dataclass(frozen=True)
class _Overlays:
    """What came of explaining: files by photo, and what went wrong with the others."""

    files: dict[str, str]
    errors: list["KClassError"]


def _explain(
    classifier: "Classifier", predictions: "Predictions", folder: Path, terminal: Terminal
) -> _Overlays:
    """Write an overlay of each photo that can be explained."""
    from kclass import KClassError

    overlays = _Overlays({}, [])
    with terminal.progress() as progress:
        progress("explaining", 0, len(predictions))  # TensorFlow takes seconds to come
        places = _free_places(folder, predictions)
        for done, (each, place) in enumerate(zip(predictions, places, strict=True), start=1):
            try:
                classifier.explain(each.path, target=each.label).save(place)
                overlays.files[str(each.path)] = str(place)
            except KClassError as error:
                overlays.errors.append(error)
            progress("explaining", done, len(predictions))
    return overlays


def _free_places(folder: Path, predictions: "Predictions") -> Iterator[Path]:
    """A file for each photo: its own name and the class, with a count if that is taken already."""
    taken = {_alike(path.name) for path in folder.iterdir()} if folder.is_dir() else set()
    counts: Counter[str] = Counter()
    for each in predictions:
        stem = f"{each.path.stem}-{each.label}"
        name = f"{stem}.png"
        while _alike(name) in taken:
            counts[_alike(stem)] += 1
            name = f"{stem}-{counts[_alike(stem)] + 1}.png"
        taken.add(_alike(name))
        yield folder / name


def _alike(name: str) -> str:
    """What is equal for names that are one to some file system."""
    return unicodedata.normalize("NFC", name.casefold())
