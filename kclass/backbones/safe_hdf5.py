"""HDF5 files of strangers: only what lies in the file itself, and no more of it than is there."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bytes of one attribute. The names of all layers, or the text of a graph, are the longest.
LONGEST_ATTRIBUTE = 64 * 2**20


class UntrustedError(Exception):
    """A file has what no weight file of Keras has."""


@dataclass(frozen=True)
class StoredArray:
    """An array in the file, not read yet."""

    dataset: Any = field(repr=False)
    shape: tuple[int, ...]

    def read(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Its numbers in another precision.

        Raises:
            UntrustedError: they are not in the file in one piece, or are not numbers of that kind.
        """
        self._check(dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            array = np.asarray(self.dataset[()]).astype(dtype)
        if not np.isfinite(array).all():
            raise self._refusal("holds values that are not finite")
        return array

    def _check(self, dtype: np.dtype[Any]) -> None:
        dataset = self.dataset
        if dataset.external or dataset.is_virtual:
            raise self._refusal("has its numbers in another file")
        if dataset.dtype.kind not in ("f" if dtype.kind == "f" else "iuf"):
            raise self._refusal(f"holds {printable(str(dataset.dtype))} instead of {dtype}")
        # Keras does not cut or pack its arrays. Those that are can declare far more than the file
        # has; and those that were never written, as when saving was interrupted, read as zeros.
        if dataset.chunks is not None:
            raise self._refusal("is stored in pieces or packed, as Keras does not")
        if dataset.id.get_storage_size() != dataset.size * dataset.dtype.itemsize:
            raise self._refusal("was never written")

    def _refusal(self, what: str) -> UntrustedError:
        return UntrustedError(f"its array {printable(self.dataset.name)} {what}")


def child(group: Any, name: str) -> Any:
    """The group or dataset of that name within a group, if it lies in the file itself; else None.

    Raises:
        UntrustedError: it is a link to another place or another file.
    """
    import h5py

    link = group.get(name, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        where = printable(f"{group.name.rstrip('/')}/{name}")
        raise UntrustedError(f"its entry {where} is a link to another place")
    return group[name]


def subgroup(group: Any, name: str) -> Any:
    """The group of that name within a group; None if there is none."""
    import h5py

    found = child(group, name)
    return found if isinstance(found, h5py.Group) else None


def stored_array(group: Any, name: str) -> StoredArray:
    """The array of that name within a group, unread.

    Args:
        group: where to start.
        name: parts of it between slashes are groups.

    Raises:
        ValueError: there is none.
        UntrustedError: it lies elsewhere.
    """
    import h5py

    found = group
    for part in name.split("/"):
        found = child(found, part) if isinstance(found, h5py.Group) else None
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        raise ValueError(f"there is no array {printable(name)}")
    return StoredArray(found, found.shape)


def text(group: Any, name: str) -> str:
    """A text among the attributes of a group; empty if there is none."""
    return "".join(texts(group, name))


def texts(group: Any, name: str) -> list[str]:
    """The texts of one attribute of a group; empty if there is none.

    Raises:
        UntrustedError: it is longer than such attributes are.
    """
    if name not in group.attrs:
        return []
    attribute = group.attrs.get_id(name)
    if math.prod(attribute.shape) * attribute.dtype.itemsize > LONGEST_ATTRIBUTE:
        raise UntrustedError(f"its attribute {name} is too long")
    if attribute.dtype.kind not in "SO":
        return []  # as an empty list is written
    values = np.atleast_1d(np.asarray(group.attrs[name], dtype=object))
    return [each.decode() if isinstance(each, bytes) else str(each) for each in values.ravel()]


def opened(source: str | bytes) -> Any:
    """An HDF5 file, opened for reading, from its path or its content."""
    import h5py

    if isinstance(source, bytes):
        return h5py.File.in_memory(source)
    return h5py.File(source, "r", locking=False)


def printable(name: str) -> str:
    """A name from the file as one line of an error can show it."""
    shown = name if name.isprintable() else repr(name)[1:-1]
    return shown if len(shown) <= 100 else f"{shown[:100]}…"
