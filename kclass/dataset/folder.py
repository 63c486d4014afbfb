"""A folder of photos as a data set: class folders, with or without split folders above them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kclass.dataset.dataset import Dataset
from kclass.dataset.names import SPLITS, TEST, TRAIN, UNLABELLED, UNSPLIT, composed, listing, split_code
from kclass.dataset.places import as_path, existing_folder
from kclass.dataset.samples import Samples
from kclass.dataset.scanning import Tree, scan
from kclass.errors import DataError


class ImageFolder(Dataset):
    """The photos of a folder, labelled by the folders they lie in.

    Class folders lie directly in `path`, and every photo in or below one is a photo of that
    class. Or they lie in split folders: `train` or `training`; `valid`, `val`, `validation` or
    `dev`; `test` or `testing`; capitals make no difference. Split folders count as such if the
    training folder holds class folders with photos and every other folder with photos in it is a
    split folder, so that a class called `test` stays a class; where there are such folders alone, and
    the training folder has no class folders, nothing tells the classes. Photos that lie directly in the
    test folder are unlabelled, if it has no class folders.

    Classes are sorted by their folders' names, photos by their path below `path`, both in the
    order of code points. Hidden files and folders are left out, class folders without photos are
    named in `empty_classes`, and photos outside any class folder in `loose_photos`. No photo is
    read. A class name is the folder's name in Unicode's composed form.

    Args:
        path: the folder.

    Raises:
        DataError: there is no such folder, or it cannot be read; it has no photos, no class
            folders, or one class only; validation or test has a class that training lacks; two
            folders stand for the same split; or class folders lie beside split folders.
        OptionError: `path` is neither text nor a path.
    """

    def __init__(self, path: str | Path) -> None:
        root = existing_folder(as_path(path, fix="Give the folder that holds the class folders."))
        tree = scan(root)
        split_folders = _split_folders(tree, path)
        rows, loose = _split_rows(tree, split_folders) if split_folders else _class_rows(tree)
        _refuse_unusable(path, rows, loose)
        classes = _classes(rows, split_folders)
        super().__init__(
            name=root.resolve().name,
            samples=_samples(root, rows, classes),
            empty_classes=_empty_classes(tree, split_folders, classes),
            loose_photos=tuple(loose),
            searched=root,
            origin={"place": str(root)},
        )


@dataclass(frozen=True, slots=True)
class _Row:
    path: str
    folder: str | None
    split: int


def _split_folders(tree: Tree, path: str | Path) -> dict[str, int]:
    """Folders that stand for splits, with the splits' codes; none if they are classes."""
    below = _folders_with_photos(tree)
    codes = {folder: code for folder in below if (code := split_code(folder)) is not None}
    training = [folder for folder, code in codes.items() if code == TRAIN and below[folder]]
    if not training:
        _refuse_splits_without_classes(path, below, codes)
        return {}
    strangers = [folder for folder in below if folder not in codes]
    if strangers:
        _refuse_mixture(path, training[0], strangers, {folder: below[folder] for folder in codes})
        return {}
    _refuse_twins(path, codes)
    return codes


def _refuse_splits_without_classes(
    path: str | Path, below: dict[str, set[str]], codes: dict[str, int]
) -> None:
    """Refuse a training folder and perhaps others that hold photos and no classes."""
    if TRAIN in codes.values() and codes.keys() == below.keys():
        raise DataError(
            f"{path} has split folders ({listing(list(codes))}), but in them no class folders to train on",
            fix="Sort the photos into class folders such as train/cat and train/dog, or give a CSV file "
            "that names their classes.",
        )


def _folders_with_photos(tree: Tree) -> dict[str, set[str]]:
    """Folders that hold photos, in order, each with those directly in it that do."""
    below: dict[str, set[str]] = {}
    for photo in tree.photos:
        folder, slash, rest = photo.partition("/")
        if slash:
            inner, slash, _ = rest.partition("/")
            below.setdefault(folder, set()).update([inner] if slash else [])
    return below


def _refuse_mixture(
    path: str | Path, training: str, strangers: list[str], classes: dict[str, set[str]]
) -> None:
    """Refuse folders of which nobody can say whether they are splits or classes."""
    for folder, names in classes.items():
        if folder != training and names & classes[training]:
            raise DataError(
                f"{path} has split folders ({training}, {folder}) and others beside them: "
                f"{listing(strangers)}",
                fix=f"Move {listing(strangers)} out of {path}, or into {training}/ if they are classes.",
            )


