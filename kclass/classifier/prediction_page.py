"""Predictions as one HTML page that needs nothing else, for a person who looks through them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kclass.classifier.prediction import UNSURE, Prediction
from kclass.classifier.training_photos import Neighbour
from kclass.dataset.names import readable
from kclass.files import write_bytes
from kclass.photos.thumbnails import LONGER_SIDE, thumbnails
from kclass.progress import Progress
from kclass.templates import template

TEMPLATE: Final = "classifier/prediction_page.html"

MOST_SHOWN: Final = 600
"""Photos with a thumbnail: of noise, the worst there is, they take 7 MB."""

MOST_WITH_NEAREST: Final = 100
"""Photos beside which the training photos most like them are shown: those a person doubts first."""

MOST_LINES: Final = 5000
"""Photos that are named without being shown."""

SMALL_SIDE: Final = 72


@dataclass(frozen=True)
class _Shown:
    """One photo with its thumbnail, base64 of a JPEG, empty if it cannot be read any more."""

    name: str
    prediction: Prediction
    thumbnail: str
    nearest: tuple[tuple[Neighbour, str], ...]


@dataclass(frozen=True)
class _Group:
    """The photos with one answer; of those that are not shown `lines` are named, `unlisted` are not."""

    title: str
    unsure: bool
    photos: int
    novel: int
    shown: tuple[_Shown, ...]
    lines: tuple[str, ...]
    unlisted: int


@dataclass(frozen=True)
class _Pictures:
    """Thumbnails by file: of photos, and of the training photos like those that are `doubted`."""

    photos: Mapping[Path, str]
    neighbours: Mapping[Path, str]
    doubted: AbstractSet[Path]


def write_prediction_page(
    path: Path, predictions: Sequence[Prediction], unreadable: Sequence[str], *, progress: Progress
) -> None:
    """Write predictions as one HTML file; see `Predictions.write_page`.

    Args:
        path: the HTML file.
        predictions: of the photos.
        unreadable: what is wrong with the others.
        progress: is told of each thumbnail.

    Raises:
        OutputError: the file cannot be written.
    """
    page = template(TEMPLATE).render(
        photos=len(predictions),
        folder=_common_folder(predictions),
        groups=_groups(predictions, progress),
        threshold=max((each.threshold for each in predictions), default=0),
        novel=sum(each.novel for each in predictions),
        told=any(each.novelty is not None for each in predictions),
        nearest=MOST_WITH_NEAREST if any(each.nearest for each in predictions) else 0,
        unreadable=unreadable[:MOST_LINES],
        unreadable_more=len(unreadable[MOST_LINES:]),
        names=_names(predictions),
        side=LONGER_SIDE,
        small=SMALL_SIDE,
    )
    # Names of files may be no Unicode.
    write_bytes(path, page.encode("utf-8", "backslashreplace"))


def _groups(predictions: Sequence[Prediction], progress: Progress) -> list[_Group]:
    """The photos by answer, "unsure" first, then in the order of the classes."""
    by_answer: dict[tuple[bool, int], list[Prediction]] = {}
    for each in sorted(predictions, key=_doubt):
        by_answer.setdefault((not each.unsure, -1 if each.unsure else each.index), []).append(each)
    answers = [by_answer[key] for key in sorted(by_answer)]
    sizes = [len(each) for each in answers]
    most = share(sizes, MOST_SHOWN)
    listed = share([max(0, size - most) for size in sizes], MOST_LINES)
    pictures = _pictures([each for photos in answers for each in photos[:most]], progress)
    folder = _common_folder(predictions)
    return [_group(photos, most, listed, pictures, folder) for photos in answers]


def _group(
    photos: Sequence[Prediction], most: int, listed: int, pictures: _Pictures, folder: Path | None
) -> _Group:
    rest = photos[most:]
    return _Group(
        title=UNSURE if photos[0].unsure else photos[0].label,
        unsure=photos[0].unsure,
        photos=len(photos),
        novel=sum(each.novel for each in photos),
        shown=tuple(_shown(each, pictures, folder) for each in photos[:most]),
        lines=tuple(f"{_name(each.path, folder)}: {_words(each)}" for each in rest[:listed]),
        unlisted=len(rest[listed:]),
    )


def _shown(prediction: Prediction, pictures: _Pictures, folder: Path | None) -> _Shown:
    nearest = prediction.nearest if prediction.path in pictures.doubted else ()
    return _Shown(
        name=_name(prediction.path, folder),
        prediction=prediction,
        thumbnail=pictures.photos[prediction.path],
        nearest=tuple((near, pictures.neighbours[near.path]) for near in nearest),
    )


def share(sizes: Sequence[int], most: int) -> int:
    """How many of each group can be taken at most, so that all together are at most `most`.

    Small groups are taken whole, and large ones cut to one size; of more groups than `most` one each.

    Args:
        sizes: how many there are of each.
        most: how many may be taken of all.
    """
    left, groups = most, len(sizes)
    for size in sorted(sizes):
        if size * groups > left:
            return max(1, left // groups)
        left, groups = left - size, groups - 1
    return max(sizes, default=0)


def _doubt(prediction: Prediction) -> tuple[float, float]:
    """What is smaller the sooner a person should look."""
    novelty = prediction.novelty if prediction.novel and prediction.novelty is not None else 0.0
    return -novelty, prediction.probability


def _pictures(shown: Sequence[Prediction], progress: Progress) -> _Pictures:
    doubted = sorted(shown, key=_doubt)[:MOST_WITH_NEAREST]
    return _Pictures(
        _thumbnails((each.path for each in shown), LONGER_SIDE, progress),
        _thumbnails((near.path for each in doubted for near in each.nearest), SMALL_SIDE, progress),
        {each.path for each in doubted},
    )


def _thumbnails(paths: Iterable[Path], side: int, progress: Progress) -> dict[Path, str]:
    """The thumbnail of each file, made once."""
    files = list(dict.fromkeys(paths))
    return dict(zip(files, thumbnails(files, side=side, progress=progress), strict=True))


def _words(prediction: Prediction) -> str:
    top = ", ".join(map(str, prediction.top))
    novel = f"; unlike the training photos (novelty {prediction.novelty:.2f})" if prediction.novel else ""
    return f"{top}{novel}"


def _common_folder(predictions: Sequence[Prediction]) -> Path | None:
    """The folder that all photos lie in or below; None if there is none, or nothing would be gained."""
    folders = {str(each.path.parent) for each in predictions}
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # no photos, or relative paths among absolute ones
        return None
    return Path(common) if common not in ("", ".") else None


def _name(path: Path, folder: Path | None) -> str:
    return str(path if folder is None else path.relative_to(folder))


def _names(predictions: Sequence[Prediction]) -> dict[str, str]:
    """Classes as people read them; as their folders are named where that would make two of them one."""
    labels = dict.fromkeys(guess.label for each in predictions for guess in each.top)
    labels.update(dict.fromkeys(near.label for each in predictions for near in each.nearest))
    read = [readable(label) for label in labels]
    return {label: name if read.count(name) == 1 else label for label, name in zip(labels, read, strict=True)}
