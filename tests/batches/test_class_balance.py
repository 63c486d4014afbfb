import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.batches.balance import balanced_places, class_weights

LABELS = np.array([0] * 6 + [1] * 2 + [3], np.int32)


def test_weights_by_hand() -> None:
    # 9 photos, 3 classes that have any: 9 / (3 * 6), 9 / (3 * 2) and 9 / (3 * 1).
    assert class_weights(LABELS, classes=4).tolist() == [0.5, 1.5, 0, 3]
    assert class_weights(np.array([0, 1], np.int32), classes=2).tolist() == [1, 1]


def test_weights_are_those_of_scikit_learn() -> None:
    utilities = pytest.importorskip("sklearn.utils.class_weight")
    wanted = utilities.compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=LABELS)
    assert class_weights(LABELS, classes=4)[[0, 1, 3]] == pytest.approx(wanted)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_a_photo_counts_1_in_the_mean_and_classes_count_alike(labels: list[int]) -> None:
    truth = np.array(labels, np.int32)
    counted = class_weights(truth, classes=5)[truth]
    assert counted.mean() == pytest.approx(1)
    sums = [counted[truth == label].sum() for label in set(labels)]
    assert sums == pytest.approx([sums[0]] * len(sums))


def balanced(labels: np.ndarray[tuple[int], np.dtype[np.int32]], seed: int = 0) -> list[int]:
    places = np.arange(100, 100 + len(labels))
    return balanced_places(places, labels, random=np.random.default_rng(seed)).tolist()


def test_counts_by_hand() -> None:
    # Nine photos, three classes: three of each. The class of one photo shows it three times, that of
    # two one of them twice, that of six three different ones.
    shown = np.array(balanced(LABELS)) - 100
    assert np.bincount(LABELS[shown], minlength=4).tolist() == [3, 3, 0, 3]
    assert (shown == 8).sum() == 3
    assert sorted(np.bincount(shown, minlength=9)[6:8].tolist()) == [1, 2]
    assert len(set(shown[shown < 6].tolist())) == 3


@given(st.lists(st.integers(0, 5), min_size=1, max_size=80), st.integers(0, 1000))
def test_classes_and_the_photos_of_a_class_come_equally_often_give_or_take_one(
    labels: list[int], seed: int
) -> None:
    truth = np.array(labels, np.int32)
    shown = np.array(balanced(truth, seed)) - 100
    assert len(shown) == len(labels)
    by_class = [int((truth[shown] == label).sum()) for label in set(labels)]
    assert max(by_class) - min(by_class) <= 1
    for label in set(labels):
        counts = np.bincount(shown, minlength=len(labels))[truth == label]
        assert counts.max() - counts.min() <= 1


def test_another_draw_shows_other_photos_in_another_order() -> None:
    one, again, other = balanced(LABELS), balanced(LABELS), balanced(LABELS, seed=1)
    assert one == again != other
    assert len({frozenset(balanced(LABELS, seed)) for seed in range(20)}) > 1


def test_the_classes_are_shuffled_together() -> None:
    labels = np.repeat([0, 1], 50).astype(np.int32)
    first = labels[np.array(balanced(labels)) - 100][:50]
    assert 10 < first.sum() < 40