def _refuse_twins(path: str | Path, codes: dict[str, int]) -> None:
    for code, name in enumerate(SPLITS):
        twins = [folder for folder, own in codes.items() if own == code]
        if len(twins) > 1:
            raise DataError(
                f"{path} has several folders for the {name} split: {listing(twins)}",
                fix="Keep one of them, or merge them.",
            )


def _class_rows(tree: Tree) -> tuple[list[_Row], list[str]]:
    """Rows for class folders directly in the folder, and photos outside of them."""
    loose = [photo for photo in tree.photos if "/" not in photo]
    inside = [photo for photo in tree.photos if "/" in photo]
    return [_Row(photo, composed(photo.partition("/")[0]), UNSPLIT) for photo in inside], loose


def _split_rows(tree: Tree, codes: dict[str, int]) -> tuple[list[_Row], list[str]]:
    """Rows for class folders in split folders, and photos outside of them."""
    rows: list[_Row] = []
    loose: list[str] = []
    with_classes = {photo.partition("/")[0] for photo in tree.photos if photo.count("/") > 1}
    for photo in tree.photos:
        parts = photo.split("/", maxsplit=2)
        if len(parts) == 3:
            rows.append(_Row(photo, composed(parts[1]), codes[parts[0]]))
        elif len(parts) == 2 and codes[parts[0]] == TEST and parts[0] not in with_classes:
            rows.append(_Row(photo, None, TEST))
        else:
            loose.append(photo)
    return rows, loose


def _refuse_unusable(path: str | Path, rows: list[_Row], loose: list[str]) -> None:
    fix = f"Make a folder for each class, such as {Path(path) / 'cat'} and {Path(path) / 'dog'}."
    if not rows and not loose:
        raise DataError(f"there are no photos in {path}", fix=fix)
    if not rows:
        raise DataError(
            f"the {len(loose)} photos in {path} lie loose, without class folders",
            fix=fix,
        )
    names = {row.folder for row in rows if row.folder is not None}
    if len(names) == 1:
        raise DataError(
            f"{path} has one class only: {names.pop()}",
            fix="Add a folder with photos of something else: there must be two classes to tell apart.",
        )


def _classes(rows: list[_Row], split_folders: dict[str, int]) -> tuple[str, ...]:
    """The classes in order, after a check that those of every split are trained."""
    if not split_folders:
        return tuple(sorted({row.folder for row in rows if row.folder is not None}))
    trained = {row.folder for row in rows if row.folder is not None and row.split == TRAIN}
    training = next(folder for folder, code in split_folders.items() if code == TRAIN)
    for folder, code in split_folders.items():
        unknown = Counter(
            row.folder
            for row in rows
            if row.split == code and row.folder is not None and row.folder not in trained
        )
        if unknown:
            names = sorted(f"{name} ({number})" for name, number in unknown.items())
            raise DataError(
                f"{folder} has photos of classes that {training} lacks: {listing(names)}",
                fix=f"Add such folders to {training}, or take them out of {folder}; unlabelled test "
                "photos lie directly in the test folder.",
            )
    return tuple(sorted(trained))


def _samples(root: Path, rows: list[_Row], classes: tuple[str, ...]) -> Samples:
    labels: dict[str | None, int] = {name: label for label, name in enumerate(classes)}
    labels[None] = UNLABELLED
    return Samples(
        paths=tuple(row.path for row in rows),
        labels=np.array([labels[row.folder] for row in rows], dtype=np.int32),
        classes=classes,
        root=root,
        splits=np.array([row.split for row in rows], dtype=np.int8),
    )


def _empty_classes(tree: Tree, split_folders: dict[str, int], classes: tuple[str, ...]) -> tuple[str, ...]:
    """Class folders without photos: in the training folder, or directly in the folder."""
    training = [folder for folder, code in split_folders.items() if code == TRAIN]
    prefix = f"{training[0]}/" if training else ""
    names = [folder.removeprefix(prefix) for folder in tree.folders if folder.startswith(prefix)]
    return tuple(name for name in names if "/" not in name and composed(name) not in classes)
