import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kclass.batches.decoded import decode_once
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


def test_photos_come_in_order_as_the_one_decoder_gives_them(tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 30)
    decoded = decode_once(paths, size=8, resize="squash", threads=3)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.shape == (30, 8, 8, 3)
    assert decoded.pixels[:, 0, 0, 0].tolist() == list(range(30))
    assert (decoded.pixels == np.stack([load(path, size=8) for path in paths])).all()
    assert decoded.readable.tolist() == list(range(30))
    assert decoded.unreadable == ()


def test_size_and_resizing_are_those_wanted(tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 1)
    squashed = decode_once(paths, size=12, resize="squash", threads=1).pixels
    padded = decode_once(paths, size=12, resize="pad", threads=1).pixels
    assert squashed.shape == padded.shape == (1, 12, 12, 3)
    # 24 x 16 letterboxed in 12 x 12: 8 rows of photo, 2 grey rows above and below.
    assert (padded[0, [0, 1, 10, 11]] == 127).all()
    assert (squashed[0, 0, 0] == (0, 100, 200)).all()


def test_unreadable_photos_are_left_out_and_named(tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 4)
    paths[1].write_bytes(b"no photo")
    paths[3].unlink()
    decoded = decode_once(paths, size=8, resize="squash", threads=2)
    assert decoded.readable.tolist() == [0, 2]
    assert decoded.pixels[:, 0, 0, 0].tolist() == [0, 2]
    assert [
        str(path) in error.message for path, error in zip(paths[1::2], decoded.unreadable, strict=True)
    ] == [
        True,
        True,
    ]


def test_without_a_readable_photo_there_are_no_rows(tmp_path: Path) -> None:
    decoded = decode_once([tmp_path / "missing.jpg"], size=8, resize="squash", threads=1)
    assert decoded.pixels.shape == (0, 8, 8, 3)
    assert len(decoded.unreadable) == 1
    assert decode_once([], size=8, resize="squash", threads=1).pixels.shape == (0, 8, 8, 3)


def test_the_cache_shows_no_file_and_the_pixels_are_read_only(tmp_path: Path, cache: Path) -> None:
    decoded = decode_once(photo_files(tmp_path, 2), size=8, resize="squash", threads=1)
    assert list(cache.iterdir()) == []
    with pytest.raises(ValueError, match="read-only"):
        decoded.pixels[0] = 0


def test_the_pixels_go_away_with_the_array(tmp_path: Path) -> None:
    decoded = decode_once(photo_files(tmp_path, 2), size=8, resize="squash", threads=1)
    mapped = weakref.ref(decoded.pixels.base)
    assert isinstance(mapped(), np.memmap)
    del decoded
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
    assert len(decode_once(paths, size=8, resize="squash", threads=2).readable) == 2
    assert len(seen) == 2


def test_progress_counts_every_photo(tmp_path: Path) -> None:
    paths = photo_files(tmp_path, 3)
    paths[0].unlink()
    told: list[tuple[str, int, int]] = []
    decode_once(paths, size=8, resize="squash", threads=2, progress=lambda *step: told.append(step))
    assert told == [("decoding", done, 3) for done in range(4)]


def test_options_are_checked_before_anything_is_read() -> None:
    with pytest.raises(OptionError, match="size is 0; it must be 1 or more"):
        decode_once([], size=0, resize="squash", threads=1)
    with pytest.raises(OptionError, match="resize is 'squeeze'"):
        decode_once([], size=8, resize="squeeze", threads=1)  # type: ignore[arg-type]


def test_a_cache_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path, cache: Path) -> None:
    cache.write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match=r"cannot write .*cache"):
        decode_once(photo_files(tmp_path, 1), size=8, resize="squash", threads=1)


def test_a_full_disk_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    paths = photo_files(tmp_path, 3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 64 * 64 * 3, limits[1]))
    try:
        with pytest.raises(OutputError) as caught:
            decode_once(paths, size=64, resize="squash", threads=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot write 3 decoded photos below" in caught.value.message
    assert "KCLASS_CACHE" in caught.value.fix
    assert len(decode_once(paths, size=64, resize="squash", threads=1).readable) == 3


def test_rows_of_any_order_are_read_as_an_array(tmp_path: Path) -> None:
    pixels: NDArray[np.uint8] = decode_once(
        photo_files(tmp_path, 5), size=8, resize="squash", threads=1
    ).pixels
    assert pixels[np.array([4, 0, 3])][:, 0, 0, 0].tolist() == [4, 0, 3]
