import numpy as np
import pytest

from kclass.errors import OptionError
from kclass.inspection import neighbours
from kclass.inspection.neighbours import feature_candidates


def test_each_photo_is_paired_with_the_nearest_by_angle() -> None:
    # Angles 0, 10, 30, 80 degrees; the lengths make no difference.
    angles = np.radians([0, 10, 30, 80])
    features = (np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [50], [0.1], [2]]).astype(
        np.float32
    )
    assert feature_candidates(features, k=1).tolist() == [[0, 1], [1, 2], [2, 3]]
    assert feature_candidates(features, k=2).tolist() == [[0, 1], [0, 2], [1, 2], [2, 3]]


def test_photos_that_are_hardly_alike_are_no_candidates() -> None:
    # The cosine of 53 degrees is 0.602, that of 54 degrees 0.588.
    for degrees, pairs in ((53, [[0, 1]]), (54, [])):
        angle = np.radians(degrees)
        features = np.array([[1, 0], [np.cos(angle), np.sin(angle)]], np.float32)
        assert feature_candidates(features).tolist() == pairs


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    features = np.random.default_rng(0).uniform(size=(30, 8)).astype(np.float32)
    whole = feature_candidates(features, k=3)
    monkeypatch.setattr(neighbours, "_AT_ONCE", 7)
    assert np.array_equal(feature_candidates(features, k=3), whole)


def test_more_neighbours_than_photos_are_all_of_them() -> None:
    features = 1 + np.eye(3, dtype=np.float32)
    assert feature_candidates(features).tolist() == [[0, 1], [0, 2], [1, 2]]


@pytest.mark.parametrize("photos", [0, 1])
def test_a_lonely_photo_has_no_neighbours(photos: int) -> None:
    pairs = feature_candidates(np.ones((photos, 4), np.float32))
    assert (pairs.shape, pairs.dtype) == ((0, 2), np.int64)


def test_features_of_zeros_do_no_harm() -> None:
    features = np.zeros((3, 2), np.float32)
    features[:2] = [[1, 0], [1, 1]]
    assert [0, 1] in feature_candidates(features, k=1).tolist()


def test_no_neighbours_at_all_cannot_be_asked_for() -> None:
    with pytest.raises(OptionError, match="k is 0; it must be 1 or more"):
        feature_candidates(np.eye(2, dtype=np.float32), k=0)
