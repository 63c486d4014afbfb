import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from photo_samples import (
    display_p3,
    encoded,
    icc_profile,
    linear_grey,
    mean_difference,
    png,
    red_cyan_ink,
    scene,
)
from PIL import Image, ImageCms

from kclass.photos.colour import eight_bits, to_srgb
from kclass.photos.decoding import decode

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def pixels(data: bytes) -> list[tuple[int, ...]]:
    """The first row of a decoded file."""
    image = decode(data, name="photo")
    assert image.mode == "RGB"
    return [tuple(int(value) for value in pixel) for pixel in np.asarray(image)[0]]


def row(mode: str, *values: object) -> Image.Image:
    image = Image.new(mode, (len(values), 1))
    image.putdata(values)
    return image


def grey(*values: int) -> list[tuple[int, ...]]:
    return [(value,) * 3 for value in values]


def palette_row(*indices: int) -> Image.Image:
    image = row("P", *indices)
    image.putpalette([200, 0, 0, 0, 100, 0, 0, 0, 50, 9, 9, 9])
    return image


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF"])
def test_black_and_white(form: str) -> None:
    assert pixels(encoded(row("1", 0, 255, 0), form)) == grey(0, 255, 0)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF", "JPEG2000"])
def test_grey(form: str) -> None:
    options = {"irreversible": False} if form == "JPEG2000" else {}
    assert pixels(encoded(row("L", 0, 77, 255), form, **options)) == grey(0, 77, 255)


def test_grey_jpeg() -> None:
    assert pixels(encoded(Image.new("L", (16, 16), 77), "JPEG"))[0] == (77, 77, 77)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "GIF", "BMP"])
def test_palette(form: str) -> None:
    assert pixels(encoded(palette_row(0, 1, 2), form)) == [(200, 0, 0), (0, 100, 0), (0, 0, 50)]


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_transparent_palette_colour_lies_over_white(form: str) -> None:
    assert pixels(encoded(palette_row(0, 1, 2), form, transparency=1)) == [(200, 0, 0), WHITE, (0, 0, 50)]


def test_half_transparent_palette_colours_lie_over_white() -> None:
    # 51 of 255 is a fifth: 200/5 + 255*4/5 = 244 and 0/5 + 255*4/5 = 204
    data = encoded(palette_row(0, 1, 2), "PNG", transparency=bytes((51, 0, 255)))
    assert pixels(data) == [(244, 204, 204), WHITE, (0, 0, 50)]


@pytest.mark.parametrize(
    ("mode", "values", "transparent"),
    [("1", (0, 255), 0), ("L", (60, 61), 60), ("RGB", ((1, 2, 3), (255, 255, 255)), (1, 2, 3))],
)
def test_a_colour_named_transparent_lies_over_white(mode: str, values: tuple, transparent: object) -> None:
    first, second = pixels(encoded(row(mode, *values), "PNG", transparency=transparent))
    assert first == WHITE
    assert second == ((61, 61, 61) if mode == "L" else WHITE)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_grey_with_alpha_lies_over_white(form: str) -> None:
    # 51 of 255 is a fifth: 100/5 + 255*4/5 = 224
    assert pixels(encoded(row("LA", (100, 255), (100, 0), (100, 51)), form)) == grey(100, 255, 224)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_colour_with_alpha_lies_over_white(form: str) -> None:
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    data = encoded(row("RGBA", (100, 0, 200, 255), (100, 0, 200, 0), (100, 0, 200, 51)), form, **options)
    assert pixels(data) == [(100, 0, 200), WHITE, (224, 204, 244)]


