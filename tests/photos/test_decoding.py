import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from photo_samples import (
    LYING_HEIC,
    display_p3,
    encoded,
    exif,
    gif_claiming,
    jpeg_claiming,
    mean_difference,
    noisy_scene,
    png,
    scene,
)
from PIL import Image

from kclass.errors import OptionError, PhotoError
from kclass.photos import colour, formats, orientation
from kclass.photos.decoding import MAX_BYTES, decode, read_bytes

needs_posix = pytest.mark.skipif(os.name != "posix", reason="pipes and devices are those of POSIX systems")


def error_of(data: bytes, **options: int) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        decode(data, name="cat.jpg", **options)
    return caught.value


def test_bytes_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\r\n\0bytes")
    assert read_bytes(tmp_path / "a.jpg") == b"\r\n\0bytes"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        read_bytes(tmp_path / "gone.jpg")
    assert caught.value.message == f"cannot read {tmp_path / 'gone.jpg'}: No such file or directory"
    assert caught.value.fix == "Check the path and who may read it."


def test_a_folder_is_no_photo(tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        read_bytes(tmp_path)
    assert caught.value.message == f"cannot read {tmp_path}: it is a folder"


def test_a_path_that_no_system_can_have_is_an_error() -> None:
    with pytest.raises(PhotoError, match="null"):
        read_bytes(Path("a\0b.jpg"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch(mode=0)
    with pytest.raises(PhotoError, match="Permission denied"):
        read_bytes(tmp_path / "a.jpg")


def test_a_file_far_larger_than_a_photo_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "film.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PhotoError, match=r"film\.jpg has 1,073,741,825 bytes; the limit is 1,073,741,824"):
        read_bytes(tmp_path / "film.jpg")


def test_a_name_that_is_too_long_is_one_photo_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        read_bytes(tmp_path / ("a" * 300))
    assert caught.value.message == f"cannot read {tmp_path / ('a' * 300)}: File name too long"


@needs_posix
def test_a_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "z.jpg").symlink_to(os.devnull)
    with pytest.raises(PhotoError) as caught:
        read_bytes(tmp_path / "z.jpg")
    assert caught.value.message == f"{tmp_path / 'z.jpg'} is not a regular file"
    assert caught.value.fix == "Give the file of a photo."


@needs_posix
def test_a_pipe_that_nobody_writes_into_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match=r"pipe\.jpg is not a regular file"):
        read_bytes(tmp_path / "pipe.jpg")


@pytest.mark.skipif(not Path("/proc/version").is_file(), reason="files without a size are Linux's")
def test_a_file_whose_system_does_not_know_its_size_is_read_whole() -> None:
    assert read_bytes(Path("/proc/version")) == Path("/proc/version").read_bytes() != b""


@pytest.mark.parametrize(
    ("room", "name", "form"),
    [(orientation, "_TURNS", "PNG"), (colour, "_DEEP", "PNG"), (formats, "Image", "TIFF")],
)
def test_a_fault_of_our_own_is_not_blamed_on_the_photo(
    room: ModuleType, name: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(room, name)
    with pytest.raises(NameError, match=name):
        decode(encoded(scene(), form), name="cat.jpg")


def test_an_empty_file_says_so() -> None:
    error = error_of(b"")
    assert error.message == "cat.jpg is empty"
    assert error.fix == "Fetch or save it again, or take it out of the folder."


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><title>404</title>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"%PDF-1.7",
        b"\0",
        b"P6 1 1 255\n123",
    ],
)
def test_other_files_are_not_photos(data: bytes) -> None:
    error = error_of(data)
    assert error.message == "cat.jpg is not a photo"
    assert error.fix.startswith("Formats that are read: JPEG, PNG, GIF, WebP, AVIF, HEIC")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "JPEG2000"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_photo_is_an_error(form: str, kept: float) -> None:
    data = encoded(noisy_scene(96, 64), form)
    error = error_of(data[: int(kept * len(data))])
    assert error.message.startswith("cat.jpg is truncated or broken: ")
    assert "\n" not in error.message
    assert error.__cause__ is not None
    assert not isinstance(error.__cause__, Warning)


