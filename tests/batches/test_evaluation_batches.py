from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kclass.batches.cropping import Crop
from kclass.batches.evaluation import evaluation_batches
from kclass.batches.opening import open_photos
from kclass.batches.photo_source import KeptPhotos
from kclass.batches.rows import photo_errors
from kclass.errors import PhotoError
from kclass.photos.loading import load

PIXELS = np.random.default_rng(0).integers(0, 256, (10, 6, 6, 3), dtype=np.uint8)
PHOTOS = KeptPhotos.of(PIXELS)
LABELS = np.arange(10, dtype=np.int32)


def batches(places: NDArray[np.int64], batch_size: int) -> list[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    found = evaluation_batches(PHOTOS, LABELS, places, batch_size=batch_size)
    return [(photos.numpy(), labels.numpy()) for photos, labels in found]


def test_each_photo_comes_once_in_order_as_it_is() -> None:
    found = batches(np.arange(10), 4)
    assert [labels.tolist() for _, labels in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (np.concatenate([photos for photos, _ in found]) == PIXELS).all()
    assert {photos.dtype for photos, _ in found} == {np.dtype(np.uint8)}
    assert {labels.dtype for _, labels in found} == {np.dtype(np.int32)}


def test_the_order_is_that_of_the_places() -> None:
    found = batches(np.array([7, 2, 2, 9]), 2)
    assert [labels.tolist() for _, labels in found] == [[7, 2], [2, 9]]
    assert (found[1][0] == PIXELS[[2, 9]]).all()


def test_order_holds_over_many_batches_read_by_several_threads() -> None:
    places = np.random.default_rng(1).integers(0, 10, 3000)
    assert np.concatenate([labels for _, labels in batches(places, 1)]).tolist() == places.tolist()


def test_shapes_are_known_before_the_first_batch() -> None:
    photos, labels = evaluation_batches(PHOTOS, LABELS, np.arange(10), batch_size=4).element_spec
    assert photos.shape.as_list() == [None, 6, 6, 3]
    assert labels.shape.as_list() == [None]


def test_no_photos_are_no_batches() -> None:
    assert batches(np.empty(0, np.int64), 4) == []


def test_files_are_shown_as_the_one_decoder_gives_them_whatever_crops_training_takes(tmp_path: Path) -> None:
    paths = [tmp_path / f"{place}.png" for place in range(3)]
    for path, pixels in zip(paths, PIXELS, strict=False):
        Image.fromarray(pixels).resize((30, 20)).save(path)
    opened = open_photos(paths, size=8, resize="crop", threads=2, crop=Crop((0.3, 1)), cache="none")
    ((photos, _),) = evaluation_batches(opened.photos, LABELS, np.arange(3), batch_size=3)
    assert (photos.numpy() == np.stack([load(path, size=8, how="crop") for path in paths])).all()


def test_a_file_that_has_gone_is_named_instead_of_what_tensorflow_makes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(PIXELS[0]).save(path)
    photos = open_photos([path], size=8, resize="squash", threads=1, cache="none").photos
    path.unlink()
    with pytest.raises(PhotoError) as raised, photo_errors(photos):
        list(evaluation_batches(photos, LABELS, np.arange(1), batch_size=1))
    assert str(path) in raised.value.message
    assert "before the first epoch" in raised.value.message


def test_errors_of_tensorflow_that_no_photo_caused_stay_what_they_are() -> None:
    import tensorflow as tf

    with pytest.raises(tf.errors.InvalidArgumentError), photo_errors(PHOTOS):
        tf.reshape(tf.zeros(3), (2, 2))
