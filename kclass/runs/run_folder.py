"""The folder that a run leaves: made beside its place, and put there whole."""

import contextlib
import csv
import io
import itertools
import json
import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kclass.classifier.model_file import MODEL, pointed_to
from kclass.errors import ModelError, OutputError
from kclass.files import make_folder, output_errors, write_bytes, write_text

if TYPE_CHECKING:
    from kclass.classifier.evaluation import Evaluation

RUNS = Path("runs")
LATEST = "latest"
LONGEST_NAME = 50

LOGGER = logging.getLogger("kclass")


@dataclass(frozen=True)
class Run:
    """A finished run: a folder with `model.keras` and all that tells how it came about."""

    folder: Path

    @property
    def model(self) -> Path:
        """The model file."""
        return self.folder / MODEL


def latest_model(runs: str | Path = RUNS) -> Path:
    """The model of the latest run.

    Args:
        runs: the folder of the runs.

    Raises:
        ModelError: there is none.
    """
    runs = Path(runs)
    nothing = ModelError(
        f"there is no run in {runs.resolve()} to take a model from",
        fix="Run `kclass fit DATA` here first, or give a model file with --model.",
    )
    try:
        model = pointed_to(runs / LATEST) / MODEL
        found = model.is_file()
    except (OSError, ValueError) as error:  # a text that is no name of a folder
        raise nothing from error
    if not found:
        raise nothing
    return model


@contextlib.contextmanager
def new_run(name: str, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """Hand out a folder to write a run into, and the place where it will be.

    At the end of the block the folder is put in its place in one step; if the block raises, it is
    deleted. That `latest` cannot be made to name it is a warning: the run is whole then.

    Args:
        name: of the data set; part of the folder's name if `out` is None.
        out: the folder to make; None for one in `runs` with the date, which `latest` then names.

    Raises:
        OutputError: the folder is there already and not empty, or cannot be written.
    """
    part, place = claim(name, out, part_of=_hidden if out is None else _hidden_for_one)
    try:
        yield part, place
        put(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if out is None:
        name_latest(place)


def claim(name: str, out: Path | None, *, part_of: Callable[[Path], Path]) -> tuple[Path, Path]:
    """Make a folder to write a run into, beside the place where it will be.

    Runs that start in the same second look for the same place, then for place-2, place-3 …: whoever
    makes the folder has it.

    Args:
        name: of the data set; part of the place's name if `out` is None.
        out: the place; None for one in `runs` with the date.
        part_of: the folder that belongs to a place.

    Returns:
        The folder, and the place.

    Raises:
        OutputError: the place is taken, or the folder cannot be made.
    """
    wanted = out or RUNS / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{_plain(name)}"
    make_folder(wanted.parent)
    with output_errors(wanted):
        if out is not None:
            part = part_of(_allowed(out))
            part.mkdir()  # with the permissions of every new folder; `tempfile` makes private ones
            return part, out
        return _claimed(wanted, part_of)


def put(part: Path, place: Path) -> None:
    """Put a run that is complete in its place, in one step.

    Raises:
        OutputError: it cannot be put there.
    """
    with output_errors(place):
        if place.exists():
            place.rmdir()
        part.rename(place)


def name_latest(place: Path) -> None:
    """Let `latest` name a run. That it cannot is a warning: the run is whole."""
    try:
        _point_latest(place)
    except OutputError as error:
        LOGGER.warning("the run is whole, but %s does not name it: %s", RUNS / LATEST, error.message)


def refuse_among(photos: Path, out: Path | None) -> None:
    """Refuse a run among the photos: the next fit would take its figures for a class.

    Raises:
        OutputError: `out`, or `runs` if that is None, is the folder of the photos or lies in it.
    """
    place = out or RUNS
    if place.resolve().is_relative_to(photos.resolve()):
        raise OutputError(
            f"the run would lie among the photos: {place.resolve()}",
            fix="Choose a folder elsewhere with --out, or call kclass from elsewhere.",
        )


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    # Names of files may be no Unicode; JSON has the escapes that Python then writes for them.
    write_bytes(path, text.encode(errors="backslashreplace"))


def write_table(path: Path, rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str]) -> None:
    """Write a CSV file with a header, whole or not at all."""
    text = _table(rows := [*rows], columns, csv.QUOTE_MINIMAL)
    if "\r" in text:  # which `csv` leaves bare where lines do not end with it, and reads as their end
        text = _table(rows, columns, csv.QUOTE_ALL)
    write_bytes(path, text.encode(errors="surrogatepass"))


def prediction_columns(classes: Sequence[str]) -> tuple[str, ...]:
    """The columns of `predictions.csv`."""
    known = ("path", "split", "label", "prediction", "probability", "novelty")
    return (*known, *(f"p({name})" for name in classes))


def prediction_rows(split: str, evaluation: "Evaluation") -> Iterator[dict[str, Any]]:
    """The rows of `predictions.csv` for one split: every photo with the probability of every class.

    `novelty` is empty where it cannot be told.

    Paths are those of `split.csv`, so that the two can be joined.
    """
    classes = evaluation.metrics.classes
    samples = evaluation.samples
    labels = (*samples.classes, "")  # a label of -1 takes the empty word at the end
    scores = [""] * len(samples)
    if evaluation.novelty is not None:
        scores = [f"{score:.6g}" for score in evaluation.novelty]
    rows = zip(samples.paths, samples.labels.tolist(), evaluation.probabilities, scores, strict=True)
    for path, label, probabilities, novelty in rows:
        predicted = int(probabilities.argmax())
        own, *shares = (f"{share:.6g}" for share in (probabilities[predicted], *probabilities))
        values = (path, split, labels[label], classes[predicted], own, novelty, *shares)
        yield dict(zip(prediction_columns(classes), values, strict=True))


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], quoting: Literal[0, 1]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, lineterminator="\n", quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _claimed(wanted: Path, part_of: Callable[[Path], Path]) -> tuple[Path, Path]:
    """The part and the place, or those of the first of place-2, place-3 … that is free."""
    for count in itertools.count(1):
        place = wanted if count == 1 else wanted.with_name(f"{wanted.name}-{count}")
        part = part_of(place)
        with contextlib.suppress(FileExistsError):
            part.mkdir()
            if not place.exists():
                return part, place
            part.rmdir()
    raise AssertionError("numbers do not end")


