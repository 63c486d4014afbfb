import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_samples import LYING_HEIC, encoded, exif, scene
from PIL import Image

from kclass.errors import OptionError, PhotoError
from kclass.photos.decoding import Photo, decode, decode_photo
from kclass.photos.loading import load_bytes, load_with_photo, square_image
from kclass.photos.resizing import Resize

SCENE = scene(200, 120)


def facts(photo: Photo) -> tuple[str, int, int, int]:
    return photo.format, photo.width, photo.height, photo.orientation


def test_a_decoded_photo_has_the_pixels_that_decode_gives() -> None:
    data = encoded(SCENE, "JPEG", exif=exif(6))
    for at_least in (None, 30):
        photo = decode_photo(data, name="photo", at_least=at_least)
        assert np.array_equal(photo.image, decode(data, name="photo", at_least=at_least))


@pytest.mark.parametrize(
    ("form", "name"),
    [("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "WebP"), ("TIFF", "TIFF"), ("AVIF", "AVIF"), ("GIF", "GIF")],
)
def test_its_format_is_called_as_people_call_it(form: str, name: str) -> None:
    assert facts(decode_photo(encoded(SCENE, form), name="photo")) == (name, 200, 120, 1)


@pytest.mark.parametrize("at_least", [None, 10, 30, 100, 1000])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_its_size_is_that_of_the_upright_photo_before_any_reduction(
    orientation: int, at_least: int | None
) -> None:
    data = encoded(SCENE, "JPEG", exif=exif(orientation))
    expected = (200, 120) if orientation < 5 else (120, 200)
    photo = decode_photo(data, name="photo", at_least=at_least)
    assert facts(photo) == ("JPEG", *expected, orientation)
    assert (photo.image.size == expected) == (at_least in (None, 100, 1000))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_other_formats_say_the_upright_size_too(form: str) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    photo = decode_photo(encoded(SCENE, form, exif=tags), name="photo", at_least=20)
    assert facts(photo)[1:] == (120, 200, 6)
    assert photo.image.size == (120, 200)


def test_a_format_that_turns_its_photos_itself_says_the_upright_size() -> None:
    assert facts(decode_photo(LYING_HEIC, name="photo")) == ("HEIC", 96, 64, 1)


def test_errors_are_those_of_decode() -> None:
    with pytest.raises(PhotoError, match="photo is truncated or broken"):
        decode_photo(encoded(SCENE, "JPEG")[:500], name="photo")
    with pytest.raises(OptionError, match="at_least is 0"):
        decode_photo(encoded(SCENE, "JPEG"), name="photo", at_least=0)


@given(
    st.sampled_from(["JPEG", "PNG"]),
    st.integers(1, 300),
    st.integers(1, 300),
    st.one_of(st.none(), st.integers(1, 80)),
    st.integers(1, 80),
    st.sampled_from([1, 6]),
)
def test_it_knows_whether_another_reduction_would_give_the_same_image(
    form: str, width: int, height: int, at_least: int | None, other: int, orientation: int
) -> None:
    data = encoded(scene(width, height), form, exif=exif(orientation))
    photo = decode_photo(data, name="photo", at_least=at_least)
    same = decode(data, name="photo", at_least=other).size == photo.image.size
    assert photo.is_as_with(other) == same


@pytest.mark.parametrize("how", ["squash", "crop", "pad"])
def test_a_photo_is_loaded_together_with_what_its_file_says(how: Resize) -> None:
    data = encoded(SCENE, "JPEG", exif=exif(6))
    image, photo = load_with_photo(data, name="photo", size=30, how=how)
    assert np.array_equal(image, load_bytes(data, name="photo", size=30, how=how))
    assert np.array_equal(image, square_image(photo, size=30, how=how))
    assert facts(photo) == ("JPEG", 120, 200, 6)
