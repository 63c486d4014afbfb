"""What shows when photos are counted: imbalance, classes with few photos, photos of no class."""

from collections.abc import Collection, Iterator

import numpy as np

from kclass.audit.findings import Finding
from kclass.audit.thresholds import FEWEST_PHOTOS, LARGEST_RATIO
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import TRAIN, listing, readable

_MOST_NAMED = 3


def balance(data: Dataset, unreadable: Collection[int] = ()) -> Iterator[Finding]:
    """Classes with many more photos than others, and classes with very few.

    Training photos are counted, or all labelled ones if none are for training; those that cannot be
    read are left out, as they are of training.

    Args:
        data: the data set.
        unreadable: rows of photos that cannot be read.
    """
    samples = data.samples
    counted = samples.splits == TRAIN
    noun = "training photo" if counted.any() else "photo"
    if not counted.any():
        counted = np.ones(len(samples), dtype=np.bool_)
    counted[list(unreadable)] = False
    counts = samples.select(counted).counts()
    if not counts:
        return
    smallest, largest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[largest] > LARGEST_RATIO * counts[smallest]:
        told = [f"{readable(name)} has {_number(counts[name], noun)}" for name in (largest, smallest)]
        ratio = counts[largest] / max(counts[smallest], 1)
        to_one = f": {ratio:.1f} to 1" if counts[smallest] else ""
        yield Finding("imbalance", (), f"{', '.join(told)}{to_one}", score=ratio)
    few = sorted((number, name) for name, number in counts.items() if number < FEWEST_PHOTOS)
    if few:
        legible = " that can be read" if unreadable else ""
        told = [f"{readable(name)} ({number})" for number, name in few]
        yield Finding(
            "imbalance", (), f"fewer than {FEWEST_PHOTOS} {noun}s{legible}: {listing(told, most=10)}"
        )


def left_out(data: Dataset) -> Iterator[Finding]:
    """Class folders without photos, and photos outside class folders.

    Args:
        data: the data set.
    """
    for name in data.empty_classes:
        yield Finding("empty-class", (), name)
    if data.loose_photos:
        number = _number(len(data.loose_photos), "photo")
        yield Finding("loose", (), f"{number}: {listing(data.loose_photos, most=_MOST_NAMED)}")


def _number(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
