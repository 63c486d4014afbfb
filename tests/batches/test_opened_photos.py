import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kclass.batches.cropping import Crop
from kclass.batches.opening import CACHES, Cache, OpenedPhotos, open_photos
from kclass.batches.photo_source import KeptPhotos, PhotoFiles
from kclass.errors import OptionError, OutputError
from kclass.photos.loading import load


def photo_files(folder: Path, number: int) -> list[Path]:
    """Photos of 24 x 16 pixels whose right half is black and whose left half tells them apart."""
    paths = [folder / f"{place}.png" for place in range(number)]
    for place, path in enumerate(paths):
        pixels = np.zeros((16, 24, 3), np.uint8)
        pixels[:, :12] = (place, 100, 200)
        Image.fromarray(pixels).save(path)
    return paths


def opened(paths: list[Path], **changes: Any) -> OpenedPhotos:
    options: dict[str, Any] = {"size": 8, "resize": "squash", "threads": 2}
    return open_photos(paths, **{**options, **changes})


@pytest.mark.parametrize("cache", CACHES)
def test_photos_come_in_order_as_the_one_decoder_gives_them(cache: Cache, tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 30)
    found = opened(paths, threads=3, cache=cache)
    pixels = found.photos.read(np.arange(30))
    assert pixels.dtype == np.uint8
    assert pixels[:, 0, 0, 0].tolist() == list(range(30))
    assert (pixels == np.stack([load(path, size=8) for path in paths])).all()
    assert found.readable.tolist() == list(range(30))
    assert (found.unreadable, found.photos.failures, found.photos.size) == ((), [], 8)


def test_photos_are_kept_where_wanted(tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 2)
    sources = [opened(paths, cache=cache).photos for cache in ("none", "memory", "disk")]
    assert isinstance(sources[0], PhotoFiles)
    for source in sources[1:]:
        assert isinstance(source, KeptPhotos)
        assert not source.pixels.flags.writeable
    assert [isinstance(each.pixels.base, np.memmap) for each in sources[1:]] == [False, True]
    paths[1].unlink()
    assert [source.read(np.array([1]))[0, 0, 0, 0] for source in sources[1:]] == [1, 1]


def test_the_disk_is_the_default(tmp_path: Path) -> None:
    photos = opened(photo_files(tmp_path, 1)).photos
    assert isinstance(photos, KeptPhotos)
    assert isinstance(photos.pixels.base, np.memmap)


@pytest.mark.parametrize("cache", CACHES)
def test_size_and_resizing_are_those_wanted(cache: Cache, tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 1)
    squashed, padded = (
        opened(paths, size=12, resize=how, cache=cache).photos.read(np.array([0]))
        for how in ("squash", "pad")
    )
    assert squashed.shape == padded.shape == (1, 12, 12, 3)
    # 24 x 16 letterboxed in 12 x 12: 8 rows of photo, 2 grey rows above and below.
    assert (padded[0, [0, 1, 10, 11]] == 127).all()
    assert (squashed[0, 0, 0] == (0, 100, 200)).all()


@pytest.mark.parametrize("crop", [None, Crop((0.5, 1))])
@pytest.mark.parametrize("cache", CACHES)
def test_unreadable_photos_are_left_out_and_named(cache: Cache, crop: Crop | None, tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 4)
    paths[1].write_bytes(b"no photo")
    paths[3].unlink()
    found = opened(paths, cache=cache, crop=crop)
    assert found.readable.tolist() == [0, 2]
    assert len(found.photos) == 2
    assert found.photos.read(np.arange(2))[:, 0, 0, 0].tolist() == [0, 2]
    assert len(found.unreadable) == 2
    for path, error in zip(paths[1::2], found.unreadable, strict=True):
        assert str(path) in error.message


@pytest.mark.parametrize("cache", CACHES)
def test_without_a_readable_photo_there_is_none(cache: Cache, tmp_path: Path) -> None:
    found = opened([tmp_path / "missing.jpg"], cache=cache)
    assert (len(found.photos), len(found.unreadable)) == (0, 1)
    assert len(opened([], cache=cache).photos) == 0


