import numpy as np

from kclass.explanation.enlarging import enlarged


def test_cells_are_joined_by_straight_lines_between_their_middles() -> None:
    # Middles of the two cells lie at 1 and 3 of 4: the pixels' middles, .5, 1.5, 2.5, 3.5, are
    # before the first, a quarter and three quarters of the way, and beyond the second.
    heat = np.array([[0, 8]], np.float32)
    assert enlarged(heat, (2, 4)).tolist() == [[0, 2, 6, 8], [0, 2, 6, 8]]


def test_a_map_of_the_photos_size_stays_itself() -> None:
    heat = np.array([[1, 2], [3, 4]], np.float32)
    assert enlarged(heat, (2, 2)).tolist() == heat.tolist()
    assert enlarged(heat[:, ::-1], (2, 2)).tolist() == [[2, 1], [4, 3]]
