from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from kclass.inspection.measuring import SIDE
from kclass.inspection.sharpness import sharpness

Change = Callable[[Image.Image], Image.Image]


def scene(seed: int = 0) -> Image.Image:
    """Boxes and discs of many sizes and greys with hard edges, 1280 x 960."""
    noise = np.random.default_rng(seed)
    image = Image.new("L", (1280, 960), 128)
    draw = ImageDraw.Draw(image)
    for place in range(60):
        x, y, size = noise.integers(0, 1280), noise.integers(0, 960), noise.integers(30, 300)
        shape = draw.rectangle if place % 2 else draw.ellipse
        shape((x, y, x + size, y + size), fill=int(noise.integers(0, 256)))
    return image


def measure(image: Image.Image) -> float:
    return sharpness(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def blurred(percent: float) -> Change:
    return lambda image: image.filter(ImageFilter.GaussianBlur(image.width * percent / 100))


def noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, float)
    return Image.fromarray(
        (pixels + np.random.default_rng(1).normal(0, 8, pixels.shape)).clip(0, 255).astype(np.uint8)
    )


def moved(image: Image.Image, length: int) -> Image.Image:
    sums = np.asarray(image, float).cumsum(axis=1)
    return Image.fromarray(((sums[:, length:] - sums[:, :-length]) / length).astype(np.uint8))


def smaller(times: int) -> Change:
    return lambda image: image.reduce(times)


@pytest.mark.parametrize("seed", range(3))
def test_the_more_a_photo_is_blurred_the_less_sharp_it_is(seed: int) -> None:
    found = [measure(blurred(percent)(scene(seed))) for percent in (0, 0.5, 1, 2)]
    assert found == sorted(found, reverse=True)
    # A sharp edge is as steep at either scale; a blurred one is a quarter as steep at the finer.
    assert found[0] > 0.65
    assert found[2] < 0.45
    assert found[3] == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    "change",
    [noisy, smaller(2), smaller(4), lambda image: image.point(lambda value: value // 4)],
    ids=["noise", "half the size", "a quarter of the size", "a quarter of the light"],
)
def test_noise_size_and_contrast_change_it_little(change: Change) -> None:
    for kind in (scene(), blurred(1)(scene())):
        assert measure(change(kind)) == pytest.approx(measure(kind), rel=0.12)


def test_a_camera_that_moved_to_one_side_blurs() -> None:
    assert measure(moved(scene(), 25)) < 0.75 * measure(scene())
    assert measure(moved(scene().transpose(Image.Transpose.ROTATE_90), 25)) < 0.75 * measure(scene())


def test_a_sharp_subject_before_a_blurred_background_is_sharp() -> None:
    photo = blurred(2)(scene())
    photo.paste(scene().crop((500, 400, 780, 620)), (500, 400))
    assert measure(photo) > 0.65


def test_an_enlarged_photo_is_blurred() -> None:
    small = scene().resize((80, 60), Image.Resampling.LANCZOS)
    assert measure(small.resize((1280, 960), Image.Resampling.BICUBIC)) < 0.65 * measure(scene())


def test_where_nothing_changes_nothing_is_sharp() -> None:
    assert sharpness(Image.new("L", (SIDE, SIDE), 70)) == 0
