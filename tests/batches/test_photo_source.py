from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kclass.batches.cropping import Crop, cropped
from kclass.batches.opening import CACHES, Cache, open_photos
from kclass.batches.photo_source import KeptPhotos
from kclass.batches.views import Views
from kclass.errors import PhotoError

SQUARES = np.random.default_rng(0).integers(0, 256, (5, 6, 6, 3), dtype=np.uint8)
CROP = Crop((0.3, 1), (0.75, 4 / 3))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Four photos of smooth colours, 240 x 160."""
    random = np.random.default_rng(0)
    places = [tmp_path / f"{place}.png" for place in range(4)]
    for place in places:
        Image.fromarray(random.integers(0, 256, (3, 4, 3), dtype=np.uint8)).resize((240, 160)).save(place)
    return places


def test_rows_come_in_the_order_asked_for_however_often() -> None:
    photos = KeptPhotos.of(SQUARES)
    assert (len(photos), photos.size) == (5, 6)
    assert (photos.read(np.array([4, 0, 4])) == SQUARES[[4, 0, 4]]).all()
    assert (photos.photo(3) == SQUARES[3]).all()


def test_what_is_read_is_nobody_elses() -> None:
    photos = KeptPhotos.of(SQUARES.copy())
    photos.read(np.arange(5))[:] = 0
    assert (photos.read(np.arange(5)) == SQUARES).all()


def test_photos_are_mirrored_as_wanted() -> None:
    flips = np.array([(False, False), (True, False), (False, True), (True, True), (False, False)])
    shown = KeptPhotos.of(SQUARES).read(np.arange(5), Views(flips=flips))
    wanted = [SQUARES[0], SQUARES[1][:, ::-1], SQUARES[2][::-1], SQUARES[3][::-1, ::-1], SQUARES[4]]
    assert (shown == np.stack(wanted)).all()


def test_views_of_some_rows_are_theirs() -> None:
    crops, flips = CROP.draw(np.random.default_rng(0), 5), np.arange(10).reshape(5, 2) % 3 == 0
    part = Views(crops, flips).select(np.array([3, 1]))
    assert part.crops is not None
    assert part.flips is not None
    assert (part.crops == crops[[3, 1]]).all()
    assert (part.flips == flips[[3, 1]]).all()
    assert Views().select(np.array([3, 1])) == Views()


@pytest.mark.parametrize("how", ["squash", "crop", "pad"])
@pytest.mark.parametrize("cache", CACHES)
def test_crops_are_cut_out_of_the_photo_whether_it_is_kept_or_not(
    cache: Cache, how: str, paths: list[Path]
) -> None:
    photos = open_photos(paths, size=64, resize=how, threads=2, crop=CROP, cache=cache).photos  # type: ignore[arg-type]
    rows = np.array([2, 0, 2, 3, 1, 2])
    crops = CROP.draw(np.random.default_rng(1), len(rows))
    shown = photos.read(rows, Views(crops))
    for photo, row, crop in zip(shown, rows, crops, strict=True):
        wanted = cropped(Image.open(paths[row]).convert("RGB"), crop, size=64, how=how)  # type: ignore[arg-type]
        # Kept photos have been made smaller before; edges of crops are a pixel of theirs off at most.
        difference = np.abs(photo.astype(int) - wanted)
        assert difference.mean() < (1e-9 if cache == "none" else 3)
    assert np.abs(shown[0].astype(int) - shown[2]).mean() > 6  # the same photo, two crops


@pytest.mark.parametrize("cache", CACHES)
def test_crops_are_taken_of_photos_that_were_not_opened_for_any(cache: Cache, paths: list[Path]) -> None:
    photos = open_photos(paths, size=64, resize="squash", threads=2, cache=cache).photos
    shown = photos.read(np.array([1]), Views(np.array([(0.25, 1.0, 0.999, 0.0)])))[
        0
    ]  # the upper right quarter
    wanted = photos.read(np.array([1]))[0, :32, 32:].astype(int)
    assert np.abs(shown[::2, ::2].astype(int) - wanted).mean() < 6


@pytest.mark.parametrize("cache", CACHES)
def test_all_of_a_photo_that_is_kept_larger_is_what_evaluation_shows(cache: Cache, paths: list[Path]) -> None:
    options = {"size": 64, "threads": 2, "cache": cache}
    large, exact = (
        open_photos(paths, resize="crop", crop=crop, **options).photos.read(np.arange(4))  # type: ignore[arg-type]
        for crop in (CROP, None)
    )
    assert np.abs(large.astype(int) - exact).mean() < 2


def test_a_photo_that_goes_away_between_epochs_is_named(paths: list[Path]) -> None:
    photos = open_photos(paths, size=64, resize="squash", threads=2, cache="none").photos
    photos.read(np.arange(4))
    paths[2].unlink()
    photos.read(np.array([0, 1, 3]))
    assert photos.failures == []
    with pytest.raises(PhotoError) as raised:
        photos.read(np.arange(4))
    assert str(paths[2]) in raised.value.message
    assert raised.value.message.endswith("; it could be read before the first epoch")
    assert raised.value.fix == "Put it back and start again, or have photos kept by --cache disk."
    assert photos.failures == [raised.value]
