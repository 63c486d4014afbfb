import subprocess
import sys

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance

from kclass.evaluation.spread import (
    MOST_WHOLE,
    Spread,
    _largest,
    fit_spread,
    out_of_fold_distances,
    square_rooted,
)

Array = np.ndarray


def drawn(photos: int, features: int, classes: int, seed: int = 0) -> tuple[Array, Array]:
    """Features of photos around a centre for each class, and their labels."""
    random = np.random.default_rng(seed)
    labels = (np.arange(photos) % classes).astype(np.int32)
    centres = np.random.default_rng(99).random((classes, features)) * 3
    return (centres[labels] + random.random((photos, features))).astype(np.float32), labels


def test_places_are_signed_roots_of_length_one() -> None:
    # Roots of (9, 16) are (3, 4), of length 5; of (-4, 0) they are (-2, 0).
    found = square_rooted(np.array([[9, 16], [-4, 0], [0, 0]], np.float32))
    assert found.tolist() == [[0.6, 0.8], [-1, 0], [0, 0]]


def test_a_distance_that_was_worked_by_hand() -> None:
    # The place of (0, 1) is (0, 1), less the centre (1, 0) it is (-1, 1). Along (0, 1) it counts 1/4, in
    # the other direction 1/.5: root of ((.25 + 2) / 2). To the centre (0, 1) there is no distance.
    far = Spread(np.array([[1, 0]], np.float16), np.array([[0, 1]], np.float32), np.array([4.0]), 0.5)
    features = np.array([[0, 1]], np.float32)
    assert far.distances(features)[0] == pytest.approx(np.sqrt(1.125))
    near = Spread(np.array([[1, 0], [0, 1]], np.float16), far.directions, far.variances, far.rest)
    assert near.distances(features)[0] == 0


def test_with_all_directions_it_is_the_mahalanobis_distance() -> None:
    features, labels = drawn(400, 5, 1)
    spread = fit_spread(features, labels, classes=1)
    assert spread.directions.shape == (4, 5)  # all but the last, which is the rest
    reference = EmpiricalCovariance().fit(square_rooted(features))
    reference.location_ = spread.centres[0].astype(np.float64)  # the mean, rounded
    wanted = np.sqrt(reference.mahalanobis(square_rooted(features)) * 399 / 400 / 5)
    assert spread.distances(features) == pytest.approx(wanted, rel=1e-4)


def test_the_photos_it_was_fitted_on_are_about_one_away() -> None:
    features, labels = drawn(300, 40, 3)
    distances = fit_spread(features, labels, classes=3).distances(features)
    assert np.sqrt(np.mean(distances**2)) == pytest.approx(1, abs=0.02)


def test_classes_have_centres_of_their_own_if_they_have_photos_enough() -> None:
    features, labels = drawn(12, 30, 3)
    assert fit_spread(features, labels, classes=3).centres.shape == (3, 30)
    assert fit_spread(features[:11], labels[:11], classes=3).centres.shape == (1, 30)


def test_a_photo_between_the_classes_is_farther_than_those_of_either() -> None:
    features, labels = drawn(200, 30, 2)
    spread = fit_spread(features, labels, classes=2)
    between = (features[labels == 0][:1] + features[labels == 1][:1]) / 2
    assert spread.distances(between)[0] > 1.2 * spread.distances(features).max()


def test_there_is_a_direction_for_every_eight_photos_and_sixty_four_at_most() -> None:
    for photos, directions in ((82, 10), (58, 7), (700, 64)):
        features, labels = drawn(photos, 100, 2)
        assert len(fit_spread(features, labels, classes=2).directions) == directions


