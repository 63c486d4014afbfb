"""The sample data set: two cars that anyone can draw, and no one has to download."""

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

from PIL import Image

from kclass.drawing.photo import draw_photo, encode_jpeg
from kclass.drawing.plan import Photo, plan_photos
from kclass.errors import OptionError, OutputError
from kclass.files import is_folder, make_folder, output_errors, write_bytes, write_text
from kclass.progress import Progress, silent, track

PER_CLASS = 150
LEAST_PER_CLASS = 4


@dataclass(frozen=True)
class SampleSet:
    """What `draw_sample` has written.

    Args:
        folder: the data set.
        masks: the folder of its masks, or None if there are none.
        photos: every photo, in the order they were drawn.
    """

    folder: Path
    masks: Path | None
    photos: tuple[Photo, ...]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many photos there are, by split and class; test photos lie in no class folder."""
        counts: dict[str, dict[str, int]] = {}
        for photo in self.photos:
            labels = counts.setdefault(photo.split, {})
            labels[photo.label] = labels.get(photo.label, 0) + 1
        return counts

    @property
    def hard(self) -> dict[str, str]:
        """The deliberately difficult files: what is difficult, by path below the folder."""
        return {photo.path: photo.hard for photo in self.photos if photo.hard}


def draw_sample(
    out: Path,
    *,
    per_class: int = PER_CLASS,
    seed: int = 0,
    biased: bool = False,
    masks: bool = False,
    progress: Progress = silent,
) -> SampleSet:
    """Draw the sample data set: photo-like scenes with a `fiat-126` or a `ferrari`.

    Writes `train/` and `validation/` with class folders, `test/` without, and `test-labels.csv` for
    whoever wants to check. Masks go to a folder of their own beside `out`, named `out` with `-masks` at the
    end: inside, they would be taken for one more split. A new folder appears whole or not at all; an
    empty one that is there stays itself, and is filled when all is drawn.

    Args:
        out: the folder to make; may exist if it is empty.
        per_class: photos of train (four fifths) and validation (one fifth) for each class, 4 or more.
        seed: 0 or more; the same seed gives the same bytes with the same Pillow and NumPy.
        biased: put 95 % of the fiats of train and validation on meadows, and 2 % of the ferraris.
        masks: write for each photo a PNG, upright and of its size, 255 where the car is in sight, else 0.
        progress: is told of each photo drawn.

    Raises:
        OptionError: `per_class` or `seed` is too small or no whole number, or `out` is no path.
        OutputError: the folder is there and not empty, or cannot be written.
    """
    out = _resolved(out)
    _check_number("per-class", per_class, LEAST_PER_CLASS, "or more photos for each class")
    _check_number("seed", seed, 0, "or a larger whole number")
    beside = out.parent / f"{out.name}-masks" if masks else None
    for folder in (out, beside):
        _refuse_full(folder)
    photos = plan_photos(per_class=per_class, seed=seed, biased=biased)
    with _staging(out) as stage:
        _write(photos, seed, stage, masks=masks, progress=progress)
        _put_in_place({stage / "masks": beside, stage / "photos": out}, stage)
    return SampleSet(out, beside, photos)


def _write(photos: tuple[Photo, ...], seed: int, stage: Path, *, masks: bool, progress: Progress) -> None:
    for photo in track(photos, "drawing photos", len(photos), progress):
        drawing = draw_photo(photo.label, photo.colour, photo.background, seed, photo.index)
        data = encode_jpeg(drawing, orientation=photo.orientation)
        if photo.truncated:
            data = data[: len(data) * 3 // 5]
        write_bytes(stage / "photos" / photo.path, data)
        if masks:
            write_bytes((stage / "masks" / photo.path).with_suffix(".png"), _png(drawing.mask))
    answers = [f"{Path(photo.path).name},{photo.label}\n" for photo in photos if photo.split == "test"]
    write_text(stage / "photos" / "test-labels.csv", "file,label\n" + "".join(sorted(answers)))


def _png(mask: Image.Image) -> bytes:
    stream = io.BytesIO()
    mask.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _resolved(out: Path) -> Path:
    try:
        return Path(os.path.realpath(out))
    except (TypeError, ValueError) as error:  # ValueError: a null character
        raise OptionError(f"out is {out!r}; it must be a path", fix="Name a new folder.") from error


def _check_number(option: str, number: object, least: int, what: str) -> None:
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
        raise OptionError(f"{option} is {number!r}", fix=f"Give {least} {what}.")


def _refuse_full(folder: Path | None, stage: Path | None = None) -> None:
    """Refuse a folder with anything in it but the stage."""
    if folder is None:
        return
    with output_errors(folder):
        in_the_way = folder.exists() and (not folder.is_dir() or any(set(folder.iterdir()) - {stage}))
    if in_the_way:
        raise OutputError(
            f"{folder} is already there and not an empty folder", fix="Name a new folder, or remove this one."
        )


@contextlib.contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A temporary folder, gone at the end of the block whatever happens in it.

    It lies in `out` if that is there, which may be a drive of its own, and beside it if not.
    """
    place = out if is_folder(out) else make_folder(out.parent)
    with output_errors(out):
        stage = Path(tempfile.mkdtemp(prefix=".part-", dir=place))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _put_in_place(folders: dict[Path, Path | None], stage: Path) -> None:
    """Move what is drawn to where it belongs: all of it or nothing."""
    moved: list[Path] = []
    try:
        for source, target in folders.items():
            if target is not None:
                _refuse_full(target, stage)
                for part, place in _moves(source, target):
                    with output_errors(target):
                        part.rename(place)
                    moved.append(place)
    except BaseException:
        _remove(moved)
        raise


def _moves(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """What goes where: the whole folder, or its parts into one that is there, as someone may stand in it."""
    if is_folder(target):
        return [(part, target / part.name) for part in sorted(source.iterdir())]
    return [(source, target)]


def _remove(places: Iterable[Path]) -> None:
    for place in places:
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
