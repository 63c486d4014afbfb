"""Files that are the same byte for byte."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kclass.dataset.names import TEST, TRAIN, VALID
from kclass.dataset.samples import Samples
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


def leaked_rows(samples: Samples) -> NDArray[np.int64]:
    """The training photos that have an identical copy, byte for byte, in validation or test.

    Labels make no difference. Only files of a size that occurs on both sides are read. A file that
    cannot be read is no copy of another.

    Args:
        samples: photos with their splits; those that belong to none are left out.

    Returns:
        int64 (leaked photos,): their rows in `samples`, ascending.
    """
    train = samples.splits == TRAIN
    held_out = (samples.splits == VALID) | (samples.splits == TEST)
    paths = [samples.path(row) for row in range(len(samples))]
    leaked: list[int] = []
    for places in _same_size(paths):
        if train[places].any() and held_out[places].any():
            for copies in _same_bytes(paths, places):
                if held_out[copies].any():
                    leaked += [row for row in copies if train[row]]
    return np.array(sorted(leaked), dtype=np.int64)


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
