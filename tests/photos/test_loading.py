from pathlib import Path

import numpy as np
import pytest
from photo_samples import (
    display_p3,
    encoded,
    exif,
    linear_grey,
    lying,
    mean_difference,
    noisy_scene,
    red_cyan_ink,
)
from PIL import Image

from kclass.errors import OptionError, PhotoError
from kclass.photos.decoding import decode, decode_photo
from kclass.photos.loading import load, load_bytes, load_with_aspect, square
from kclass.photos.resizing import PAD_COLOUR, RESIZES, Resize, resize


@pytest.mark.parametrize("how", RESIZES)
def test_a_file_is_loaded_as_its_bytes_are(tmp_path: Path, how: Resize) -> None:
    data = encoded(noisy_scene(300, 200), "JPEG")
    (tmp_path / "photo.jpg").write_bytes(data)
    array = load(tmp_path / "photo.jpg", size=40, how=how)
    assert array.shape == (40, 40, 3)
    assert array.dtype == np.uint8
    assert np.array_equal(array, load_bytes(data, name="photo", size=40, how=how))


def test_squash_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded(noisy_scene(300, 200), "PNG"))
    squashed = load(tmp_path / "photo.png", size=40, how="squash")
    assert np.array_equal(load(tmp_path / "photo.png", size=40), squashed)
    assert not np.array_equal(load(tmp_path / "photo.png", size=40, how="crop"), squashed)


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("size", [37, 64, 150, 226])
def test_a_reduced_scale_changes_little(how: Resize, size: int) -> None:
    data = encoded(noisy_scene(1300, 900), "JPEG", quality=90)
    slowly = resize(decode(data, name="photo"), size=size, how=how)
    quickly = load_bytes(data, name="photo", size=size, how=how)
    assert mean_difference(quickly, slowly) < 2
    assert np.array_equal(quickly, slowly) == (size > 900 / 4)


def test_a_phone_photo_is_loaded_as_the_upright_one() -> None:
    upright = noisy_scene(640, 480)
    lying = np.ascontiguousarray(upright.transpose(1, 0, 2)[::-1])
    turned = load_bytes(encoded(lying, "JPEG", exif=exif(6), quality=95), name="photo", size=96)
    assert mean_difference(turned, load_bytes(encoded(upright, "PNG"), name="photo", size=96)) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("width", "height"), [(97, 64), (64, 97), (96, 64), (64, 64)])
def test_a_photo_is_cut_alike_however_it_lies(width: int, height: int, orientation: int) -> None:
    # An odd number of columns is cut off: which side loses one more is seen on the upright photo.
    picture = noisy_scene(width, height)
    expected = load_bytes(encoded(picture, "PNG"), name="photo", size=64, how="crop")
    data = encoded(lying(picture, orientation), "PNG", exif=exif(orientation))
    assert np.array_equal(load_bytes(data, name="photo", size=64, how="crop"), expected)


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_squashed_and_framed_alike_however_it_lies(how: Resize, orientation: int) -> None:
    picture = noisy_scene(333, 200)
    upright, turned = (
        encoded(picture, "PNG"),
        encoded(lying(picture, orientation), "PNG", exif=exif(orientation)),
    )
    one, other = (load_bytes(data, name="photo", size=64, how=how) for data in (upright, turned))
    assert np.abs(one.astype(int) - other).max() <= 1
    # More than six times smaller: shrunk first by whole numbers, from the edge that is stored first.
    one, other = (load_bytes(data, name="photo", size=50, how=how) for data in (upright, turned))
    assert mean_difference(one, other) < 0.6


@pytest.mark.parametrize("how", RESIZES)
def test_the_colours_of_a_profile_are_followed(how: Resize) -> None:
    picture = noisy_scene(300, 200) // 4 + 90  # pale enough that no colour lies outside sRGB
    data = encoded(picture, "PNG", icc_profile=display_p3())
    slowly = resize(decode(data, name="photo"), size=64, how=how)
    quickly = load_bytes(data, name="photo", size=64, how=how)
    ignored = load_bytes(encoded(picture, "PNG"), name="photo", size=64, how=how)
    assert mean_difference(quickly, slowly) < 0.5
    assert mean_difference(ignored, slowly) > 2


def test_the_bars_of_a_letterbox_have_no_profile() -> None:
    data = encoded(Image.new("L", (60, 20), 200), "PNG", icc_profile=linear_grey())
    assert tuple(load_bytes(data, name="photo", size=30, how="pad")[0, 0]) == PAD_COLOUR


def test_grey_and_ink_become_red_green_and_blue() -> None:
    grey = encoded(Image.new("L", (60, 20), 200), "PNG")
    assert tuple(load_bytes(grey, name="photo", size=16)[5, 5]) == (200, 200, 200)
    ink = encoded(Image.new("CMYK", (64, 64), (255, 0, 0, 0)), "TIFF", icc_profile=red_cyan_ink())
    expected = decode(ink, name="photo").getpixel((0, 0))
    assert tuple(load_bytes(ink, name="photo", size=16)[5, 5]) == expected
    assert expected != (0, 255, 255)


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_shape_is_that_of_the_upright_photo(orientation: int) -> None:
    data = encoded(lying(noisy_scene(600, 401), orientation), "JPEG", exif=exif(orientation))
    assert load_with_aspect(data, name="photo", size=32)[1] == 600 / 401


def test_a_photo_decoded_for_something_else_gives_the_same_square() -> None:
    data = encoded(noisy_scene(1300, 900), "JPEG", exif=exif(6), icc_profile=display_p3())
    photo = decode_photo(data, name="photo", at_least=450)
    assert photo.is_as_with(2 * 150)
    for how in RESIZES:
        expected = load_bytes(data, name="photo", size=150, how=how)
        assert np.array_equal(square(photo, size=150, how=how), expected)


def test_the_error_of_a_broken_file_names_its_path(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(encoded(noisy_scene(300, 200), "JPEG")[:900])
    with pytest.raises(PhotoError) as caught:
        load(tmp_path / "broken.jpg", size=40)
    assert caught.value.message.startswith(f"{tmp_path / 'broken.jpg'} is truncated or broken")


def test_options_are_checked_before_the_file_is_touched() -> None:
    with pytest.raises(OptionError, match="resize is 'zoom'"):
        load(Path("nowhere.jpg"), size=40, how="zoom")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="size is 0; it must be 1 or more"):
        load_bytes(b"", name="photo", size=0)
