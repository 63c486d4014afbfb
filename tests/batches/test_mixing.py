import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.batches.mixing import Mixing, cutmix_boxes, mixed


def drawn(mixing: Mixing, batches: int = 4000, size: int = 100, epoch: int = 1) -> NDArray[np.float32]:
    return mixing.draw(batches, size=size, seed=0, epoch=epoch)


def mix(numbers: list[float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Three photos of 2 x 2, black, grey and white, of the classes 0, 1 and 0."""
    photos = np.stack([np.full((2, 2, 3), value, np.uint8) for value in (0, 100, 200)])
    labels = np.array([(1, 0), (0, 1), (1, 0)], np.float32)
    pixels, truth = mixed(photos, labels, np.array(numbers, np.float32))
    return pixels.numpy(), truth.numpy()


def test_mixup_by_hand() -> None:
    pixels, labels = mix([0.75, 0.75, 0, 0, 0, 0])
    # Each with the next: .75 * 0 + .25 * 100, .75 * 100 + .25 * 200, .75 * 200 + .25 * 0.
    assert pixels.dtype == np.float32
    assert [photo.tolist() for photo in pixels] == [
        np.full((2, 2, 3), value).tolist() for value in (25.0, 125.0, 150.0)
    ]
    assert labels.tolist() == [[0.75, 0.25], [0.25, 0.75], [1, 0]]


def test_cutmix_by_hand() -> None:
    # The right pixel of the upper row is the next photo's: a quarter of the photo.
    pixels, labels = mix([1, 0.75, 1, 0, 2, 1])
    assert pixels[:, :, :, 0].tolist() == [
        [[0, 100], [0, 0]],
        [[100, 200], [100, 100]],
        [[200, 0], [200, 200]],
    ]
    assert labels.tolist() == [[0.75, 0.25], [0.25, 0.75], [1, 0]]


def test_boxes_by_hand() -> None:
    # 3/4 kept of 100 x 100: a box of 50 x 50 around the centre; in the corner a quarter of it is left;
    # nothing of a photo that is kept whole.
    boxes = cutmix_boxes(
        np.array([0.75, 0.75, 1.0]), np.array([(50.0, 40.0), (0.0, 100.0), (50.0, 50.0)]), size=100
    )
    assert boxes.tolist() == [[25, 15, 75, 65], [0, 75, 25, 100], [50, 50, 50, 50]]


def test_mixup_draws_from_beta() -> None:
    numbers = drawn(Mixing(mixup=0.4))
    assert (numbers[:, 0] == numbers[:, 1]).all()
    assert (numbers[:, 2:] == 0).all()
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)).
    assert numbers[:, 0].mean() == pytest.approx(0.5, abs=0.02)
    assert numbers[:, 0].var() == pytest.approx(1 / (4 * 1.8), abs=0.006)
    assert drawn(Mixing(mixup=4))[:, 0].var() == pytest.approx(1 / (4 * 9), abs=0.003)


def test_cutmix_counts_the_pixels_that_are_left() -> None:
    numbers = drawn(Mixing(cutmix=1))
    left, top, right, bottom = numbers[:, 2:].T
    assert (numbers[:, 0] == 1).all()
    assert numbers[:, 1] == pytest.approx(1 - (right - left) * (bottom - top) / 100**2)
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (np.maximum(right, bottom) <= 100).all()
    assert (right - left).max() > 90
    # Boxes are as wide as high unless they are cut off.
    inside = (left > 0) & (top > 0) & (right < 100) & (bottom < 100)
    assert np.abs((right - left) - (bottom - top))[inside].max() <= 1


def test_alpha_of_cutmix_matters() -> None:
    areas = [1 - drawn(Mixing(cutmix=alpha))[:, 1] for alpha in (0.1, 10)]
    assert areas[0].std() > 1.3 * areas[1].std()


def test_with_both_each_batch_is_mixed_by_one_of_them() -> None:
    numbers = drawn(Mixing(mixup=1, cutmix=1))
    cut = numbers[:, 0] == 1
    assert cut.mean() == pytest.approx(0.5, abs=0.03)
    assert (numbers[~cut, 0] == numbers[~cut, 1]).all()
    assert (numbers[~cut, 2:] == 0).all()
    assert (numbers[cut, 4] > 0).mean() > 0.9


def test_the_same_seed_and_epoch_draw_the_same() -> None:
    mixing = Mixing(mixup=1, cutmix=1)
    assert (drawn(mixing) == drawn(mixing)).all()
    assert (drawn(mixing) != drawn(mixing, epoch=2)).any()


def test_tiny_alphas_do_no_harm() -> None:
    numbers = drawn(Mixing(mixup=1e-3, cutmix=1e-3))
    assert np.isfinite(numbers).all()
    assert numbers[:, :2].min() >= 0
    assert numbers[:, :2].max() <= 1


def test_no_mixing_is_false_and_any_says_what_it_is() -> None:
    assert not Mixing()
    assert Mixing(mixup=0.2)
    assert str(Mixing(cutmix=1)) == "CutMix with alpha 1"
    assert str(Mixing(0.2, 1)) == "MixUp with alpha 0.2 or CutMix with alpha 1"
