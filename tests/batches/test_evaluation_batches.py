import numpy as np
from numpy.typing import NDArray

from kclass.batches.evaluation import evaluation_batches

PHOTOS = np.random.default_rng(0).integers(0, 256, (10, 6, 6, 3), dtype=np.uint8)
LABELS = np.arange(10, dtype=np.int32)


def batches(places: NDArray[np.int64], batch_size: int) -> list[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    found = evaluation_batches(PHOTOS, LABELS, places, batch_size=batch_size)
    return [(photos.numpy(), labels.numpy()) for photos, labels in found]


def test_each_photo_comes_once_in_order_as_it_is() -> None:
    found = batches(np.arange(10), 4)
    assert [labels.tolist() for _, labels in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (np.concatenate([photos for photos, _ in found]) == PHOTOS).all()
    assert {photos.dtype for photos, _ in found} == {np.dtype(np.uint8)}
    assert {labels.dtype for _, labels in found} == {np.dtype(np.int32)}


def test_the_order_is_that_of_the_places() -> None:
    found = batches(np.array([7, 2, 2, 9]), 2)
    assert [labels.tolist() for _, labels in found] == [[7, 2], [2, 9]]
    assert (found[1][0] == PHOTOS[[2, 9]]).all()


def test_order_holds_over_many_batches_read_by_several_threads() -> None:
    places = np.random.default_rng(1).integers(0, 10, 3000)
    assert np.concatenate([labels for _, labels in batches(places, 1)]).tolist() == places.tolist()


def test_shapes_are_known_before_the_first_batch() -> None:
    photos, labels = evaluation_batches(PHOTOS, LABELS, np.arange(10), batch_size=4).element_spec
    assert photos.shape.as_list() == [None, 6, 6, 3]
    assert labels.shape.as_list() == [None]


def test_no_photos_are_no_batches() -> None:
    assert batches(np.empty(0, np.int64), 4) == []
