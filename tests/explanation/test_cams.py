from typing import Any

import numpy as np
import pytest

from kclass.explanation.cams import (
    eigen_cam_maps,
    grad_cam_maps,
    grad_cam_plus_plus_maps,
    hirescam_maps,
    layercam_maps,
)

FORMULAS = (grad_cam_maps, grad_cam_plus_plus_maps, hirescam_maps, layercam_maps)


def test_maps_are_worked_out_photo_by_photo() -> None:
    activations = np.array([[[[1, 2]], [[3, 4]]], [[[1, 2]], [[3, 4]]]], np.float32)
    gradients = np.array([[[[1, 0]], [[3, 0]]], [[[0, -1]], [[0, -1]]]], np.float32)
    maps = grad_cam_maps(activations, gradients)
    assert maps.dtype == np.float32
    # The means of the gradients are 2 and 0 for the first photo, 0 and -1 for the second.
    assert maps.tolist() == [[[2], [6]], [[0], [0]]]


def test_grad_cam_plus_plus_weighs_positive_gradients_by_their_squares_and_cubes() -> None:
    activations = np.array([[[[2, 1], [6, 1]]]], np.float32)
    gradients = np.array([[[[0.25, 1], [-1, 3]]]], np.float32)
    # Channel 0 sums to 8: g^2 / (2 g^2 + 8 g^3) = .0625 / (.125 + .125) = .25 where g is .25, so its
    # weight is .25 * .25 = .0625; the negative gradient has no part in it. Channel 1 sums to 2:
    # 1 / (2 + 2) = .25 and 9 / (18 + 54) = .125, so its weight is .25 * 1 + .125 * 3 = .625.
    # The places are .0625 * 2 + .625 and .0625 * 6 + .625.
    assert grad_cam_plus_plus_maps(activations, gradients).tolist() == [[[0.75, 1]]]


def test_grad_cam_plus_plus_needs_no_number_against_a_division_by_zero() -> None:
    activations = np.ones((1, 1, 1, 1), np.float32)
    for gradient in (1e-30, 1e-3):  # the square of the first is no float32, the second's is 1e-6
        gradients = np.full((1, 1, 1, 1), gradient, np.float32)
        found = grad_cam_plus_plus_maps(activations, gradients).item()
        assert found == pytest.approx(gradient / (2 + gradient), rel=1e-6)
    # The sum of the channel is -4, so 2 + S g would be 0; as if it were 0, the weight is .5 / 2 twice.
    below = np.array([[[[-6], [2]]]], np.float32)
    assert grad_cam_plus_plus_maps(below, np.full_like(below, 0.5)).tolist() == [[[0, 1]]]


def test_hirescam_multiplies_place_by_place() -> None:
    activations = np.array([[[[1, 2], [3, 4]]]], np.float32)
    gradients = np.array([[[[5, -1], [1, -2]]]], np.float32)
    # 1 * 5 - 2 * 1 = 3 and 3 * 1 - 4 * 2 = -5; Grad-CAM's weights would be 3 and -1.5.
    assert hirescam_maps(activations, gradients).tolist() == [[[3, 0]]]


def test_layercam_leaves_negative_gradients_out() -> None:
    activations = np.array([[[[1, 2], [3, 4]], [[-1, 0], [-1, 2]]]], np.float32)
    gradients = np.array([[[[5, -1], [1, -2]], [[2, 1], [1, 2]]]], np.float32)
    # 1 * 5, 3 * 1; -1 * 2 + 0, which is below 0; -1 * 1 + 2 * 2.
    assert layercam_maps(activations, gradients).tolist() == [[[5, 3], [0, 3]]]


def test_where_gradients_are_the_same_at_every_place_hirescam_is_grad_cam() -> None:
    generator = np.random.default_rng(4)
    activations = generator.normal(size=(2, 3, 4, 5)).astype(np.float32)
    weights = generator.normal(size=(2, 1, 1, 5)).astype(np.float32)
    gradients = np.broadcast_to(weights, activations.shape)
    maps = grad_cam_maps(activations, gradients)
    assert maps.max() > 0
    np.testing.assert_allclose(hirescam_maps(activations, gradients), maps, atol=1e-5)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_score_that_nothing_moves_has_an_empty_map(formula: Any) -> None:
    activations = np.ones((2, 3, 3, 4), np.float32)
    maps = formula(activations, np.zeros_like(activations))
    assert maps.shape == (2, 3, 3)
    assert maps.dtype == np.float32
    assert not maps.any()


def test_eigen_cam_is_how_far_each_place_lies_along_the_main_direction() -> None:
    # All places lie along (3, 4), the first 5 and the second 10 far. Were the columns centred, as some
    # do, they would be -2.5 and 2.5.
    rank_one = np.array([[[[3, 4], [6, 8]]]], np.float32)
    np.testing.assert_allclose(eigen_cam_maps(rank_one), [[[5, 10]]], rtol=1e-6)
    # (4, 0) and (0, 3) are their own directions, of which the longer is taken.
    two = np.array([[[[4, 0], [0, 3]]]], np.float32)
    np.testing.assert_allclose(eigen_cam_maps(two), [[[4, 0]]], atol=1e-6)


def test_the_sign_of_eigen_cam_makes_the_sum_of_the_places_positive() -> None:
    negative = np.array([[[[-3, -4], [-6, -8]]]], np.float32)
    np.testing.assert_allclose(eigen_cam_maps(negative), [[[5, 10]]], rtol=1e-6)
    # 5 and -10 sum to -5, so they are turned round; what is below 0 then is cut off.
    mixed = np.array([[[[3, 4], [-6, -8], [0, 0]]]], np.float32)
    np.testing.assert_allclose(eigen_cam_maps(mixed), [[[0, 10, 0]]], atol=1e-5)
    np.testing.assert_allclose(eigen_cam_maps(-mixed), [[[0, 10, 0]]], atol=1e-5)


def test_eigen_cam_of_activations_that_are_not_finite_is_not_a_number() -> None:
    activations = np.ones((3, 1, 2, 2), np.float32)
    activations[1, 0, 0, 0] = np.inf
    maps = eigen_cam_maps(activations)
    assert np.isfinite(maps).all(axis=(1, 2)).tolist() == [True, False, True]
    assert eigen_cam_maps(activations[:0]).shape == (0, 1, 2)
