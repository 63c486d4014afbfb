import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from kclass.training.softmax_regression import ROWS, WORTH_THREADS, Floats, log_softmax, solve_path


def clouds(photos: int, features: int, classes: int) -> tuple[Floats, NDArray[np.int32]]:
    """Overlapping clouds, one a class."""
    random = np.random.default_rng(photos)
    labels = (np.arange(photos) % classes).astype(np.int32)
    centres = random.normal(size=(classes, features))
    return centres[labels] + 1.5 * random.normal(size=(photos, features)), labels


def solved(data: Floats, labels: NDArray[np.int32], *, classes: int, c: float) -> Floats:
    (solution,) = solve_path(data, labels, classes=classes, cs=[c])
    return solution


def probabilities(solution: Floats, data: Floats) -> Floats:
    result: Floats = np.exp(log_softmax(data @ solution[:-1] + solution[-1]))
    return result


def objective(solution: Floats, data: Floats, labels: NDArray[np.int32], c: float) -> float:
    """The formula of `solve_path`, straight from its text."""
    own = probabilities(solution, data)[np.arange(len(labels)), labels]
    return float(-np.log(own).mean() + (solution[:-1] ** 2).sum() / (2 * c * len(labels)))


@pytest.mark.parametrize("c", [1e-3, 1e-1, 1.0])
@pytest.mark.parametrize(("photos", "features"), [(90, 5), (12, 40)])
def test_three_classes_are_solved_as_scikit_learn_does(photos: int, features: int, c: float) -> None:
    data, labels = clouds(photos, features, 3)
    reference = LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(data, labels)
    solution = solved(data, labels, classes=3, c=c)
    np.testing.assert_allclose(solution[:-1], reference.coef_.T, atol=1e-3)
    np.testing.assert_allclose(probabilities(solution, data), reference.predict_proba(data), atol=2e-4)


def test_weighted_photos_are_solved_as_scikit_learn_does() -> None:
    data, labels = clouds(90, 5, 3)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, len(labels))
    reference = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000).fit(data, labels, weights)
    (solution,) = solve_path(data, labels, classes=3, cs=[0.1], weights=weights)
    np.testing.assert_allclose(probabilities(solution, data), reference.predict_proba(data), atol=2e-4)
    assert np.abs(solution - solved(data, labels, classes=3, c=0.1)).max() > 0.01


def test_two_classes_are_solved_as_scikit_learn_does_with_twice_the_c() -> None:
    data, labels = clouds(60, 4, 2)
    reference = LogisticRegression(C=2 * 0.05, tol=1e-8, max_iter=10_000).fit(data, labels)
    solution = solved(data, labels, classes=2, c=0.05)
    np.testing.assert_allclose(probabilities(solution, data), reference.predict_proba(data), atol=2e-4)
    np.testing.assert_allclose(solution[:-1, 1] - solution[:-1, 0], reference.coef_[0], atol=1e-3)


def test_two_opposite_photos_are_solved_as_by_hand() -> None:
    # Photos 1 and -1 of two classes: by symmetry W = (v, -v) and b = 0. The mean loss is
    # log(1 + exp(-2v)), the penalty 2v² / (2c·2). The sum is least where v (1 + exp(2v)) = 2c.
    for v in (0.25, 1.0, 1.5):
        c = v * (1 + math.exp(2 * v)) / 2
        solution = solved(np.array([[1.0], [-1.0]]), np.array([0, 1], np.int32), classes=2, c=c)
        np.testing.assert_allclose(solution, [[v, -v], [0, 0]], atol=1e-4)


def test_the_bias_is_not_penalised() -> None:
    # Data that tell nothing: the probabilities are the shares of the classes, however strong the penalty.
    labels = np.array([0, 0, 0, 1, 2, 2], np.int32)
    solution = solved(np.zeros((6, 2)), labels, classes=3, c=1e-8)
    np.testing.assert_allclose(probabilities(solution, np.zeros((1, 2))), [[3 / 6, 1 / 6, 2 / 6]], atol=1e-4)
    assert (solution[:-1] == 0).all()


