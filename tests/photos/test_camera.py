import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_samples import encoded, exif, scene
from PIL import Image

from kclass.photos.camera import camera_of
from kclass.photos.decoding import decode_photo

MAKE, MODEL = 0x010F, 0x0110


def tagged(make: str | None, model: str | None) -> Image.Exif:
    tags = Image.Exif()
    for tag, value in ((MAKE, make), (MODEL, model)):
        if value is not None:
            tags[tag] = value
    return tags


def camera(form: str, make: str | None, model: str | None) -> str:
    data = encoded(scene(), form, exif=tagged(make, model))
    return decode_photo(data, name="photo").camera


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "MPO"])
def test_the_camera_is_read_from_exif(form: str) -> None:
    assert camera(form, "Acme", "One Shot") == "Acme One Shot"


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("Canon", "canon EOS 5D", "canon EOS 5D"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("Acme", None, "Acme"),
        (None, "One", "One"),
        (None, None, ""),
        ("", "", ""),
        ("LG", "X", "LG X"),  # short enough to lie in the entry itself
        ("  Acme \n Works ", "One\tTwo\x07", "Acme Works One Two"),
        ("Acme\0\0hidden", "One", "Acme One"),
        ("x" * 5000, "One", "x" * 200 + " One"),
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_make_and_model_are_one_row_of_words(
    form: str, make: str | None, model: str | None, expected: str
) -> None:
    assert camera(form, make, model) == expected


def test_a_photo_without_exif_names_no_camera() -> None:
    assert decode_photo(encoded(scene(), "JPEG"), name="photo").camera == ""
    assert decode_photo(encoded(scene(), "JPEG", exif=exif(6)), name="photo").camera == ""


def test_a_make_that_is_a_number_is_none() -> None:
    data = exif(6).replace(struct.pack("<HH", 0x0112, 3), struct.pack("<HH", MAKE, 3))
    assert decode_photo(encoded(scene(), "JPEG", exif=data), name="photo").camera == ""
    tiff = encoded(scene(), "TIFF", tiffinfo={MAKE: "Acme"})
    for kind in (1, 3, 4, 5, 7, 12):
        other = tiff.replace(struct.pack("<HH", MAKE, 2), struct.pack("<HH", MAKE, kind))
        assert decode_photo(other, name="photo").camera == ""


@given(st.binary(max_size=6), st.integers(0, 60), st.integers(0, 60))
def test_damaged_exif_does_no_harm(junk: bytes, at: int, cut: int) -> None:
    sound = tagged("Acme", "One Shot").tobytes()
    at, cut = min(at, len(sound)), max(len(sound) - cut, 6)
    image = Image.new("RGB", (1, 1))
    image.info["exif"] = (sound[:at] + junk + sound[at + len(junk) :])[:cut]
    assert camera_of(image).isprintable()
