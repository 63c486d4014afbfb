"""Photos of a data set as a network sees them, in a grid a person looks at."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kclass.batches.augmentation import Preset, preset
from kclass.batches.opening import open_photos
from kclass.batches.photo_source import PhotoSource
from kclass.dataset.dataset import Dataset
from kclass.dataset.folder import ImageFolder
from kclass.dataset.names import SPLITS, UNLABELLED, readable
from kclass.dataset.opening import open_data
from kclass.dataset.samples import Samples
from kclass.errors import DataError, OptionError, OutputError, PhotoError
from kclass.parallel import usable_cores
from kclass.photos.resizing import Resize, check_resize
from kclass.plots.lettering import file_names, lettered
from kclass.plots.photo_grid import photo_grid
from kclass.plots.saving import as_png, save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AS_THEY_ARE: Final = "none"
DEFAULT_SIZE: Final = 224
DEFAULT_NUMBER: Final = 24
DEFAULT_ROWS: Final = 6
DEFAULT_VIEWS: Final = 6
MOST_PHOTOS: Final = 500
MOST_VIEWS: Final = 20
LARGEST_SEED: Final = 2**32 - 1
_MOST_COLUMNS: Final = 8
_WORDS: Final = {"train": "training ", "valid": "validation ", "test": "test ", None: ""}


@dataclass(frozen=True, eq=False, repr=False)
class Shown:
    """Photos of a data set as a network sees them, and as augmentation shows them.

    Args:
        name: of the data set.
        split: that the photos were taken from; None for all.
        augment: what the preset is called and does.
        paths: the files of the photos.
        labels: their classes as folders carry them; None if they are not known.
        classes: of the data set, whether they are shown or not.
        photos: uint8 (photos, 1 + views, size, size, 3), RGB, 0 to 255: each photo as it is, and then
            augmented, each time anew.
        unreadable: what was wrong with photos that were passed over.
    """

    name: str
    split: str | None
    augment: str
    paths: tuple[Path, ...]
    labels: tuple[str | None, ...]
    classes: tuple[str, ...]
    photos: NDArray[np.uint8]
    unreadable: tuple[PhotoError, ...]

    def __repr__(self) -> str:
        return "\n".join(self._heading())

    @property
    def views(self) -> int:
        """How often each photo is shown augmented."""
        return int(self.photos.shape[1]) - 1

    def plot(self) -> "Figure":
        """The grid: a row for each photo if they are augmented, else as many in a row as look well."""
        captions = self._captions()
        photos = self.photos.reshape(-1, *self.photos.shape[2:])
        if not self.views:
            columns = min(_MOST_COLUMNS, math.ceil(math.sqrt(1.5 * len(photos))))
            return photo_grid(photos, captions, columns=columns, heading=self._heading())
        spread = [caption for name in captions for caption in (name, *[""] * self.views)]
        return photo_grid(photos, spread, columns=1 + self.views, heading=self._heading(), apart=1)

    def save(self, path: str | Path) -> Path:
        """Write the grid as a PNG file, whole or not at all.

        Raises:
            OutputError: it cannot be written.
        """
        save_png(self.plot(), Path(path))
        return Path(path)

    def to_dict(self) -> dict[str, Any]:
        """What is shown as plain data, ready for JSON, without the pixels."""
        return {
            "name": self.name,
            "split": self.split,
            "augment": self.augment,
            "size": self.photos.shape[2],
            "views": self.views,
            "photos": [
                {"path": str(path), "label": label}
                for path, label in zip(self.paths, self.labels, strict=True)
            ],
            "unreadable": [error.message for error in self.unreadable],
        }

    def _repr_png_(self) -> bytes:
        return as_png(self.plot())

    def _captions(self) -> list[str]:
        """The class above each photo, or the file's name if the class is not known."""
        shown = dict(zip(self.classes, lettered(self.classes), strict=True))
        return [
            file_names([path])[0] if label is None else shown[label]
            for path, label in zip(self.paths, self.labels, strict=True)
        ]

    def _heading(self) -> list[str]:
        number, size = len(self.photos), self.photos.shape[2]
        what = f"{number} {_WORDS[self.split]}photo{'s' if number > 1 else ''}"
        first = f"{readable(self.name)}: {what}, {size} × {size}"  # noqa: RUF001
        if not self.views:
            return [first]
        return [f"{first}; at the left as they are, then augmented", self.augment]


def show(
    data: str | Path | Dataset,
    *,
    augment: str = AS_THEY_ARE,
    split: str | None = None,
    number: int | None = None,
    views: int | None = None,
    size: int = DEFAULT_SIZE,
    resize: Resize = "squash",
    seed: int = 0,
    out: str | Path | None = None,
) -> Shown:
    """Look at photos as a network sees them, and at what augmentation makes of them.

    Photos are drawn from all classes, the same number from each as far as there are any; those without
    a class only if all are. Those that cannot be read are passed over, and named in `unreadable`.

    Args:
        data: a folder, table or archive of photos, or a data set.
        augment: what random changes training photos go through, a name from
            `kclass.batches.augmentation.PRESETS`; "none" for none.
        split: "train", "valid" or "test"; None for all photos.
        number: how many photos, 1 to 500; default 24, or 6 if they are augmented.
        views: how often each photo is shown augmented, 1 to 20; default 6.
        size: the side of the photos, in pixels.
        resize: how they become square: "squash", "crop" or "pad".
        seed: another seed shows other photos, augmented otherwise.
        out: PNG file to write the grid into.

    Returns:
        The photos; a notebook shows them as a grid, and `plot()` is that grid.

    Raises:
        OptionError: an option that cannot be used.
        DataError: there is no photo that can be read.
        OutputError: `out` lies among the photos, or cannot be written.
    """
    chosen = preset(augment)
    _check(augment=augment, number=number, views=views, size=size, resize=resize, seed=seed, split=split)
    source = data if isinstance(data, Dataset) else open_data(data)
    if out is not None:
        check_place(Path(out), source)
    samples = _part(source, split)
    wanted = number or (DEFAULT_NUMBER if augment == AS_THEY_ARE else DEFAULT_ROWS)
    rows, photos, unreadable = _taken(samples, wanted, chosen, size=size, resize=resize, seed=seed)
    times = 0 if augment == AS_THEY_ARE else views or DEFAULT_VIEWS
    part = samples.select(rows)
    shown = Shown(
        source.name,
        split,
        str(chosen),
        tuple(part.files),
        tuple(None if label < 0 else part.classes[label] for label in part.labels.tolist()),
        part.classes,
        viewed(photos, chosen, views=times, seed=seed),
        unreadable,
    )
    if out is not None:
        shown.save(out)
    return shown


