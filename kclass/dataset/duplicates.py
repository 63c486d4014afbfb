"""Files that are the same byte for byte."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.errors import PhotoError
from kclass.photos.decoding import read_bytes
from kclass.photos.hashing import content_hash


def identical_groups(paths: Sequence[Path]) -> NDArray[np.int64]:
    """Group files whose bytes are the same.

    Only files of equal size are read. A file that cannot be read is in a group of its own.

    Args:
        paths: the files.

    Returns:
        int64 (files,): for each file the place of the first one with the same bytes, which is
        its own place if there is none before it.
    """
    groups = np.arange(len(paths), dtype=np.int64)
    for places in _same_size(paths):
        for copies in _same_bytes(paths, places):
            groups[copies] = copies[0]
    return groups


def _same_size(paths: Sequence[Path]) -> Iterable[list[int]]:
    by_size: dict[int, list[int]] = defaultdict(list)
    for place, path in enumerate(paths):
        try:
            by_size[path.stat().st_size].append(place)
        except OSError:
            continue  # stays alone; whoever decodes the file names it
    return (places for places in by_size.values() if len(places) > 1)


def _same_bytes(paths: Sequence[Path], places: list[int]) -> Iterable[list[int]]:
    by_content: dict[str, list[int]] = defaultdict(list)
    for place in places:
        try:
            by_content[content_hash(read_bytes(paths[place]))].append(place)
        except PhotoError:
            continue  # stays alone; whoever decodes the file names it
    return by_content.values()