def test_a_path_ends_where_each_penalty_alone_would() -> None:
    data, labels = clouds(60, 4, 3)
    cs = [1e-3, 1e-2, 1e-1]
    path = list(solve_path(data, labels, classes=3, cs=cs))
    assert len(path) == 3
    for c, solution in zip(cs, path, strict=True):
        np.testing.assert_allclose(solution, solved(data, labels, classes=3, c=c), atol=1e-3)
    assert objective(path[0], data, labels, cs[0]) < objective(path[2], data, labels, cs[0])


def test_no_small_step_makes_a_solution_better() -> None:
    data, labels = clouds(30, 3, 4)
    solution = solved(data, labels, classes=4, c=0.5)
    least = objective(solution, data, labels, 0.5)
    random = np.random.default_rng(0)
    for _ in range(20):
        assert objective(solution + 0.01 * random.normal(size=solution.shape), data, labels, 0.5) > least


def test_separable_classes_have_a_finite_solution() -> None:
    data = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    solution = solved(data, np.array([0, 0, 1, 1], np.int32), classes=2, c=1e4)
    assert np.isfinite(solution).all()
    assert probabilities(solution, data).argmax(axis=1).tolist() == [0, 0, 1, 1]


def test_the_logarithm_of_a_softmax_by_hand() -> None:
    # exp: 1, 2, 5; their sum is 8.
    logits = np.log([[1.0, 2.0, 5.0]])
    np.testing.assert_allclose(log_softmax(logits), np.log([[1 / 8, 2 / 8, 5 / 8]]))


def test_large_logits_neither_overflow_nor_lose_their_difference() -> None:
    np.testing.assert_allclose(
        log_softmax(np.array([[1000.0, 0.0], [-1e8, -1e8]]))[:, 1], [-1000, -np.log(2)]
    )


def test_a_tolerance_ends_the_search_sooner_and_close_to_the_same_loss() -> None:
    data, labels = clouds(90, 40, 3)
    exact = objective(solved(data, labels, classes=3, c=1.0), data, labels, 1.0)
    near, far = (
        objective(next(solve_path(data, labels, classes=3, cs=[1.0], tolerance=each)), data, labels, 1.0)
        for each in (1e-4, 1.0)
    )
    assert exact < near < exact * (1 + 1e-4)
    assert far > exact + 1e-3


def test_rows_that_are_left_out_make_no_difference() -> None:
    data, labels = clouds(90, 5, 3)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, 90)
    learned = [slice(0, 20), slice(50, 90)]
    rows = np.concatenate([np.arange(90)[each] for each in learned])
    (found,) = solve_path(data, labels, classes=3, cs=[0.1], weights=weights, learned=learned)
    (expected,) = solve_path(data[rows], labels[rows], classes=3, cs=[0.1], weights=weights[rows])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 12])
def test_many_photos_in_single_precision_are_solved_as_scikit_learn_does(classes: int) -> None:
    data, labels = clouds(2 * ROWS + 100, 30, classes)
    c = 1e-2 / (2 if classes == 2 else 1)
    reference = LogisticRegression(C=1e-2, tol=1e-8, max_iter=10_000).fit(data, labels)
    (solution,) = solve_path(data.astype(np.float32), labels, classes=classes, cs=[c])
    assert solution.dtype == np.float32
    np.testing.assert_allclose(probabilities(solution, data), reference.predict_proba(data), atol=2e-4)


def test_the_number_of_threads_makes_no_difference() -> None:
    data, labels = clouds(3 * ROWS, 200, 60)
    assert data.size * 60 > WORTH_THREADS
    one, four = (
        next(solve_path(data.astype(np.float32), labels, classes=60, cs=[1e-3], threads=threads))
        for threads in (1, 4)
    )
    assert (one == four).all()
