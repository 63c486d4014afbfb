"""A folder of photos whose names tell their classes, as a data set."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kclass.dataset.calls import outcome
from kclass.dataset.dataset import Dataset
from kclass.dataset.labels import class_texts, encoded
from kclass.dataset.names import listing
from kclass.dataset.patterns import compiled, named_part
from kclass.dataset.places import as_path, existing_folder
from kclass.dataset.samples import Samples
from kclass.dataset.scanning import scan
from kclass.dataset.table import refuse_few_classes
from kclass.errors import DataError, OptionError


def from_name_func(folder: str | Path, function: Callable[[str], object]) -> Dataset:
    """The photos in and below a folder, each labelled by what a function makes of its name.

    Args:
        folder: the folder; hidden things in it are left out.
        function: is given the name of a file, without its folders, and gives back its class: text,
            a whole number or a truth; None if it is not known.

    Raises:
        DataError: there is no such folder, or no photo in it; the function fails on a name, or gives
            back numbers to be estimated, several labels, or one class only.
        OptionError: `folder` is no path, or `function` no function.
    """
    if not callable(function):
        raise OptionError(f"function is {function!r}; it must take a file's name and give back its class")
    root, paths = _photos(folder)
    names = (path.rpartition("/")[2] for path in paths)
    fix = "Let it give back None for names that tell no class."
    return _labelled(root, paths, [outcome(function, name, fix=fix) for name in names])


def from_name_regex(folder: str | Path, pattern: str) -> Dataset:
    r"""The photos in and below a folder, each labelled by a part of its name.

    Args:
        folder: the folder; hidden things in it are left out.
        pattern: a regular expression, whose first group (or whole match, if it has none) in the name
            of the file, without its folders, is the class: `^(.+)_\d+` takes `red_fox_12.jpg` for a
            `red_fox`.

    Raises:
        DataError: there is no such folder, or no photo in it; the expression does not match a name,
            or there is one class only.
        OptionError: `folder` is no path, or `pattern` no regular expression.
    """
    expression = compiled("pattern", pattern)
    root, paths = _photos(folder)
    found = [named_part(expression, path.rpartition("/")[2]) for path in paths]
    unmatched = [path for path, part in zip(paths, found, strict=True) if part is None]
    if unmatched:
        raise DataError(
            f"{len(unmatched)} of {len(paths)} photos in {folder} have a name that does not match "
            f"{pattern!r}: {listing(unmatched, most=3)}",
            fix="Change the expression so that it finds the class in every name, or move them elsewhere.",
        )
    return _labelled(root, paths, found)


def _photos(folder: str | Path) -> tuple[Path, tuple[str, ...]]:
    root = existing_folder(as_path(folder, option="folder", fix="Give the folder that holds the photos."))
    paths = scan(root).photos
    if not paths:
        raise DataError(f"there are no photos in {folder}", fix="Give the folder that holds the photos.")
    return root, paths


def _labelled(root: Path, paths: tuple[str, ...], values: Sequence[object]) -> Dataset:
    source = root.resolve().name
    texts = class_texts(values, source=source, where=lambda row: paths[row])
    classes, labels = encoded(texts)
    refuse_few_classes(source, classes)
    return Dataset(source, Samples(paths, labels, classes, root), searched=root)
