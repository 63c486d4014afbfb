import subprocess
import sys

import pytest
from photo_samples import LYING_HEIC, encoded, mean_difference, scene
from PIL import Image

from kclass.errors import PhotoError
from kclass.photos.decoding import SUFFIXES, decode
from kclass.photos.formats import FORMATS, recognise

WRITTEN = ["JPEG", "MPO", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "JPEG2000"]
QUADRANTS = {(20, 10): (255, 0, 0), (70, 10): (0, 160, 0), (20, 50): (0, 0, 255), (70, 50): (255, 255, 255)}


def with_brands(*brands: bytes) -> bytes:
    return (
        (8 + 4 + 4 * len(brands)).to_bytes(4, "big") + b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    )


def name_of(data: bytes) -> str:
    kind = recognise(data)
    return kind.name if kind else ""


@pytest.mark.parametrize("form", WRITTEN)
def test_every_format_is_recognised_by_its_bytes_and_read(form: str) -> None:
    decoded = decode(encoded(scene(), form), name="photo.whatever")
    assert decoded.mode == "RGB"
    assert mean_difference(decoded, scene()) < 8  # GIF has 256 colours


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP", "AVIF", "TIFF", "MPO"])
def test_the_first_picture_of_several_is_taken(form: str) -> None:
    pictures = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "green")]
    data = encoded(pictures[0], form, save_all=True, append_images=pictures[1:])
    assert mean_difference(decode(data, name="photo"), pictures[0]) < 3


def test_heic_is_read_and_turned_upright() -> None:
    image = decode(LYING_HEIC, name="IMG_0001.HEIC")
    assert image.size == (96, 64)
    for place, colour in QUADRANTS.items():
        assert mean_difference(image.getpixel(place), colour) < 2


def test_a_broken_heic_is_an_error() -> None:
    with pytest.raises(PhotoError, match=r"^IMG_0001\.HEIC is truncated or broken: "):
        decode(LYING_HEIC[:600], name="IMG_0001.HEIC")


def behind_a_box_with_a_long_size(heic: bytes) -> bytes:
    """The sample with 16 bytes put in before its box `meta`, and the places it tells moved on."""
    moved = heic.replace(b"\0\0\x01\xc5", b"\0\0\x01\xd5").replace(b"\0\0\x02\xa1", b"\0\0\x02\xb1")
    return moved[:28] + b"\0\0\0\x01free" + (16).to_bytes(8, "big") + moved[28:]


def test_damaged_metadata_in_a_heic_does_no_harm() -> None:
    # A name that is no text ends the process, once anything asks pi-heif for the metadata.
    damaged = LYING_HEIC.replace(b"Exif", b"Ex\x80f", 1)
    check = f"""
from kclass.photos.decoding import decode
for data in {[damaged, behind_a_box_with_a_long_size(damaged)]!r}:
    assert decode(data, name="a.heic").size == (96, 64)
"""
    subprocess.run([sys.executable, "-c", check], check=True)


def test_a_heic_whose_last_box_reaches_to_the_end_is_read() -> None:
    at = LYING_HEIC.index(b"mdat")
    assert decode(LYING_HEIC[: at - 4] + bytes(4) + LYING_HEIC[at:], name="a.heic").size == (96, 64)


def test_heic_reading_is_loaded_with_the_first_heic_and_leaves_pillow_alone() -> None:
    check = f"""
import sys
from PIL import Image
from kclass.photos.loading import load_bytes
assert "pi_heif" not in sys.modules
assert not {{"tensorflow", "keras", "sklearn", "matplotlib"}} & set(sys.modules)
load_bytes({LYING_HEIC!r}, name="a.heic", size=8)
assert "pi_heif" in sys.modules
Image.init()
assert "HEIF" not in Image.OPEN
"""
    subprocess.run([sys.executable, "-c", check], check=True)


def test_brands_tell_heic_from_avif_and_from_films() -> None:
    assert name_of(with_brands(b"heic", b"mif1", b"heic")) == "HEIC"
    assert name_of(with_brands(b"mif1", b"mif1", b"heic")) == "HEIC"
    assert name_of(with_brands(b"mif1", b"miaf", b"avif")) == "AVIF"
    assert name_of(with_brands(b"avis", b"msf1")) == "AVIF"
    assert name_of(with_brands(b"isom", b"mp42")) == ""


def test_suffixes_are_those_that_pillow_knows_for_the_same_formats() -> None:
    Image.init()
    ours = {"JPEG", "MPO", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "JPEG2000"}
    theirs = {suffix for suffix, form in Image.registered_extensions().items() if form in ours}
    assert theirs <= SUFFIXES
    assert SUFFIXES - theirs == {".mpo", ".heic", ".heics", ".heif", ".heifs", ".hif"} - theirs


def test_suffixes_are_lower_case_and_belong_to_one_format() -> None:
    every = [suffix for kind in FORMATS for suffix in kind.suffixes]
    assert len(every) == len(set(every)) == len(SUFFIXES)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES)
