import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from kclass.evaluation.ranking_curves import precision_recall_curves, roc_curves


@st.composite
def scored(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Scores with many ties or none, some classes without photos."""
    photos, classes = draw(st.integers(1, 40)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = rng.random((photos, classes)).round(draw(st.sampled_from([1, 2, 15])))
    return scores, rng.integers(0, draw(st.integers(1, classes)), photos).astype(np.int32)


@settings(deadline=None)
@given(scored())
def test_roc_curves_are_those_of_scikit_learn(case: tuple[NDArray[np.float64], NDArray[np.int32]]) -> None:
    scores, labels = case
    for each, curve in enumerate(roc_curves(scores, labels)):
        positive = labels == each
        assert (curve is None) == (positive.all() or not positive.any())
        if curve is not None:
            false, true, thresholds = roc_curve(positive, scores[:, each])
            assert curve.false_positive_rates == pytest.approx(false)
            assert curve.true_positive_rates == pytest.approx(true)
            assert curve.thresholds == pytest.approx(thresholds)
            assert curve.area == pytest.approx(roc_auc_score(positive, scores[:, each]))


@settings(deadline=None)
@given(scored())
def test_precision_recall_curves_are_those_of_scikit_learn_turned_round(
    case: tuple[NDArray[np.float64], NDArray[np.int32]],
) -> None:
    scores, labels = case
    for each, curve in enumerate(precision_recall_curves(scores, labels)):
        positive = labels == each
        assert (curve is None) == (positive.all() or not positive.any())
        if curve is not None:
            precisions, recalls, thresholds = precision_recall_curve(positive, scores[:, each])
            # Theirs goes on to thresholds below that of the last photo of the class.
            number = len(curve.recalls)
            assert curve.precisions == pytest.approx(precisions[::-1][:number])
            assert curve.recalls == pytest.approx(recalls[::-1][:number])
            assert curve.thresholds[1:] == pytest.approx(thresholds[::-1][: number - 1])
            assert (recalls[::-1][number:] == 1).all()
            assert curve.average_precision == pytest.approx(
                average_precision_score(positive, scores[:, each])
            )


def test_curves_worked_by_hand() -> None:
    # Falling .9 (of it), .6 (one of either kind: one step), .1 (another).
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    labels = np.array([0, 0, 1, 1], np.int32)
    roc, _ = roc_curves(scores, labels)
    assert roc is not None
    assert roc.false_positive_rates.tolist() == [0, 0, 0.5, 1]
    assert roc.true_positive_rates.tolist() == [0, 0.5, 1, 1]
    assert roc.thresholds.tolist() == [np.inf, 0.9, 0.6, 0.1]
    # Of the four pairs of one of it and another, three are in order and one is tied: 3.5 / 4.
    assert roc.area == 0.875
    curve, _ = precision_recall_curves(scores, labels)
    assert curve is not None
    assert curve.recalls.tolist() == [0, 0.5, 1]
    assert curve.precisions.tolist() == pytest.approx([1, 1, 2 / 3])
    assert curve.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_class_that_all_or_no_photos_are_of_has_no_curve() -> None:
    scores, labels = np.array([[0.8, 0.2], [0.7, 0.3]]), np.zeros(2, np.int32)
    assert roc_curves(scores, labels) == (None, None)
    assert precision_recall_curves(scores, labels) == (None, None)


def test_scores_that_are_all_alike_rank_nothing() -> None:
    curve, _ = roc_curves(np.full((5, 2), 0.5), np.array([0, 0, 1, 1, 1], np.int32))
    assert curve is not None
    assert curve.false_positive_rates.tolist() == curve.true_positive_rates.tolist() == [0, 1]
    assert curve.area == 0.5
    precision, _ = precision_recall_curves(np.full((5, 2), 0.5), np.array([0, 0, 1, 1, 1], np.int32))
    assert precision is not None
    assert precision.average_precision == 2 / 5