def test_modes_that_few_files_have() -> None:
    purple = Image.new("RGB", (1, 1), (100, 0, 200))
    clear = Image.new("L", (1, 1), 0)
    palette = purple.quantize(2).convert("PA")
    palette.putalpha(clear)
    grey_alpha = Image.merge("LA", (Image.new("L", (1, 1), 100), clear)).convert("La")
    assert to_srgb(palette).getpixel((0, 0)) == WHITE
    assert to_srgb(grey_alpha).getpixel((0, 0)) == WHITE
    assert to_srgb(Image.new("RGBA", (1, 1), (100, 0, 200, 0)).convert("RGBa")).getpixel((0, 0)) == WHITE
    assert to_srgb(purple.convert("RGBX")).getpixel((0, 0)) == (100, 0, 200)
    assert mean_difference(to_srgb(purple.convert("YCbCr")), purple) <= 1
    assert mean_difference(to_srgb(purple.convert("HSV")), purple) <= 2


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_ink_becomes_light(form: str) -> None:
    inks = {(0, 0, 0, 0): WHITE, (255, 0, 0, 0): (0, 255, 255), (0, 0, 0, 255): BLACK}
    for ink, light in inks.items():
        assert pixels(encoded(Image.new("CMYK", (16, 16), ink), form))[0] == light


@pytest.mark.parametrize("lightness, expected", [(0, 0), (50, 119), (100, 255)])
def test_lab_becomes_srgb(lightness: int, expected: int) -> None:
    # CIELAB L* = 50 is a luminance of ((50 + 16) / 116)^3 = .1842, and that is 119 in sRGB
    image = Image.new("LAB", (4, 4), (round(lightness * 2.55), 128, 128))
    assert mean_difference(decode(encoded(image, "TIFF"), name="photo"), np.full((4, 4, 3), expected)) <= 1


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG2000"])
def test_sixteen_bit_grey_is_divided_by_257(form: str) -> None:
    options = {"irreversible": False} if form == "JPEG2000" else {}
    values = np.array([[0, 128, 129, 257, 32896, 65535]], dtype=np.uint16)
    assert pixels(encoded(values, form, **options)) == grey(0, 0, 1, 1, 128, 255)


def test_sixteen_bit_grey_with_the_greater_byte_first() -> None:
    image = Image.frombytes("I;16B", (3, 1), struct.pack(">3H", 0, 32896, 65535))
    assert pixels(encoded(image, "TIFF")) == grey(0, 128, 255)


def test_sixteen_bit_colour_keeps_its_upper_byte() -> None:
    data = png(1, 1, depth=16, colour=2, rows=b"\0" + struct.pack(">3H", 0x1234, 0x8000, 0xFFFF))
    assert pixels(data) == [(0x12, 0x80, 0xFF)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 100, 255], [0, 100, 255]),
        ([0, 32896, 65535], [0, 128, 255]),
        ([0, 400_000, 2_000_000], [0, 51, 255]),
        ([-100, 20, 100], [0, 153, 255]),
    ],
)
def test_integers_are_scaled_by_their_range(values: list[int], expected: list[int]) -> None:
    assert pixels(encoded(np.array([values], dtype=np.int32), "TIFF")) == grey(*expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.2, 0.8], [0, 51, 204]),
        ([0.0, 77.4, 254.0], [0, 77, 254]),
        ([0.0, 32896.0, 60000.0], [0, 128, 233]),  # 60000 / 257 = 233.5 less a little
        ([0.0, 4e5, 2e6], [0, 51, 255]),
        ([-1.0, 0.2, 1.0], [0, 153, 255]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
        ([-5.0, -5.0, -5.0], [0, 0, 0]),
        ([float("nan"), 0.2, float("inf")], [0, 51, 255]),
        ([float("nan"), -2.0, 2.0], [0, 0, 255]),
        ([float("nan"), float("nan"), float("nan")], [0, 0, 0]),
    ],
)
def test_floats_are_scaled_by_their_range(values: list[float], expected: list[int]) -> None:
    assert pixels(encoded(np.array([values], dtype=np.float32), "TIFF")) == grey(*expected)


def test_every_sixteen_bit_value_is_rounded_to_the_nearest() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    nearest = (values.astype(int) * 2 + 257) // (2 * 257)
    np.testing.assert_array_equal(eight_bits(values), nearest)


