"""The folder that a run leaves: made beside its place, and put there whole."""

import contextlib
import csv
import io
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kclass.classifier.evaluation import Evaluation
from kclass.errors import KClassError, OutputError
from kclass.files import make_folder, write_bytes, write_text

RUNS = Path("runs")
LATEST = "latest"
MODEL = "model.keras"
LONGEST_NAME = 50


@dataclass(frozen=True)
class Run:
    """A finished run: a folder with `model.keras` and all that tells how it came about."""

    folder: Path

    @property
    def model(self) -> Path:
        """The model file."""
        return self.folder / MODEL


def latest_model(runs: Path = RUNS) -> Path:
    """The model of the latest run.

    Raises:
        KClassError: there is none.
    """
    link = runs / LATEST
    if link.is_file():
        link = runs / link.read_text(encoding="utf-8").strip()
    if not (link / MODEL).is_file():
        raise KClassError(
            f"there is no run in {runs.resolve()} to take a model from",
            fix="Run `kclass fit DATA` here first, or give a model file with --model.",
        )
    return link / MODEL


@contextlib.contextmanager
def new_run(name: str, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """Hand out a folder to write a run into, and the place where it will be.

    At the end of the block the folder is put in its place in one step; if the block raises, it is
    deleted.

    Args:
        name: of the data set; part of the folder's name if `out` is None.
        out: the folder to make; None for one in `runs` with the date, which `latest` then names.

    Raises:
        OutputError: the folder is there already and not empty, or cannot be written.
    """
    wanted = out or RUNS / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{_plain(name)}"
    make_folder(wanted.parent)
    try:
        place, part = _claimed(wanted) if out is None else (_allowed(out), _part_beside(out))
    except OSError as error:
        raise OutputError(
            f"cannot write {wanted}: {error.strerror}", fix="Choose a place you may write to with --out."
        ) from error
    try:
        yield part, place
        part.chmod(0o755)
        _put(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if out is None:
        _point_latest(place)


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


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a CSV file with a header, whole or not at all; the first row names the columns."""
    buffer = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_bytes(path, buffer.getvalue().encode(errors="surrogatepass"))


def prediction_rows(split: str, evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """The rows of `predictions.csv` for one split: every photo with the probability of every class."""
    classes = evaluation.metrics.classes
    for sample, probabilities in zip(evaluation.samples, evaluation.probabilities, strict=True):
        predicted = int(probabilities.argmax())
        shares = {f"p({name})": f"{share:.6f}" for name, share in zip(classes, probabilities, strict=True)}
        yield {
            "path": os.fspath(sample.path),
            "split": split,
            "label": classes[sample.label] if sample.label is not None else "",
            "prediction": classes[predicted],
            "probability": f"{probabilities[predicted]:.6f}",
            **shares,
        }


def _claimed(wanted: Path) -> tuple[Path, Path]:
    """The place, or the first of place-2, place-3 … that is free, and the part that keeps it so.

    Runs that start in the same second look for the same place: whoever makes the part has it.
    """
    for count in itertools.count(1):
        place = wanted if count == 1 else wanted.with_name(f"{wanted.name}-{count}")
        part = place.with_name(f".part-{place.name}")
        with contextlib.suppress(FileExistsError):
            part.mkdir()
            if not place.exists():
                return place, part
            part.rmdir()
    raise AssertionError("numbers do not end")


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


def _part_beside(place: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=".part-", dir=place.parent))


def _plain(name: str) -> str:
    letters = (letter if letter.isalnum() or letter in "-_." else "_" for letter in name[:LONGEST_NAME])
    return "".join(letters) or "data"


def _put(part: Path, place: Path) -> None:
    try:
        if place.exists():
            place.rmdir()
        part.rename(place)
    except OSError as error:
        raise OutputError(f"cannot put the run into {place}: {error.strerror}") from error


def _point_latest(place: Path) -> None:
    """Let `latest` name the run: by a link, or by a text file where links cannot be made."""
    link, new = place.parent / LATEST, place.parent / f".{LATEST}-{os.getpid()}"
    try:
        new.symlink_to(place.name, target_is_directory=True)
        new.replace(link)
    except OSError:
        new.unlink(missing_ok=True)
        write_text(link, f"{place.name}\n")