@pytest.mark.parametrize("cache", CACHES)
def test_photos_that_look_the_same_have_the_same_hash(cache: Cache, tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 3)
    paths[2].write_bytes(paths[0].read_bytes())
    one, other, copy = opened(paths, cache=cache).photos.hashes
    assert one == copy != other


def test_photos_are_kept_as_large_as_crops_of_them_need(tmp_path: Path) -> None:
    # A quarter of the area is half the side: twice the size. 24 x 16 is not enlarged.
    path = tmp_path / "large.png"
    Image.new("RGB", (60, 40)).save(path)
    small = photo_files(tmp_path, 1)
    shapes = {}
    for how in ("squash", "crop", "pad"):
        source = opened([path, *small], size=12, resize=how, crop=Crop((0.25, 1))).photos
        assert isinstance(source, KeptPhotos)
        shapes[how] = [source.photo(row).shape[:2] for row in range(2)]
    assert shapes == {
        "squash": [(24, 24), (16, 24)],
        "crop": [(24, 36), (16, 24)],
        "pad": [(16, 24), (16, 24)],
    }


def test_the_cache_shows_no_file(tmp_path: Path, cache: Path) -> None:
    opened(photo_files(tmp_path, 2), cache="none")
    opened(photo_files(tmp_path, 2), cache="memory")
    assert not cache.exists()
    kept = opened(photo_files(tmp_path, 2), cache="disk")
    assert len(kept.photos) == 2
    assert list(cache.iterdir()) == []


def test_the_pixels_go_away_with_the_source(tmp_path: Path) -> None:
    found = opened(photo_files(tmp_path, 2))
    assert isinstance(found.photos, KeptPhotos)
    mapped = weakref.ref(found.photos.pixels.base)
    assert isinstance(mapped(), np.memmap)
    del found
    assert mapped() is None


def test_as_many_threads_decode_as_wanted(tmp_path: Path) -> None:
    seen: set[int] = set()
    started = threading.Barrier(2, timeout=30)

    class Watched(type(tmp_path)):  # type: ignore[misc]
        def __fspath__(self) -> str:
            if threading.get_ident() not in seen:
                seen.add(threading.get_ident())
                started.wait()
            place: str = super().__fspath__()
            return place

    paths = [Watched(path) for path in photo_files(tmp_path, 2)]
    # One thread alone would wait for the other for ever.
    found = opened(paths, threads=2)
    assert len(found.readable) == len(seen) == 2
    seen.clear()
    opened(paths, threads=2, cache="none")
    seen.clear()
    assert len(PhotoFiles(paths, 8, "squash", threads=2).read(np.arange(2))) == len(seen) == 2


@pytest.mark.parametrize("cache", CACHES)
def test_progress_counts_every_photo(cache: Cache, tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 3)
    paths[0].unlink()
    told: list[tuple[str, int, int]] = []
    opened(paths, cache=cache, progress=lambda *step: told.append(step))
    assert told == [("decoding", done, 3) for done in range(4)]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"size": 0}, "size is 0; it must be 1 or more"),
        ({"resize": "squeeze"}, "resize is 'squeeze'"),
        ({"cache": "ram"}, "cache is 'ram'; it must be one of disk, memory, none"),
    ],
)
def test_options_are_checked_before_anything_is_read(option: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        opened([], **option)


def test_a_cache_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path, cache: Path) -> None:
    cache.write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match=r"cannot write .*cache"):
        opened(photo_files(tmp_path, 1))


def test_a_full_disk_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    paths = photo_files(tmp_path, 3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 64 * 64 * 3, limits[1]))
    try:
        with pytest.raises(OutputError) as caught:
            opened(paths, size=64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot write 3 decoded photos below" in caught.value.message
    assert "KCLASS_CACHE" in caught.value.fix
    assert len(opened(paths, size=64).readable) == 3