@given(arrays.arrays(np.float32, (3, 4), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_what_was_brighter_is_not_darker_after_scaling(values: np.ndarray) -> None:
    order = np.argsort(values, axis=None)
    assert (np.diff(eight_bits(values).reshape(-1)[order].astype(int)) >= 0).all()


def test_display_p3_becomes_srgb() -> None:
    # The matrix is that of CSS Color 4, section 17: linear Display P3 to linear sRGB.
    matrix = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    colours = np.array([(180, 90, 60), (60, 140, 70), (128, 128, 128), (0, 0, 0), (255, 255, 255)])
    linear = ((colours / 255) ** 2.2 @ matrix.T).clip(0, 1)
    curve = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    photo = Image.fromarray(colours.astype(np.uint8)[None])
    decoded = np.asarray(decode(encoded(photo, "PNG", icc_profile=display_p3()), name="photo"))[0]
    assert np.abs(decoded - 255 * curve).max() < 2
    assert decoded[0, 0] > 185  # the red of a wider space is redder in sRGB's terms


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_profile_is_followed_in_every_format(form: str) -> None:
    photo = Image.new("RGB", (16, 16), (180, 90, 60))
    with_profile = decode(encoded(photo, form, quality=95, icc_profile=display_p3()), name="photo")
    without = decode(encoded(photo, form, quality=95), name="photo")
    assert with_profile.getpixel((8, 8))[0] - without.getpixel((8, 8))[0] >= 8


def test_a_profile_is_used_once() -> None:
    photo = Image.new("RGB", (16, 16), (180, 90, 60))
    once = decode(encoded(photo, "PNG", icc_profile=display_p3()), name="photo")
    assert once.info == {}
    assert mean_difference(decode(encoded(once, "PNG"), name="photo"), once) == 0


def test_a_grey_profile_is_followed() -> None:
    # 55 of 255 is a luminance of .2157 if linear: 1.055 * .2157^(1/2.4) - .055 = .502, so 128
    assert pixels(encoded(row("L", 55), "PNG", icc_profile=linear_grey())) == [(128, 128, 128)]
    assert pixels(encoded(row("LA", (55, 255)), "PNG", icc_profile=linear_grey())) == [(128, 128, 128)]


def test_a_profile_for_colour_counts_for_grey_too() -> None:
    # as above, .2157 if linear; its red, green and blue are equal
    assert pixels(encoded(row("L", 55), "PNG", icc_profile=display_p3(gamma=1.0))) == [(128, 128, 128)]


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_a_printer_profile_is_followed(form: str) -> None:
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    red, green, blue = pixels(encoded(cyan, form, icc_profile=red_cyan_ink()))[0]
    assert red > 240
    assert green < 30
    assert blue < 30


def test_a_profile_that_is_srgb_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert mean_difference(decode(encoded(scene(), "PNG", icc_profile=srgb), name="photo"), scene()) == 0


BROKEN_PROFILES = {
    "garbage": b"no profile at all" * 20,
    "empty": b"",
    "cut": display_p3()[:200],
    "no tags": icc_profile(b"RGB ", {}),
    "for grey": linear_grey(),
    "for ink": red_cyan_ink(),
}


@pytest.mark.parametrize("broken", BROKEN_PROFILES)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_profile_that_cannot_be_followed_is_ignored(broken: str, form: str) -> None:
    photo = encoded(scene(), form, quality=95)
    odd = encoded(scene(), form, quality=95, icc_profile=BROKEN_PROFILES[broken])
    assert mean_difference(decode(odd, name="photo"), decode(photo, name="photo")) == 0


def test_a_broken_profile_is_ignored_for_grey_too() -> None:
    assert pixels(encoded(row("L", 55), "PNG", icc_profile=BROKEN_PROFILES["garbage"])) == [(55, 55, 55)]


def test_a_profile_for_light_is_ignored_for_ink_and_lab() -> None:
    ink = Image.new("CMYK", (4, 4), (255, 0, 0, 0))
    lab = Image.new("LAB", (4, 4), (128, 40, 40))
    for image in (ink, lab):
        plain = decode(encoded(image, "TIFF"), name="photo")
        assert (
            mean_difference(decode(encoded(image, "TIFF", icc_profile=display_p3()), name="photo"), plain)
            == 0
        )


def test_the_profile_of_a_palette_is_that_of_its_colours() -> None:
    [colour] = pixels(encoded(palette_row(0), "PNG", icc_profile=display_p3()))
    assert colour[0] > 205


def test_profiles_are_as_pillow_reads_them() -> None:
    for profile in (display_p3(), linear_grey(), red_cyan_ink()):
        assert ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.version == 2.4
