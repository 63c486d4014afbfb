import numpy as np
import pytest
from photo_samples import mean_difference, noisy_scene, scene
from PIL import Image

from kclass.errors import OptionError
from kclass.photos.resizing import PAD_COLOUR, RESIZES, Resize, resize


def three_bands() -> Image.Image:
    """60 x 20: red, green and blue, each 20 wide."""
    image = Image.new("RGB", (60, 20), "red")
    image.paste("lime", (20, 0, 40, 20))
    image.paste("blue", (40, 0, 60, 20))
    return image


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("shape", [(60, 20), (20, 60), (7, 7), (1, 1), (501, 333), (2000, 1)])
def test_every_photo_becomes_a_square_of_bytes(how: Resize, shape: tuple[int, int]) -> None:
    array = resize(Image.new("RGB", shape, (10, 20, 30)), size=31, how=how)
    assert array.shape == (31, 31, 3)
    assert array.dtype == np.uint8
    assert array.flags.writeable
    assert array.flags.c_contiguous
    assert tuple(array[15, 15]) == (10, 20, 30)


def test_squash_shows_all_of_the_photo() -> None:
    array = resize(three_bands(), size=30)
    assert [tuple(array[15, column]) for column in (2, 15, 27)] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    assert np.array_equal(array, resize(three_bands(), size=30, how="squash"))


def test_crop_shows_the_largest_square_in_the_middle() -> None:
    assert np.array_equal(resize(three_bands(), size=20, how="crop"), np.full((20, 20, 3), (0, 255, 0)))
    lying = three_bands().transpose(Image.Transpose.ROTATE_90)
    assert np.array_equal(resize(lying, size=20, how="crop"), np.full((20, 20, 3), (0, 255, 0)))


def test_crop_does_not_blur_what_fits_already() -> None:
    picture = noisy_scene(33, 20)
    assert np.array_equal(resize(Image.fromarray(picture), size=20, how="crop"), picture[:, 6:26])


def test_pad_keeps_the_shape_and_adds_grey_bars() -> None:
    array = resize(three_bands(), size=60, how="pad")
    bars = np.concatenate([array[:20], array[40:]])
    assert np.array_equal(bars, np.broadcast_to(PAD_COLOUR, bars.shape))
    assert np.array_equal(array[20:40], np.asarray(three_bands()))


def test_pad_adds_the_bars_at_the_sides_of_a_standing_photo() -> None:
    array = resize(Image.new("RGB", (20, 60), "red"), size=30, how="pad")
    assert (array[:, 10:20] == (255, 0, 0)).all()
    assert (array[:, :10] == PAD_COLOUR).all()
    assert (array[:, 20:] == PAD_COLOUR).all()


def test_fine_patterns_become_their_mean() -> None:
    y, x = np.mgrid[0:128, 0:128]
    chess = np.repeat(((x + y) % 2 * 255).astype(np.uint8)[..., None], 3, axis=-1)
    for size in (8, 30, 61):
        small = resize(Image.fromarray(chess), size=size).astype(float)
        assert np.abs(small - 127.5).max() < 20


def test_edges_do_not_overshoot() -> None:
    image = Image.new("RGB", (90, 90), (100, 100, 100))
    image.paste((150, 150, 150), (45, 0, 90, 90))
    array = resize(image, size=37)
    assert array.min() == 100
    assert array.max() == 150


def test_a_large_photo_is_close_to_the_one_pass_mean() -> None:
    picture = Image.fromarray(noisy_scene(1200, 900))
    exact = picture.resize((64, 64), Image.Resampling.BILINEAR)
    assert mean_difference(resize(picture, size=64), exact) < 1


def test_the_ways_differ() -> None:
    picture = Image.fromarray(scene())
    squash, crop, pad = (resize(picture, size=32, how=how).astype(int) for how in RESIZES)
    assert all(np.abs(one - other).mean() > 5 for one, other in ((squash, crop), (crop, pad), (squash, pad)))


@pytest.mark.parametrize(
    ("word", "fix"), [("sqash", "Did you mean squash?"), ("crop ", "Did you mean crop?"), ("stretched", "")]
)
def test_another_word_is_an_error_that_names_the_nearest(word: str, fix: str) -> None:
    with pytest.raises(OptionError) as caught:
        resize(three_bands(), size=8, how=word)  # type: ignore[arg-type]
    assert caught.value.message == f"resize is {word!r}; it must be one of crop, pad, squash"
    assert caught.value.fix == fix


@pytest.mark.parametrize("size", [0, -3])
def test_a_size_below_one_is_an_error(size: int) -> None:
    with pytest.raises(OptionError, match=f"size is {size}; it must be 1 or more"):
        resize(three_bands(), size=size)
