import colorsys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from kclass.batches.colour_layers import Jitter, Light, blended, turned_hue
from kclass.batches.layers import traced

PHOTO = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)


def changed(layer: Any, numbers: list[float], photo: NDArray[np.uint8] = PHOTO) -> NDArray[np.float32]:
    result: NDArray[np.float32] = traced(layer)(
        photo[None].astype(np.float32), np.array([numbers], np.float32)
    ).numpy()[0]
    return result


def drawn(layer: Any, photos: int = 4000) -> NDArray[np.float32]:
    numbers: NDArray[np.float32] = layer.draw(np.random.default_rng(0), photos, size=8)
    return numbers


@pytest.mark.parametrize(
    ("place", "enhance"),
    [(0, ImageEnhance.Brightness), (1, ImageEnhance.Contrast), (2, ImageEnhance.Color)],
)
@pytest.mark.parametrize("factor", [0.6, 1.0, 1.4])
def test_brightness_contrast_and_saturation_are_those_of_pillow(
    place: int, enhance: Any, factor: float
) -> None:
    factors = np.ones((1, 3), np.float32)
    factors[0, place] = factor
    found = blended(PHOTO[None].astype(np.float32), factors).numpy()[0]
    wanted = np.array(enhance(Image.fromarray(PHOTO)).enhance(factor), np.float64)
    assert np.abs(found - wanted).max() < 1.5  # Pillow rounds greys, means and results


def test_hues_are_turned_as_by_the_standard_library() -> None:
    found = turned_hue(PHOTO[None].astype(np.float32), np.array([-0.15], np.float32)).numpy()[0]
    for pixel, turned in zip(PHOTO.reshape(-1, 3), found.reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(pixel / 255.0))
        wanted = colorsys.hsv_to_rgb((hue - 0.15) % 1, saturation, value)
        assert turned / 255 == pytest.approx(wanted, abs=1e-4)


def test_jitter_draws_each_of_the_four_within_its_range() -> None:
    numbers = drawn(Jitter(brightness=0.3, contrast=0.2, saturation=0.1, hue=0.05))
    assert numbers.dtype == np.float32
    assert numbers.min(axis=0) == pytest.approx([0.7, 0.8, 0.9, -0.05], abs=0.001)
    assert numbers.max(axis=0) == pytest.approx([1.3, 1.2, 1.1, 0.05], abs=0.001)
    correlation = np.corrcoef(numbers.T) - np.eye(4)
    assert np.abs(correlation).max() < 0.06


def test_jitter_that_draws_nothing_changes_nothing() -> None:
    assert changed(Jitter(hue=0.1), [1, 1, 1, 0]) == pytest.approx(PHOTO, abs=1e-3)
    assert (drawn(Jitter(), 3) == (1, 1, 1, 0)).all()


def test_each_number_of_jitter_matters() -> None:
    layer = Jitter(0.3, 0.3, 0.3, 0.3)
    usual = changed(layer, [1, 1, 1, 0])
    for numbers in ([0.8, 1, 1, 0], [1, 0.8, 1, 0], [1, 1, 0.8, 0], [1, 1, 1, 0.2]):
        assert np.abs(changed(layer, numbers) - usual).mean() > 3


def test_photos_of_a_batch_have_their_own_colours() -> None:
    photos = np.stack([PHOTO, PHOTO]).astype(np.float32)
    numbers = np.array([(1, 1, 1, 0), (0.5, 1, 1, 0)], np.float32)
    first, second = traced(Jitter(0.5))(photos, numbers).numpy()
    assert first == pytest.approx(PHOTO, abs=1e-3)
    assert second == pytest.approx(PHOTO / 2, abs=1e-3)


def test_light_shifts_and_scales_logits() -> None:
    # 51 of 255 is 1/5, of which the logit is -log 4; doubled and shifted by log 4 it is -log 4 again.
    photo = np.full((1, 1, 3), 51, np.uint8)
    log4 = np.log(4)
    assert changed(Light(0.2), [2, log4], photo) == pytest.approx(51, abs=1e-3)
    assert changed(Light(0.2), [1, log4], photo) == pytest.approx(127.5, abs=1e-3)
    assert changed(Light(0.2), [2, 0], photo) == pytest.approx(255 / 17, abs=1e-3)
    assert changed(Light(0.2), [1, 0]) == pytest.approx(PHOTO, abs=2e-3)


def test_black_and_white_stay_whatever_the_light() -> None:
    photo = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    assert changed(Light(0.2), [1.25, 0.4], photo) == pytest.approx(photo, abs=0.01)


def test_light_leaves_a_quarter_as_it_is_and_keeps_to_its_range() -> None:
    numbers = drawn(Light(0.2, chance=0.75))
    assert (numbers == (1, 0)).mean(axis=0) == pytest.approx([0.25, 0.25], abs=0.03)
    # Contrast .8 to 1.25; a middle grey becomes .4 to .6 of white: logits of -log 1.5 to log 1.5.
    assert numbers.min(axis=0) == pytest.approx([0.8, -np.log(1.5)], abs=0.005)
    assert numbers.max(axis=0) == pytest.approx([1.25, np.log(1.5)], abs=0.005)
    assert (drawn(Light(0.2, chance=1)) != (1, 0)).all()
    assert (drawn(Light(0.2, chance=0)) == (1, 0)).all()


@pytest.mark.parametrize("layer", [Jitter(0.5, 0.5, 0.5, 0.5), Light(0.5, 1)])
def test_values_stay_within_0_and_255(layer: Any) -> None:
    photos = np.random.default_rng(1).choice([0.0, 3, 128, 252, 255], (64, 5, 5, 3)).astype(np.float32)
    found = traced(layer)(photos, drawn(layer, 64)).numpy()
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 255 + 1e-3
    assert np.isfinite(found).all()


def test_layers_say_what_they_do() -> None:
    assert str(Jitter(0.3, 0.2, 0.3, 0.2)) == "brightness ±0.3, contrast ±0.2, saturation ±0.3, hue ±0.2"
    assert str(Jitter(hue=0.1)) == "hue ±0.1"
    assert str(Light(0.2)) == "light ±0.2"
