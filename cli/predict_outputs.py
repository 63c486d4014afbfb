"""What `kclass predict` leaves beside its table: files and folders, checked before anything is predicted."""

import contextlib
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .command import print_result
from .terminal import Terminal

if TYPE_CHECKING:
    from kclass import Copied, PhotoError, Prediction, Predictions

SUFFIXES: Final = {"--csv": ".csv", "--html": ".html", "--grid": ".png", "--sheet": ".png"}
MOST_IN_GRID: Final = 60


@dataclass(frozen=True)
class PhotoPlaces:
    """The folders that photos lie in, where results would be taken for photos.

    Args:
        folders: of the photos.
        searched: the folders that the photos were looked for in.
    """

    folders: frozenset[Path]
    searched: frozenset[Path]

    @classmethod
    def of(cls, photos: Sequence[Path], named: Sequence[str]) -> "PhotoPlaces":
        """The places of photos, and of the paths that they were named by."""
        folders = frozenset(folder.resolve() for folder in {photo.parent for photo in photos})
        # Unlike `Path.is_dir`, this is False for names that are too long for the system.
        searched = frozenset(Path(name).resolve() for name in named if os.path.isdir(name))  # noqa: PTH112
        return cls(folders, searched)

    def hold(self, place: Path) -> bool:
        """Whether a folder is one of them."""
        return place.resolve() in self.folders | self.searched

    def lie_around(self, place: Path) -> bool:
        """Whether a folder holds photos itself, or lies below one that was looked in."""
        place = place.resolve()
        return place in self.folders or not self.searched.isdisjoint((place, *place.parents))


@dataclass(frozen=True)
class Outputs:
    """Where results are to go, as options say; None for nowhere.

    Args:
        csv: a table.
        html: a page.
        grid: a picture of the photos.
        explain: the folder of overlays.
        copy_into: the folder of copies.
    """

    csv: Path | None
    html: Path | None
    grid: Path | None
    explain: Path | None
    copy_into: Path | None

    def check(self, photos: Sequence[Path], named: Sequence[str]) -> None:
        """Refuse what cannot be written, or would lie among the photos.

        Args:
            photos: to be predicted.
            named: the paths that they were named by.
        """
        check_files({"--csv": self.csv, "--html": self.html, "--grid": self.grid}, photos)
        if self.explain is None and self.copy_into is None:
            return
        places = PhotoPlaces.of(photos, named)
        if self.explain is not None:
            refuse("--explain", self.explain, places.hold(self.explain), "overlays")
        if self.copy_into is not None:
            refuse("--copy-into", self.copy_into, places.lie_around(self.copy_into), "sorted")

    @property
    def need_all(self) -> bool:
        """Whether any of them cannot be made photo by photo, as a table can."""
        return any(place is not None for place in (self.html, self.grid, self.explain, self.copy_into))

    def write(self, predictions: "Predictions", terminal: Terminal) -> "Copied | None":
        """Write page, grid and copies, and say where they are; what was copied, if that was asked for."""
        if self.html is not None:
            with terminal.progress() as progress:
                predictions.write_page(self.html, progress=progress)
            terminal.say(f"Page: {self.html}")
        if self.grid is not None and len(predictions):
            _draw(predictions, self.grid, terminal)
        if self.copy_into is None:
            return None
        with terminal.progress() as progress:
            copied = predictions.copy_into(self.copy_into, progress=progress)
        terminal.say(f"Copies: {_copies(copied)}")
        return copied


@dataclass
class Answers:
    """What has come of the photos: written and printed at once, and kept if something needs all of it.

    Args:
        csv: where a table is to go; None for nowhere.
        width: of the first column that is printed; None if nothing is to be printed.
        single: whether one photo was asked about: the training photos most like it are then printed too.
        keep: whether predictions are kept.
    """

    csv: Path | None
    width: int | None
    single: bool
    keep: bool
    number: int = 0
    kept: list["Prediction"] = field(default_factory=list)
    unreadable: list["PhotoError"] = field(default_factory=list)

    def predictions(self, classes: tuple[str, ...]) -> "Predictions":
        """What was kept.

        Args:
            classes: of the model.
        """
        from kclass import Predictions

        return Predictions(tuple(self.kept), tuple(self.unreadable), classes)

    def take(self, outcomes: Generator["Prediction | PhotoError", None, None]) -> None:
        """Deal with all of them in order, a few in memory unless they are kept.

        Raises:
            OutputError: the table or stdout cannot be written.
            BrokenPipeError: nobody reads stdout any more; the table is whole.
        """
        from kclass import OutputError, PhotoError

        unprinted: Exception | None = None
        with contextlib.ExitStack() as stack:
            write = _writing(self.csv, stack)
            for each in stack.enter_context(contextlib.closing(outcomes)):
                if isinstance(each, PhotoError):
                    self.unreadable.append(each)
                    continue
                self._count(each)
                write(each)
                try:
                    if unprinted is None:
                        self._print(each)
                except (BrokenPipeError, OutputError) as error:
                    if self.csv is None:
                        raise
                    unprinted = error
        if unprinted is not None:
            raise unprinted

    def _count(self, prediction: "Prediction") -> None:
        self.number += 1
        if self.keep:
            self.kept.append(prediction)

    def _print(self, prediction: "Prediction") -> None:
        if self.width is not None:
            print_prediction(prediction, width=self.width, single=self.single)


