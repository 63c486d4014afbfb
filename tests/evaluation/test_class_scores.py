import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from kclass.evaluation.class_scores import balanced_accuracy, macro_f1


def test_balanced_accuracy_is_the_mean_recall_of_classes_with_photos() -> None:
    # Recalls 3/4, 1/3 and 1/1: (9 + 4 + 12) / 36 = 25/36. The last class has no photo.
    right, supports = np.array([3, 1, 1, 0]), np.array([4, 3, 1, 0])
    assert float(balanced_accuracy(right, supports)) == pytest.approx(25 / 36)


def test_macro_f1_counts_classes_that_photos_were_taken_for() -> None:
    # F1 6/(4 + 3), 2/(3 + 2) and, of no photos but one prediction, 0: (6/7 + 2/5) / 3 = 44/105. The
    # last class has neither.
    found = macro_f1(np.array([3, 1, 0, 0]), np.array([4, 3, 0, 0]), np.array([3, 2, 1, 0]))
    assert float(found) == pytest.approx(44 / 105)


def test_several_sets_of_counts_are_scored_at_once() -> None:
    right, supports = np.array([[2, 0], [1, 1]]), np.array([[2, 2], [1, 2]])
    assert balanced_accuracy(right, supports).tolist() == [0.5, 0.75]
    assert macro_f1(right, supports, np.array([[4, 0], [2, 1]])).tolist() == pytest.approx([1 / 3, 2 / 3])


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 6))
def test_balanced_accuracy_is_that_of_scikit_learn(seed: int, photos: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, classes, (2, photos))
    right = np.bincount(labels[labels == predicted], minlength=classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of classes that have no photo
        expected = balanced_accuracy_score(labels, predicted)
    found = balanced_accuracy(right, np.bincount(labels, minlength=classes))
    assert float(found) == pytest.approx(expected)
