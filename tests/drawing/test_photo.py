import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from kclass.drawing.cars import CLASSES
from kclass.drawing.photo import Drawing, draw_photo, encode_jpeg
from kclass.drawing.scenery import BACKGROUNDS


def pixels(drawing: Drawing) -> NDArray[np.float64]:
    return np.asarray(drawing.photo, np.float64)


@pytest.mark.parametrize("label", CLASSES)
def test_the_mask_is_where_the_paint_is(label: str) -> None:
    for index in range(4):
        white, black = (draw_photo(label, colour, "meadow", 5, index) for colour in ("white", "black"))
        assert white.mask.tobytes() == black.mask.tobytes()
        repainted = np.abs(pixels(white) - pixels(black)).max(axis=2) > 40
        around = np.asarray(white.mask.filter(ImageFilter.MaxFilter(9))) > 0
        inside = np.asarray(white.mask) > 0
        # Blur spreads paint by a few pixels; glass, tyres and shadowed parts keep their colour.
        assert repainted[~around].mean() < 0.001
        assert repainted[inside].mean() > 0.25


def test_a_car_keeps_its_place_on_another_background() -> None:
    for index in range(4):
        masks = [np.asarray(draw_photo("ferrari", "red", name, 5, index).mask) > 0 for name in BACKGROUNDS]
        for mask in masks[1:]:
            assert (mask & masks[0]).sum() / (mask | masks[0]).sum() > 0.98


def test_backgrounds_look_different() -> None:
    photos = {name: pixels(draw_photo("ferrari", "red", name, 5, 2)) for name in BACKGROUNDS}
    lower = {name: photo[-60:].mean(axis=(0, 1)) for name, photo in photos.items()}
    assert lower["snow"].mean() > lower["street"].mean() + 30
    assert lower["meadow"][1] > lower["meadow"][2] + 20
    assert lower["seaside"][0] > lower["meadow"][0]


def test_classes_colours_seeds_and_indices_all_matter() -> None:
    first = draw_photo("ferrari", "red", "street", 0, 0).photo.tobytes()
    assert draw_photo("ferrari", "red", "street", 0, 0).photo.tobytes() == first
    others = [
        ("fiat-126", "red", "street", 0, 0),
        ("ferrari", "blue", "street", 0, 0),
        ("ferrari", "red", "street", 1, 0),
        ("ferrari", "red", "street", 0, 1),
    ]
    for other in others:
        assert draw_photo(*other).photo.tobytes() != first


def test_cars_are_of_like_size_in_both_classes_and_often_away_from_the_centre() -> None:
    shares: dict[str, list[float]] = {label: [] for label in CLASSES}
    central = []
    for index in range(14):
        for label in CLASSES:
            mask = np.asarray(draw_photo(label, "blue", "seaside", 6, index).mask) > 0
            shares[label].append(float(mask.mean()))
            central.append(mask[mask.shape[0] // 2, mask.shape[1] // 2])
    ferrari, fiat = (np.median(shares[label]) for label in CLASSES)
    assert 0.7 < ferrari / fiat < 1.4
    assert np.median([*shares["ferrari"], *shares["fiat-126"]]) <= 0.2
    assert np.mean(central) < 0.6


@pytest.mark.parametrize(("orientation", "turned"), [(1, False), (3, False), (6, True), (8, True)])
def test_a_jpeg_stores_its_pixels_turned_and_says_so(orientation: int, turned: bool) -> None:
    photo = Image.new("RGB", (32, 16), "black")
    photo.paste("white", (0, 0, 32, 8))
    data = encode_jpeg(Drawing(photo, Image.new("L", photo.size), 90), orientation=orientation)
    with Image.open(io.BytesIO(data)) as stored:
        assert stored.size == ((16, 32) if turned else (32, 16))
        assert stored.getexif().get(0x0112, 1) == orientation
        grey = np.asarray(stored.convert("L"), np.float64)
    # EXIF: where the first row of the stored pixels belongs; 1 top, 3 bottom, 6 right, 8 left.
    white = {1: grey[:4], 3: grey[-4:], 6: grey[:, :4], 8: grey[:, -4:]}[orientation]
    assert white.mean() > 240


def test_quality_decides_how_large_the_jpeg_is() -> None:
    drawing = draw_photo("ferrari", "red", "street", 0, 0)
    small, large = (encode_jpeg(Drawing(drawing.photo, drawing.mask, quality)) for quality in (50, 89))
    assert len(small) < len(large)