def _hidden(place: Path) -> Path:
    return place.with_name(f".part-{place.name}")


def _hidden_for_one(place: Path) -> Path:
    """Another for everybody: what a process that was killed has left is in nobody's way."""
    return place.with_name(f".part-{uuid.uuid4().hex}")


def _allowed(place: Path) -> Path:
    """The place, if it is free or an empty folder."""
    taken = place.is_symlink() or (place.exists() and (not place.is_dir() or any(place.iterdir())))
    if taken:
        raise OutputError(f"{place} is there already", fix="Choose another --out, or move it away.")
    if place.resolve() == Path.cwd():
        raise OutputError(
            f"{place} is the folder you are in, which a run cannot replace", fix="Choose another --out."
        )
    return place


def _plain(name: str) -> str:
    letters = (letter if letter.isalnum() or letter in "-_." else "_" for letter in name[:LONGEST_NAME])
    return "".join(letters) or "data"


def _point_latest(place: Path) -> None:
    """Let `latest` name the run: by a link, or by a text file where links cannot be made."""
    link, new = place.parent / LATEST, place.parent / f".{LATEST}-{os.getpid()}"
    try:
        new.symlink_to(place.name, target_is_directory=True)
        new.replace(link)
    except OSError:
        with contextlib.suppress(OSError):  # whatever is wrong, the text file says so
            new.unlink(missing_ok=True)
        write_text(link, f"{place.name}\n")
