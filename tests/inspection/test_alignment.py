import numpy as np
import pytest
from scenes import inspected, part, scene

from kclass.inspection.alignment import aligned
from kclass.inspection.inspection import GREY_SIDE

BOXES = np.array([(0.0, 0.0, 0.8, 0.9), (0.2, 0.1, 1.0, 0.85), (0.1, 0.05, 0.95, 1.0), (0.0, 0.0, 1.0, 1.0)])


def pairs() -> tuple[np.ndarray, np.ndarray]:
    wholes = np.stack([inspected(scene(number)).grey for number in range(len(BOXES))])
    parts = [inspected(part(scene(number), *box)).grey for number, box in enumerate(BOXES)]
    return wholes, np.stack(parts)


def test_a_box_beside_the_true_one_is_moved_there() -> None:
    wholes, parts = pairs()
    beside = np.clip(BOXES + np.array([0.03, -0.03, -0.03, 0.03]), 0, 1)
    found = aligned(wholes, parts, beside, least_side=0.5)
    # A third of a pixel of the thumbnail.
    assert found == pytest.approx(BOXES, abs=1 / 3 / GREY_SIDE)


def test_boxes_do_not_get_smaller_than_the_least_side() -> None:
    wholes, parts = pairs()
    found = aligned(wholes, parts, np.tile([0.0, 0, 1, 1], (len(BOXES), 1)), least_side=0.92)
    assert (found[:, 2:] - found[:, :2] >= 0.92 - 1e-9).all()
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_plain_pictures_leave_boxes_where_they_are() -> None:
    plain = np.full((2, GREY_SIDE, GREY_SIDE), 90, np.uint8)
    start = np.array([[0.1, 0.1, 0.9, 0.9], [0, 0, 1, 1.0]])
    assert aligned(plain, plain, start, least_side=0.5) == pytest.approx(start)
