import numpy as np
import pytest
import scipy.fft
from PIL import Image

from kclass.inspection.fingerprints import (
    ORIENTATIONS,
    fingerprints,
    turned,
    turned_fingerprints,
    window_fingerprints,
    windows,
)
from kclass.inspection.inspection import GREY_SIDE
from kclass.inspection.resampling import cut
from kclass.photos.orientation import turned_upright

GREYS = np.random.default_rng(0).integers(0, 256, (3, GREY_SIDE, GREY_SIDE), np.uint8)


def test_windows_reach_from_one_end_to_the_other() -> None:
    found = windows((1.0, 0.8), 0.1)
    assert np.allclose(found, [(0, 1), (0, 0.8), (0.1, 0.8), (0.2, 0.8)])
    # No step is longer than asked: 0.25 takes three of 0.083.
    assert np.allclose(windows((0.75,), 0.1), [(0, 0.75), (0.25 / 3, 0.75), (0.5 / 3, 0.75), (0.25, 0.75)])


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_thumbnails_are_turned_as_photos_are(orientation: int) -> None:
    expected = np.asarray(turned_upright(Image.fromarray(GREYS[0]), orientation))
    assert np.array_equal(turned(GREYS, orientation)[0], expected)


@pytest.mark.parametrize("lowest", [1, 3])
def test_a_fingerprint_is_the_cosine_transform_weighted_by_frequency(lowest: int) -> None:
    transform = scipy.fft.dctn(GREYS[0].astype(float), norm="ortho")[:6, :6]
    across, down = np.meshgrid(np.arange(6), np.arange(6))
    frequency = np.sqrt(across**2 + down**2)
    expected = (transform * np.where(frequency < lowest, 0, frequency)).ravel()
    expected /= np.linalg.norm(expected)
    assert fingerprints(GREYS, frequencies=6, lowest=lowest)[0] == pytest.approx(expected, abs=1e-5)


def test_brightness_and_contrast_make_no_difference() -> None:
    softer = GREYS * 0.5 + 40
    one, other = fingerprints(GREYS, frequencies=8), fingerprints(softer, frequencies=8)
    assert one == pytest.approx(other, abs=1e-5)


def test_what_hardly_rises_above_the_noise_has_a_short_fingerprint() -> None:
    noise = np.random.default_rng(1).normal(128, 1, (50, GREY_SIDE, GREY_SIDE))
    lengths = np.linalg.norm(fingerprints(noise, frequencies=16), axis=1)
    # Noise of one level is a third of what it takes.
    assert lengths == pytest.approx(np.full(50, 1 / 3), abs=0.05)
    assert fingerprints(np.full((1, GREY_SIDE, GREY_SIDE), 77), frequencies=16) == pytest.approx(0, abs=1e-3)


def test_fingerprints_of_windows_are_those_of_what_is_cut_out() -> None:
    parts = windows((1.0, 0.7), 0.15)
    found = window_fingerprints(GREYS, parts, frequencies=5)
    assert found.shape == (3, len(parts) ** 2, 25)
    for row, (top, height) in enumerate(parts):
        for column, (left, width) in enumerate(parts):
            boxes = np.tile([left, top, left + width, top + height], (3, 1))
            expected = fingerprints(cut(GREYS, boxes, GREY_SIDE), frequencies=5)
            assert found[:, row * len(parts) + column] == pytest.approx(expected, abs=1e-5)


def test_turned_fingerprints_are_those_of_turned_thumbnails() -> None:
    many = np.tile(GREYS, (100, 1, 1))
    found = turned_fingerprints(many, frequencies=5)
    assert found.shape == (300, 8, 25)
    for index, orientation in enumerate(ORIENTATIONS):
        expected = fingerprints(turned(many, orientation), frequencies=5)
        assert found[:, index] == pytest.approx(expected, abs=1e-5)
