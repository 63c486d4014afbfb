import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.training.principal_axes import ROWS, Precision, Rotation, Scaled, rotated
from kclass.training.softmax_regression import Floats, solve_path


def clouds(photos: int, features: int) -> tuple[Floats, NDArray[np.int32]]:
    """Three overlapping clouds, one a class."""
    random = np.random.default_rng(photos)
    labels = (np.arange(photos) % 3).astype(np.int32)
    return random.normal(size=(3, features))[labels] + 1.5 * random.normal(size=(photos, features)), labels


def as_they_are(data: Floats, precision: Precision = np.float64) -> Rotation:
    number = data.shape[1]
    return rotated(Scaled(data, np.zeros(number), np.ones(number)), np.arange(len(data)), precision=precision)


def test_data_with_fewer_photos_than_features_are_rotated_into_as_many_dimensions() -> None:
    data, _ = clouds(8, 50)
    rotation = as_they_are(data)
    assert rotation.data.shape == (8, 8)
    assert rotation.basis.shape == (50, 8)
    np.testing.assert_allclose(rotation.data @ rotation.basis.T, data, atol=1e-9)
    np.testing.assert_allclose(rotation.basis.T @ rotation.basis, np.eye(8), atol=1e-9)


def test_data_with_enough_photos_keep_their_dimensions() -> None:
    data, _ = clouds(50, 8)
    rotation = as_they_are(data)
    assert rotation.data.shape == (50, 8)
    np.testing.assert_allclose(rotation.data @ rotation.basis.T, data, atol=1e-9)
    np.testing.assert_allclose(rotation.basis.T @ rotation.basis, np.eye(8), atol=1e-9)


@pytest.mark.parametrize("photos", [8, 50])
def test_the_axes_are_the_principal_ones_and_the_largest_come_first(photos: int) -> None:
    data, _ = clouds(photos, 20)
    moments = as_they_are(data).data.T @ as_they_are(data).data
    lengths = np.linalg.svd(data, compute_uv=False)
    np.testing.assert_allclose(moments, np.diag(lengths**2), atol=1e-9)


@pytest.mark.parametrize("photos", [9, 2 * ROWS + 7])
def test_features_are_centred_scaled_and_ordered(photos: int) -> None:
    data, _ = clouds(photos, 12)
    random = np.random.default_rng(3)
    mean, scale, order = random.normal(size=12), random.uniform(0.5, 2, 12), random.permutation(photos)
    scale[4] = np.inf
    rotation = rotated(Scaled(data, mean, scale), order)
    expected = ((data - mean) / scale)[order]
    assert (expected[:, 4] == 0).all()
    np.testing.assert_allclose(rotation.data @ rotation.basis.T, expected, atol=1e-9)


@pytest.mark.parametrize("photos", [30, 300])
def test_single_precision_is_near_to_double(photos: int) -> None:
    data, _ = clouds(photos, 40)
    rotation = as_they_are(data, np.float32)
    assert rotation.data.dtype == rotation.basis.dtype == np.float32
    np.testing.assert_allclose(rotation.data @ rotation.basis.T, data, atol=1e-4)


def test_dimensions_that_no_photo_reaches_are_dropped() -> None:
    # Three times the same two photos span a plane.
    data, _ = clouds(2, 20)
    rotation = as_they_are(np.tile(data, (3, 1)))
    assert rotation.data.shape == (6, 2)
    np.testing.assert_allclose(rotation.data @ rotation.basis.T, np.tile(data, (3, 1)), atol=1e-9)


def test_photos_without_any_feature_span_nothing() -> None:
    rotation = as_they_are(np.zeros((3, 10)))
    assert rotation.data.shape == (3, 0)
    assert rotation.basis.shape == (10, 0)


@pytest.mark.parametrize("photos", [12, 90])
def test_a_solution_of_rotated_data_is_that_of_the_data(photos: int) -> None:
    data, labels = clouds(photos, 40)
    rotation = as_they_are(data)
    (turned,) = solve_path(rotation.data, labels, classes=3, cs=[0.1])
    (straight,) = solve_path(data, labels, classes=3, cs=[0.1])
    np.testing.assert_allclose(rotation.basis @ turned[:-1], straight[:-1], atol=1e-5)
    np.testing.assert_allclose(turned[-1], straight[-1], atol=1e-5)