def check_place(out: Path, data: Dataset) -> None:
    """Refuse a place for a picture of photos where the photos are.

    Raises:
        OptionError: it is no name of a PNG file.
        OutputError: it lies among the photos.
    """
    if out.suffix.lower() != ".png":
        raise OptionError(
            f"out is {out}, which is no name of a PNG file", fix="Name one, such as photos.png."
        )
    folders = {name.rpartition("/")[0] for name in data.samples.paths}
    if isinstance(data, ImageFolder):
        folders.add("")
    if out.resolve().parent in {(data.root / folder).resolve() for folder in folders}:
        raise OutputError(
            f"the picture would lie among the photos: {out.resolve()}",
            fix="Name another folder for it.",
        )


def viewed(photos: PhotoSource, preset: Preset, *, views: int, seed: int) -> NDArray[np.uint8]:
    """Each photo as it is, and then augmented as in as many epochs of a training.

    Args:
        photos: where they come from.
        preset: the random changes.
        views: how many epochs.
        seed: any integer from 0 to 2**63 - 1.

    Returns:
        uint8 (photos, 1 + views, size, size, 3), RGB, 0 to 255.
    """
    rows = np.arange(len(photos))
    shown = [photos.read(rows)]
    for epoch in range(1, views + 1):
        drawn = preset.draw(len(rows), size=photos.size, seed=seed, epoch=epoch)
        changed = preset.apply(photos.read(rows, drawn.views), drawn.numbers)
        shown.append(np.rint(np.asarray(changed)).astype(np.uint8))
    return np.stack(shown, axis=1)


def _check(*, augment: str, number: int | None, views: int | None, seed: int, **options: Any) -> None:
    check_resize(size=options["size"], how=options["resize"])
    for name, value, most in (("number", number, MOST_PHOTOS), ("views", views, MOST_VIEWS)):
        if value is not None and not 1 <= value <= most:
            raise OptionError(f"{name} is {value}; it must be from 1 to {most}")
    if views is not None and augment == AS_THEY_ARE:
        raise OptionError(
            "views has no effect without augmentation", fix="Choose one, such as augment=light."
        )
    if not 0 <= seed <= LARGEST_SEED:
        raise OptionError(f"seed is {seed}; it must be from 0 to {LARGEST_SEED}")
    if options["split"] not in (None, *SPLITS):
        raise OptionError.unknown("split", str(options["split"]), SPLITS)


def _part(data: Dataset, split: str | None) -> Samples:
    """The photos to choose from: those of the split, with a class if any has one."""
    samples = data.samples if split is None else getattr(data, split)
    labelled = samples.labels != UNLABELLED
    return samples.select(labelled) if labelled.any() else samples


def _taken(
    samples: Samples, number: int, preset: Preset, *, size: int, resize: Resize, seed: int
) -> tuple[NDArray[np.int64], PhotoSource, tuple[PhotoError, ...]]:
    """Photos that can be read, about as many from each class; their places, and what others lack."""
    queue = _dealt(samples.labels, seed=seed)
    rows: list[int] = []
    unreadable: list[PhotoError] = []
    while queue and len(rows) < number:
        tried, queue = queue[: number - len(rows)], queue[number - len(rows) :]
        opened = _opened(samples, tried, preset, size=size, resize=resize)
        rows += [tried[place] for place in opened.readable]
        unreadable += opened.unreadable
    if not rows:
        first = f"The first: {unreadable[0].message}" if unreadable else ""
        raise DataError(f"none of the {len(samples)} photos can be read", fix=first)
    found = np.array(rows, np.int64)
    places = found[np.lexsort((found, samples.labels[found]))]
    opened = _opened(samples, places.tolist(), preset, size=size, resize=resize)
    return places, opened.photos, tuple(unreadable)


def _opened(samples: Samples, rows: Sequence[int], preset: Preset, *, size: int, resize: Resize) -> Any:
    paths = [samples.path(row) for row in rows]
    return open_photos(
        paths, size=size, resize=resize, threads=usable_cores(), crop=preset.crop, cache="none"
    )


def _dealt(labels: NDArray[np.int32], *, seed: int) -> list[int]:
    """All places, one of each class in turn, classes and photos shuffled."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(labels))
    classes = random.permutation(np.unique(labels))
    turn = np.empty(len(labels), np.int64)  # how many of its class came before each photo
    rank = np.empty(len(labels), np.int64)
    for place, label in enumerate(classes):
        rows = order[labels[order] == label]
        turn[rows], rank[rows] = np.arange(len(rows)), place
    dealt: list[int] = np.lexsort((rank, turn)).tolist()
    return dealt
