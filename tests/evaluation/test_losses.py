import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from kclass.evaluation.losses import brier_scores, highest, photo_losses
from kclass.evaluation.metrics import evaluate


def test_a_loss_is_the_negative_logarithm_of_the_probability_of_the_true_class() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.9, 0.0], [0.25, 0.25, 0.5]])
    found = photo_losses(probabilities, np.array([0, 1, 0], np.int32))
    assert found.tolist() == pytest.approx([math.log(2), -math.log(0.9), math.log(4)])


def test_their_mean_is_the_log_loss() -> None:
    random = np.random.default_rng(3)
    probabilities = random.dirichlet(np.ones(4), size=50)
    probabilities[0] = (1, 0, 0, 0)
    labels = random.integers(0, 4, 50).astype(np.int32)
    labels[0] = 3
    metrics = evaluate(probabilities, labels, ["a", "b", "c", "d"])
    assert photo_losses(probabilities, labels).mean() == pytest.approx(metrics.log_loss, rel=1e-12)


def test_no_probability_at_all_is_a_loss_that_ends_somewhere() -> None:
    found = photo_losses(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([0, 1], np.int32))
    # -ln(2.22e-16) = 52 ln 2
    assert found.tolist() == pytest.approx([52 * math.log(2), 2**-52])


def test_the_highest_come_first_and_of_equals_the_first() -> None:
    losses = np.array([0.1, 2.0, 0.5, 2.0, 0.5])
    assert highest(losses, 4).tolist() == [1, 3, 2, 4]
    assert highest(losses, 9).tolist() == [1, 3, 2, 4, 0]


def test_a_brier_score_sums_the_squares_over_all_classes() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    # .25 + .09 + .04; certain and right; certain and wrong: 1 + 1.
    found = brier_scores(probabilities, np.array([0, 0, 2], np.int32))
    assert found.tolist() == pytest.approx([0.38, 0, 2])
    assert probabilities[0, 0] == 0.5


@pytest.mark.parametrize("classes", [2, 5])
def test_the_mean_of_brier_scores_is_that_of_scikit_learn(classes: int) -> None:
    rng = np.random.default_rng(classes)
    probabilities = rng.dirichlet(np.ones(classes), 40)
    labels = rng.integers(0, classes, 40).astype(np.int32)
    expected = brier_score_loss(labels, probabilities, labels=range(classes), scale_by_half=False)
    assert brier_scores(probabilities, labels).mean() == pytest.approx(expected)