def _writing(csv: Path | None, stack: contextlib.ExitStack) -> Callable[["Prediction"], None]:
    """What writes the row of a photo, until the stack is left."""
    if csv is None:
        return lambda prediction: None
    from kclass import PredictionWriter

    return stack.enter_context(PredictionWriter(csv)).write


def print_prediction(prediction: "Prediction", *, width: int, single: bool) -> None:
    """Print the line of a photo; of a single one also the training photos most like it.

    Args:
        prediction: of the photo.
        width: of the column of paths.
        single: whether one photo was asked about.
    """
    unsure = f"{prediction.answer}: " if prediction.unsure else ""
    words = "  ".join(map(str, prediction.top))
    novelty = prediction.novelty
    novel = f"  unlike the training photos (novelty {novelty:.2f})" if prediction.novel else ""
    print_result(f"{prediction.path!s:<{width}}  {unsure}{words}{novel}")
    if single and prediction.nearest:
        print_result("\n".join(["most like:", *(f"  {near}" for near in prediction.nearest)]))


def check_files(files: Mapping[str, Path | None], photos: Sequence[Path]) -> None:
    """Refuse files for results that are none, or photos: `--csv *.jpg` is `--csv a.jpg b.jpg` to us.

    Args:
        files: by the option that names them, one of `SUFFIXES`; None for none.
        photos: that are looked at.

    Raises:
        OptionError: a name has not the suffix of its option, or is that of a photo.
    """
    from kclass import OptionError

    for option, place in files.items():
        if place is None:
            continue
        suffix = SUFFIXES[option]
        if place.suffix.lower() != suffix:
            raise OptionError(
                f"{option} is {place}, which is no name of a {suffix[1:].upper()} file",
                fix=f"Name one, such as {option} out{suffix}",
            )
        if _is_among(place, photos):
            raise OptionError(f"{option} is {place}, one of the photos", fix="Choose another name.")


def _is_among(place: Path, photos: Sequence[Path]) -> bool:
    """Whether a file is one of many photos; links are followed, of folders once each."""
    there, folders = place.resolve(), dict[Path, Path]()
    for photo in photos:
        if photo.is_symlink():
            found = photo.resolve()
        else:
            folder = photo.parent
            if folder not in folders:
                folders[folder] = folder.resolve()
            found = folders[folder] / photo.name
        if found == there:
            return True
    return False


def refuse(option: str, place: Path, among: bool, instead: str) -> None:
    """Refuse a folder for results that lies where the photos are, or is a file.

    Args:
        option: that names it.
        place: the folder.
        among: whether it lies where the photos are.
        instead: a name that would do.

    Raises:
        OptionError: it does, or is no folder.
    """
    from kclass import OptionError

    if among:
        raise OptionError(
            f"{option} is {place}, where the photos are", fix=f"Choose another folder, such as {instead}"
        )
    if place.exists() and not place.is_dir():
        raise OptionError(f"{option} is {place}, which is no folder", fix="Choose another name.")


def _draw(predictions: "Predictions", grid: Path, terminal: Terminal) -> None:
    """Write the grid, and say where it is and how much of all it shows."""
    from kclass import save_png

    save_png(predictions.plot(number=MOST_IN_GRID), grid)
    more = len(predictions) > MOST_IN_GRID
    terminal.say(f"Grid: {grid}" + (f" ({MOST_IN_GRID} of {len(predictions)} photos)" if more else ""))


def _copies(copied: "Copied") -> str:
    """Where the copies are, how many of them, and how many were there before."""
    counts = ", ".join(f"{name} {number}" for name, number in copied.counts.items())
    before = f"; {copied.already} were there already" if copied.already else ""
    if copied.others:
        before += f"; {copied.others} other files were there and stay, so look twice"
    return f"{copied.folder} ({counts or 'none'}{before})"
