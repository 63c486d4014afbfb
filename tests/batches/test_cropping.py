import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kclass.batches.cropping import Crop, crop_box, cropped, decode_for_crops, reduced
from kclass.errors import OptionError
from kclass.photos.resizing import RESIZES, Resize, resize

areas = st.floats(0.05, 1).flatmap(lambda least: st.tuples(st.just(least), st.floats(least, 1)))
ratios = st.tuples(st.floats(0.3, 1), st.floats(1, 3))
sides = st.integers(40, 3000)


def drawn(crop: Crop, photos: int = 2000, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return crop.draw(np.random.default_rng(seed), photos)


@given(areas, ratios, sides, sides, st.sampled_from(RESIZES), st.integers(0, 2**32))
def test_every_crop_lies_within_the_photo_and_the_range(
    area: tuple[float, float],
    ratio: tuple[float, float],
    width: int,
    height: int,
    how: Resize,
    seed: int,
) -> None:
    crop = Crop(area, ratio)
    for row in drawn(crop, 5, seed):
        left, top, right, bottom = crop_box(row, width=width, height=height, how=how)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        # What evaluation shows: a square, or all of the photo.
        across, down = (min(width, height),) * 2 if how == "crop" else (width, height)
        share = (right - left) / across, (bottom - top) / down
        # Sides are whole pixels, half a pixel off at most.
        half = 0.5 / across, 0.5 / down
        assert (share[0] - half[0]) * (share[1] - half[1]) <= area[1] + 1e-9
        assert (share[0] + half[0]) * (share[1] + half[1]) >= area[0] - 1e-9
        assert (share[0] - half[0]) / (share[1] + half[1]) <= ratio[1] + 1e-9
        assert (share[0] + half[0]) / (share[1] - half[1]) >= ratio[0] - 1e-9


def test_areas_and_ratios_are_spread_over_their_ranges() -> None:
    rows = drawn(Crop((0.2, 0.6), (0.75, 4 / 3)))
    assert rows.shape == (2000, 4)
    assert (rows[:, 0].min(), rows[:, 0].max()) == pytest.approx((0.2, 0.6), abs=0.005)
    assert rows[:, 0].mean() == pytest.approx(0.4, abs=0.01)
    # As many wide crops as high ones.
    assert np.log(rows[:, 1]).mean() == pytest.approx(0, abs=0.02)
    assert (rows[:, 1].min(), rows[:, 1].max()) == pytest.approx((0.75, 4 / 3), abs=0.01)
    assert rows[:, 2:].mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.02)


def test_a_crop_of_all_is_what_evaluation_shows_but_for_its_place() -> None:
    (row,) = drawn(Crop((1, 1)), 1)
    assert row[:2].tolist() == [1, 1]
    assert crop_box(row, width=300, height=200, how="squash") == (0, 0, 300, 200)
    assert crop_box(row, width=300, height=200, how="pad") == (0, 0, 300, 200)
    left, top, right, bottom = crop_box(row, width=300, height=200, how="crop")
    assert (top, bottom, right - left) == (0, 200, 200)
    places = {crop_box(each, width=300, height=200, how="crop")[0] for each in drawn(Crop((1, 1)))}
    assert (min(places), max(places)) == (0, 100)


def test_a_crop_by_hand() -> None:
    # Half of the area twice as wide as high, in fractions of 200 x 100: sqrt(.5 * 2) = 1 of the
    # width, sqrt(.5 / 2) = .5 of the height; down half of the 50 pixels (51 places) that are left.
    assert crop_box(np.array([0.5, 2.0, 0.9, 0.5]), width=200, height=100, how="squash") == (0, 25, 200, 75)
    # Of the square in the middle: 100 wide and 50 high, anywhere; 90 of 101 places to the right.
    assert crop_box(np.array([0.5, 2.0, 0.9, 0.5]), width=200, height=100, how="crop") == (90, 25, 190, 75)


def test_a_crop_is_cut_out_and_resized_as_photos_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    image, row = Image.fromarray(pixels), np.array([0.25, 1.0, 0.0, 0.999])
    # Half of each side, at the left, at the bottom.
    part = Image.fromarray(pixels[30:, :45])
    for how in ("squash", "pad"):
        assert (cropped(image, row, size=16, how=how) == resize(part, size=16, how=how)).all()
    square = Image.fromarray(pixels[30:, :30])
    assert (cropped(image, row, size=16, how="crop") == resize(square, size=16)).all()


def test_reduced_photos_are_never_larger_than_they_were() -> None:
    image = Image.new("RGB", (90, 60))
    assert [reduced(image, side=30, how=how).shape for how in RESIZES] == [
        (30, 30, 3),
        (30, 45, 3),
        (20, 30, 3),
    ]
    assert [reduced(image, side=200, how=how).shape for how in RESIZES] == [(60, 90, 3)] * 3


def test_reduced_photos_are_large_enough_for_the_smallest_crop() -> None:
    assert Crop((0.25, 1)).kept_side(100) == 200
    assert Crop((0.8, 1)).kept_side(100) == math.ceil(100 / math.sqrt(0.8)) == 112
    assert Crop((1, 1)).kept_side(100) == 100
    assert Crop((0.01, 1)).kept_side(100) == 200


def test_photos_are_decoded_large_enough_to_be_cropped(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (1600, 1600)).save(path)
    # Twice 100, or twice 200: JPEG comes in halves, quarters and eighths.
    assert decode_for_crops(path, Crop((1, 1)), size=100).size == (200, 200)
    assert decode_for_crops(path, Crop((0.25, 1)), size=100).size == (400, 400)


@pytest.mark.parametrize("area", [(0, 1), (0.5, 1.1), (0.8, 0.5)])
def test_areas_that_are_none_are_refused(area: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="the area of a crop is"):
        Crop(area)


@pytest.mark.parametrize("ratio", [(0, 1), (1.1, 2), (0.5, 0.9), (1, math.inf)])
def test_ratios_that_are_none_are_refused(ratio: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="the ratio of a crop is"):
        Crop((0.5, 1), ratio)


def test_a_crop_says_what_it_does() -> None:
    assert str(Crop((0.8, 1))) == "crop of 0.8–1 of the photo at ratio 1"  # noqa: RUF001
    assert str(Crop((0.5, 1), (0.75, 4 / 3))) == "crop of 0.5–1 of the photo at ratio 0.75–1.3"  # noqa: RUF001