def test_few_photos_and_many_are_treated_alike() -> None:
    # Of fewer photos than features the coordinates in their span are used, of more the features.
    features, labels = drawn(90, 60, 2)
    padded = np.hstack([features, np.zeros((90, 60), np.float32)])
    many, few = (fit_spread(each, labels, classes=2) for each in (features, padded))
    assert np.array_equal(few.centres[:, :60], many.centres)
    assert few.variances == pytest.approx(many.variances, rel=1e-6)
    assert np.abs(many.directions @ few.directions[:, :60].T) == pytest.approx(np.eye(11), abs=1e-5)
    assert 109 * few.rest == pytest.approx(49 * many.rest, rel=1e-6)


def test_a_photo_held_out_is_measured_by_the_others() -> None:
    features, labels = drawn(60, 30, 2)
    fold_of = np.arange(60) // 2 % 5
    found = out_of_fold_distances(features, labels, fold_of, classes=2)
    for fold in range(5):
        rest = fit_spread(features[fold_of != fold], labels[fold_of != fold], classes=2)
        own = fold_of == fold
        assert found[own] == pytest.approx(rest.distances(features[own]), rel=2e-3)
    assert found.mean() > fit_spread(features, labels, classes=2).distances(features).mean()


def test_photos_that_no_fold_holds_out_have_no_distance() -> None:
    features, labels = drawn(40, 10, 2)
    fold_of = np.arange(40) % 4 - 1
    found = out_of_fold_distances(features, labels, fold_of, classes=2)
    assert np.array_equal(np.isnan(found), fold_of == -1)
    nothing = out_of_fold_distances(features, labels, np.full(40, -1), classes=2)
    assert np.isnan(nothing).all()


@pytest.mark.parametrize(("photos", "classes"), [(1, 1), (2, 2), (3, 2), (10, 2), (10, 5)])
def test_the_fewest_photos_are_enough(photos: int, classes: int) -> None:
    features, labels = drawn(photos, 50, classes)
    found = fit_spread(features, labels, classes=classes).distances(drawn(30, 50, classes, seed=2)[0])
    assert np.isfinite(found).all()


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_features_that_never_vary_are_no_distance_apart(value: float) -> None:
    features = np.full((20, 8), value, np.float32)
    spread = fit_spread(features, np.zeros(20, np.int32), classes=1)
    assert (spread.distances(features) < 0.5).all()
    assert spread.distances(np.eye(1, 8, dtype=np.float32))[0] > 100


def test_a_class_without_photos_has_no_centre() -> None:
    features, labels = drawn(40, 10, 2)
    assert fit_spread(features, labels * 2, classes=3).centres.shape == (2, 10)


def test_the_order_of_magnitude_of_features_does_not_matter() -> None:
    features, labels = drawn(60, 20, 2)
    spread = fit_spread(features, labels, classes=2)
    assert spread.distances(features * 100) == pytest.approx(spread.distances(features), rel=1e-4)


@pytest.mark.parametrize("size", [5, MOST_WHOLE, MOST_WHOLE + 1])
def test_the_directions_of_most_variance_are_found_in_any_number_of_dimensions(size: int) -> None:
    random = np.random.default_rng(size)
    known = np.linalg.qr(random.normal(size=(size, size)))[0]
    values = np.arange(1.0, size + 1)
    found, vectors = _largest((known * values) @ known.T, 3)
    assert found == pytest.approx([size - 2, size - 1, size])
    assert np.abs(vectors.T @ known[:, -3:]) == pytest.approx(np.eye(3), abs=1e-9)


def test_many_dimensions_are_dealt_with_by_one_thread_though_scipy_comes_late() -> None:
    code = f"""
import numpy as np
from kclass.evaluation.spread import _largest
from kclass.parallel import one_thread
with one_thread():
    import scipy.linalg, threadpoolctl
    eigh = scipy.linalg.eigh
    def told(*given, **options):
        pools = threadpoolctl.threadpool_info()
        print(sorted(pool["num_threads"] for pool in pools if pool["user_api"] == "blas"))
        return eigh(*given, **options)
    scipy.linalg.eigh = told
    _largest(np.eye({MOST_WHOLE + 1}), 2)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1, 1]"
