import numpy as np
import pytest

from kclass.features import filling
from kclass.features.filling import FeatureRows


def row(place: int) -> np.ndarray:
    return np.array([place, -place, 0.5], np.float32)


@pytest.mark.parametrize("at_once", [1, 3, 1024])
@pytest.mark.parametrize("places", [[], [0], [6], [5, 1, 3], [6, 5, 4, 3, 2, 1, 0], [2, 3, 4, 5, 6]])
def test_rows_stand_in_the_order_of_their_places(
    places: list[int], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "_MOVED_AT_ONCE", at_once)
    rows = FeatureRows(7)
    for place in places:
        rows.put(place, row(place))
    assert rows.missing().tolist() == [place for place in range(7) if place not in places]
    found, features = rows.close()
    assert found.tolist() == sorted(places)
    assert features.dtype == np.float32
    assert features.tolist() == [row(place).tolist() for place in sorted(places)]


def test_without_rows_there_is_an_empty_matrix() -> None:
    for photos in (0, 3):
        found, features = FeatureRows(photos).close()
        assert (found.shape, features.shape) == ((0,), (0, 0))


def test_rows_of_half_precision_are_taken() -> None:
    rows = FeatureRows(1)
    rows.put(0, np.array([1 / 3], np.float16))
    _, features = rows.close()
    assert features.tolist() == [[0.333251953125]]  # 1365/4096, the nearest in binary16


def test_a_row_that_is_put_again_replaces_the_first() -> None:
    rows = FeatureRows(2)
    rows.put(1, row(3))
    rows.put(1, row(4))
    places, features = rows.close()
    assert (places.tolist(), features.tolist()) == ([1], [row(4).tolist()])


def test_the_matrix_holds_no_more_than_its_rows() -> None:
    rows = FeatureRows(1000)
    for place in (1, 999):
        rows.put(place, row(place))
    _, features = rows.close()
    assert features.base is None
    assert features.nbytes == 2 * 3 * 4
