import numpy as np
import pytest
from numpy.typing import NDArray
from photo_samples import encoded, exif, lying, mean_difference, png_chunk, scene
from PIL import Image, PngImagePlugin

from kclass.photos.decoding import decode
from kclass.photos.orientation import orientation_of

UPRIGHT = scene()
XMP = b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/>'


def stored(orientation: int) -> NDArray[np.uint8]:
    return lying(UPRIGHT, orientation)


WRITERS = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"quality": 95},
    "AVIF": {"quality": 95},
    "TIFF": {},
}


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_photo_lying_on_its_side_is_turned_upright(form: str, orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    data = encoded(stored(orientation), form, exif=tags, **WRITERS[form])
    assert mean_difference(decode(data, name="photo"), UPRIGHT) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_compressed_tiff_is_turned_upright_once(orientation: int) -> None:
    data = encoded(stored(orientation), "TIFF", compression="tiff_lzw", tiffinfo={0x0112: orientation})
    assert mean_difference(decode(data, name="photo"), UPRIGHT) == 0


@pytest.mark.parametrize("mode", ["LA", "RGBA", "I;16", "CMYK", "1"])
def test_a_lying_tiff_of_any_mode_is_turned_upright(mode: str) -> None:
    grey = Image.fromarray(UPRIGHT[..., 0])
    upright = grey if mode == "I;16" else grey.convert(mode)
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    if mode == "I;16":
        lying = Image.fromarray(np.asarray(lying).astype(np.uint16) * 257)
    turned = decode(encoded(lying, "TIFF", tiffinfo={0x0112: 6}), name="photo")
    assert turned.size == (96, 64)
    assert mean_difference(turned, upright.convert("RGB")) < 1


def test_a_photo_decoded_small_is_turned_upright_too() -> None:
    data = encoded(Image.fromarray(stored(6)).resize((640, 960)), "JPEG", exif=exif(6))
    small = decode(data, name="photo", at_least=64)
    assert small.size == (120, 80)
    assert mean_difference(small.resize((96, 64)), UPRIGHT) < 4


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_exif_is_read_in_both_byte_orders_and_both_widths(order: str, kind: int) -> None:
    data = encoded(stored(6), "PNG", exif=exif(6, order=order, kind=kind))
    assert mean_difference(decode(data, name="photo"), UPRIGHT) == 0


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF"])
def test_xmp_counts_where_exif_says_nothing(form: str) -> None:
    if form == "TIFF":
        data = encoded(stored(8), form, tiffinfo={700: XMP % 8})
    else:
        data = encoded(stored(8), form, xmp=XMP % 8, quality=95)
    assert mean_difference(decode(data, name="photo"), UPRIGHT) < 2


def test_xmp_in_a_png_counts() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", (XMP % 3).decode())
    assert mean_difference(decode(encoded(stored(3), "PNG", pnginfo=text), name="photo"), UPRIGHT) == 0


def test_exif_goes_before_xmp() -> None:
    data = encoded(stored(6), "WEBP", exif=exif(6), xmp=XMP % 3, quality=95)
    assert mean_difference(decode(data, name="photo"), UPRIGHT) < 2


def test_exif_behind_the_pixels_of_a_png_counts() -> None:
    data = encoded(stored(6), "PNG")
    end = data.index(b"IEND") - 4
    late = data[:end] + png_chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0")) + data[end:]
    assert mean_difference(decode(late, name="photo"), UPRIGHT) == 0


def test_exif_as_hexadecimal_text_in_a_png_counts() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(exif(6)):8}\n{exif(6).hex()}\n")
    assert mean_difference(decode(encoded(stored(6), "PNG", pnginfo=text), name="photo"), UPRIGHT) == 0


def test_hexadecimal_text_that_is_none_is_ignored() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n 10\nnot hexadecimal\n")
    assert mean_difference(decode(encoded(UPRIGHT, "PNG", pnginfo=text), name="photo"), UPRIGHT) == 0


DAMAGED = {
    "no such orientation": exif(9),
    "orientation zero": exif(0),
    "garbage": b"Exif\0\0garbage",
    "empty": b"Exif\0\0",
    "ends in the header": exif(6)[:12],
    "ends before the entry": exif(6)[:18],
    "claims more entries than it has": b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
    "starts outside": b"Exif\0\0II*\0\xff\xff\xff\xff",
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_exif_means_upright(damage: str) -> None:
    photo = Image.new("RGB", (2, 2))
    photo.info["exif"] = DAMAGED[damage]
    assert orientation_of(photo) == 1


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_is_ignored_without_a_warning(damage: str, form: str) -> None:
    data = encoded(UPRIGHT, form, exif=DAMAGED[damage], **WRITERS[form])
    assert mean_difference(decode(data, name="photo"), UPRIGHT) < 2


def test_damage_elsewhere_in_exif_does_not_hide_the_orientation() -> None:
    # Two entries: the orientation, and a text of 65,000 characters that is not there.
    sound = exif(6)
    entry = sound[16:28]
    missing = b"\x0f\x01\x02\0\xe8\xfd\0\0\x20\0\0\0"
    data = encoded(stored(6), "JPEG", quality=95, exif=sound[:14] + b"\x02\0" + missing + entry + bytes(4))
    assert mean_difference(decode(data, name="photo"), UPRIGHT) < 2


def test_damaged_exif_in_an_avif_does_not_hide_its_rotation() -> None:
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = 6, "maker"
    data = encoded(stored(6), "AVIF", exif=tags, quality=95)
    at = data.index(b"MM\0*")
    broken = data[:at] + b"XXXX" + data[at + 4 :]
    assert mean_difference(decode(broken, name="photo"), UPRIGHT) < 2


def test_a_photo_that_was_turned_is_not_turned_again_when_saved() -> None:
    upright = decode(encoded(stored(6), "PNG", exif=exif(6)), name="photo")
    again = decode(encoded(upright, "PNG"), name="photo")
    assert mean_difference(again, UPRIGHT) == 0
