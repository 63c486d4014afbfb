"""Photos copied into folders named after what a classifier answered."""

import contextlib
import filecmp
import itertools
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kclass.classifier.folder_names import alike, folder_names, numbered
from kclass.classifier.prediction import Prediction
from kclass.errors import OptionError, OutputError, PhotoError
from kclass.files import make_folder, output_errors
from kclass.progress import Progress, track


@dataclass(frozen=True)
class Copied:
    """Where the photos of predictions have been copied to.

    Args:
        folder: the folder of the folders.
        files: by photo, in the order given; those that could not be read are not among them.
        already: how many of the files were there before.
        others: how many other files these folders held before, such as copies by another threshold.
        unreadable: what is wrong with the other photos.
    """

    folder: Path
    files: Mapping[Path, Path]
    already: int
    others: int
    unreadable: tuple[PhotoError, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of the files lie in which folder, by the folder's name."""
        return dict(sorted(Counter(file.parent.name for file in self.files.values()).items()))

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {number}" for name, number in self.counts.items())
        return f"Copied({str(self.folder)!r}: {counts})"

    def to_dict(self) -> dict[str, Any]:
        """Where the photos have been copied to as plain data, ready for JSON."""
        return {
            "folder": str(self.folder),
            "files": {str(photo): str(file) for photo, file in self.files.items()},
            "already": self.already,
            "others": self.others,
            "unreadable": [error.message for error in self.unreadable],
        }


def copy_sorted(
    predictions: Sequence[Prediction], classes: Sequence[str], folder: Path, *, progress: Progress
) -> Copied:
    """Copy each photo into a folder named after its answer; see `Predictions.copy_into`.

    Args:
        predictions: of the photos.
        classes: of the model.
        folder: the folder of the folders.
        progress: is told of each photo.
    """
    named = folder_names([*classes, *(each.label for each in predictions if each.label not in classes)])
    targets = [folder / (named.unsure if each.unsure else named.of[each.label]) for each in predictions]
    _refuse_among(predictions, folder, targets)
    places = {target: _Place(target, folder) for target in dict.fromkeys(targets)}
    files: dict[Path, Path] = {}
    unreadable: list[PhotoError] = []
    already = 0
    rows = zip(predictions, targets, strict=True)
    for each, target in track(rows, "copying", len(targets), progress):
        try:
            found = places[target].take(each.path)
        except PhotoError as error:
            unreadable.append(error)
        else:
            files[each.path] = found.file
            already += found.already
    others = sum(place.before for place in places.values()) - already
    return Copied(folder, files, already, others, tuple(unreadable))


def _refuse_among(predictions: Sequence[Prediction], folder: Path, targets: Sequence[Path]) -> None:
    """Refuse folders in which photos lie: copies are not to be among originals."""
    places = {target.resolve() for target in targets}
    for parent in dict.fromkeys(each.path.parent for each in predictions):
        lies = parent.resolve()
        if lies == folder.resolve() or not places.isdisjoint((lies, *lies.parents)):
            raise OptionError(
                f"photos are to be copied into {folder}, and some lie there: {parent}",
                fix="Choose another folder, such as sorted.",
            )


@dataclass(frozen=True)
class _Found:
    """The file that a photo has in a folder, and whether it was there before."""

    file: Path
    already: bool


@dataclass(frozen=True)
class _Place:
    """One folder to copy into.

    Args:
        folder: it.
        below: the folder that it must not lead out of.
        before: how many files were there at first.
    """

    folder: Path
    below: Path
    before: int = field(default=0, init=False)
    _before: dict[str, str] = field(default_factory=dict, init=False)
    _taken: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        make_folder(self.folder)
        if not self.folder.resolve().is_relative_to(self.below.resolve()):
            raise OutputError(
                f"{self.folder} leads out of {self.below}, to {self.folder.resolve()}",
                fix="Remove that link, or choose another folder.",
            )
        with output_errors(self.folder):
            there = [*self.folder.iterdir()]
            self._before.update({alike(path.name): path.name for path in there})
            object.__setattr__(self, "before", sum(path.is_file() for path in there))

    def take(self, photo: Path) -> _Found:
        """Copy a photo under a name that is free, unless it was there before.

        Raises:
            PhotoError: the photo cannot be read.
            OutputError: it cannot be copied.
        """
        for count in itertools.count(1):
            name = numbered(photo.name, count)
            if alike(name) in self._taken:
                continue
            there = self._before.get(alike(name))
            if there is not None:
                if not _same(photo, self.folder / there):
                    continue
                self._taken.add(alike(name))
                return _Found(self.folder / there, True)
            if _copy(photo, self.folder / name):
                self._taken.add(alike(name))
                return _Found(self.folder / name, False)
            self._before[alike(name)] = name  # somebody else has just made it
        raise AssertionError("numbers do not end")


def _same(photo: Path, file: Path) -> bool:
    """Whether a file has the content of a photo."""
    with _photo_errors(photo):
        photo.stat()
    with output_errors(file):
        return file.is_file() and filecmp.cmp(photo, file, shallow=False)


def _copy(photo: Path, place: Path) -> bool:
    """Copy a file, whole or not at all, with its times; False if there is a file of that name."""
    part = place.with_name(f".part-{uuid.uuid4().hex}")
    try:
        with _photo_errors(photo), photo.open("rb") as source:
            times = os.fstat(source.fileno())
            with output_errors(place), part.open("xb") as file:
                shutil.copyfileobj(source, file)
        with output_errors(place):
            os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))
            return _put(part, place)
    finally:
        part.unlink(missing_ok=True)


def _put(part: Path, place: Path) -> bool:
    """Give a file its name, if that is free."""
    try:
        place.hardlink_to(part)
    except FileExistsError:
        return False
    except OSError:  # a drive without links: the name is taken first, and then the file put there
        try:
            place.touch(exist_ok=False)
        except FileExistsError:
            return False
        os.replace(part, place)  # noqa: PTH105
    return True


@contextlib.contextmanager
def _photo_errors(photo: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PhotoError(f"cannot read {photo}: {error.strerror or error}") from error
