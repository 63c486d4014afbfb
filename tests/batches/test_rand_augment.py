from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from kclass.batches.layers import traced
from kclass.batches.rand_augment import OPERATIONS, RandAugment, equalized, numbers, operated
from kclass.errors import OptionError

SIZE = 48
GRID = np.random.default_rng(0).integers(20, 200, (6, 6, 3), dtype=np.uint8)
PHOTO = Image.fromarray(GRID).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
PIXELS = np.array(PHOTO, np.float32)
INNER = slice(12, -12)


def after(name: str, level: float) -> NDArray[np.float32]:
    drawn = numbers(np.array([OPERATIONS.index(name)]), np.array([level]), size=SIZE)
    found: NDArray[np.float32] = operated(PIXELS[None], drawn).numpy()[0]
    return found


# At half the magnitude: grey levels from 128 are turned over, 6 of 8 bits stay, factors are 1.45.
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("identity", lambda photo: photo),
        ("auto_contrast", ImageOps.autocontrast),
        ("equalize", ImageOps.equalize),
        ("solarize", lambda photo: ImageOps.solarize(photo, 128)),
        ("posterize", lambda photo: ImageOps.posterize(photo, 6)),
        ("sharpness", lambda photo: ImageEnhance.Sharpness(photo).enhance(1.45)),
        ("brightness", lambda photo: ImageEnhance.Brightness(photo).enhance(1.45)),
        ("contrast", lambda photo: ImageEnhance.Contrast(photo).enhance(1.45)),
        ("color", lambda photo: ImageEnhance.Color(photo).enhance(1.45)),
    ],
)
def test_pixels_are_those_of_pillow(name: str, reference: Callable[[Image.Image], Image.Image]) -> None:
    found = after(name, 0.5)
    assert np.abs(found - np.array(reference(PHOTO), np.float32)).max() < 1.5  # Pillow rounds


@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("shear_x", (1, 0.15, 0, 0, 1, 0)),
        ("shear_y", (1, 0, 0, 0.15, 1, 0)),
        ("translate_x", (1, 0, 0.5 * 150 / 331 * SIZE, 0, 1, 0)),
        ("translate_y", (1, 0, 0, 0, 1, 0.5 * 150 / 331 * SIZE)),
    ],
)
def test_places_are_those_of_pillow(name: str, matrix: tuple[float, ...]) -> None:
    # Pillow shears around the upper left corner; half of the slope's shift brings the middle back.
    a, b, c, d, e, f = matrix
    centred = (a, b, c - b * SIZE / 2, d, e, f - d * SIZE / 2)
    wanted = PHOTO.transform(
        (SIZE, SIZE), Image.Transform.AFFINE, centred, resample=Image.Resampling.BILINEAR
    )
    found = after(name, 0.5)
    assert np.abs(found - np.array(wanted, np.float32))[INNER, INNER].max() < 2


def test_a_turn_is_that_of_pillow() -> None:
    wanted = np.array(PHOTO.rotate(15, Image.Resampling.BILINEAR), np.float32)
    assert np.abs(after("rotate", 0.5) - wanted)[INNER, INNER].max() < 2


@pytest.mark.parametrize("name", OPERATIONS[6:])
def test_operations_with_a_sign_go_both_ways(name: str) -> None:
    assert np.abs(after(name, 0.5) - after(name, -0.5)).mean() > 1


@pytest.mark.parametrize("name", OPERATIONS[3:])
def test_a_larger_magnitude_changes_more(name: str) -> None:
    weak, strong = (np.abs(after(name, level) - PIXELS).mean() for level in (0.3, 0.9))
    assert weak < strong


def test_photos_of_a_batch_have_their_own_operations() -> None:
    kinds = np.arange(len(OPERATIONS))
    drawn = numbers(kinds, np.full(len(kinds), 0.5), size=SIZE)
    together = operated(np.repeat(PIXELS[None], len(kinds), axis=0), drawn).numpy()
    for kind, photo in zip(kinds, together, strict=True):
        assert photo == pytest.approx(after(OPERATIONS[kind], 0.5), abs=1e-3)


def test_equalizing_one_grey_leaves_it() -> None:
    photos = np.full((2, 5, 5, 3), 77.0, np.float32)
    assert (equalized(photos).numpy() == 77).all()


def test_every_operation_is_drawn_as_often_as_the_others() -> None:
    drawn = RandAugment(operations=2, magnitude=0.5).draw(np.random.default_rng(0), 14_000, size=SIZE)
    assert drawn.shape == (14_000, 18)
    for step in (0, 9):
        counts = np.bincount(drawn[:, step].astype(int), minlength=len(OPERATIONS))
        # Binomial with 14,000 and 1/14: 1,000 with a deviation of 30.
        assert np.abs(counts - 1000).max() < 150
    assert np.corrcoef(drawn[:, 0], drawn[:, 9])[0, 1] == pytest.approx(0, abs=0.05)


def test_the_number_of_operations_and_the_magnitude_matter() -> None:
    def mean_change(layer: Any) -> float:
        photos = np.repeat(PIXELS[None], 64, axis=0)
        found = traced(layer)(photos, layer.draw(np.random.default_rng(0), 64, size=SIZE)).numpy()
        assert found.min() >= 0
        assert found.max() <= 255 + 1e-3
        return float(np.abs(found - photos).mean())

    changes = [
        mean_change(layer) for layer in (RandAugment(1, 0.2), RandAugment(1, 0.8), RandAugment(3, 0.8))
    ]
    assert changes == sorted(changes)
    assert changes[2] > 1.3 * changes[1] > 1.3 * changes[0]


@pytest.mark.parametrize(("operations", "magnitude"), [(0, 0.5), (1, 1.5), (1, -0.1)])
def test_options_out_of_range_are_refused(operations: int, magnitude: float) -> None:
    with pytest.raises(OptionError, match="RandAugment has"):
        RandAugment(operations, magnitude)


def test_it_says_what_it_does() -> None:
    assert str(RandAugment(2, 0.5)) == "RandAugment with 2 operations of magnitude 0.5"
