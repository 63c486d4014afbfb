"""What shows when photos are counted: imbalance, classes with few photos, photos of no class."""

from collections.abc import Iterator

from kclass.audit.findings import Finding
from kclass.audit.thresholds import FEWEST_PHOTOS, LARGEST_RATIO
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import TRAIN, listing, readable

_MOST_NAMED = 3


def balance(data: Dataset) -> Iterator[Finding]:
    """Classes with many more photos than others, and classes with very few.

    Training photos are counted, or all labelled ones if none are for training.

    Args:
        data: the data set.
    """
    samples = data.samples
    training = samples.select(samples.splits == TRAIN)
    counts = (training if len(training) else samples).counts()
    if not counts:
        return
    smallest, largest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[largest] > LARGEST_RATIO * counts[smallest]:
        told = [f"{readable(name)} has {_photos(counts[name])}" for name in (largest, smallest)]
        ratio = counts[largest] / max(counts[smallest], 1)
        yield Finding("imbalance", (), f"{', '.join(told)}: {ratio:.1f} to 1", score=ratio)
    few = sorted((number, name) for name, number in counts.items() if number < FEWEST_PHOTOS)
    if few:
        told = [f"{readable(name)} ({number})" for number, name in few]
        yield Finding("imbalance", (), f"fewer than {FEWEST_PHOTOS} photos: {listing(told, most=10)}")


def left_out(data: Dataset) -> Iterator[Finding]:
    """Class folders without photos, and photos outside class folders.

    Args:
        data: the data set.
    """
    for name in data.empty_classes:
        yield Finding("empty-class", (), name)
    if data.loose_photos:
        number = _photos(len(data.loose_photos))
        yield Finding("loose", (), f"{number}: {listing(data.loose_photos, most=_MOST_NAMED)}")


def _photos(number: int) -> str:
    return "1 photo" if number == 1 else f"{number} photos"