def test_a_truncated_jpeg_is_an_error_at_a_reduced_scale_too() -> None:
    data = encoded(noisy_scene(960, 640), "JPEG")
    assert "truncated" in error_of(data[: len(data) // 2], at_least=64).message


def test_the_text_of_a_broken_photo_is_plain() -> None:
    data = encoded(scene(), "PNG")
    assert error_of(data[:200]).message == "cat.jpg is truncated or broken: image file is truncated"


def test_a_png_of_50000_by_50000_is_refused_by_its_header() -> None:
    error = error_of(png(50_000, 50_000, depth=8, colour=2, rows=b""))
    assert error.message == "cat.jpg has 2,500,000,000 pixels; the limit is 100,000,000"
    assert error.fix == "Make a smaller copy of it."


def test_a_gif_bomb_is_refused() -> None:
    assert error_of(gif_claiming(65_535, 65_535)).message.endswith("the limit is 100,000,000")
    assert error_of(gif_claiming(12_000, 12_000)).message.endswith("the limit is 100,000,000")


@pytest.mark.parametrize("at_least", [None, 32])
def test_jpeg_has_a_limit_of_its_own(at_least: int | None) -> None:
    options = {} if at_least is None else {"at_least": at_least}
    too_large = error_of(jpeg_claiming(25_000, 20_001), **options)
    assert too_large.message == "cat.jpg has 500,025,000 pixels; the limit is 500,000,000"


@pytest.mark.parametrize(("width", "height"), [(25_000, 20_000), (9_500, 10_000)])
def test_a_jpeg_within_its_limit_is_decoded_small_whatever_pillow_would_say(width: int, height: int) -> None:
    # The pixels that the data lack come out grey: libjpeg minds only what ends before its end mark.
    assert decode(jpeg_claiming(width, height), name="photo", at_least=32).size == (
        width // 8 + width % 8 // 4,
        height // 8,
    )


def test_a_progressive_jpeg_has_the_limit_of_the_other_formats() -> None:
    error = error_of(jpeg_claiming(10_000, 10_001, frame=0xC2), at_least=32)
    assert error.message == "cat.jpg has 100,010,000 pixels; the limit is 100,000,000"


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
def test_a_size_that_pillow_would_warn_of_is_read_in_peace(form: str) -> None:
    # 95 million pixels: above the 89 million from which Pillow warns, within the limit.
    data = encoded(Image.new("1", (9_500, 10_000)), form)
    error = error_of(data[:-100])
    assert not isinstance(error.__cause__, Warning)


@pytest.mark.parametrize("at_least", [0, -1])
def test_at_least_must_be_positive(at_least: int) -> None:
    with pytest.raises(OptionError, match=f"at_least is {at_least}; it must be 1 or more"):
        decode(encoded(scene(), "PNG"), name="cat.png", at_least=at_least)


@pytest.mark.parametrize(
    ("at_least", "size"),
    [
        (None, (960, 640)),
        (641, (960, 640)),
        (321, (960, 640)),
        (320, (480, 320)),
        (160, (240, 160)),
        (1, (120, 80)),
    ],
)
def test_jpeg_is_decoded_at_the_smallest_scale_that_keeps_both_sides(
    at_least: int | None, size: tuple[int, int]
) -> None:
    assert decode(encoded(scene(960, 640), "JPEG"), name="photo", at_least=at_least).size == size


def test_odd_sizes_keep_both_sides_too() -> None:
    assert decode(encoded(scene(1001, 803), "JPEG"), name="photo", at_least=100).size == (126, 101)


def test_other_formats_keep_their_size() -> None:
    assert decode(encoded(scene(960, 640), "PNG"), name="photo", at_least=10).size == (960, 640)


def mixed_photos() -> list[bytes]:
    lying = encoded(noisy_scene(400, 300), "JPEG", exif=exif(6), icc_profile=display_p3())
    forms = [encoded(noisy_scene(96, 64), form) for form in ("PNG", "WEBP", "AVIF", "TIFF", "JPEG2000")]
    ink = encoded(Image.new("CMYK", (64, 64), (9, 200, 30, 7)), "JPEG")
    return [lying, *forms, ink, LYING_HEIC]


def test_eight_threads_see_what_one_sees() -> None:
    photos = mixed_photos() * 6
    alone = [np.asarray(decode(data, name="photo", at_least=48)) for data in photos]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda data: np.asarray(decode(data, name="photo", at_least=48)), photos)
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_the_result_does_not_depend_on_the_data_any_more() -> None:
    data = bytearray(encoded(scene(), "BMP"))
    image = decode(bytes(data), name="photo")
    data[:] = bytes(len(data))
    assert mean_difference(image, scene()) == 0
