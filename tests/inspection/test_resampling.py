import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kclass.inspection.resampling import area_means, cut


def test_means_over_whole_pixels_are_their_means() -> None:
    picture = np.arange(16).reshape(1, 4, 4)
    # (0 + 1 + 4 + 5) / 4 = 2.5, and so on.
    assert cut(picture, np.array([[0, 0, 1, 1.0]]), 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]


def test_a_box_is_left_top_right_bottom() -> None:
    picture = np.arange(16).reshape(1, 4, 4)
    assert cut(picture, np.array([[0.5, 0, 1, 0.5]]), 2).tolist() == [[[2, 3], [6, 7]]]


def test_pixels_count_by_what_of_them_lies_in_a_piece() -> None:
    # A piece from 0.6 to 1.6 pixels: 0.4 of the first, 0.6 of the second.
    assert area_means(np.array([0.3]), np.array([0.8]), 1, 2)[0] == pytest.approx(np.array([[0.4, 0.6]]))


def test_pieces_smaller_than_a_pixel_repeat_it() -> None:
    picture = np.array([[[10, 20], [30, 40]]])
    assert cut(picture, np.array([[0, 0, 1, 1.0]]), 4)[0, 0].tolist() == [10, 10, 20, 20]


def test_each_picture_has_its_own_box() -> None:
    pictures = np.stack([np.arange(16).reshape(4, 4)] * 2)
    boxes = np.array([[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1.0]])
    assert cut(pictures, boxes, 1).ravel().tolist() == [2.5, 12.5]


@given(st.floats(0, 0.9), st.floats(0.05, 1), st.integers(1, 40), st.integers(1, 40))
def test_weights_of_a_piece_sum_to_one(start: float, length: float, pieces: int, pixels: int) -> None:
    weights = area_means(np.array([start]), np.array([min(1.0, start + length)]), pieces, pixels)
    assert weights.shape == (1, pieces, pixels)
    assert weights.sum(axis=2) == pytest.approx(np.ones((1, pieces)), abs=1e-4)
