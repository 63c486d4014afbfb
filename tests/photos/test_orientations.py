"""One photo in its eight orientations and in four formats: the same pixels, the same predictions."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from photo_samples import encoded, exif, lying, mean_difference
from PIL import Image
from small_fits import SmallFit

from kclass.drawing.photo import draw_photo
from kclass.photos.decoding import decode

# Little is lost in these, so that what differs is the way a photo lies and not the codec's blocks.
WRITERS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 95},
    "PNG": {"compress_level": 1},
    "AVIF": {"quality": 95, "subsampling": "4:4:4", "speed": 9},
}
ORIENTATION = b"\x01\x12\0\x03\0\0\0\x01"  # tag 274, a SHORT, one value; big-endian


@functools.cache
def drawn() -> NDArray[np.uint8]:
    """(480, 640, 3): a car in a street, with grain; its sides are whole blocks of every codec here."""
    return np.asarray(draw_photo("ferrari", "blue", "street", seed=3, index=1).photo.resize((640, 480)))


@functools.cache
def photo_file(form: str, orientation: int) -> bytes:
    """The drawn photo as a camera held that way stores it, with the entry that says so."""
    return encoded(lying(drawn(), orientation), form, exif=exif(orientation), **WRITERS[form])


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_the_same_however_it_lies_in_its_file(form: str, orientation: int) -> None:
    turned = decode(photo_file(form, orientation), name="photo")
    assert mean_difference(turned, decode(photo_file(form, 1), name="photo")) < 2
    assert mean_difference(turned, drawn()) < 2


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_a_photo_turned_wrongly_would_be_told_from_it(orientation: int) -> None:
    assert mean_difference(lying(drawn(), orientation), drawn()) > 20


# What the codecs lose and the last place of resizing move the fit of these tests, which has seen 24
# photos, by up to 0.025; photos that are not turned move it by up to 0.6.
TOLERANCE = 0.06


@pytest.mark.parametrize("form", WRITERS)
def test_predictions_are_the_same_however_a_photo_lies_in_its_file(
    form: str, fitted: SmallFit, tmp_path: Path
) -> None:
    upright, *turned = (said_of(photo_file(form, each), fitted, tmp_path) for each in range(1, 9))
    assert max(np.abs(each - upright).max() for each in turned) < TOLERANCE
    assert {each.argmax() for each in turned} == {upright.argmax()}


def test_predictions_would_tell_a_photo_that_is_not_turned(fitted: SmallFit, tmp_path: Path) -> None:
    unsaid = [encoded(lying(drawn(), orientation), "PNG") for orientation in range(1, 9)]
    upright, *lain = (said_of(data, fitted, tmp_path) for data in unsaid)
    assert max(np.abs(each - upright).max() for each in lain) > 2 * TOLERANCE


def said_of(data: bytes, fitted: SmallFit, folder: Path) -> NDArray[np.float64]:
    """The probability of each class, in the order of the classes."""
    path = folder / "photo"
    path.write_bytes(data)
    top = fitted.classifier.predict(path).top
    return np.array([guess.probability for guess in sorted(top, key=lambda guess: guess.index)])


# AVIF and HEIC say which way is up by the boxes irot and imir; readers are to leave EXIF's word alone
# (ISO/IEC 23008-12, 6.5.10 and 6.5.12). Phones write both, and both say the same.


@pytest.mark.parametrize("orientation", range(2, 9))
def test_what_is_said_of_an_avif_is_said_by_its_boxes(orientation: int) -> None:
    data = photo_file("AVIF", orientation)
    assert re.search(b"irot|imir", data)
    assert ORIENTATION not in data


@pytest.mark.parametrize(("by_box", "by_exif"), [(6, 6), (6, 3), (6, 1), (1, 6)])
def test_the_boxes_of_an_avif_win_over_its_exif(by_box: int, by_exif: int) -> None:
    data = avif_with_both(by_box=by_box, by_exif=by_exif)
    assert mean_difference(decode(data, name="photo"), drawn()) < 2


def avif_with_both(*, by_box: int, by_exif: int) -> bytes:
    """The drawn photo, stored as `by_box` says; Pillow writes no such EXIF, so the entry is renamed."""
    tags = Image.Exif()
    tags[0x0112], tags[0x0106] = by_box, by_exif
    data = encoded(lying(drawn(), by_box), "AVIF", exif=tags, **WRITERS["AVIF"])
    renamed = ORIENTATION.replace(b"\x01\x12", b"\x01\x06")
    assert data.count(renamed) == 1
    return data.replace(renamed, ORIENTATION)
