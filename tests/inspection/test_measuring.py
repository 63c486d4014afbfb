import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from kclass.inspection.inspecting import inspect_bytes
from kclass.inspection.inspection import Inspection
from kclass.inspection.measuring import AT_LEAST, SIDE, measured
from kclass.photos.decoding import decode_photo
from kclass.photos.loading import square_image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def file_of(pixels: NDArray[np.uint8] | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def inspected(pixels: NDArray[np.uint8] | Image.Image, form: str = "PNG", **options: Any) -> Inspection:
    return inspect_bytes(file_of(pixels, form, **options), name="photo")


def plain(colour: tuple[int, int, int], width: int = 60, height: int = 40) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def landscape(width: int = 640, height: int = 480) -> Image.Image:
    """Coarse and fine blobs without any symmetry."""
    blobs = Image.fromarray(np.random.default_rng(3).integers(0, 256, (9, 12, 3), dtype=np.uint8))
    return blobs.resize((width, height), Image.Resampling.BICUBIC)


def test_a_ramp_has_the_light_of_a_ramp() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (200, 1))
    found = inspected(ramp)
    # Every level as often as the others: p % lie below 2.56 p; the deviation is sqrt((256² - 1) / 12).
    assert found.percentiles == pytest.approx((2.56, 12.8, 64, 128, 192, 243.2, 253.4), abs=2)
    assert found.brightness == pytest.approx(127.5, abs=0.5)
    assert found.contrast == pytest.approx(73.9, abs=1)


def test_percentiles_are_levels_that_so_many_percent_do_not_exceed() -> None:
    """3 % black, 27 % at 100 and 70 % at 200, in stripes that the square keeps."""
    rows = np.repeat(np.array([0, 100, 200], np.uint8), [3 * 128, 27 * 128, 70 * 128])
    found = inspected(np.tile(rows[:, None], (1, 64)))
    assert found.percentiles == (0, 100, 100, 200, 200, 200, 200)
    assert found.brightness == pytest.approx(0.27 * 100 + 0.7 * 200, abs=0.5)


@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_photo_of_one_grey_has_no_contrast_and_no_sharpness(level: int) -> None:
    found = inspected(plain((level, level, level)))
    assert (found.brightness, found.contrast, found.sharpness) == (level, 0, 0)
    assert found.percentiles == (level,) * 7
    assert found.grey.tolist() == [[level] * 32] * 32


@pytest.mark.parametrize(("colour", "luma"), [(RED, 76), (GREEN, 150), (BLUE, 29)])
def test_light_is_luma(colour: tuple[int, int, int], luma: int) -> None:
    """ITU-R BT.601: .299 R + .587 G + .114 B."""
    assert inspected(plain(colour)).brightness == luma


def test_the_colours_of_the_left_are_left_and_those_above_above() -> None:
    photo = plain(BLUE, 400, 300)
    photo.paste(RED, (0, 0, 200, 150))
    photo.paste(GREEN, (200, 0, 400, 150))
    colours = inspected(photo).colours
    assert (colours.shape, colours.dtype) == (((8, 8, 3)), np.uint8)
    np.testing.assert_allclose(colours[:4, :4], np.broadcast_to(RED, (4, 4, 3)), atol=6)
    np.testing.assert_allclose(colours[:4, 4:], np.broadcast_to(GREEN, (4, 4, 3)), atol=6)
    np.testing.assert_allclose(colours[4:], np.broadcast_to(BLUE, (4, 8, 3)), atol=6)


def test_the_grey_picture_is_the_whole_photo_squashed() -> None:
    photo = landscape()
    found = inspected(photo).grey
    luma = np.asarray(photo.convert("L"), np.float64)
    expected = luma.reshape(32, 15, 32, 20).mean(axis=(1, 3))
    assert (found.shape, found.dtype) == ((32, 32), np.uint8)
    np.testing.assert_allclose(found, expected, atol=4)
    assert np.abs(found - expected).mean() < 0.6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_lying_on_its_side_is_inspected_upright(orientation: int) -> None:
    """Exif 2.32, 4.6.4: what turns a photo of that orientation upright, undone."""
    turns = Image.Transpose
    lying: dict[int, Image.Transpose] = {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_90,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_270,
    }
    photo = landscape(500, 333)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = photo.transpose(lying[orientation]) if orientation > 1 else photo
    upright, found = inspected(photo), inspected(stored, exif=exif)
    assert (found.orientation, found.width, found.height) == (orientation, 500, 333)
    np.testing.assert_allclose(found.grey.astype(int), upright.grey, atol=1)
    np.testing.assert_allclose(found.colours.astype(int), upright.colours, atol=1)
    assert found.sharpness == pytest.approx(upright.sharpness, abs=0.01)


def test_what_the_file_says_is_told() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Acme", "Acme One"
    data = file_of(landscape(2000, 1500), "JPEG", exif=exif)
    found = inspect_bytes(data, name="photo")
    assert (found.format, found.camera, found.file_bytes) == ("JPEG", "Acme One", len(data))
    assert (found.width, found.height, found.orientation) == (2000, 1500, 1)
    assert inspected(landscape(20, 10)).camera == ""
    assert inspected(landscape(20, 10)).format == "PNG"


def test_a_large_jpeg_is_measured_as_its_full_decoding_is() -> None:
    data = file_of(landscape(2400, 1800), "JPEG", quality=95)
    whole = decode_photo(data, name="photo")
    assert not whole.is_as_with(AT_LEAST)
    full = measured(whole, square_image(whole, size=SIDE), content="", file_bytes=0)
    found = inspect_bytes(data, name="photo")
    assert np.abs(full.grey.astype(int) - found.grey).mean() < 0.3
    assert found.brightness == pytest.approx(full.brightness, abs=0.5)
    assert found.contrast == pytest.approx(full.contrast, abs=0.5)


@pytest.mark.parametrize("factor", [0.31, 0.5, 0.77])
def test_a_smaller_copy_has_nearly_the_same_measures(factor: float) -> None:
    photo = landscape().filter(ImageFilter.EDGE_ENHANCE)
    size = round(photo.width * factor), round(photo.height * factor)
    one, other = inspected(photo), inspected(photo.resize(size, Image.Resampling.LANCZOS))
    assert np.abs(one.grey.astype(int) - other.grey).mean() < 0.5
    assert np.abs(one.colours.astype(int) - other.colours).mean() < 0.5
    assert one.brightness == pytest.approx(other.brightness, abs=0.3)
    assert one.contrast == pytest.approx(other.contrast, abs=0.5)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 500), (3, 2), (5000, 1)])
def test_photos_of_any_shape_are_measured(width: int, height: int) -> None:
    found = inspected(plain((90, 90, 90), width, height))
    assert (found.width, found.height) == (width, height)
    assert (found.grey == 90).all()
