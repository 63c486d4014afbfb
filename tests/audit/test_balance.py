from pathlib import Path

import numpy as np
import pytest

from kclass.audit.balance import balance, left_out
from kclass.audit.findings import Finding
from kclass.audit.thresholds import FEWEST_PHOTOS, LARGEST_RATIO
from kclass.dataset.dataset import Dataset
from kclass.dataset.names import TRAIN, VALID
from kclass.dataset.samples import Samples

NAMES = ("cat", "02.big_dog", "owl")


def data(*counts: int, splits: tuple[int, ...] = ()) -> Dataset:
    """So many photos of each class."""
    labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    paths = tuple(f"{row}.jpg" for row in range(len(labels)))
    samples = Samples(paths, labels, NAMES[: len(counts)], Path("/photos"), np.array(splits, np.int8))
    return Dataset("pets", samples)


def test_classes_of_like_size_are_balanced() -> None:
    assert list(balance(data(30, 40, 50))) == []


@pytest.mark.parametrize(("more", "imbalanced"), [(0, False), (1, True)])
def test_a_class_with_many_times_the_photos_of_another_is_told_with_both(more: int, imbalanced: bool) -> None:
    found = list(balance(data(20, 20 * LARGEST_RATIO + more, 100)))
    expected = Finding("imbalance", (), "big dog has 181 photos, cat has 20 photos: 9.1 to 1", score=9.05)
    assert found == ([expected] if imbalanced else [])


def test_classes_with_few_photos_are_named_with_their_number() -> None:
    (finding,) = balance(data(FEWEST_PHOTOS - 1, FEWEST_PHOTOS, 3))
    assert finding == Finding("imbalance", (), "fewer than 10 photos: owl (3), cat (9)")


def test_training_photos_are_counted_if_there_are_any() -> None:
    splits = (TRAIN,) * 10 + (VALID,) * 200 + (TRAIN,) * 10
    assert list(balance(data(210, 10, splits=splits))) == []
    assert len(list(balance(data(210, 10)))) == 1


def test_a_class_without_training_photos_has_the_fewest() -> None:
    splits = (TRAIN,) * 100 + (VALID,) * 10
    few_to_many, few = balance(data(100, 10, splits=splits))
    assert few_to_many.detail == "cat has 100 training photos, big dog has no training photos"
    assert few.detail == "fewer than 10 training photos: big dog (0)"


def test_photos_that_cannot_be_read_are_not_counted() -> None:
    many, few = balance(data(100, 20), unreadable=range(105, 120))
    assert many.detail == "cat has 100 photos, big dog has 5 photos: 20.0 to 1"
    assert few.detail == "fewer than 10 photos that can be read: big dog (5)"
    assert list(balance(data(100, 20), unreadable=(105,))) == []


def test_a_broken_training_photo_is_not_counted_for_another_of_validation() -> None:
    splits = (TRAIN,) * 20 + (VALID,) * 20
    assert list(balance(data(10, 30, splits=splits), unreadable=range(20, 40))) == []
    (few,) = balance(data(10, 30, splits=splits), unreadable=(0,))
    assert few.detail == "fewer than 10 training photos that can be read: cat (9)"


def test_a_table_without_classes_is_not_imbalanced() -> None:
    samples = Samples(("a.jpg",), np.array([-1]), (), Path("/photos"))
    assert list(balance(Dataset("pets", samples))) == []


def test_what_is_left_out_is_told() -> None:
    whole = data(20, 20)
    loose = ("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    found = list(left_out(Dataset("pets", whole.samples, ("yeti", "unicorn"), loose)))
    assert found == [
        Finding("empty-class", (), "yeti"),
        Finding("empty-class", (), "unicorn"),
        Finding("loose", (), "4 photos: a.jpg, b.jpg, c.jpg and 1 more"),
    ]
    assert list(left_out(whole)) == []
    (finding,) = left_out(Dataset("pets", whole.samples, (), ("a.jpg",)))
    assert finding.detail == "1 photo: a.jpg"
